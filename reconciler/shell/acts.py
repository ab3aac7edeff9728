"""Live acts: straight to the sending sidecar, and into the journal."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress

from reconciler.errors import AdapterError, Rejected, Unreachable
from reconciler.model.ids import ChannelName
from reconciler.model.observed import ChannelRow, Life, SidecarSeen
from reconciler.model.records import JournalEntry
from reconciler.shell.notes import note
from reconciler.shell.world import World

_SERVES = 1.0  # seconds
ACTS = ("play", "pause", "resume", "skip", "hold", "stop")


class Finder:
    """Find the sidecar of a channel; what was read serves for a second: screens stay cheap."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._lock = threading.Lock()
        self._read_at = -_SERVES
        self._rows: Mapping[ChannelName, ChannelRow] = {}
        self._found: dict[ChannelName, SidecarSeen] = {}
        self._silent = ""

    def find(self, channel: ChannelName) -> SidecarSeen | None:
        """The sidecar that may send `channel`, or else its newest; not asked anything itself.

        Raises `Unreachable` when there is none and some node did not answer.
        """
        with self._lock:
            if self._world.clock.monotonic() - self._read_at >= _SERVES:
                self._read()
            seen = self._found.get(channel)
        if seen is None and self._silent:
            raise Unreachable(f"{channel}: {self._silent}")
        return seen

    def _read(self) -> None:
        # Without the database we go by what it said last: a live act needs no one else.
        with suppress(Unreachable):
            self._rows = self._world.store.read().channels
        rows = self._rows
        found: list[SidecarSeen] = []
        silent: list[str] = []
        for node in self._world.nodes():
            try:
                found += self._world.connect(node).look()[1]
            except AdapterError as error:
                silent.append(str(error))
        living = (s for s in found if s.life is Life.RUNNING)
        by_right = sorted(living, key=lambda s: (_may_send(rows.get(s.channel), s), s.epoch))
        self._found = {s.channel: s for s in by_right}
        self._silent = "; ".join(silent)
        self._read_at = self._world.clock.monotonic()


def _may_send(row: ChannelRow | None, seen: SidecarSeen) -> bool:
    return row is not None and row.sending_epoch == seen.epoch


def live_act(
    world: World, channel: ChannelName, act: str, body: Mapping[str, object], *, who: str
) -> Mapping[str, object]:
    """Perform one live act; returns what the engine then showed. It is journaled, failed or not.

    An act that was performed is never told as failed: whoever hears that would do it twice.
    """
    try:
        seen = Finder(world).find(channel)
        if seen is None:
            raise Rejected(f"{channel}: not running; put `on_air: true` in its file and commit")
        shown = world.sidecars.transport(seen, act, body)
    except AdapterError as error:
        _journal(world, channel, act, who=who, outcome=f"failed: {error}")
        raise
    _journal(world, channel, act, who=who, outcome="done")
    return shown


def _journal(world: World, channel: ChannelName, act: str, *, who: str, outcome: str) -> None:
    entry = JournalEntry(
        at=world.clock.now(),
        who=who,
        what=act,
        channel=channel,
        node=None,
        cause="a live act",
        outcome=outcome,
    )
    note(world, entry)
