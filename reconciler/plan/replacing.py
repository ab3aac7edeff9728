"""Why a sidecar must give way to another, and how: successor first, wherever one can be placed.

What would interrupt a channel on air needs leave, unless the lineup or an operator asked for just
that (maintenance, an override) or nothing is on air that could be interrupted. Once a successor
that fits has been spawned, leave was given: handing over needs no second one. Where both engines
can agree on a frame nothing is missing in between; else the old one has to go first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from reconciler.model.desired import DesiredNode, EngineKind
from reconciler.model.ids import NodeName
from reconciler.model.observed import SidecarSeen
from reconciler.plan.actions import Cause, GrantLease, HandOver, Impact
from reconciler.plan.draft import Draft
from reconciler.plan.failover import bar_to_sending
from reconciler.plan.impact import INTERRUPTS_BRIEFLY, INTERRUPTS_NOW, STARTS_NOW, hands_over
from reconciler.plan.lifecycle import Crew, Standing, standing
from reconciler.plan.placement import Placed, misfit, place
from reconciler.plan.respawn import due_at
from reconciler.plan.spawning import spawn, wish_of

STUCK_AFTER = timedelta(seconds=60)  # a sidecar restarts its engine by itself well within this


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a sidecar must give way. `free`: without asking; `leave`: its node is not to be used."""

    what: str  # restart, move, drain
    cause: Cause
    because: str
    free: bool = False
    leave: bool = False

    @property
    def counts(self) -> bool:
        """Whether it is a repair."""
        return self.cause in {Cause.FAULTY, Cause.SIDECAR_SILENT}


def reason_to_replace(draft: Draft, sidecar: SidecarSeen) -> Reason | None:
    """The first reason why `sidecar` must give way; None when it may stay."""
    node = draft.scene.desired.nodes.get(sidecar.node)
    return (
        _by_person(draft, sidecar, node)
        or _by_lineup(draft, sidecar, node)
        or _by_fault(draft, sidecar)
    )


def replace(draft: Draft, crew: Crew, sender: SidecarSeen, reason: Reason) -> None:
    """Replace the sender of a channel that is on air."""
    successor = crew.successor
    if successor is not None:
        unfit = reason_to_replace(draft, successor)
        if unfit is None:
            _hand_over(draft, crew, sender, successor)
        else:
            draft.retire(successor, unfit.cause)
        return
    if _may_begin(draft, crew, sender, reason):
        _begin(draft, sender, reason)


def _by_person(draft: Draft, sidecar: SidecarSeen, node: DesiredNode | None) -> Reason | None:
    override = draft.case.override("node")
    if override is not None and override.value != sidecar.node:
        return Reason(
            what="move",
            cause=Cause.OVERRIDDEN,
            because=f"override {override.id} of {override.owner} keeps it on {override.value}",
            free=True,
            leave=True,
        )
    if node is not None and node.maintenance:
        because = f"{node.name} is in maintenance"
        return Reason(
            what="drain", cause=Cause.NODE_DRAINING, because=because, free=True, leave=True
        )
    return None


def _by_lineup(draft: Draft, sidecar: SidecarSeen, node: DesiredNode | None) -> Reason | None:
    if sidecar.fingerprint != draft.wanted.fingerprint:
        because = "what it was started with has changed (format, engine, preview or bitrate)"
        return Reason(what="restart", cause=Cause.LINEUP_CHANGED, because=because)
    why = misfit(wish_of(draft, stay=sidecar.node), node)
    if why is None:
        return None
    because = f"it may not be on {sidecar.node} any more: {why}"
    return Reason(what="move", cause=Cause.LINEUP_CHANGED, because=because, leave=True)


def _by_fault(draft: Draft, sidecar: SidecarSeen) -> Reason | None:
    if sidecar.answer is None:
        if sidecar.silent_for < STUCK_AFTER:
            return None
        because = "it has not answered for a minute, and may still be sending"
        return Reason(what="restart", cause=Cause.SIDECAR_SILENT, because=because)
    superseded = sidecar.epoch < draft.case.epoch and sidecar.epoch != draft.case.right
    if superseded:
        because = "a newer epoch was given out, and this one has no right to send"
        return Reason(what="restart", cause=Cause.ORPHAN, because=because, free=True)
    if sidecar.answer.engine == "running":
        return None
    told = next((a for a in draft.case.alarms if a.key == "engine"), None)
    if told is None or draft.scene.now - told.since < STUCK_AFTER:
        return None
    because = f"its engine is {sidecar.answer.engine} for more than a minute"
    return Reason(what="restart", cause=Cause.FAULTY, because=because, free=True)


def _hand_over(draft: Draft, crew: Crew, sender: SidecarSeen, successor: SidecarSeen) -> None:
    rank = standing(successor, draft.scene.seen)
    if rank not in (Standing.READY, Standing.SENDING):
        draft.hold("hand over", f"its successor on {successor.node} is not ready")
        return
    bar = bar_to_sending(draft.case, crew, successor.epoch, draft.scene.now)
    if bar is not None:
        draft.hold("hand over", bar.because, until=bar.until, allow=bar.allow)
        return
    if agrees_on_a_frame(sender) and agrees_on_a_frame(successor):
        draft.notice(_impact(draft, sender, successor.node))
        draft.act(
            HandOver(
                channel=draft.name,
                node=successor.node,
                epoch=successor.epoch,
                old_node=sender.node,
                old_epoch=sender.epoch,
                cause=Cause.SUCCESSOR_READY,
            )
        )
        draft.retire(sender, Cause.SUCCESSOR_READY)
        return
    draft.notice(_goes_first(sender))
    draft.retire(sender, Cause.SUCCESSOR_READY)
    draft.act(
        GrantLease(
            channel=draft.name,
            node=successor.node,
            epoch=successor.epoch,
            cause=Cause.SUCCESSOR_READY,
        )
    )


def agrees_on_a_frame(sidecar: SidecarSeen) -> bool:
    """Whether it can end before a frame, or begin with one, and say so."""
    answer = sidecar.answer
    return answer is not None and answer.seams and answer.engine == "running"


def _impact(draft: Draft, sender: SidecarSeen, node: NodeName) -> Impact:
    """What the audience will notice when a successor on `node` takes over at a frame."""
    answer = sender.answer
    if answer is None or not answer.sending:
        return STARTS_NOW
    return hands_over(draft.wanted, answer.format, node if node != sender.node else None)


def _goes_first(sender: SidecarSeen) -> Impact:
    """What the audience will notice when it is ended before a successor that is ready goes on."""
    return INTERRUPTS_BRIEFLY if sender.answer is not None else INTERRUPTS_NOW


def _may_begin(draft: Draft, crew: Crew, sender: SidecarSeen, reason: Reason) -> bool:
    if crew.away:
        draft.hold(reason.what, f"{', '.join(crew.away)}: no answer; another one may be there")
        return False
    allowed = draft.wanted.guard.allow_interrupt or draft.name in draft.scene.leave.interrupt
    if not (reason.free or allowed):
        draft.hold(reason.what, reason.because, allow=f"--allow-interrupt {draft.name}")
        return False
    turn = draft.scene.drains.get(sender.node)
    if reason.what == "drain" and turn not in (None, draft.name):
        draft.hold("drain", f"{turn} leaves {sender.node} first")
        return False
    due = due_at(draft.case, draft.name) if reason.counts else None
    if due is not None and due > draft.scene.now:
        draft.hold(reason.what, reason.because, until=due)
        return False
    return True


def _begin(draft: Draft, sender: SidecarSeen, reason: Reason) -> None:
    avoid = {sender.node: reason.because} if reason.leave else {}
    placed = place(wish_of(draft, stay=sender.node, avoid=avoid), draft.scene)
    doubles = draft.case.has_decklink and placed.node == sender.node
    if placed.node is None and not reason.leave:
        placed, doubles = _place_instead(draft, sender), True
    draft.placement = placed.verdicts
    if placed.node is None:
        draft.hold(reason.what, placed.why_not)
        return
    draft.interrupts = True
    joins = not doubles and draft.wanted.engine is EngineKind.EMBEDDED and agrees_on_a_frame(sender)
    otherwise = INTERRUPTS_NOW if doubles else _goes_first(sender)
    draft.notice(_impact(draft, sender, placed.node) if joins else otherwise)
    _take_turn(draft, sender.node, reason)
    if doubles:  # one device or one room cannot hold both
        draft.retire(sender, reason.cause)
    spawn(draft, placed.node, reason.cause, counts=reason.counts)


def _place_instead(draft: Draft, sender: SidecarSeen) -> Placed:
    """Where it could be once its predecessor has gone: on the same node, or nowhere."""
    draft.scene.rooms.move_out(sender.node, draft.name)
    others = {
        name: "not while its predecessor has to go first"
        for name in draft.scene.desired.nodes
        if name != sender.node
    }
    placed = place(wish_of(draft, stay=sender.node, avoid=others), draft.scene)
    if placed.node is None:
        draft.scene.rooms.move_in(sender.node, draft.name)
    return placed


def _take_turn(draft: Draft, node: NodeName, reason: Reason) -> None:
    if reason.what == "drain":
        draft.scene.drains[node] = draft.name
