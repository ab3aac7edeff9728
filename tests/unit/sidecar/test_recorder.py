"""Evidence into rows: why something ended, and how far it truly left."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from reconciler.model.desired import TransitionType
from reconciler.model.rundown import Event, Pause, Transition
from reconciler.model.video import FrameClock
from reconciler.sidecar.asrun import SpoolRow
from reconciler.sidecar.engine_port import (
    Began,
    Ended,
    EngineLost,
    EngineSeen,
    GateTurned,
    OnAir,
)
from reconciler.sidecar.recorder import Recorder
from reconciler.sidecar.rows import act_row, blank, in_ms
from reconciler.sidecar.showing import Showing
from reconciler.sidecar.spool import Spool
from tests.unit.sidecar.situations import RATE, ZERO, event


def seen_at(key: str, tick: int, *, sending: bool, since: int | None = None) -> EngineSeen:
    on_air = OnAir(key=key, start=ZERO, source_frame=tick - ZERO, moving=True, since=ZERO)
    return EngineSeen(
        engine="running", tick=tick, sending=sending, sending_since=since, on_air=on_air
    )


def at_seam(
    key: str, tick: int, *, until: int | None = None, keeps: int | None = None
) -> GateTurned:
    """The gate is shut: before `until` all has left, or from `keeps` on it is kept."""
    seen = replace(seen_at(key, tick, sending=False), sent_until=until, keeps_from=keeps)
    return GateTurned(seen=seen)


class Tape:
    """A recorder with its spool, told of one showing after another."""

    def __init__(self, folder: Path) -> None:
        self.spool = Spool(folder / "spool.sqlite", label="news-1")
        self.recorder = Recorder(self.spool, RATE)

    def see(self, key: str, tick: int, *, sending: bool, since: int | None = None) -> None:
        self.recorder.take(GateTurned(seen=seen_at(key, tick, sending=sending, since=since)))

    def begin(self, meant: Event, *, sending: bool = True) -> str:
        showing = Showing(event=meant)
        self.recorder.learn({showing.key: showing})
        if sending:
            self.see("before", ZERO, sending=True)
        self.recorder.take(
            Began(key=showing.key, tick=meant.start, source_frame=0, start_error_frames=0)
        )
        return showing.key

    def end(self, key: str, last: int, why: str = "end") -> None:
        self.recorder.take(
            Ended(
                key=key,
                first_tick=ZERO,
                last_tick=last,
                first_source_frame=0,
                last_source_frame=last - ZERO,
                why=why,
            )
        )

    def end_second(self, key: str, first: int, last: int) -> None:
        self.recorder.take(
            Ended(
                key=key,
                first_tick=first,
                last_tick=last,
                first_source_frame=0,
                last_source_frame=last - first,
                why="end",
            )
        )

    def rows(self) -> list[SpoolRow]:
        self.recorder.flush()
        return [row for _, row in self.spool.rows(after=0, limit=100)]

    def whys(self) -> list[tuple[str, str]]:
        return [(row.why, row.evidence) for row in self.rows()]


@pytest.fixture
def tape(tmp_path: Path) -> Iterator[Tape]:
    made = Tape(tmp_path)
    yield made
    made.spool.close()


def test_shortened_by_the_transition_into_its_successor_is_not_cut(tape: Tape) -> None:
    joined = replace(event("a", ZERO, 238), nominal=250, lap=12)
    key = tape.begin(joined)
    tape.end(key, ZERO + 237)

    assert tape.whys() == [("end", "engine")]


def test_shortened_by_more_than_the_transition_is_cut(tape: Tape) -> None:
    key = tape.begin(replace(event("a", ZERO, 200), nominal=250, lap=12))
    tape.end(key, ZERO + 199)

    assert tape.whys() == [("cut", "engine")]


def test_a_transition_of_its_own_does_not_make_it_cut(tape: Tape) -> None:
    mix = Transition(type=TransitionType.MIX, frames=12)
    key = tape.begin(event("a", ZERO, 250, transition=mix))
    tape.end(key, ZERO + 249)

    assert tape.whys() == [("end", "engine")]


def test_what_was_shown_inside_only_is_silent(tape: Tape) -> None:
    key = tape.begin(event("a", ZERO), sending=False)
    tape.end(key, ZERO + 249)

    assert tape.whys() == [("silent", "none")]
    assert tape.recorder.has_begun("a")


def test_what_fails_inside_is_failed(tape: Tape) -> None:
    key = tape.begin(event("a", ZERO), sending=False)
    tape.end(key, ZERO + 20, "failed")

    assert tape.whys() == [("failed", "none")]


def test_a_gate_that_opens_late_shortens_the_row_at_its_beginning(tape: Tape) -> None:
    key = tape.begin(event("a", ZERO), sending=False)
    tape.see(key, ZERO + 100, sending=True)
    tape.end(key, ZERO + 249)

    (row,) = tape.rows()
    assert (row.why, row.evidence) == ("end", "engine")
    assert (row.first_tick, row.first_source_frame) == (ZERO + 100, 100)
    assert (row.last_tick, row.last_source_frame) == (ZERO + 249, 249)


def test_a_gate_whose_first_frame_is_told_makes_a_row_from_that_frame(tape: Tape) -> None:
    key = tape.begin(event("a", ZERO), sending=False)
    tape.see(key, ZERO + 100, sending=True, since=ZERO + 98)
    tape.end(key, ZERO + 249)

    (row,) = tape.rows()
    assert (row.first_tick, row.first_source_frame) == (ZERO + 98, 98)


def test_a_gate_that_opens_anew_goes_on_from_its_first_frame(tape: Tape) -> None:
    key = tape.begin(event("a", ZERO))
    tape.see(key, ZERO + 100, sending=False)
    tape.see(key, ZERO + 153, sending=True, since=ZERO + 150)
    tape.end(key, ZERO + 249)

    rows = tape.rows()
    assert [(r.first_tick, r.first_source_frame) for r in rows] == [(ZERO, 0), (ZERO + 150, 150)]


def test_what_ended_before_the_gate_opened_is_silent_and_what_began_then_is_not(
    tape: Tape,
) -> None:
    first = tape.begin(event("a", ZERO, 50), sending=False)
    tape.see("b", ZERO + 50, sending=True, since=ZERO + 50)
    tape.end(first, ZERO + 49)
    second = tape.begin(event("b", ZERO + 50), sending=False)
    tape.end(second, ZERO + 299)

    assert tape.whys() == [("silent", "none"), ("end", "engine")]


def test_a_gate_that_shuts_and_opens_again_makes_two_rows(tape: Tape) -> None:
    key = tape.begin(event("a", ZERO))
    tape.see(key, ZERO + 100, sending=False)
    tape.see(key, ZERO + 110, sending=False)
    tape.see(key, ZERO + 150, sending=True)
    tape.see(key, ZERO + 160, sending=True)
    tape.end(key, ZERO + 249)

    rows = tape.rows()
    assert [(r.first_tick, r.last_tick, r.why) for r in rows] == [
        (ZERO, ZERO + 100, "silent"),
        (ZERO + 150, ZERO + 249, "end"),
    ]
    assert {(r.event, r.evidence) for r in rows} == {("a", "engine")}


def test_an_engine_lost_while_it_sent_leaves_a_partial_row(tape: Tape) -> None:
    tape.begin(event("a", ZERO), sending=False)
    tape.recorder.take(EngineLost(tick=ZERO + 30, why="killed", sending=True))

    assert tape.whys() == [("crash", "partial")]


def test_a_silent_one_that_dies_was_silent(tape: Tape) -> None:
    tape.begin(event("a", ZERO), sending=False)
    tape.recorder.flush()
    tape.spool.close_crashed()

    assert tape.whys() == [("silent", "none")]


def left_open(tape: Tape) -> Recorder:
    """The recorder of a next life, while a row of `a` is open up to its hundredth frame."""
    key = tape.begin(event("a", ZERO))
    tape.recorder.flush()
    tape.recorder.refresh(seen_at(key, ZERO + 99, sending=True))
    tape.recorder.flush()
    recorder = Recorder(tape.spool, RATE)
    recorder.take_over(tape.spool.open_rows())
    tape.recorder = recorder
    return recorder


def test_a_row_goes_on_where_its_engine_outlived_the_sidecar(tape: Tape) -> None:
    key = Showing(event=event("a", ZERO)).key
    recorder = left_open(tape)
    recorder.learn({key: Showing(event=event("a", ZERO))})
    recorder.take(Began(key=key, tick=ZERO + 1, source_frame=1))
    tape.see(key, ZERO + 150, sending=True)
    tape.end(key, ZERO + 249)

    (row,) = tape.rows()
    assert (row.why, row.evidence) == ("end", "engine")
    assert (row.first_tick, row.last_tick) == (ZERO, ZERO + 249)


def test_a_row_ends_as_far_as_it_was_noted_where_another_cue_is_seen(tape: Tape) -> None:
    recorder = left_open(tape)
    recorder.take(Began(key="b", tick=ZERO + 250, source_frame=0))

    assert tape.whys() == [("crash", "partial")]
    assert tape.rows()[0].last_tick == ZERO + 99


def test_a_row_ends_as_far_as_it_was_noted_where_the_engine_is_lost_after_all(tape: Tape) -> None:
    recorder = left_open(tape)
    recorder.take(EngineLost(tick=0, why="no connection", sending=False))

    assert tape.whys() == [("crash", "partial")]


# ── seams ────────────────────────────────────────────────────────────────────────────────────────


def test_what_fell_silent_at_a_seam_is_written_down_up_to_it(tape: Tape) -> None:
    key = tape.begin(event("a", ZERO, 250))
    tape.recorder.take(at_seam(key, ZERO + 107, until=ZERO + 100))  # read back a little later
    tape.end(key, ZERO + 249)

    (row,) = tape.rows()
    assert (row.first_tick, row.last_tick) == (ZERO, ZERO + 99)
    assert (row.first_source_frame, row.last_source_frame) == (0, 99)
    assert (row.why, row.evidence) == ("silent", "engine")
    assert row.ended_at is not None
    assert row.ended_at - row.started_at == timedelta(seconds=4)


def test_what_ended_with_the_seam_is_written_down_whole(tape: Tape) -> None:
    key = tape.begin(event("a", ZERO, 100))
    tape.see(key, ZERO + 40, sending=True, since=ZERO)
    tape.recorder.refresh(seen_at(key, ZERO + 40, sending=True))
    tape.recorder.take(at_seam("b", ZERO + 100, until=ZERO + 100))

    (row,) = tape.rows()
    assert (row.first_tick, row.last_tick, row.last_source_frame) == (ZERO, ZERO + 99, 99)


def test_what_was_kept_from_a_seam_on_left_from_there_on(tape: Tape) -> None:
    first, second = event("a", ZERO, 100), event("b", ZERO + 100, 100)
    tape.see("before", ZERO, sending=False)
    key = tape.begin(first, sending=False)
    tape.recorder.take(at_seam(key, ZERO + 70, keeps=ZERO + 80))
    tape.end(key, ZERO + 99)
    other = tape.begin(second, sending=False)
    tape.see(other, ZERO + 110, sending=True, since=ZERO + 80)
    tape.end_second(other, ZERO + 100, ZERO + 199)

    one, two = sorted(tape.rows(), key=lambda row: row.first_tick)
    assert (one.first_tick, one.last_tick, one.first_source_frame) == (ZERO + 80, ZERO + 99, 80)
    assert (one.why, one.evidence) == ("end", "engine")
    assert (two.first_tick, two.last_tick, two.evidence) == (ZERO + 100, ZERO + 199, "engine")


def test_what_was_kept_and_never_left_was_silent(tape: Tape) -> None:
    tape.see("before", ZERO, sending=False)
    key = tape.begin(event("a", ZERO, 100), sending=False)
    tape.recorder.take(at_seam(key, ZERO + 70, keeps=ZERO + 80))
    tape.end(key, ZERO + 99)
    tape.see("b", ZERO + 300, sending=False)

    (row,) = tape.rows()
    assert (row.why, row.evidence) == ("silent", "none")


def test_what_was_kept_by_an_engine_that_died_was_silent(tape: Tape) -> None:
    tape.see("before", ZERO, sending=False)
    key = tape.begin(event("a", ZERO, 100), sending=False)
    tape.recorder.take(at_seam(key, ZERO + 70, keeps=ZERO + 80))
    tape.end(key, ZERO + 99)
    tape.recorder.take(EngineLost(tick=ZERO + 105, why="killed"))

    assert tape.whys() == [("silent", "none")]


# ── start errors ─────────────────────────────────────────────────────────────────────────────────


def test_how_far_a_start_was_off_is_told_in_milliseconds_too(tape: Tape) -> None:
    showing = Showing(event=event("a", ZERO, 250))
    tape.recorder.learn({showing.key: showing})
    for tick, off in ((ZERO + 2, 2), (ZERO - 1, -1)):
        began = Began(key=showing.key, tick=tick, source_frame=0, start_error_frames=off)
        tape.recorder.take(replace(began, offset_ms=11.6))
        tape.end_second(showing.key, tick, ZERO + 249)

    assert [(row.start_error_frames, row.start_error_ms) for row in tape.rows()] == [
        (2, 92),
        (-1, -28),
    ]


def test_milliseconds_are_of_the_channels_rate() -> None:
    assert [in_ms(frames, Fraction(30_000, 1_001)) for frames in (1, 2, 3)] == [33, 67, 100]


def test_what_is_sent_later_than_it_began_is_as_much_later_than_its_time(tape: Tape) -> None:
    tape.see("before", ZERO, sending=False)
    key = tape.begin(event("a", ZERO, 100), sending=False)
    tape.see(key, ZERO + 40, sending=True, since=ZERO + 30)
    tape.end(key, ZERO + 99)

    (row,) = tape.rows()
    assert (row.first_tick, row.start_error_frames, row.start_error_ms) == (ZERO + 30, 30, 1200)


def test_an_act_is_off_by_how_much_later_it_was_on_air() -> None:
    act = Pause(seq=1, at=ZERO + 10)
    seen = replace(seen_at("a", ZERO + 14, sending=True), offset_ms=5.0)
    assert seen.on_air is not None
    seen = replace(seen, on_air=replace(seen.on_air, since=ZERO + 12))
    shown = act_row("pause", act, None, clock=FrameClock(RATE), seen=seen)
    lost = act_row("pause", act, None, clock=FrameClock(RATE), seen=None)

    assert (shown.evidence, shown.start_error_frames, shown.start_error_ms) == ("engine", 2, 85)
    assert (lost.evidence, lost.start_error_ms) == ("none", None)


def test_what_never_began_has_no_start_error() -> None:
    assert blank(Showing(event=event("a", ZERO, 100))).start_error_ms is None
