"""The order of judgement for one channel.

Off air or gone from the lineup; then what is there is tidied; then whoever sends is kept well or
replaced, whoever is next is given the right, and where nobody is there the channel is started or
failed over. Silence alone never leads to an act.
"""

from __future__ import annotations

from reconciler.model.ids import NodeName
from reconciler.model.observed import Health, SidecarSeen
from reconciler.plan.actions import AdoptSidecar, Cause, GrantLease, WriteChannel
from reconciler.plan.alarms import settle_alarms, watch_media, watch_sidecar
from reconciler.plan.case import Case, health
from reconciler.plan.draft import Draft
from reconciler.plan.failover import bar_to_moving, bar_to_sending, lapses_at
from reconciler.plan.impact import STARTS_NOW, at
from reconciler.plan.lifecycle import Crew, Standing, muster, standing
from reconciler.plan.loading import hold_frozen_edits
from reconciler.plan.placement import place
from reconciler.plan.replacing import Reason, reason_to_replace, replace
from reconciler.plan.respawn import due_at, is_restart, is_spent
from reconciler.plan.retirement import leave_lineup, off_reason, retire_ghost, take_off
from reconciler.plan.scene import Scene
from reconciler.plan.spawning import spawn, wish_of
from reconciler.plan.upkeep import casparcg_reason, refused_outputs, tend


def judge(case: Case, scene: Scene) -> Draft:
    """Decide everything about one channel."""
    draft = Draft(case, scene)
    crew = muster(case, scene.seen)
    if case.wanted is None:
        leave_lineup(draft, crew)
        return draft
    off = off_reason(draft)
    if off is not None:
        take_off(draft, crew, off)
    else:
        _keep_on(draft, crew)
    return draft


def _keep_on(draft: Draft, crew: Crew) -> None:
    _write_first(draft)
    _tidy(draft, crew)
    if crew.sender is not None:
        _keep_sender(draft, crew, crew.sender)
    elif crew.successor is not None:
        _bring_on(draft, crew, crew.successor)
    elif crew.away:
        _fail_over(draft, crew)
    else:
        _start(draft)
    _tidy_hushed(draft, crew)
    hold_frozen_edits(draft)
    _show_pin(draft)
    watch_media(draft)
    _judge_past(draft, crew)
    settle_alarms(draft)
    _write_last(draft, crew)


def _write_first(draft: Draft) -> None:
    """A channel's rows must be there before anything can be recorded of it."""
    if draft.case.row is None:
        draft.act(
            WriteChannel(channel=draft.name, digest=draft.wanted.digest, cause=Cause.NEW_CHANNEL)
        )


def _write_last(draft: Draft, crew: Crew) -> None:
    """Rows say that an edit was carried out: they wait until whoever plays can be told of it."""
    row, wanted = draft.case.row, draft.wanted
    if row is None or row.digest == wanted.digest or draft.behind:
        return
    if crew.away or any(s.answer is None for s in crew.living):
        draft.hold("edit", "its sidecar cannot be told of it yet")
        return
    draft.act(WriteChannel(channel=draft.name, digest=wanted.digest, cause=Cause.LINEUP_CHANGED))


def _tidy(draft: Draft, crew: Crew) -> None:
    """Retire what can never send: collect what the dead wrote, heal doubles."""
    for sidecar in crew.surplus:
        if not (_is_hushed(sidecar) and crew.living):
            draft.retire(sidecar, Cause.DUPLICATE if crew.living else Cause.ORPHAN)
    for sidecar in crew.dead:
        draft.retire(sidecar, Cause.SIDECAR_DIED)
    retire_ghost(draft, crew, Cause.SIDECAR_DIED)


def _tidy_hushed(draft: Draft, crew: Crew) -> None:
    """Who fell silent for another is in nobody's way: that one is let on air first."""
    for sidecar in crew.surplus:
        if _is_hushed(sidecar) and crew.living:
            draft.retire(sidecar, Cause.DUPLICATE)


def _is_hushed(sidecar: SidecarSeen) -> bool:
    return sidecar.answer is not None and sidecar.answer.hush > 0


def _keep_sender(draft: Draft, crew: Crew, sender: SidecarSeen) -> None:
    reason = reason_to_replace(draft, sender) or _reason_to_yield(draft, crew, sender)
    if reason is not None:
        replace(draft, crew, sender, reason)
        if _is_hushed(sender) and not draft.retires(sender):  # for nobody who is ready
            _let_send(draft, crew, sender)
    else:
        if crew.successor is not None:
            draft.retire(crew.successor, Cause.DUPLICATE)
        _let_send(draft, crew, sender)
    if not draft.retires(sender):
        _end_limit(draft, sender)
    for sidecar in crew.living:
        if not draft.retires(sidecar):
            tend(draft, sidecar)
    watch_sidecar(draft, sender)
    draft.judged.add("placement")


def _end_limit(draft: Draft, sender: SidecarSeen) -> None:
    """Nobody prolongs the lease of a channel that is fenced `never`: it has none."""
    answer, case = sender.answer, draft.case
    if answer is None or not answer.sending or case.right != sender.epoch:
        return
    if draft.wanted.failover.fence is None and answer.lease_left is not None:
        draft.act(
            GrantLease(
                channel=draft.name,
                node=sender.node,
                epoch=sender.epoch,
                cause=Cause.LINEUP_CHANGED,
            )
        )


def _reason_to_yield(draft: Draft, crew: Crew, sender: SidecarSeen) -> Reason | None:
    """An old sender that fell silent stays so: the one that is ready goes on air."""
    next_one = crew.successor
    silent = sender.answer is not None and not sender.answer.sending
    if not silent or next_one is None or standing(next_one, draft.scene.seen) is not Standing.READY:
        return None
    because = "it is silent, and its successor is ready"
    return Reason(what="hand over", cause=Cause.SUCCESSOR_READY, because=because, free=True)


def _bring_on(draft: Draft, crew: Crew, sidecar: SidecarSeen) -> None:
    """Nobody has the right to send here; this one could have it."""
    reason = reason_to_replace(draft, sidecar)
    draining = reason is not None and reason.what == "drain"
    ready = standing(sidecar, draft.scene.seen) is Standing.READY
    if reason is not None and not (draining and ready) and _respawn(draft, crew, sidecar, reason):
        return
    tend(draft, sidecar)
    _let_send(draft, crew, sidecar)
    watch_sidecar(draft, sidecar)
    draft.judged.add("placement")


def _respawn(draft: Draft, crew: Crew, sidecar: SidecarSeen, reason: Reason) -> bool:
    """Replace one that is not on air; whether that could be done."""
    due = due_at(draft.case, draft.name) if reason.counts else None
    if crew.away or (due is not None and due > draft.scene.now):
        return False
    avoid = {sidecar.node: reason.because} if reason.leave else {}
    draft.scene.rooms.move_out(sidecar.node, draft.name)
    placed = place(wish_of(draft, stay=sidecar.node, avoid=avoid), draft.scene)
    draft.placement = placed.verdicts
    if placed.node is None:
        draft.scene.rooms.move_in(sidecar.node, draft.name)
        draft.hold(reason.what, placed.why_not)
        return False
    draft.retire(sidecar, reason.cause)
    spawn(draft, placed.node, reason.cause, counts=reason.counts)
    draft.notice(STARTS_NOW)
    return True


def _let_send(draft: Draft, crew: Crew, sidecar: SidecarSeen) -> None:
    """Give the right to send to one that is ready, once nobody else can have it."""
    case, answer = draft.case, sidecar.answer
    if sidecar.epoch > case.epoch:
        draft.act(
            AdoptSidecar(
                channel=draft.name, node=sidecar.node, epoch=sidecar.epoch, cause=Cause.DRIFTED
            )
        )
    if answer is None or (sidecar.epoch < case.epoch and not _is_hushed(sidecar)):
        return
    if not (answer.ready or answer.sending) or (answer.sending and case.right == sidecar.epoch):
        return
    bar = bar_to_sending(case, crew, sidecar.epoch, draft.scene.now)
    if bar is not None:
        draft.hold("send", bar.because, until=bar.until, allow=bar.allow)
        return
    draft.act(
        GrantLease(
            channel=draft.name,
            node=sidecar.node,
            epoch=sidecar.epoch,
            cause=Cause.DRIFTED if answer.sending else Cause.READY,
        )
    )
    if not answer.sending:
        draft.notice(STARTS_NOW)


def _fail_over(draft: Draft, crew: Crew) -> None:
    bar = bar_to_moving(draft.case, crew, draft.scene.seen)
    where = ", ".join(crew.away)
    if bar is not None:
        lost = all(health(draft.scene.seen, node) is Health.LOST for node in crew.away)
        what = "fail over" if lost else "any act"
        draft.hold(what, bar.because, until=bar.until, allow=bar.allow)
        if lost:
            draft.alarm("node", bar.because)
        return
    draft.alarm("node", f"{where} is lost")
    if _place_and_spawn(draft, Cause.NODE_LOST, counts=True, avoid={}):
        lapse = lapses_at(draft.case)
        waits = lapse is not None and lapse > draft.scene.now
        if lapse is not None and waits:
            draft.impact = at(lapse, draft.scene.now, draft.wanted.timezone, starts=True)


def _start(draft: Draft) -> None:
    """Nothing of it runs anywhere: start it, or start it again."""
    again = is_restart(draft.case)
    due = due_at(draft.case, draft.name) if again else None
    if due is not None and due > draft.scene.now:
        count = draft.case.row.recent_restarts if draft.case.row is not None else 0
        draft.hold("respawn", f"it was restarted {count} times within the hour", until=due)
        return
    fresh = Cause.NEW_CHANNEL if not draft.case.epoch else Cause.LINEUP_CHANGED
    cause = Cause.SIDECAR_DIED if again else fresh
    home = draft.case.home
    spent = again and is_spent(draft.case, draft.scene.desired.policy.respawn_budget)
    if spent and home is not None:
        avoid = {home: "it was restarted there too often within the hour"}
        if _place_and_spawn(draft, cause, counts=True, avoid=avoid, only_try=True):
            return
    _place_and_spawn(draft, cause, counts=again, avoid={})


def _place_and_spawn(
    draft: Draft,
    cause: Cause,
    *,
    counts: bool,
    avoid: dict[NodeName, str],
    only_try: bool = False,
) -> bool:
    refused = refused_outputs(draft)
    if refused:
        draft.hold("spawn", casparcg_reason(refused), allow="engine: casparcg")
        draft.alarm("placement", casparcg_reason(refused))
        return False
    placed = place(wish_of(draft, stay=draft.case.home, avoid=avoid), draft.scene)
    draft.judged.add("placement")
    if placed.node is None:
        if not only_try:
            draft.placement = placed.verdicts
            draft.hold("spawn", placed.why_not)
            draft.alarm("placement", placed.why_not)
        return False
    draft.placement = placed.verdicts
    spawn(draft, placed.node, cause, counts=counts)
    draft.notice(STARTS_NOW)
    return True


def _show_pin(draft: Draft) -> None:
    override = draft.case.override("node")
    if override is not None:
        draft.hold(
            "move",
            f"override {override.id}: kept on {override.value} by {override.owner}: "
            f"{override.reason}",
            until=override.expires_at,
        )


def _judge_past(draft: Draft, crew: Crew) -> None:
    """Conditions that every pass can judge."""
    draft.judged |= {"restarts", "orphan"}
    if not crew.away:
        draft.judged.add("node")
    if is_spent(draft.case, draft.scene.desired.policy.respawn_budget):
        draft.alarm("restarts", "it keeps dying: its restarts within the hour are used up")
