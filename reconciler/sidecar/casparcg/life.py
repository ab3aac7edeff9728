"""One life of an engine, from its first answer to its death: read back, steer, keep its outputs.

Its owner calls `turn` in a loop, from one thread. A connection that is lost is made again while the
process lives; what is on air then goes on, and is read before anything is ordered.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from reconciler.errors import Rejected, Unreachable
from reconciler.model.video import VideoFormat
from reconciler.sidecar.casparcg import amcp
from reconciler.sidecar.casparcg.amcp import Command
from reconciler.sidecar.casparcg.helm import Helm
from reconciler.sidecar.casparcg.link import Link, connect
from reconciler.sidecar.casparcg.modes import mode_of
from reconciler.sidecar.casparcg.osc import OscListener
from reconciler.sidecar.casparcg.osc_packets import State
from reconciler.sidecar.casparcg.replies import Reply
from reconciler.sidecar.casparcg.seen import ServerSeen, from_info, from_osc
from reconciler.sidecar.casparcg.sending import Sending
from reconciler.sidecar.casparcg.server import put_aside
from reconciler.sidecar.casparcg.ticks import TickGrid, WallClock
from reconciler.sidecar.engine_port import Evidence

log = logging.getLogger(__name__)

Tell = Callable[[tuple[Evidence, ...]], None]

ASK_WITHIN = 0.5  # seconds; answers take milliseconds, and some never come
CONNECT_WITHIN = 1.0
CONNECT_EVERY = 0.05
PONG_WITHIN = 1.0  # seconds; answered outside all queues, so only a hang is slower
PING_EVERY = 1.0
QUIET_FOR = 0.25  # seconds without read-back after which it is pinged at once
DEAF_FOR = 4.0  # seconds without read-back, though it answers, after which it is called again
ARRIVALS = 100  # readings over which the channel's speed is measured
SLOW = 0.95  # of the frame rate, below which the channel is said to be slow
STATES_MOST = 400  # a stall's burst; older ones are worth nothing


@dataclass(frozen=True, slots=True)
class Heard:
    """One state with the monotonic time at which it came."""

    state: State
    at: float


class Life:
    """One connection after another to one engine process."""

    def __init__(
        self, address: tuple[str, int], phrase: str, helm: Helm, sending: Sending, wall: WallClock
    ) -> None:
        self._address = address
        self._phrase = phrase
        self._helm = helm
        self._sending = sending
        self._wall = wall
        self.grid = TickGrid()
        self._heard: deque[Heard] = deque(maxlen=STATES_MOST)
        self._news = threading.Condition()
        self._listener = OscListener(self._hear)
        self._poked = False
        self._link: Link | None = None
        self._pong: Callable[[], bool] | None = None  # whether what was last asked for has come
        self._pinged = self._connected = self._looked = time.monotonic()
        self._arrivals: deque[float] = deque(maxlen=ARRIVALS)
        self.mode = ""  # as the engine names its format
        self.tick = 0
        self.read_at: float | None = None
        self.seen: ServerSeen | None = None
        self.found: ServerSeen | None = None  # what was there when it was called

    # ── what its owner does ──────────────────────────────────────────────────────────────────────

    def call(self) -> bool:
        """Connect, unless connected; read what is there first. Whether it is connected."""
        if self._link is not None and not self._link.ended:
            return True
        self._drop()
        try:
            self._link = connect(
                self._address,
                within=CONNECT_WITHIN,
                phrase=self._phrase,
                osc_port=self._listener.port,
                closed=lambda _: self.wake(),
            )
        except (Unreachable, Rejected) as error:
            log.debug("%s", error)
            return False
        self._pinged = self._connected = time.monotonic()
        reply = self.ask(amcp.info_channel())
        if reply is None or not reply.rows:
            return False
        with contextlib.suppress(ValueError):  # for a tick after its start it says nothing
            found = from_info(reply.rows[0])
            self.mode = found.format or self.mode
            self.found = found
        return True

    def turn(self, timeout: float, tell: Tell | None = None) -> tuple[Evidence, ...]:
        """Wait for read-back, act on it, and tell what became known.

        `tell` hears at once what was read, and is not told it again: answers take milliseconds, and
        whoever acted waits for the picture alone.
        """
        with self._news:
            self._news.wait_for(lambda: self._heard or self._poked, timeout)
            self._poked = False
            states = tuple(self._heard)
            self._heard.clear()
        told: list[Evidence] = []
        for place, heard in enumerate(states, 1):
            seen = from_osc(heard.state)
            self.tick = self.grid.frame(
                heard.state.time_tag, self._wall.frame(int(heard.at * 1_000_000_000))
            )
            self._helm.offset_ms = self._wall.late_ms(self.grid.phase)
            self.seen, self.read_at = seen, heard.at
            self._arrivals.append(heard.at)
            self._sending.look(seen, heard.at)
            if place < len(states):
                told += self._helm.watch(seen, self.tick)
            else:
                told += self._helm.judge(seen, self.tick)
        if states and tell is not None:
            tell(tuple(told))
            told.clear()
        return (*told, *self._helm.carry_out(self.ask))

    def again(self) -> tuple[Evidence, ...]:
        """Act upon the last reading by a new time line, unless the engine has ticked since.

        All that is ordered between two readings comes two readings later, be it early or late.
        """
        young = self.read_at is not None and time.monotonic() - self.read_at < self._wall.period
        return self._helm.again(self.ask) if young and not self._heard else ()

    def keep_outputs(self) -> None:
        """Start and end what differs from what should be sent now."""
        for command, starts in self._sending.commands(time.monotonic()):
            if starts is not None:
                with contextlib.suppress(OSError):
                    put_aside(starts.overwrites)
            self.ask(command)

    def trouble(self) -> str:
        """Why it counts as dead; empty while it does not."""
        link, now = self._link, time.monotonic()
        if link is None or link.ended:
            return ""  # to be called again; its owner counts how long that takes
        quiet = now - max(self.read_at or 0.0, self._connected)
        if not self._answers(link, now, QUIET_FOR if quiet > QUIET_FOR else PING_EVERY):
            return f"no PONG in {PONG_WITHIN:g} s: it hangs"
        if quiet > DEAF_FOR:
            log.warning("no read-back for %g s, though it answers: it is called again", DEAF_FOR)
            self._drop()
        return ""

    def _answers(self, link: Link, now: float, every: float) -> bool:
        """Whether it still answers, as far as is known: the picture does not wait for its PONG."""
        looked, self._looked = self._looked, now
        if self._pong is not None:
            if now - looked > PONG_WITHIN / 2:
                self._pinged = now  # it was us who stood still
            if not self._pong():
                return now - self._pinged <= PONG_WITHIN
            self._pong = None
        if now - self._pinged > every:
            self._pinged = now
            with contextlib.suppress(Unreachable):  # it ended the connection, and does not hang
                self._pong = link.ping()
        return True

    def ask(self, command: Command) -> Reply | None:
        """Ask one thing; None if there was no answer in time."""
        if self._link is None:
            return None
        try:
            return self._link.ask(command, ASK_WITHIN)
        except Unreachable as error:
            log.debug("%s", error)
            return None

    def ticks_per_second(self) -> float | None:
        """How fast the channel runs, over the last readings; None: too few."""
        if len(self._arrivals) < ARRIVALS // 2:
            return None
        span = self._arrivals[-1] - self._arrivals[0]
        return (len(self._arrivals) - 1) / span if span > 0 else None

    def slowness(self, rate: Fraction) -> str:
        """A channel whose machine cannot keep up reports nothing but fewer ticks than `rate`."""
        found = self.ticks_per_second()
        if found is None or found >= SLOW * rate:
            return ""
        return f"the channel is slow: {found:.1f} of {float(rate):.1f} frames in a second"

    def wrong_mode(self, expected: VideoFormat) -> str:
        """What it runs instead of what it was told to; empty if that is so, or not known yet."""
        name = mode_of(expected).name
        if self.mode.casefold() in {"", name.casefold()}:
            return ""
        return f"it runs {self.mode}, expected {name}"

    def wake(self) -> None:
        """Let a `turn` return now."""
        with self._news:
            self._poked = True
            self._news.notify_all()

    def close(self) -> None:
        """Let go of it."""
        self._drop()
        self._listener.close()

    # ── hearing ──────────────────────────────────────────────────────────────────────────────────

    def _hear(self, state: State, at: float) -> None:
        with self._news:
            self._heard.append(Heard(state, at))
            self._news.notify_all()

    def _drop(self) -> None:
        link, self._link, self._pong = self._link, None, None
        if link is not None:
            link.close()
