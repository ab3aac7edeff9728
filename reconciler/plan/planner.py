"""make_plan(): the order of judgement over all channels, by name.

Channels are judged one after another, since they share nodes and devices; each by itself. What
every one of them leaves in the plan stands together: inventory rows first, then channels by name,
then media by due time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reconciler.model.desired import Desired
from reconciler.model.ids import ChannelName
from reconciler.model.observed import Snapshot
from reconciler.plan.actions import Action, ChannelNote, Hold, Leave, Plan
from reconciler.plan.case import Case, gather
from reconciler.plan.channel import judge
from reconciler.plan.digest import plan_digest
from reconciler.plan.draft import Draft
from reconciler.plan.impact import NONE
from reconciler.plan.rows import plan_rows
from reconciler.plan.safety import refusal
from reconciler.plan.scene import Scene, set_scene
from reconciler.plan.settled import is_settled
from reconciler.plan.staging import plan_media
from reconciler.rundown import Compiled


def make_plan(
    desired: Desired, seen: Snapshot, rundowns: Mapping[ChannelName, Compiled], leave: Leave
) -> Plan:
    """Decide what to do about everything that differs from the lineup.

    `rundowns` holds the channels whose rundown was compiled in this pass; the others keep theirs.
    """
    cases = _chosen(gather(desired, seen, rundowns), leave)
    scene = set_scene(desired, seen, leave, cases)
    drafts = [judge(case, scene) for case in cases if not is_settled(case, scene)]
    rows, row_holds = plan_rows(scene) if leave.only_channels is None else ((), ())
    media = plan_media(drafts, scene)
    actions = (*rows, *(a for d in drafts for a in d.actions), *media.actions)
    holds = (*row_holds, *(h for d in drafts for h in d.holds), *media.holds)
    plan = _plan(scene, actions, holds, cases=cases, drafts=drafts)
    return replace(plan, wanted=media.wanted)


def _chosen(cases: tuple[Case, ...], leave: Leave) -> tuple[Case, ...]:
    only = leave.only_channels
    return cases if only is None else tuple(case for case in cases if case.name in only)


def _plan(
    scene: Scene,
    actions: tuple[Action, ...],
    holds: tuple[Hold, ...],
    *,
    cases: tuple[Case, ...],
    drafts: list[Draft],
) -> Plan:
    desired = scene.desired
    told = {draft.name: draft.note() for draft in drafts}
    notes = {case.name: told.get(case.name) or _quiet(case) for case in cases}
    interrupted = tuple(draft.name for draft in drafts if draft.interrupts)
    return Plan(
        commit=desired.revision.commit,
        label=desired.revision.label,
        actions=actions,
        holds=holds,
        notes=notes,
        digest=plan_digest(actions, holds, told),
        on_air=sum(channel.on_air for channel in desired.channels.values()),
        interrupted=interrupted,
        warnings=desired.warnings,
        taken_at=scene.now,
        refused=refusal(interrupted, len(desired.channels), desired.policy, scene.leave),
    )


def _quiet(case: Case) -> ChannelNote:
    timezone = case.wanted.timezone if case.wanted is not None else "UTC"
    return ChannelNote(channel=case.name, impact=NONE, timezone=timezone)
