"""What one tick shows, and what that begins or ends: the engine's only decision.

Pure: the state after the tick before, the timeline, and how ready each source is go in; the look
of this tick, the notes for the as-run and the next state come out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from reconciler.engine.protocol import Blend, Clip, Cue, Freeze, Live
from reconciler.engine.timeline import Timeline, position_at

if TYPE_CHECKING:
    from collections.abc import Callable


class Readiness(Enum):
    """Whether a source has the picture for a position."""

    READY = "ready"
    WAITING = "waiting"
    ENDED = "ended"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Reading:
    """One source asked for one position."""

    readiness: Readiness
    error: str | None = None


class Why(Enum):
    """Why a cue left the air."""

    END = "end"
    REPLACED = "replaced"
    SHORT = "short"
    FAILED = "failed"
    QUIT = "quit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """The cue that is on air, and what of it was shown."""

    cue: Cue
    end: int | None
    first_tick: int
    last_tick: int
    first_source: int
    last_source: int
    held: int = 0
    moving: bool = True
    trouble: Reading | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Under:
    """What goes on beneath a beginning cue. `cue` None: the slate."""

    cue: Cue | None
    blend: Blend
    begin: int
    frames: int


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """All that one tick hands to the next."""

    on_air: Running | None = None
    left: Cue | None = None
    under: Under | None = None
    waiting_since: int | None = None
    spent: tuple[Cue, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """Show `cue` at `position`, over `under` if a transition is going on."""

    cue: Cue
    position: int
    under: Under | None


@dataclass(frozen=True, slots=True)
class Hold:
    """Show the last picture again, silently."""


@dataclass(frozen=True, slots=True)
class ShowSlate:
    """Show the slate, silently."""


Look = Play | Hold | ShowSlate


@dataclass(frozen=True, slots=True)
class Began:
    """`running` came on air with this tick."""

    running: Running


@dataclass(frozen=True, slots=True)
class Ended:
    """`running` left the air before this tick."""

    running: Running
    why: Why
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Missed:
    """`cue` was due, but its source has nothing at its position."""

    cue: Cue
    error: str


Note = Began | Ended | Missed


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer for one tick."""

    look: Look
    state: State
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One tick, with what it is judged by. `patience`: ticks that a picture is held at most."""

    tick: int
    timeline: Timeline
    patience: int
    read: Callable[[Cue, int], Reading]


def judge(state: State, now: Moment) -> Verdict:
    """Decide what the tick shows."""
    wanted = now.timeline.covering(now.tick)
    notes: list[Note] = []
    running = state.on_air
    if running is not None and (wanted is None or not running.cue.is_same_showing(wanted)):
        notes.append(Ended(running, *_why_left(running, now.tick)))
        state = replace(state, on_air=None, left=running.cue, under=None, waiting_since=None)
    state = _forget_spent(state, wanted)
    if wanted is None or state.spent:
        verdict = Verdict(ShowSlate(), _idle(state))
    elif state.on_air is None:
        verdict = _begin(state, wanted, now)
    else:
        verdict = _go_on(state, replace(state.on_air, end=now.timeline.end_of(wanted)), now)
    return Verdict(verdict.look, verdict.state, (*notes, *verdict.notes))


def close(state: State) -> tuple[Note, ...]:
    """What to note when the engine ends."""
    return (Ended(state.on_air, Why.QUIT),) if state.on_air else ()


def _why_left(running: Running, tick: int) -> tuple[Why, str | None]:
    if running.trouble is not None:
        return _why_troubled(running.trouble)
    at_end = running.end is not None and tick >= running.end
    return (Why.END if at_end else Why.REPLACED), None


def _why_troubled(trouble: Reading) -> tuple[Why, str | None]:
    if trouble.readiness is Readiness.ENDED and trouble.error is None:
        return Why.SHORT, "the clip ends before its time"
    return Why.FAILED, trouble.error or "no picture came in time"


def _forget_spent(state: State, wanted: Cue | None) -> State:
    kept = tuple(c for c in state.spent if wanted is not None and c.is_same_showing(wanted))
    return state if kept == state.spent else replace(state, spent=kept)


def _idle(state: State) -> State:
    return State(spent=state.spent)


def _begin(state: State, cue: Cue, now: Moment) -> Verdict:
    position = position_at(cue, now.tick)
    reading = now.read(cue, position)
    match reading.readiness:
        case Readiness.READY:
            return _take(state, cue, now)
        case Readiness.WAITING:
            since = now.tick if state.waiting_since is None else state.waiting_since
            if state.left is not None and now.tick - since < now.patience:
                return Verdict(Hold(), replace(state, waiting_since=since))
            return Verdict(ShowSlate(), State(waiting_since=since))
        case Readiness.ENDED:
            missed = Missed(cue, reading.error or "the clip ends before this position")
            return Verdict(ShowSlate(), State(spent=(cue,)), (missed,))
        case Readiness.FAILED:
            return Verdict(ShowSlate(), _idle(state))


def _take(state: State, cue: Cue, now: Moment) -> Verdict:
    position = position_at(cue, now.tick)
    running = Running(
        cue=cue,
        end=now.timeline.end_of(cue),
        first_tick=now.tick,
        last_tick=now.tick,
        first_source=position,
        last_source=position,
        moving=isinstance(cue.source, Clip | Live),
    )
    under = None
    if cue.transition.frames and not isinstance(cue.source, Freeze):
        under = Under(
            cue=state.left,
            blend=cue.transition.blend,
            begin=cue.start,
            frames=cue.transition.frames,
        )
    state = State(on_air=running, under=_still_on(under, now.tick))
    return Verdict(Play(cue=cue, position=position, under=state.under), state, (Began(running),))


def _still_on(under: Under | None, tick: int) -> Under | None:
    return under if under is not None and tick < under.begin + under.frames else None


def _go_on(state: State, running: Running, now: Moment) -> Verdict:
    cue = running.cue
    position = position_at(cue, now.tick)
    reading = now.read(cue, position)
    if reading.readiness is Readiness.READY:
        running = replace(
            running,
            last_tick=now.tick,
            last_source=position,
            moving=isinstance(cue.source, Clip | Live),
            trouble=None,
        )
        under = _still_on(state.under, now.tick)
        return Verdict(
            Play(cue=cue, position=position, under=under), State(on_air=running, under=under)
        )
    return _hold(state, running, reading, now=now)


def _hold(state: State, running: Running, reading: Reading, *, now: Moment) -> Verdict:
    since = now.tick if state.waiting_since is None else state.waiting_since
    patient = now.tick - since < now.patience
    if patient or isinstance(running.cue.source, Live):
        trouble = None if isinstance(running.cue.source, Live) else reading
        if trouble is not None and reading.readiness is Readiness.WAITING:
            trouble = None
        running = replace(
            running, last_tick=now.tick, held=running.held + 1, moving=False, trouble=trouble
        )
        look = Hold() if patient else ShowSlate()
        return Verdict(look, State(on_air=running, waiting_since=since))
    spent = () if reading.readiness is Readiness.WAITING else (running.cue,)
    ended = Ended(running, *_why_troubled(reading))
    return Verdict(ShowSlate(), State(waiting_since=since, spent=spent), (ended,))
