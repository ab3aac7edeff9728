"""Judges one output by what is read back, and says when it has to be started anew. Pure.

ADD says 202 to anything and a listed port proves nothing: what sends is what counts frames. A
stream that lost its far end stays listed with its count frozen, and one that could not be opened
vanishes or never counts. Nothing in the engine tries again, so we do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from reconciler.sidecar.casparcg.consumers import Consumer
from reconciler.sidecar.casparcg.destinations import LISTEN_SECONDS
from reconciler.sidecar.casparcg.seen import ServerSeen
from reconciler.sidecar.engine_port import OutputState

UNLISTED_FOR = 0.6  # seconds from its start in which an output need not be listed yet
FROZEN_FOR = 1.0  # seconds without a frame until it counts as stuck
OPENING_FOR = (2.5, 5.0, 10.0)  # seconds it may take to open, by deaths in a row: hung far ends
# hang for ever, slow ones must be reached in the end
PATIENT_EVERY = 8  # starts; a sole output that was refused may stay listed of old, so that only one
# start in so many is given the longest time
BACK_OFF = (0.0, 0.25, 0.5, 1.0, 1.5)  # seconds before the next start, by deaths in a row; the
# last is short, for a far end that returns has to be sent to within 3 s
LINGERS = 0.5  # seconds that a listener's port may be taken after its time
WELL_AFTER = 30.0  # seconds of sending after which a death counts as the first again
_TICKS_COUNT = 2  # how often a tick's own time may count: where a channel has fields, its rate is
# theirs
GAP_MOST = 0.5  # seconds that count from one reading to the next: a channel that stands still tells
# nothing of its outputs, and compiling shaders for its first picture takes one 2.5 s


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """One output and what is remembered of it; made by `begin`, carried on by `look`.

    Instants are monotonic seconds; `age` and `still` are seconds in which the channel was seen to
    go on. `alive` is whether the engine was told to run it.
    """

    consumer: Consumer
    looked_at: float
    tag: int | None = None  # the engine's own count of ticks, as last read
    alive: bool = True
    age: float = 0.0  # since its start
    still: float = 0.0  # since its count rose, or its start
    frame: int | None = None  # as last read
    rose_at: float | None = None  # when the count was last seen to rise, since its start
    sends_since: float | None = None
    listed: bool = False
    listed_moves: bool = False  # other outputs' counts rise, so the list is a fresh one
    deaths: int = 0  # in a row
    restarts: int = 0  # all
    retry_at: float = 0.0
    error: str = ""

    @property
    def wants_start(self) -> bool:
        """Whether it has to be started anew, as soon as `retry_at`."""
        return not self.alive


def begin(consumer: Consumer, now: float) -> Watched:
    """An output that the engine was told to run, by its config or by ADD."""
    return Watched(consumer=consumer, looked_at=now)


def started(watched: Watched, now: float) -> Watched:
    """The same after REMOVE and ADD: nothing that was read before counts any more."""
    return replace(
        watched,
        looked_at=now,
        alive=True,
        age=0.0,
        still=0.0,
        frame=None,
        rose_at=None,
        sends_since=None,
        listed=False,
        restarts=watched.restarts + 1,
    )


def is_due(watched: Watched, now: float) -> bool:
    """Whether REMOVE and ADD are to be sent now."""
    return watched.wants_start and now >= watched.retry_at


def lingers(watched: Watched) -> float:
    """For how many seconds it keeps its port after REMOVE: a listener goes on until its time."""
    if not (watched.consumer.waits and watched.alive) or watched.rose_at is not None:
        return 0.0
    return max(0.0, LISTEN_SECONDS + LINGERS - watched.age)


def look(watched: Watched, seen: ServerSeen, now: float, *, list_moves: bool) -> Watched:
    """Take one reading. `list_moves` tells that some other output's count rose lately.

    Readings may be few or many; none while the engine is silent.
    """
    if not watched.alive:
        return watched
    watched = _older(watched, seen, now)
    found = seen.consumers.get(watched.consumer.port)
    if found is None or found.consumer != watched.consumer.kind:
        return _unlisted(replace(watched, listed=False, frame=None), now)
    watched = replace(watched, listed=True, listed_moves=list_moves)
    if not watched.consumer.counts_frames:
        return watched
    return _counted(watched, found.frame, now)


def _older(watched: Watched, seen: ServerSeen, now: float) -> Watched:
    """Time passes for an output while its channel ticks; one that stands starts and opens none."""
    gap = min(max(0.0, now - watched.looked_at), GAP_MOST)
    tag, before = seen.time_tag, watched.tag
    if tag is not None and before is not None and tag >= before and seen.rate > 0:
        gap = min(gap, float(_TICKS_COUNT * (tag - before) / seen.rate))
    return replace(
        watched, looked_at=now, tag=tag, age=watched.age + gap, still=watched.still + gap
    )


def _unlisted(watched: Watched, now: float) -> Watched:
    if watched.rose_at is None and watched.age < UNLISTED_FOR:
        return watched
    if watched.consumer.waits and watched.age > LISTEN_SECONDS / 2:
        return _dead(watched, now, "")  # nobody called: it listens anew
    if watched.consumer.waits and watched.rose_at is None:
        taken = _dead(watched, now, "its port is taken; it listens once that is free")
        return replace(taken, retry_at=now + _pause(watched))
    why = "the engine dropped it" if watched.rose_at is not None else "it could not be opened"
    return _dead(watched, now, why)


def _counted(watched: Watched, frame: int | None, now: float) -> Watched:
    if frame is None:
        return _opening(watched, now)
    before = watched.frame
    watched = replace(watched, frame=frame)
    if before is not None and frame > before:
        since = watched.sends_since
        since = now if since is None else since
        deaths = 0 if now - since >= WELL_AFTER else watched.deaths
        return replace(watched, still=0.0, rose_at=now, sends_since=since, deaths=deaths, error="")
    if before is None or watched.rose_at is None:
        return _opening(watched, now)
    if watched.still >= FROZEN_FOR:
        return _dead(watched, now, "its frames stand still: the far end is gone")
    return watched


def _opening(watched: Watched, now: float) -> Watched:
    if watched.consumer.waits:
        return replace(watched, error="")
    patience = _patience(watched)
    if watched.still < patience:
        return watched
    return _dead(watched, now, f"no answer from the far end in {patience:g} s")


def _patience(watched: Watched) -> float:
    if watched.listed_moves:
        return OPENING_FOR[min(watched.deaths, len(OPENING_FOR) - 1)]
    return OPENING_FOR[-1 if watched.deaths % PATIENT_EVERY == PATIENT_EVERY - 1 else 0]


def _dead(watched: Watched, now: float, why: str) -> Watched:
    pause = 0.0 if watched.consumer.waits else _pause(watched)
    return replace(
        watched,
        alive=False,
        deaths=watched.deaths + 1,
        retry_at=now + pause,
        sends_since=None,
        error=why,
    )


def _pause(watched: Watched) -> float:
    return BACK_OFF[min(watched.deaths, len(BACK_OFF) - 1)]


# ── what others are told ─────────────────────────────────────────────────────────────────────────


def is_moving(watched: Watched, now: float) -> bool:
    """Whether its count was seen to rise lately."""
    return watched.alive and watched.rose_at is not None and now - watched.rose_at < FROZEN_FOR


def state_of(watched: Watched, now: float) -> OutputState:
    """How it fares, in the words of the port."""
    state, error = _judge(watched, now)
    return OutputState(
        name=watched.consumer.name, state=state, error=error, restarts=watched.restarts
    )


def _judge(watched: Watched, now: float) -> tuple[str, str]:
    if watched.consumer.waits and not is_moving(watched, now):
        return "waiting", watched.error
    if not watched.alive:
        more = f"; started anew {watched.restarts} times" if watched.restarts else ""
        return "down", f"{watched.error}{more}"
    if watched.consumer.counts_frames:
        return ("sending", "") if watched.rose_at is not None else ("opening", watched.error)
    if not watched.listed:
        return "opening", watched.error
    kind = watched.consumer.kind
    fresh = "listed" if watched.listed_moves else "listed, perhaps of old"
    return "sending", f"not proven: the engine counts no frames of {kind}, it is {fresh}"
