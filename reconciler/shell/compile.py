"""Compile the rundowns that a pass needs, carrying on from what each sidecar holds."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.errors import AdapterError
from reconciler.model.desired import Desired, DesiredChannel
from reconciler.model.ids import ChannelName, NodeName
from reconciler.model.media import Catalogue
from reconciler.model.observed import SidecarSeen, Snapshot
from reconciler.model.rundown import Rundown
from reconciler.plan.horizon import needs_compile, window
from reconciler.plan.inputs import Marks, inputs_of, marks_of
from reconciler.plan.needs import coming_to
from reconciler.plan.storage import is_tight
from reconciler.rundown import Compiled, Sources, Window, carry_of, compile_rundown
from reconciler.shell.kept import KeptNeeds
from reconciler.shell.world import World

log = logging.getLogger(__name__)

_AT_ONCE = 16  # held rundowns fetched side by side


@dataclass(frozen=True, slots=True, kw_only=True)
class Compilation:
    """The rundowns compiled in a pass, what each was made from, and the snapshot that says so."""

    seen: Snapshot
    rundowns: Mapping[ChannelName, Compiled]
    inputs: Mapping[ChannelName, str]


class Compiler:
    """Find the channels whose rundown must be made anew, and make it.

    What it remembers (digests, files by rundown) only saves work; a fresh one decides the same.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._marks: tuple[Catalogue, Marks] = ({}, {})
        self._inputs: dict[ChannelName, tuple[str, Marks, str]] = {}
        self._kept = KeptNeeds(world)

    def compile(self, desired: Desired, seen: Snapshot) -> Compilation:
        """Compile for every channel that needs it; the others keep what they have."""
        here = _by_channel(seen)
        marks = self._marks_of(seen.catalogue)
        inputs = {c.name: self._inputs_of(c, desired, marks) for c in desired.channels.values()}
        seen = replace(seen, needed=self._kept.needed(desired, seen))
        due = [
            channel
            for channel in desired.channels.values()
            if needs_compile(
                channel,
                row=seen.database.channels.get(channel.name),
                sidecars=here.get(channel.name, ()),
                now=seen.taken_at,
                policy=desired.policy,
            )
            or self._is_stale(channel, seen, inputs[channel.name])
        ]
        held = self._held_by(due, here, seen)
        compiled = {channel.name for channel in due}
        others = [c for c in desired.channels.values() if c.name not in compiled]
        plays = self._kept.plays(others, here, seen, desired.policy)
        seen = replace(seen, held=held, plays=plays)
        return Compilation(
            seen=replace(seen, last_used=self._uses(desired, seen, compiled)),
            rundowns=_compile_each(due, desired, seen, held),
            inputs=inputs,
        )

    def _marks_of(self, catalogue: Catalogue) -> Marks:
        if self._marks[0] is not catalogue:
            self._marks = (catalogue, marks_of(catalogue))
        return self._marks[1]

    def _inputs_of(self, channel: DesiredChannel, desired: Desired, marks: Marks) -> str:
        known = self._inputs.get(channel.name)
        if known is None or known[0] != channel.digest or known[1] is not marks:
            made_from = inputs_of(channel, desired, marks)
            known = self._inputs[channel.name] = (channel.digest, marks, made_from)
        return known[2]

    def _uses(
        self, desired: Desired, seen: Snapshot, compiled: Collection[ChannelName]
    ) -> Mapping[NodeName, Mapping[str, datetime]]:
        """When files were played last, of the nodes where something may have to go."""
        busy = {s.node for s in seen.sidecars if s.channel in compiled}
        coming = coming_to(seen)
        return {
            name: self._world.store.read_uses(name)
            for name, node in seen.nodes.items()
            if node.staged and (name in busy or is_tight(name, desired, seen, coming.get(name, 0)))
        }

    def _is_stale(self, channel: DesiredChannel, seen: Snapshot, inputs: str) -> bool:
        row = seen.database.channels.get(channel.name)
        return channel.on_air and row is not None and row.rundown_inputs != inputs

    def _held_by(
        self,
        due: Iterable[DesiredChannel],
        here: Mapping[ChannelName, tuple[SidecarSeen, ...]],
        seen: Snapshot,
    ) -> Mapping[ChannelName, Rundown]:
        names = [channel.name for channel in due]
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="held") as pool:
            held = pool.map(lambda name: self._held(name, here.get(name, ()), seen), names)
            found = dict(zip(names, held, strict=True))
        return {name: rundown for name, rundown in found.items() if rundown is not None}

    def _held(
        self, channel: ChannelName, here: tuple[SidecarSeen, ...], seen: Snapshot
    ) -> Rundown | None:
        """What to carry on from: the sending sidecar's, else any newer's, else the kept one."""
        row = seen.database.channels.get(channel)
        sending = row.sending_epoch if row is not None else 0
        answering = [s for s in here if s.answer is not None and s.answer.rundown_digest]
        for sidecar in sorted(answering, key=lambda s: (s.epoch != sending, -s.epoch)):
            try:
                held = self._world.sidecars.held_rundown(sidecar)
            except AdapterError:
                continue  # it fell silent since it was asked; the kept one is nearly as good
            if held is not None:
                return held
        return self._world.store.load_rundown(channel) if row is not None else None


def _by_channel(seen: Snapshot) -> Mapping[ChannelName, tuple[SidecarSeen, ...]]:
    found: dict[ChannelName, tuple[SidecarSeen, ...]] = {}
    for sidecar in seen.sidecars:
        found[sidecar.channel] = (*found.get(sidecar.channel, ()), sidecar)
    return found


def _compile_each(
    due: Iterable[DesiredChannel],
    desired: Desired,
    seen: Snapshot,
    held: Mapping[ChannelName, Rundown],
) -> Mapping[ChannelName, Compiled]:
    """Compile channel by channel: a bug met in one of them leaves it as it is, and it alone."""
    compiled: dict[ChannelName, Compiled] = {}
    for channel in due:
        try:
            compiled[channel.name] = _compile(channel, desired, seen, held.get(channel.name))
        except Exception:
            log.exception("channel=%s: its rundown cannot be compiled: a bug", channel.name)
    return compiled


def _compile(
    channel: DesiredChannel, desired: Desired, seen: Snapshot, held: Rundown | None
) -> Compiled:
    clock = channel.format.clock
    start, end = window(channel, seen.taken_at, desired.policy)
    now = clock.showing_at(seen.taken_at)
    sources = Sources(
        channel=channel,
        playlists=desired.playlists,
        catalogue=seen.catalogue,
        live=desired.live,
        commit=desired.revision.commit,
    )
    carry = None
    if held is not None and held.rate == channel.format.rate:
        keep = now + clock.frames_in(channel.guard.freeze)
        carry = carry_of(held, keep)
    return compile_rundown(sources, Window(start, end, now), carry)
