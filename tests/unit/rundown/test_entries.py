from __future__ import annotations

from fractions import Fraction

from reconciler.model.desired import DesiredPlaylist, StartType
from reconciler.model.media import AssetFact
from reconciler.model.rundown import Clip, Live, RemarkKind
from reconciler.model.sources import LiveSource
from reconciler.model.text import Text
from reconciler.rundown.entries import Script, make_script
from tests.unit.rundown.builders import HARD, asset, brk, item, live, playlist

STUDIO = LiveSource(name="studio", url=Text("udp://***", "udp://secret", "m"))
RATE = Fraction(25)


def script(items: DesiredPlaylist, *facts: AssetFact, rate: Fraction = RATE) -> Script:
    catalogue = {fact.asset: fact for fact in facts}
    return make_script(items, rate, catalogue=catalogue, live={"studio": STUDIO})


def problems(made: Script) -> list[tuple[RemarkKind, str]]:
    return [(p.kind, p.text) for entry in made.entries for p in entry.problems]


def test_in_and_out_points_say_where_and_how_long() -> None:
    made = script(playlist("p", item("a", first="2s", out="00:00:17:00")), asset("a", 60))
    entry = made.entries[0]

    assert entry.frames == 375
    assert isinstance(entry.material, Clip)
    assert (entry.material.in_frame, entry.material.material) == (50, 1450)
    assert entry.runs_on


def test_lengths_are_whole_frames_at_every_rate() -> None:
    for rate, frames in (
        (Fraction(24000, 1001), 1439), (Fraction(25), 1500), (Fraction(30000, 1001), 1798),
        (Fraction(50), 3000), (Fraction(60000, 1001), 3596),
    ):  # fmt: skip
        assert script(playlist("p", "a"), asset("a", 60), rate=rate).entries[0].frames == frames


def test_drop_frame_points_count_as_the_clock_does() -> None:
    made = script(
        playlist("p", item("a", out="00:10:00;00")), asset("a", 3600), rate=Fraction(30000, 1001)
    )
    assert made.entries[0].frames == 17982


def test_unknown_asset_lasts_as_its_points_say_or_is_dropped() -> None:
    items = playlist("p", item("x"), item("y", first="1s", out="5s"))
    made = script(items)

    assert [(e.item, e.frames, e.material) for e in made.entries] == [("y", 100, None)]
    assert problems(made) == [
        (RemarkKind.UNKNOWN_ASSET, "asset x is unknown"),
        (RemarkKind.UNKNOWN_ASSET, "asset y is unknown"),
    ]
    assert made.place == {"x": 0, "y": 0}


def test_damaged_asset_and_one_of_unknown_length() -> None:
    bad, long = asset("z", 30, problem="no such file"), asset("w", None)
    made = script(playlist("p", item("z", out="10s"), item("w", out="10s")), bad, long)

    assert [e.frames for e in made.entries] == [250, 250]
    assert problems(made) == [
        (RemarkKind.DAMAGED_ASSET, "asset z: no such file"),
        (RemarkKind.DAMAGED_ASSET, "asset w: its length is not known"),
    ]


def test_out_point_behind_the_end_plays_what_there_is() -> None:
    made = script(playlist("p", item("a", out="70s")), asset("a", 60))
    assert made.entries[0].frames == 1500
    text = "asset a: its out point lies 250 frames behind its end"
    assert problems(made) == [(RemarkKind.SHORT_MATERIAL, text)]


def test_in_point_behind_the_end_leaves_nothing_to_play() -> None:
    made = script(playlist("p", item("a", first="61s", out="70s")), asset("a", 60))
    assert (made.entries[0].frames, made.entries[0].material) == (225, None)
    text = "asset a: its in point lies 25 frames behind its end"
    assert problems(made) == [(RemarkKind.SHORT_MATERIAL, text)]


def test_still_stays_ten_seconds_or_as_its_out_point_says() -> None:
    still = asset("s", None, still=True)
    made = script(playlist("p", "s", item("t", "s", out="5s")), still)

    assert [e.frames for e in made.entries] == [250, 125]
    assert all(isinstance(e.material, Clip) and e.material.material is None for e in made.entries)
    assert not made.entries[0].runs_on


def test_live_has_its_address_and_an_unknown_one_is_a_problem() -> None:
    made = script(playlist("p", live("l", "studio", "60s"), live("m", "nowhere", "30s")))

    assert made.entries[0].material == Live(name="studio", shown="udp://***", url="udp://secret")
    assert made.entries[1].material is None
    assert problems(made) == [(RemarkKind.UNKNOWN_ASSET, "no live source 'nowhere'")]


def test_break_is_opened_and_its_first_item_has_its_time() -> None:
    made = script(
        playlist("p", brk("b", item("a"), item("c", "a"), at="06:00", start=HARD),
                 brk("d", item("a"))),
        asset("a", 60),
    )  # fmt: skip

    assert made.items == ("b/1", "b/2", "d/1")
    assert made.timed == (0,)
    assert [e.start for e in made.entries] == [HARD, StartType.FOLLOW, StartType.FOLLOW]


def test_problems_of_dropped_items_are_told_with_the_next_or_the_last() -> None:
    made = script(playlist("p", "a", "gone"), asset("a", 60))
    assert [p.text for p in made.entries[0].problems] == ["asset gone is unknown"]
    assert not made.plain

    nothing = script(playlist("p", "gone"))
    assert [p.text for p in nothing.rest] == ["asset gone is unknown"]
    assert nothing.entries == ()


def test_transition_makes_rounds_uneven() -> None:
    made = script(playlist("p", item("a", mix="12f")), asset("a", 60))
    assert (made.even, made.entries[0].join_frames) == (False, 12)
