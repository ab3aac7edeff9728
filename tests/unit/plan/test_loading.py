"""When a rundown is handed over, and what of it is noticed."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from reconciler.model.desired import BreakItem, LiveItem
from reconciler.model.ids import AssetId
from reconciler.model.rundown import Clip, Event, EventKind, Frozen, Live, Rundown, SlatePicture
from reconciler.model.spans import Frames
from reconciler.plan.actions import LoadRundown
from reconciler.plan.loading import first_difference, is_edited
from reconciler.rundown import digest
from tests.builders import (
    FRAME25,
    channel,
    cluster,
    compiled,
    event,
    fact,
    item,
    lineup,
    playlist,
    row,
    rundown,
    sidecar,
)
from tests.unit.plan.telling import impact, planned, tell

OLD, NEW = channel("news"), channel("news", edition=2)
HELD = rundown("news", event("ONE", at=-60, seconds=600), event("TWO", at=540, seconds=600))
LATER = rundown("news", HELD.events[0], event("SIX", at=540, seconds=600))
LOAD = "news ~ load rundown on rack1: 2 events (LINEUP_CHANGED)"
WRITE = "news ~ write rows (LINEUP_CHANGED)"


def test_an_edit_is_loaded_then_written_down() -> None:
    seen = cluster(row(OLD), sidecar(OLD), held=[HELD])
    plan = planned(lineup(NEW), seen, compiled(LATER))
    assert tell(lineup(NEW), seen, compiled(LATER))[:2] == [LOAD, WRITE]
    assert impact(plan, "news") == "at 13:09"


def test_an_edit_that_changes_no_event_is_only_written_down() -> None:
    same = digest(HELD)
    seen = cluster(row(OLD, rundown_digest=same), sidecar(OLD, rundown_digest=same), held=[HELD])
    assert tell(lineup(NEW), seen, compiled(HELD))[0] == WRITE


def test_a_later_window_of_the_same_lineup_is_noticed_by_nobody() -> None:
    longer = replace(HELD, events=(*HELD.events, event("NEXT", at=1140)), end=FRAME25 + 10**6)
    seen = cluster(row(NEW), sidecar(NEW), held=[HELD])
    plan = planned(lineup(NEW), seen, compiled(longer))
    assert tell(lineup(NEW), seen, compiled(longer)) == [
        "news ~ load rundown on rack1: 3 events (DRIFTED)"
    ]
    assert impact(plan, "news") == "none"


@pytest.mark.parametrize(("old", "text"), [(OLD, "at 13:09"), (NEW, "none")])
def test_without_the_held_rundown_an_edit_is_taken_to_begin_after_the_freeze(
    old: object, text: str
) -> None:
    seen = cluster(row(OLD if old is OLD else NEW), sidecar(OLD))
    assert impact(planned(lineup(NEW), seen, compiled(LATER)), "news") == text


def test_without_anything_after_the_freeze_nothing_is_noticed() -> None:
    seen = cluster(row(OLD), sidecar(OLD))
    only = rundown("news", event("ONE", at=-60, seconds=600))
    assert impact(planned(lineup(NEW), seen, compiled(only)), "news") == "none"


def test_a_change_of_what_is_on_air_is_said_to_interrupt() -> None:
    other = rundown("news", event("SIX", at=-60, seconds=600), HELD.events[1])
    seen = cluster(row(NEW), sidecar(NEW), held=[HELD])
    assert impact(planned(lineup(NEW), seen, compiled(other)), "news") == "interrupts now"
    slate = event("SLATE", at=-60, seconds=600, kind=EventKind.SLATE, material=SlatePicture())
    idle = cluster(row(NEW), sidecar(NEW), held=[rundown("news", slate)])
    assert impact(planned(lineup(NEW), idle, compiled(other)), "news") == "changes now"


def test_a_row_that_missed_its_note_is_mended() -> None:
    same = digest(HELD)
    seen = cluster(row(NEW), sidecar(NEW, rundown_digest=same))
    (load,) = planned(lineup(NEW), seen, compiled(HELD)).actions[1:]
    assert isinstance(load, LoadRundown)
    assert load.first_change is None


def test_a_fresh_sidecar_is_given_its_first_rundown() -> None:
    young = sidecar(NEW, rundown_digest="", ready=False, sending=False)
    told = tell(lineup(NEW), cluster(row(NEW, sending_epoch=0), young), compiled(HELD))
    assert told == ["news ~ load rundown on rack1: 2 events (DRIFTED)"]


def test_a_new_row_meets_a_sidecar_that_already_plays() -> None:
    told = tell(lineup(NEW), cluster(sidecar(NEW)), compiled(HELD))
    assert told == [
        "news + write rows (NEW_CHANNEL)",
        "news ~ adopt sidecar on rack1, epoch 1 (DRIFTED)",
        "news ~ let epoch 1 on rack1 send (DRIFTED)",
        "news ~ load rundown on rack1: 2 events (NEW_CHANNEL)",
    ]


def test_an_edit_waits_for_a_sidecar_that_cannot_be_told() -> None:
    told = tell(lineup(NEW), cluster(row(OLD), sidecar(OLD, silent_for=5)), compiled(HELD))
    assert told[-1] == "news · edit: its sidecar cannot be told of it yet"


def test_another_frame_rate_waits_for_the_restart() -> None:
    fast = channel("news", fmt="360p5000")
    at50 = replace(HELD, rate=Fraction(50))
    told = tell(lineup(fast), cluster(row(OLD), sidecar(OLD), held=[HELD]), compiled(at50))
    assert told[0].startswith("news · restart: what it was started with has changed")
    assert told[1] == (
        "news · load rundown: its frame rate changes with the restart, until then it plays on"
    )


def test_edits_of_what_is_on_air_or_about_to_be_are_held() -> None:
    base = playlist("base", item("ONE", out="00:01:00:00"))
    media = [fact("ONE")]
    seen = cluster(row(OLD), sidecar(OLD), held=[HELD], catalogue=media)
    near = rundown("news", HELD.events[0], event("TWO", at=540), event("SIX", at=4140))
    held = tell(lineup(NEW, base), seen, compiled(near))
    assert held[3:] == ["news · edit of base/one until 12:09:00: it is on air"]
    short = rundown("news", event("TWO", at=-60, seconds=70), event("ONE", at=10, seconds=70))
    assert tell(lineup(NEW, base), seen, compiled(short))[3:] == [
        "news · edit of base/two until 12:00:10: it is on air",
        "news · edit of base/one until 12:01:20: it is about to start",
    ]


# ── what counts as a difference ──────────────────────────────────────────────────────────────────


def difference(*events: Event) -> float | None:
    """Seconds from now to the first difference from `HELD`."""
    found = first_difference(HELD, rundown("news", *events), FRAME25)
    return None if found is None else (found - FRAME25) / 25


def test_where_two_rundowns_part() -> None:
    one, two = HELD.events
    assert difference(one, two) is None
    assert difference(event("OLD", at=-900, seconds=840), one, two) is None
    assert difference(one, event("SIX", at=540)) == 540
    assert difference(replace(one, frames=one.frames - 250), event("TWO", at=530)) == 530
    assert difference(one) is None
    assert (
        difference(one, event("TWO", at=540, seconds=30), event("SIX", at=570, seconds=570)) == 570
    )
    assert difference(event("SIX", at=-60, seconds=1200)) == 0
    gap: Rundown = rundown("news", one, start=one.start, end=two.end)
    assert first_difference(HELD, gap, FRAME25) == two.start


def test_how_much_material_is_left_is_no_difference() -> None:
    one, two = HELD.events
    assert isinstance(two.material, Clip)
    longer = replace(two, material=replace(two.material, material=99))
    assert difference(one, longer) is None


STUDIO = LiveItem(id="studio", live="studio-a", duration=Frames(250))
ON_STUDIO = event("X", item="studio", seconds=10, material=Live(name="studio-a", shown="udp://s"))
RATE = Fraction(25)


@pytest.mark.parametrize(
    ("items", "one", "edited"),
    [
        ((item("ONE"),), event("ONE"), False),
        ((item("ONE"),), event("ONE", kind=EventKind.FILLER), False),
        ((item("ONE"),), event("ONE", material=Frozen()), False),
        ((item("ONE"),), event("ONE", playlist=""), False),
        ((item("ONE"),), event("ONE", playlist="gone"), True),
        ((item("TWO"),), event("ONE"), True),
        ((item("SIX", name="one"),), event("ONE"), True),
        ((item("ONE", inside="00:00:10:00"),), event("ONE"), True),
        ((item("ONE", out="00:59:00:00"),), event("ONE"), True),
        ((item("ONE", out="01:10:00:00"),), event("ONE"), False),
        ((item("STILL"),), event("STILL", seconds=5), False),
        ((item("UNKNOWN"),), event("UNKNOWN", seconds=5), False),
        ((item("LONG"),), event("LONG", seconds=5), False),
        ((STUDIO,), ON_STUDIO, False),
        ((STUDIO,), replace(ON_STUDIO, nominal=500), True),
        ((STUDIO,), replace(ON_STUDIO, material=Live(name="b", shown="udp://b")), True),
        ((STUDIO,), event("ONE", item="studio"), True),
        ((item("ONE", name="studio"),), ON_STUDIO, True),
        ((BreakItem(id="brk", items=(item("ONE"),)),), event("ONE", item="brk/1"), False),
        ((BreakItem(id="brk", items=(item("ONE"),)),), event("ONE", item="brk/2"), True),
        ((BreakItem(id="brk", items=(item("ONE"),)),), event("ONE", item="brk/x"), True),
    ],
)
def test_what_an_edited_item_is(items: tuple[object, ...], one: Event, edited: bool) -> None:  # noqa: FBT001  # a parameter
    desired = lineup(playlist("base", *items))  # type: ignore[arg-type]  # items of every kind
    media = {
        AssetId("ONE"): fact("ONE"),
        AssetId("SIX"): fact("SIX"),
        AssetId("STILL"): fact("STILL", still=True),
        AssetId("LONG"): replace(fact("LONG"), duration=None),
    }
    assert is_edited(one, desired, media, RATE) is edited
