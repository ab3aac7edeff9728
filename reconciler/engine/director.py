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


@dataclass(frozen=True, slots=True)
class Leaving:
    """Why a cue leaves the air, once what follows it is there; its picture is held until then."""

    why: Why
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """All that one tick hands to the next."""

    on_air: Running | None = None
    leaving: Leaving | None = None
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
    state = _forget_spent(state, wanted)
    running = state.on_air
    if running is not None and (wanted is None or not running.cue.is_same_showing(wanted)):
        leaving = state.leaving or _why_left(running, now.tick)
        if wanted is not None and _is_awaited(state, wanted, now):
            return _linger(state, running, leaving, now=now)
        notes.append(Ended(running, leaving.why, leaving.error))
        state = replace(state, on_air=None, left=running.cue, under=None)
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


def _is_awaited(state: State, cue: Cue, now: Moment) -> bool:
    """Whether `cue` is on its way: until it is there, or patience is over, the picture is held."""
    if state.spent or now.tick - _waiting_since(state, now.tick) >= now.patience:
        return False
    return now.read(cue, position_at(cue, now.tick)).readiness is Readiness.WAITING


def _waiting_since(state: State, tick: int) -> int:
    """Since when what follows is waited for; what is on air may have been waited for before."""
    return tick if state.leaving is None or state.waiting_since is None else state.waiting_since


def _linger(state: State, running: Running, leaving: Leaving, *, now: Moment) -> Verdict:
    """Hold the last picture of a cue that is over: it is still what goes out."""
    since = _waiting_since(state, now.tick)
    running = replace(running, last_tick=now.tick, held=running.held + 1, moving=False)
    return Verdict(
        Hold(), replace(state, on_air=running, leaving=leaving, under=None, waiting_since=since)
    )


def _why_left(running: Running, tick: int) -> Leaving:
    if running.trouble is not None:
        return _why_troubled(running.trouble)
    at_end = running.end is not None and tick >= running.end
    return Leaving(Why.END if at_end else Why.REPLACED)


def _why_troubled(trouble: Reading) -> Leaving:
    if trouble.readiness is Readiness.ENDED and trouble.error is None:
        return Leaving(Why.SHORT, "the clip ends before its time")
    return Leaving(Why.FAILED, trouble.error or "no picture came in time")


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
            return Verdict(ShowSlate(), State())
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
    over = _why_troubled(reading)
    ended = Ended(running, over.why, over.error)
    return Verdict(ShowSlate(), State(waiting_since=since, spent=spent), (ended,))
