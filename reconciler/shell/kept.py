"""What kept rundowns play, and of it what nodes lack: so that staging needs no compiling.

What is remembered here only saves asking the database again for what it answered; a fresh one
tells the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import inf
from operator import is_

from reconciler.model.desired import Desired, DesiredChannel, Policy
from reconciler.model.ids import ChannelName
from reconciler.model.observed import SidecarSeen, Snapshot
from reconciler.model.rundown import Play
from reconciler.plan.needs import disks_of, lacking, stage_until
from reconciler.ports import Needs, Plays
from reconciler.shell.world import World

Here = Mapping[ChannelName, tuple[SidecarSeen, ...]]


class KeptNeeds:
    """The files of every kept rundown, fetched once for each; where they play, once if lacking."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._needs: dict[ChannelName, tuple[str, Mapping[str, int]]] = {}
        self._plays: dict[ChannelName, tuple[str, frozenset[str], tuple[Play, ...]]] = {}
        self._first: dict[ChannelName, tuple[tuple[object, ...], float]] = {}

    def needed(self, desired: Desired, seen: Snapshot) -> Needs:
        """See `Snapshot.needed`."""
        rows = {n: r for n, r in seen.database.channels.items() if r.rundown_digest}
        unknown = [
            name
            for name, row in rows.items()
            if self._needs.get(name, ("", {}))[0] != row.rundown_digest
        ]
        if unknown:
            for name, files in self._world.store.read_needs(unknown).items():
                self._needs[name] = (rows[name].rundown_digest, files)
        return {n: self._needs[n][1] for n in rows if n in desired.channels and n in self._needs}

    def plays(
        self, channels: Iterable[DesiredChannel], here: Here, seen: Snapshot, policy: Policy
    ) -> Plays:
        """See `Snapshot.plays`; a channel that lacks only what is over has none."""
        lacked = [
            (channel, files)
            for channel in channels
            if (files := self._lacked(channel, here.get(channel.name, ()), seen, policy))
        ]
        self._pick({channel.name: files for channel, files in lacked}, seen)
        return {
            channel.name: _current(self._plays[channel.name][2], channel, seen, policy)
            for channel, _ in lacked
        }

    def _pick(self, lacked: Mapping[ChannelName, frozenset[str]], seen: Snapshot) -> None:
        """Have the places picked out, of the rundowns and files that are not known yet."""
        digests = {name: seen.database.channels[name].rundown_digest for name in lacked}
        unknown = {
            name: files
            for name, files in lacked.items()
            if self._plays.get(name, ())[:2] != (digests[name], files)
        }
        found = self._world.store.read_plays(unknown) if unknown else {}
        for name, files in unknown.items():
            self._plays[name] = (digests[name], files, found.get(name, ()))

    def _lacked(
        self,
        channel: DesiredChannel,
        sidecars: tuple[SidecarSeen, ...],
        seen: Snapshot,
        policy: Policy,
    ) -> frozenset[str]:
        """See `needs.lacking`; a channel that has all it plays soon is passed over at once."""
        needed, disks = seen.needed.get(channel.name, {}), disks_of(sidecars, seen)
        known = self._first.get(channel.name)
        if known is None or not _same(known[0], (needed, *disks)):
            lacked = (due for name, due in needed.items() if any(name not in d for d in disks))
            known = self._first[channel.name] = ((needed, *disks), min(lacked, default=inf))
        if known[1] >= stage_until(channel, seen, policy):
            return frozenset()
        return lacking(channel, sidecars, seen, policy)


def _same(some: tuple[object, ...], others: tuple[object, ...]) -> bool:
    return len(some) == len(others) and all(map(is_, some, others))


def _current(
    plays: tuple[Play, ...], channel: DesiredChannel, seen: Snapshot, policy: Policy
) -> tuple[Play, ...]:
    """Those that are still to come, or go on."""
    now, until = channel.format.clock.showing_at(seen.taken_at), stage_until(channel, seen, policy)
    return tuple(play for play in plays if play.frame(now, until) is not None)
