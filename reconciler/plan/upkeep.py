"""What is changed live, on a sidecar that goes on: outputs, devices, as-run, and its rundown."""

from __future__ import annotations

from reconciler.model.desired import DecklinkOutput, EngineKind, NdiOutput, Output
from reconciler.model.ids import OutputName
from reconciler.model.observed import SidecarAnswer, SidecarSeen
from reconciler.plan.actions import (
    AddOutput,
    Cause,
    ClaimDevice,
    CollectAsRun,
    ReleaseDevice,
    RemoveOutput,
)
from reconciler.plan.devices import devices_on
from reconciler.plan.draft import Draft
from reconciler.plan.impact import output_changes
from reconciler.plan.loading import load_rundown
from reconciler.plan.outputs import output_digest


def tend(draft: Draft, sidecar: SidecarSeen) -> None:
    """Bring one answering sidecar up to date without a break."""
    answer = sidecar.answer
    if answer is None:
        return
    _tend_outputs(draft, sidecar, answer)
    load_rundown(draft, sidecar, answer)
    if answer.asrun_waiting:
        draft.act(
            CollectAsRun(
                channel=draft.name, node=sidecar.node, epoch=sidecar.epoch, cause=Cause.SPOOLED
            )
        )


def needs_casparcg(output: Output) -> bool:
    """Whether only CasparCG can feed this output."""
    return isinstance(output, DecklinkOutput | NdiOutput)


def refused_outputs(draft: Draft) -> tuple[OutputName, ...]:
    """Outputs that the channel's engine cannot feed."""
    if draft.wanted.engine is EngineKind.CASPARCG:
        return ()
    return tuple(o.name for o in draft.wanted.outputs if needs_casparcg(o))


def casparcg_reason(names: tuple[OutputName, ...]) -> str:
    """Say why outputs are refused."""
    if len(names) == 1:
        return f"output {names[0]}: it needs CasparCG"
    return f"outputs {', '.join(names)}: they need CasparCG"


def _tend_outputs(draft: Draft, sidecar: SidecarSeen, answer: SidecarAnswer) -> None:
    refused = refused_outputs(draft)
    if refused:
        draft.hold("add output", casparcg_reason(refused), allow="engine: casparcg")
        return
    wanted = {output.name: output for output in draft.wanted.outputs}
    found = {output.name: output.digest for output in answer.outputs}
    _claim_devices(draft, sidecar)
    for name in sorted(found.keys() - wanted.keys()):
        draft.act(
            RemoveOutput(
                channel=draft.name,
                node=sidecar.node,
                epoch=sidecar.epoch,
                output=name,
                cause=Cause.LINEUP_CHANGED,
            )
        )
        _notice(draft, name, answer)
    for name in sorted(wanted):
        if found.get(name) != output_digest(wanted[name]):
            draft.act(
                AddOutput(
                    channel=draft.name,
                    node=sidecar.node,
                    epoch=sidecar.epoch,
                    output=wanted[name],
                    cause=Cause.LINEUP_CHANGED if name in found else Cause.DRIFTED,
                )
            )
            if name in found:
                _notice(draft, name, answer)
    _release_devices(draft, sidecar)


def _notice(draft: Draft, name: OutputName, answer: SidecarAnswer) -> None:
    if answer.sending:
        draft.notice(output_changes(name))


def _claim_devices(draft: Draft, sidecar: SidecarSeen) -> None:
    """Claim what the outputs on this node need and do not hold yet."""
    node = draft.scene.desired.nodes.get(sidecar.node)
    if node is None or not draft.case.has_decklink:
        return
    wanted = devices_on(draft.wanted, node)
    draft.judged.add("device")
    if isinstance(wanted, str):
        draft.alarm("device", f"{node.name}: {wanted}")
        return
    mine = {(c.node, c.device) for c in draft.case.claims}
    found = draft.scene.seen.nodes[node.name].devices
    for output, device in wanted:
        holder = draft.scene.ledger.holder(node.name, device, other_than=draft.name)
        if holder is not None:
            draft.alarm("device", f"{node.name}: device {device} is held by {holder}")
        elif found is not None and device not in found:
            draft.alarm("device", f"{node.name}: device {device} is missing")
        elif (node.name, device) not in mine:
            draft.scene.ledger.promise(node.name, device, draft.name)
            draft.act(
                ClaimDevice(
                    channel=draft.name,
                    output=output,
                    node=node.name,
                    device=device,
                    cause=Cause.DRIFTED,
                )
            )


def _release_devices(draft: Draft, sidecar: SidecarSeen) -> None:
    """Give back what no output of the lineup needs on this node any more."""
    if not draft.case.claims:
        return
    node = draft.scene.desired.nodes.get(sidecar.node)
    wanted = devices_on(draft.wanted, node) if node is not None else ()
    if isinstance(wanted, str):
        return
    needed = {device for _, device in wanted}
    for claim in draft.case.claims:
        if claim.node == sidecar.node and claim.device not in needed and claim.output is not None:
            draft.act(
                ReleaseDevice(
                    channel=draft.name,
                    output=claim.output,
                    node=claim.node,
                    device=claim.device,
                    cause=Cause.LINEUP_CHANGED,
                )
            )
