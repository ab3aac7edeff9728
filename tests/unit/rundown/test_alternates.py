"""What is compiled where an item's asset cannot be played and it names another."""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.desired import EngineKind
from reconciler.model.ids import AssetId
from reconciler.model.media import AssetFact
from reconciler.model.rundown import Clip, EventKind
from reconciler.rundown import compile_rundown
from reconciler.rundown.wire import digest, from_wire, to_wire
from tests.unit.rundown.builders import (
    asset,
    base,
    channel,
    check,
    compiled,
    held,
    item,
    listing,
    playlist,
    sources,
    told,
    window,
)

HOUR = window("2026-11-24T05:00:00", hours=0.25)
FILM = item("film", out="00:00:30:00", alternate="spare")
LISTS = (playlist("day", "open", FILM, "end"), playlist("idents", "ident"))
NEWS = channel(base("day"), filler="idents")
GOOD = {"open": 60, "film": 300, "spare": 20, "end": 60, "ident": 5}


def catalogue(film: str | None = None, **lengths: int) -> list[AssetFact]:
    found = {**GOOD, **lengths}
    facts = [asset(name, seconds) for name, seconds in found.items() if name != "film"]
    return [*facts, asset("film", 300, problem=film)]


def rows(*, film: str | None = "film.mp4: it is truncated", spare: int = 20) -> list[str]:
    found = compiled(NEWS, LISTS, catalogue(film, spare=spare), HOUR)
    check(found.rundown)
    begun = listing(found.rundown)
    first = next(n for n, line in enumerate(begun) if "day/open" in line)
    return begun[first : first + 5]


def test_the_alternate_airs_in_the_items_time_and_filler_takes_the_rest() -> None:
    assert rows() == [
        "05:00:00 day/open 60s",
        "05:01:00 day/film 20s (filler)",
        "05:01:20 day/film 5s (filler)",
        "05:01:25 day/film 5s (filler)",
        "05:01:30 day/end 60s",
    ]


def test_a_long_alternate_is_trimmed_and_a_still_may_be_one() -> None:
    assert rows(spare=900)[1:3] == ["05:01:00 day/film 30s (filler)", "05:01:30 day/end 60s"]
    facts = [asset(n, s) for n, s in GOOD.items() if n != "spare"]
    found = compiled(NEWS, LISTS, [*facts[:1], *facts[2:], asset("spare", None, still=True)], HOUR)
    (event, *_) = [e for e in found.rundown.events if e.item == "film"]
    still = Clip(asset=AssetId("spare"), stored="spare.mxf", in_frame=0)
    assert (event.frames, event.material) == (750, still)


def test_it_is_told_before_its_time_and_names_both() -> None:
    found = compiled(NEWS, LISTS, catalogue("film.mp4: it is truncated"), HOUR)
    assert told(found)[0] == (
        "damaged asset 05:01:00 day/film: asset film: film.mp4: it is truncated; spare airs instead"
    ) or told(found)[0].endswith("spare airs instead")
    (event, *_) = [e for e in found.rundown.events if e.item == "film"]
    assert (event.kind, event.title) == (EventKind.FILLER, "spare")
    assert event.instead == "instead of asset film: film.mp4: it is truncated"


def test_a_good_item_carries_its_alternate_along_and_the_files_are_needed() -> None:
    found = compiled(NEWS, LISTS, GOOD, HOUR).rundown
    (event, *_) = [e for e in found.events if e.item == "film"]
    assert event.kind is EventKind.PROGRAMME
    spare = AssetId("spare")
    assert event.alternate == Clip(asset=spare, stored="spare.mxf", in_frame=0, material=500)
    assert event.instead == ""
    assert "spare.mxf" in found.files


def test_an_unknown_asset_of_unknown_length_lasts_as_long_as_its_alternate() -> None:
    lists = (playlist("day", "open", item("lost", alternate="spare"), "end"), LISTS[1])
    found = compiled(NEWS, lists, GOOD, HOUR)
    (event, *_) = [e for e in found.rundown.events if e.item == "lost"]
    assert (event.frames, event.title) == (500, "spare")
    assert event.instead == "instead of asset lost is unknown"


def test_an_alternate_that_cannot_be_played_either_is_told_too() -> None:
    facts = [f for f in catalogue("truncated") if f.asset != "spare"]
    found = compiled(NEWS, LISTS, facts, HOUR)
    texts = [text for text in told(found) if "day/film" in text]
    assert any("asset film: truncated" in text for text in texts)
    assert any("asset spare is unknown (an alternate)" in text for text in texts)
    (event, *_) = [e for e in found.rundown.events if e.item == "film"]
    assert (event.title, event.instead) == ("film", "")
    whole = compiled(NEWS, LISTS, [f for f in catalogue() if f.asset != "spare"], HOUR)
    assert any("(an alternate)" in text for text in told(whole))


def test_a_later_compile_goes_on_from_the_middle_of_an_alternate_as_the_first_did() -> None:
    facts = catalogue("truncated")
    first = compiled(NEWS, LISTS, facts, HOUR).rundown
    (start, *_) = [e.start for e in first.events if e.instead]
    for keep in (start - 25, start + 25, start + 501, start + 700):
        again = compile_rundown(sources(NEWS, LISTS, facts), HOUR, held(first, keep))
        assert again.rundown.events == first.events


def test_alternates_cross_the_wire_and_change_the_digest() -> None:
    for facts in (catalogue("truncated"), catalogue()):
        rundown = compiled(NEWS, LISTS, facts, HOUR).rundown
        assert from_wire(to_wire(rundown)) == rundown
    plain = compiled(
        NEWS,
        (playlist("day", "open", item("film", out="00:00:30:00"), "end"), LISTS[1]),
        GOOD,
        HOUR,
    )
    assert digest(plain.rundown) != digest(compiled(NEWS, LISTS, GOOD, HOUR).rundown)


def test_for_casparcg_an_in_point_in_a_transport_stream_asks_for_its_mov() -> None:
    inside = item("film", first="00:00:01:00", out="00:00:30:00")
    lists = (playlist("day", "open", inside, "film", "end"), LISTS[1])
    facts = [f for f in catalogue() if f.asset != "film"]
    for inexact, stored in (
        ("mpegts", "film.mxf.mov"),
        ("matroska,webm", "film.mxf.mov"),
        ("", "film.mxf"),
    ):
        film = asset("film", 300, inexact=inexact)
        for engine, wanted in ((EngineKind.CASPARCG, stored), (EngineKind.EMBEDDED, "film.mxf")):
            made = compiled(replace(NEWS, engine=engine), lists, [*facts, film], HOUR).rundown
            clips = [e.material for e in made.events if e.title == "film"]
            named = {(c.in_frame, c.stored) for c in clips if isinstance(c, Clip)}
            assert named == {(25, wanted), (0, "film.mxf")}  # from its beginning any file will do


def test_what_was_found_in_a_file_that_plays_is_a_remark() -> None:
    facts = [f for f in catalogue() if f.asset != "film"]
    found = compiled(NEWS, LISTS, [*facts, asset("film", 300, note="it is too loud")], HOUR)
    (text, *_) = [t for t in told(found) if "too loud" in t]
    assert text.startswith("media note ")
    assert text.endswith("day/film: asset film: it is too loud")
