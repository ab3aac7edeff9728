"""How a channel leaves the air: tidily, when someone said so, and never by silence or by accident.

A channel that is on air cannot be removed by deleting its file: it must be taken off air first.
A sidecar that belongs to no channel at all is retired once two passes that saw everything have
met it; the alarm raised by the first is the memory of the second.
"""

from __future__ import annotations

from reconciler.model.ids import NodeName
from reconciler.model.observed import Health, SidecarSeen
from reconciler.plan.actions import (
    Cause,
    ClearAlarm,
    ReleaseDevice,
    RemoveChannel,
    RetireSidecar,
    WriteChannel,
)
from reconciler.plan.alarms import settle_alarms
from reconciler.plan.case import health
from reconciler.plan.draft import Draft
from reconciler.plan.impact import GOES_OFF_AIR
from reconciler.plan.lifecycle import Crew

ORPHAN_KEY = "orphan"


def off_reason(draft: Draft) -> Cause | None:
    """Why a channel of the lineup is to be off air; None when it is to be on."""
    if not draft.wanted.on_air:
        return Cause.TAKEN_OFF_AIR
    return Cause.OVERRIDDEN if draft.case.override("off") is not None else None


def take_off(draft: Draft, crew: Crew, cause: Cause) -> None:
    """Take a channel of the lineup off air, or keep it off."""
    row, wanted = draft.case.row, draft.wanted
    _retire_all(draft, crew, cause)
    if row is None or row.digest != wanted.digest:
        fresh = Cause.NEW_CHANNEL if row is None else Cause.LINEUP_CHANGED
        draft.act(WriteChannel(channel=draft.name, digest=wanted.digest, cause=fresh))
    if not draft.holds:
        _clear_all(draft)
    override = draft.case.override("off")
    if wanted.on_air and override is not None:
        draft.hold(
            "start",
            f"override {override.id}: kept off air by {override.owner}: {override.reason}",
            until=override.expires_at,
        )


def leave_lineup(draft: Draft, crew: Crew) -> None:
    """Remove a channel that the lineup no longer has, unless it is on air."""
    if draft.case.row is None:
        _orphaned(draft, crew)
        return
    if any(_is_on_air(s, draft.case.right) for s in crew.living):
        draft.hold(
            "remove",
            "it is on air, and its file is gone from the lineup",
            allow=f"put channels/{draft.name}.yaml back with on_air: false first",
        )
        return
    _retire_all(draft, crew, Cause.LEFT_LINEUP)
    if not draft.holds:
        _clear_all(draft)
        draft.act(RemoveChannel(channel=draft.name, cause=Cause.LEFT_LINEUP))


def _orphaned(draft: Draft, crew: Crew) -> None:
    """Neither the lineup nor the database knows this channel."""
    if any(s.answer is not None and s.answer.sending for s in crew.living):
        draft.hold("retire", "it is sending, though no lineup and no database row knows it")
        return
    for sidecar in crew.dead:
        draft.retire(sidecar, Cause.ORPHAN)
    strays = (*crew.living, *crew.surplus)
    seen = draft.scene.seen
    met = any(a.key == ORPHAN_KEY and a.since < seen.taken_at for a in draft.case.alarms)
    saw_all = all(n.health is Health.ANSWERING for n in seen.nodes.values())
    if strays and not (met and saw_all):
        where = ", ".join(sorted({s.node for s in strays}))
        draft.alarm(ORPHAN_KEY, f"a sidecar of an unknown channel runs on {where}")
        draft.hold("retire", "no lineup knows it; two passes that see every node must agree")
        settle_alarms(draft)
        return
    for sidecar in strays:
        draft.retire(sidecar, Cause.ORPHAN)
    if not crew.away:
        _release_claims(draft, Cause.ORPHAN)
        _clear_all(draft)


def _retire_all(draft: Draft, crew: Crew, cause: Cause) -> None:
    """Retire all that can be asked to go; what cannot be asked is held."""
    for sidecar in (*crew.surplus, *crew.dead, *reversed(crew.living)):
        draft.retire(sidecar, cause)
    if crew.sender is not None and _is_on_air(crew.sender, draft.case.right):
        draft.notice(GOES_OFF_AIR)
        draft.interrupts = True
    if crew.away:
        nodes = ", ".join(crew.away)
        draft.hold("retire", f"{nodes}: no answer, so what runs there cannot be stopped")
        return
    retire_ghost(draft, crew, cause)
    _release_claims(draft, cause)


def retire_ghost(draft: Draft, crew: Crew, cause: Cause) -> None:
    """Take the right to send back from a sidecar that is nowhere."""
    node = _answering_home(draft)
    if crew.ghost and node is not None:
        draft.act(
            RetireSidecar(channel=draft.name, node=node, epoch=crew.ghost, handle="", cause=cause)
        )


def _answering_home(draft: Draft) -> NodeName | None:
    seen, home = draft.scene.seen, draft.case.home
    if home is not None and health(seen, home) is Health.ANSWERING:
        return home
    able = (n for n in sorted(seen.nodes) if health(seen, n) is Health.ANSWERING)
    return next(able, None)


def _release_claims(draft: Draft, cause: Cause) -> None:
    for claim in draft.case.claims:
        if claim.output is not None:
            draft.act(
                ReleaseDevice(
                    channel=draft.name,
                    output=claim.output,
                    node=claim.node,
                    device=claim.device,
                    cause=cause,
                )
            )


def _clear_all(draft: Draft) -> None:
    for alarm in draft.case.alarms:
        draft.act(ClearAlarm(channel=draft.name, key=alarm.key, cause=Cause.RECOVERED))


def _is_on_air(sidecar: SidecarSeen, right: int) -> bool:
    """Whether an audience may be watching it; one that does not answer may well be."""
    return sidecar.answer.sending if sidecar.answer is not None else sidecar.epoch == right
