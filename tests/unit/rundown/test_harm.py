"""What damage found in a file makes of the items that play it: what airs, what is said of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.model.desired import EngineKind
from reconciler.model.findings import Loss, losses_text, lost_ms, place_text
from reconciler.model.media import AssetFact
from reconciler.model.rundown import Event, EventKind
from reconciler.rundown import Compiled
from reconciler.rundown.harm import Grade, harm_of, known_of
from tests.unit.rundown.builders import (
    asset,
    base,
    channel,
    compiled,
    item,
    playlist,
    told,
    window,
)

HOUR = window("2026-11-24T05:00:00", hours=0.25)
END = 1 << 40


def lost(at: float, lasts: float, what: str = "pictures") -> Loss:
    return Loss(what=what, at_ms=round(at * 1000), lasts_ms=round(lasts * 1000))


def film(*losses: Loss, **more: str) -> AssetFact:
    return asset("film", 300, losses=losses, **more)


def aired(fact: AssetFact, *, alternate: bool = True, **sides: str) -> tuple[Event, Compiled]:
    """The first event of the film's item, and the whole."""
    spare = {"alternate": "spare"} if alternate else {}
    lists = (
        playlist("day", "open", item("film", **sides, **spare), "end"),
        playlist("idents", "ident"),
    )
    facts = [asset("open", 60), fact, asset("spare", 300), asset("end", 60), asset("ident", 5)]
    found = compiled(channel(base("day"), filler="idents"), lists, facts, HOUR)
    event = next(e for e in found.rundown.events if e.item == "film" and e.playlist == "day")
    return event, found


def said(found: Compiled) -> str:
    return next(text for text in told(found) if "asset film" in text)


def test_a_second_lost_takes_the_item_off_for_its_alternate_and_is_told_with_its_time() -> None:
    event, found = aired(film(lost(12, 2.1)))
    assert (event.title, event.kind) == ("spare", EventKind.FILLER)
    assert event.frames == 300 * 25
    assert event.instead == "instead of asset film: its pictures are lost from 0:12.0 for 2.1 s"
    assert said(found).startswith("damaged asset 06:00:00 Tue: day/film: asset film: its pictures")
    assert said(found).endswith("lost from 0:12.0 for 2.1 s; spare airs instead")


def test_less_than_a_second_is_told_and_airs_with_its_alternate_at_hand() -> None:
    event, found = aired(film(lost(12, 0.9, "sound")))
    assert (event.title, event.kind) == ("film", EventKind.PROGRAMME)
    assert event.alternate is not None
    assert said(found).endswith("its sound is lost from 0:12.0 for 0.9 s")


def test_without_an_alternate_a_damaged_item_airs_as_filler_would_lose_all_of_it() -> None:
    event, found = aired(film(lost(12, 29.9)), alternate=False)
    assert (event.title, event.kind) == ("film", EventKind.PROGRAMME)
    assert said(found).endswith("for 29.9 s; it airs all the same")


@pytest.mark.parametrize("fact", [film(lost(12, 30.1)), film(ruin="it cannot be read through: no")])
def test_what_is_no_programme_any_more_is_replaced_by_filler(fact: AssetFact) -> None:
    event, found = aired(fact, alternate=False)
    assert event.kind is EventKind.FILLER
    assert said(found).endswith("; filler airs instead")
    assert aired(fact)[0].title == "spare"


def test_only_the_part_that_is_played_counts() -> None:
    fact = film(lost(12, 60))
    event, found = aired(fact, first="00:01:20:00", out="00:02:00:00")
    assert (event.title, [t for t in told(found) if "asset film" in t]) == ("film", [])
    event, _ = aired(fact, first="00:01:11:12", out="00:02:00:00")
    assert event.title == "film", "half a second of it"
    event, _ = aired(fact, out="00:00:12:00")
    assert event.title == "film"
    event, _ = aired(fact, out="00:00:14:00")
    assert event.title == "spare"


def test_many_small_losses_add_up_and_pictures_and_sound_do_not() -> None:
    clicks = tuple(lost(at, 0.1, "sound") for at in range(10, 20))
    both = (lost(3, 0.9), lost(3, 0.9, "sound"))
    assert lost_ms(clicks, 0, END) == 1000
    assert lost_ms(both, 0, END) == 900
    (grade, blemish) = (harm_of(film(*clicks), 0, 300_000), harm_of(film(*both), 0, 300_000))
    assert grade is not None
    assert blemish is not None
    assert (grade.grade, blemish.grade) == (Grade.SPOILT, Grade.BLEMISHED)
    assert losses_text(clicks, 0, END) == "its sound is lost from 0:10.0 for 1.0 s in 10 places"
    assert losses_text(both, 0, END) == (
        "its pictures are lost from 0:03.0 for 0.9 s and its sound is lost from 0:03.0 for 0.9 s"
    )
    assert (losses_text((), 0, END), harm_of(film(), 0, END)) == ("", None)


def test_a_failed_copy_is_known_before_casparcg_would_need_it() -> None:
    fact = film(inexact="mpegts", unfit="its copy holds 3 pictures, not 4")
    lists = (
        playlist("day", "open", item("film", first="00:00:02:00", alternate="spare"), "end"),
        playlist("idents", "ident"),
    )
    facts = [asset("open", 60), fact, asset("spare", 300), asset("end", 60), asset("ident", 5)]
    caspar = replace(channel(base("day"), filler="idents"), engine=EngineKind.CASPARCG)
    found = compiled(caspar, lists, facts, HOUR)
    event = next(e for e in found.rundown.events if e.item == "film")
    assert (event.title, event.kind) == ("spare", EventKind.FILLER)
    assert said(found).startswith("damaged asset 06:")
    assert said(found).endswith(
        "it begins inside a mpegts file, which CasparCG cannot, and its copy holds 3 pictures,"
        " not 4; spare airs instead"
    )
    assert not any("film" in name for name in found.rundown.files)
    alone = (playlist("day", "open", item("film", first="00:00:02:00"), "end"), lists[1])
    assert said(compiled(caspar, alone, facts, HOUR)).endswith("; filler airs instead")
    embedded = channel(base("day"), filler="idents")
    assert "film.mxf" in compiled(embedded, lists, facts, HOUR).rundown.files
    whole = (playlist("day", "open", item("film"), "end"), lists[1])
    assert "film.mxf" in compiled(caspar, whole, facts, HOUR).rundown.files


def test_a_ruined_slate_is_drawn() -> None:
    lists = (playlist("day", "open"),)
    facts = [asset("open", 60), asset("slate", None, still=True, ruin="it cannot be read: no")]
    found = compiled(channel(base("day"), slate="slate"), lists, facts, HOUR)
    assert found.rundown.slate is None
    assert any("slate slate cannot be played: it cannot be read: no" in t for t in told(found))


def test_places_are_told_as_people_count_them() -> None:
    assert [place_text(ms) for ms in (0, 12_040, 75_999, 3_723_400)] == [
        "0:00.0",
        "0:12.0",
        "1:15.9",
        "1:02:03.4",
    ]


def test_all_that_is_known_of_a_file_is_told_at_once() -> None:
    fact = film(lost(1, 2), unfit="no copy", note="short")
    assert known_of(fact) == "its pictures are lost from 0:01.0 for 2.0 s; no copy; short"
    assert known_of(asset("film", 3)) == ""
