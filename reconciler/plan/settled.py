"""Whether a channel is well and as the lineup wants it, told at a glance.

Most channels of most passes are; looking at them must cost almost nothing. A law in
`tests/property` holds this glance against the full judgement, which would find nothing to do.
"""

from __future__ import annotations

from reconciler.model.desired import DesiredChannel, StreamOutput
from reconciler.model.observed import ChannelRow, Health, Life, SidecarAnswer, SidecarSeen
from reconciler.plan.case import Case
from reconciler.plan.outputs import output_digest
from reconciler.plan.placement import Wish, misfit
from reconciler.plan.respawn import is_spent
from reconciler.plan.scene import Scene


def is_settled(case: Case, scene: Scene) -> bool:
    """Whether there is nothing to do, to hold or to say about this channel."""
    wanted, row = case.wanted, case.row
    if wanted is None or row is None or len(case.sidecars) != 1 or case.compiled is not None:
        return False
    if scene.seen.plays.get(case.name):
        return False  # it lacks files
    if case.overrides or case.alarms or case.claims or not wanted.on_air:
        return False
    sidecar = case.sidecars[0]
    return (
        row.digest == wanted.digest
        and _is_entitled(sidecar, row)
        and sidecar.fingerprint == wanted.fingerprint
        and sidecar.answer is not None
        and _is_well(sidecar.answer, sidecar.epoch)
        and (sidecar.answer.lease_left is None or wanted.failover.fence is not None)
        and _outputs_are_well(wanted, sidecar.answer)
        and _node_is_well(wanted, sidecar, scene)
        and not is_spent(case, scene.desired.policy.respawn_budget)
    )


def _is_entitled(sidecar: SidecarSeen, row: ChannelRow) -> bool:
    return (
        sidecar.life is Life.RUNNING
        and sidecar.epoch == row.epoch == row.sending_epoch
        and sidecar.node == row.node
    )


def _is_well(answer: SidecarAnswer, epoch: int) -> bool:
    return (
        answer.sending
        and answer.lease_epoch <= epoch
        and answer.engine == "running"
        and not answer.asrun_waiting
        and not answer.faults
    )


def _outputs_are_well(wanted: DesiredChannel, answer: SidecarAnswer) -> bool:
    if len(answer.outputs) != len(wanted.outputs):
        return False
    found = {output.name: output for output in answer.outputs}
    for output in wanted.outputs:
        one = found.get(output.name)
        if one is None or one.state == "down" or not isinstance(output, StreamOutput):
            return False
        if one.digest != output_digest(output):
            return False
    return True


def _node_is_well(wanted: DesiredChannel, sidecar: SidecarSeen, scene: Scene) -> bool:
    node = scene.desired.nodes.get(sidecar.node)
    seen = scene.seen.nodes.get(sidecar.node)
    if node is None or seen is None or node.maintenance or seen.health is not Health.ANSWERING:
        return False
    return misfit(Wish(channel=wanted), node) is None
