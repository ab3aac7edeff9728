from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

from reconciler.model.desired import DesiredChannel, Filler
from reconciler.model.ids import PlaylistName
from reconciler.model.rundown import Clip, EventKind, Rundown
from reconciler.rundown import Window, carry_of
from reconciler.rundown.gaps import slate_end
from tests.unit.rundown.builders import (
    HARD,
    asset,
    channel,
    check,
    compiled,
    frame,
    item,
    layer,
    playlist,
    told,
)

NEWS = playlist("news", "n")
START, SIX = frame("2026-11-24T04:50:00"), frame("2026-11-24T05:00:00")


def gap(*fillers: str, max_repeat: int | None = None, **lengths: int) -> Rundown:
    """What closes the ten minutes before a hard start at six."""
    wanted = channel(layer("news", "05:40", start=HARD), layer("news", "06:00", start=HARD))
    idents = playlist("idents", *fillers)
    out = compiled(
        filled(wanted, max_repeat), [NEWS, idents], {"n": 600, **lengths}, Window(START, SIX)
    )
    check(out.rundown)
    return out.rundown


def filled(wanted: DesiredChannel, max_repeat: int | None) -> DesiredChannel:
    rests = None if max_repeat is None else timedelta(seconds=max_repeat)
    return replace(wanted, filler=Filler(playlist=PlaylistName("idents"), max_repeat=rests))


def pieces(rundown: Rundown) -> list[tuple[str, int]]:
    return [
        (e.material.asset if isinstance(e.material, Clip) else "slate", e.frames // 25)
        for e in rundown.events
        if e.kind is not EventKind.PROGRAMME
    ]


def test_fillers_come_in_turn_and_fill_the_gap_to_the_frame() -> None:
    assert sorted(pieces(gap("i", "j", i=200, j=400))) == [("i", 200), ("j", 400)]


def test_last_filler_is_trimmed_by_the_end_of_its_gap() -> None:
    rundown = gap("i", i=250)
    assert pieces(rundown) == [("i", 250), ("i", 250), ("i", 100)]
    assert [e.is_cut for e in rundown.events[:3]] == [False, False, True]


def test_filler_that_fits_goes_before_one_that_leaves_less_than_a_second() -> None:
    made = pieces(gap("i", "j", i=250, j=599))
    assert ("j", 599) not in made or made[-1] != ("slate", 1)
    assert sum(seconds for _, seconds in made) == 600


def test_filler_longer_than_the_gap_is_trimmed_where_no_other_fits() -> None:
    assert pieces(gap("i", i=900)) == [("i", 600)]


def test_filler_rests_for_max_repeat_while_there_is_other() -> None:
    made = pieces(gap("i", "j", "k", max_repeat=300, i=100, j=100, k=150))
    assert [name for name, _ in made[:3]] != ["i", "i", "i"]
    assert len({name for name, _ in made[:3]}) == 3


def test_filler_that_must_come_again_too_soon_is_told() -> None:
    wanted = filled(channel(layer("news", "06:00", start=HARD)), 900)
    out = compiled(wanted, [NEWS, playlist("idents", "i")], {"n": 600, "i": 60}, Window(START, SIX))
    assert told(out)[0].endswith("filler i comes again before its max_repeat is over")
    assert len(told(out)) == 1


def test_slate_closes_what_no_filler_fits() -> None:
    wanted = channel(layer("news", "06:00", start=HARD), filler="idents")
    out = compiled(
        wanted, [NEWS, playlist("idents", "blip")],
        [asset("n", 600), asset("blip", "0.5")], Window(START, SIX),
    )  # fmt: skip
    assert pieces(out.rundown) == [("slate", 3600)]


def test_live_and_missing_filler_is_left_out_and_what_is_wrong_is_told() -> None:
    wanted = channel(filler="idents")
    facts = [asset("bad", 5, problem="no such file")]
    idents = playlist("idents", item("bad", out="10s"), "gone")
    out = compiled(wanted, [idents], facts, Window(START, SIX))

    assert out.rundown.filler == ()
    assert told(out) == [
        "damaged asset 05:50:00 Tue: filler idents: asset bad: no such file",
        "unknown asset 05:50:00 Tue: filler idents: asset gone is unknown",
    ]
    alone = compiled(wanted, [playlist("idents", "gone")], facts, Window(START, SIX))
    assert told(alone) == ["unknown asset 05:50:00 Tue: filler idents: asset gone is unknown"]


def test_filler_with_an_out_point_ends_there_wherever_it_plays() -> None:
    idents = playlist("idents", item("i", out="5s"))
    out = compiled(channel(filler="idents"), [idents], {"i": 60}, Window(START, START + 200))
    assert out.rundown.filler[0].material == 125


def test_still_may_be_filler() -> None:
    still = asset("s", None, still=True)
    idents = playlist("idents", "s")
    out = compiled(channel(filler="idents"), [idents], [still], Window(START, START + 500))
    assert pieces(out.rundown) == [("s", 10)] * len(out.rundown.events)
    assert not any(e.is_cut for e in out.rundown.events)


def test_same_filler_twice_in_its_playlist_counts_once() -> None:
    idents = playlist("idents", item("i"), item("again", "i"))
    out = compiled(channel(filler="idents"), [idents], {"i": 60}, Window(START, SIX))
    assert len(out.rundown.filler) == 1


def test_long_slate_is_cut_on_the_full_hour() -> None:
    hour = 3600 * 25
    assert slate_end(hour + 1, 3 * hour, Fraction(25)) == 2 * hour
    assert slate_end(hour + 1, hour + 5, Fraction(25)) == hour + 5


def test_gap_may_end_in_less_than_a_second_of_slate_where_nothing_else_fits() -> None:
    rundown = gap("i", i="599.5")  # type: ignore[arg-type]  # a length in seconds
    assert [e.frames for e in rundown.events if e.kind is not EventKind.PROGRAMME][:2] == [
        14988,
        12,
    ]


def test_filler_that_is_gone_from_the_list_begins_its_successors_anew() -> None:
    wanted = channel(filler="idents")
    span = Window(START, SIX)
    old = compiled(wanted, [playlist("idents", "i")], {"i": 60}, span).rundown
    carry = carry_of(old, old.events[0].start + 1)
    out = compiled(wanted, [playlist("idents", "j")], {"j": 60}, span, carry).rundown

    assert [e.title for e in out.events[:2]] == ["i", "j"]
