"""Perform one action: the only place where an action becomes calls to ports."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from reconciler.errors import Rejected
from reconciler.model.desired import Desired, DesiredNode, Runtime
from reconciler.model.ids import ChannelName, NodeName, RecorderName
from reconciler.model.observed import Life, SidecarSeen
from reconciler.plan.actions import (
    Action,
    AddOutput,
    AdoptSidecar,
    ClaimDevice,
    ClearAlarm,
    CollectAsRun,
    EvictMedia,
    GrantLease,
    HandOver,
    LoadRundown,
    RaiseAlarm,
    ReleaseDevice,
    RemoveChannel,
    RemoveNode,
    RemoveOutput,
    RemuxMedia,
    RetireSidecar,
    SpawnSidecar,
    StageMedia,
    WriteChannel,
    WriteNode,
    WriteRecorder,
)
from reconciler.plan.outputs import output_document
from reconciler.ports import NodeControl
from reconciler.shell.compile import Compilation
from reconciler.shell.copying import bring, convert
from reconciler.shell.hand_over import hand_over
from reconciler.shell.start import going_on, start_of
from reconciler.shell.world import World

_ROWS = 500  # as-run rows fetched at a time
_FETCHES = 1_000  # at most this many fetches of one spool in one pass


class Hand:
    """What performs one action, with the lineup and the snapshot that the plan was made from."""

    def __init__(self, desired: Desired, made: Compilation, world: World) -> None:
        seen = made.seen
        self._desired = desired
        self._inputs = made.inputs
        self._catalogue = seen.catalogue
        self._world = world
        self._sidecars = {(s.channel, s.node, s.epoch): s for s in seen.sidecars}

    def perform(self, action: Action) -> None:
        """Perform one action; raises `AdapterError`."""
        match action:
            case WriteChannel() | RemoveChannel() | RaiseAlarm() | ClearAlarm():
                self._channel_row(action)
            case WriteNode() | RemoveNode() | WriteRecorder():
                self._inventory_row(action)
            case ClaimDevice() | ReleaseDevice() | AdoptSidecar():
                self._right(action)
            case StageMedia():
                self._stage(action)
            case RemuxMedia():
                convert(self._world, self._node(action.node), action)
            case EvictMedia():
                self._node(action.node).evict(action.stored)
            case _:
                self._sidecar(action)

    def _stage(self, action: StageMedia) -> None:
        """Stage what the plan named, and nothing else that the asset may be by now."""
        fact = self._catalogue.get(action.asset)
        if fact is None or fact.stored != action.stored:
            raise Rejected(f"{action.stored}: the asset is another by now; the next pass sees it")
        order = replace(self._world.library.order(fact), due=action.due)
        bring(self._world, self._node(action.node), order, action)

    def _channel_row(self, action: WriteChannel | RemoveChannel | RaiseAlarm | ClearAlarm) -> None:
        store = self._world.store
        match action:
            case WriteChannel():
                channel = self._desired.channels[action.channel]
                store.write_channel(self._desired, channel, self._catalogue)
            case RemoveChannel():
                store.remove_channel(action.channel)
            case RaiseAlarm():
                store.raise_alarm(action.channel, action.key, action.text)
            case ClearAlarm():
                store.clear_alarm(action.channel, action.key)
            case _:
                assert_never(action)

    def _inventory_row(self, action: WriteNode | RemoveNode | WriteRecorder) -> None:
        store = self._world.store
        match action:
            case WriteNode():
                store.write_node(self._desired.nodes[action.node], action.digest)
            case RemoveNode():
                store.remove_node(action.node)
            case WriteRecorder():
                self._write_recorder(action.recorder)
            case _:
                assert_never(action)

    def _right(self, action: ClaimDevice | ReleaseDevice | AdoptSidecar) -> None:
        store = self._world.store
        match action:
            case ClaimDevice():
                store.claim(action.channel, action.output, action.node, action.device)
            case ReleaseDevice():
                store.release(action.channel, action.output, action.node, action.device)
            case AdoptSidecar():
                store.adopt(action.channel, action.node, action.epoch)
            case _:
                assert_never(action)

    def _write_recorder(self, name: RecorderName) -> None:
        recorder = self._desired.recorders[name]
        devices = self._desired.nodes[recorder.node].devices
        index = next(d.index for d in devices if d.answers_to(recorder.device))
        self._world.store.write_recorder(name, recorder.node, index)

    def _sidecar(
        self,
        action: SpawnSidecar
        | RetireSidecar
        | GrantLease
        | HandOver
        | LoadRundown
        | AddOutput
        | RemoveOutput
        | CollectAsRun,
    ) -> None:
        world = self._world
        match action:
            case SpawnSidecar():
                self._spawn(action)
            case RetireSidecar():
                self._retire(action)
            case GrantLease():
                self._grant(action)
            case HandOver():
                old = self._found(action.channel, action.old_node, action.old_epoch)
                channel = self._desired.channels[action.channel]
                hand_over(world, old, self._seen(action), channel)
            case LoadRundown():
                seen = self._seen(action)
                world.sidecars.load_rundown(seen, action.rundown, action.digest)
                inputs = self._inputs[action.channel]
                world.store.save_rundown(action.channel, action.rundown, action.digest, inputs)
            case AddOutput() | RemoveOutput():
                channel = self._desired.channels[action.channel]
                world.sidecars.set_outputs(
                    self._seen(action),
                    [output_document(output) for output in channel.outputs],
                )
            case CollectAsRun():
                self._collect(self._seen(action))
            case _:
                assert_never(action)

    def _grant(self, action: GrantLease) -> None:
        """Written first, then told: what fell silent for another sends again by that alone."""
        seen = self._seen(action)
        fence = self._desired.channels[action.channel].failover.fence
        until = self._world.store.grant(action.channel, action.epoch, fence)
        if self._world.sidecars.grant(seen, fence, lift=seen.answer.hush if seen.answer else 0):
            self._world.store.confirm_leases({action.channel: (action.epoch, until)})

    def _spawn(self, action: SpawnSidecar) -> None:
        channel = self._desired.channels[action.channel]
        self._world.store.begin_spawn(
            action.channel,
            action.node,
            action.epoch,
            devices=action.devices,
            counts_as_restart=action.counts_as_restart,
        )
        start = start_of(channel, action.epoch, self._desired.revision.commit, self._catalogue)
        if action.counts_as_restart:
            start = going_on(start, self._world.store.asrun_until(action.channel))
        seen = self._node(action.node).spawn(start)
        self._sidecars[action.channel, action.node, action.epoch] = seen

    def _retire(self, action: RetireSidecar) -> None:
        seen = self._sidecars.get((action.channel, action.node, action.epoch))
        node = self._node(action.node)
        if seen is not None and seen.life is Life.RUNNING and seen.answer is not None:
            self._collect(seen)
        node.retire(action.channel, action.epoch)
        if seen is not None:
            self._world.store.store_asrun(node.spooled(seen))
        node.forget(action.channel, action.epoch)
        self._world.store.sidecar_gone(action.channel, action.epoch)

    def _collect(self, seen: SidecarSeen) -> None:
        for _ in range(_FETCHES):
            rows = self._world.sidecars.asrun(seen, _ROWS)
            if not rows:
                return
            self._world.store.store_asrun(rows)
            self._world.sidecars.acknowledge(seen, rows[-1].seq)
            if len(rows) < _ROWS:
                return

    def _seen(
        self, action: GrantLease | HandOver | LoadRundown | AddOutput | RemoveOutput | CollectAsRun
    ) -> SidecarSeen:
        return self._found(action.channel, action.node, action.epoch)

    def _found(self, channel: ChannelName, node: NodeName, epoch: int) -> SidecarSeen:
        seen = self._sidecars.get((channel, node, epoch))
        if seen is None:
            raise Rejected(f"{node}: {channel}: no sidecar of epoch {epoch} any more")
        return seen

    def _node(self, name: NodeName) -> NodeControl:
        known = self._desired.nodes.get(name)
        return self._world.connect(known or DesiredNode(name=name, runtime=Runtime.PROCESS))
