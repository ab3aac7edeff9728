"""What a full disk will cost: which event of which channel, and when.

Nothing on air suffers by it: files that are played stay, and what does not fit is told long before
it is due, as a hold and as an alarm, until there is room.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.model.copies import size_text
from reconciler.model.ids import NodeName
from reconciler.model.observed import Life
from reconciler.plan.actions import Cause, ClearAlarm, RaiseAlarm
from reconciler.plan.draft import Draft
from reconciler.plan.impact import local
from reconciler.plan.needs import Need, disks_of, lacking
from reconciler.plan.scene import Scene
from reconciler.plan.storage import Disk

KEY = "room"
NO_ROOM = "no room on the disk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortage:
    """What does not fit on a node: each file's needs with its size, soonest first."""

    node: NodeName
    disk: Disk
    refused: tuple[tuple[Need, int], ...]


def tell_shortages(
    drafts: tuple[Draft, ...], scene: Scene, shortages: tuple[Shortage, ...]
) -> None:
    """Write holds and alarms into the drafts of the channels that are hurt."""
    hurt: dict[str, dict[NodeName, tuple[Shortage, list[tuple[Need, int]]]]] = {}
    for one in shortages:
        for need, size in one.refused:
            nodes = hurt.setdefault(need.draft.name, {})
            nodes.setdefault(one.node, (one, []))[1].append((need, size))
    for draft in drafts:
        told = {
            f"{KEY}:{node}": _tell(draft, shortage, needs, scene)
            for node, (shortage, needs) in sorted(hurt.get(draft.name, {}).items())
        }
        _settle(draft, told, scene)


def _tell(draft: Draft, shortage: Shortage, needs: list[tuple[Need, int]], scene: Scene) -> str:
    """Hold what does not fit; returns the alarm's words, in which no number moves by itself."""
    files = {need.play.stored: size for need, size in needs}
    first = min((need for need, _ in needs), key=lambda need: need.due)
    names = sorted({str(need.play.asset) for need, _ in needs})
    what = names[0] if len(names) == 1 else f"{len(names)} files"
    wanted = size_text(sum(files.values()))
    loss = _loss(first, draft, scene)
    draft.hold(
        f"stage {what} on {shortage.node}",
        f"{NO_ROOM}: {wanted} wanted, {_left(shortage.disk)}; {loss}",
        allow=f"a larger `media: budget` or disk for {shortage.node}, or a shorter stage_horizon",
    )
    return f"{shortage.node} has no room for {what} ({wanted}): {loss}"


def _left(disk: Disk) -> str:
    limit = disk.limit or 0
    return f"{size_text(max(limit - disk.used, 0))} of {size_text(limit)} left"


def _loss(need: Need, draft: Draft, scene: Scene) -> str:
    """Which event goes without its file, and when."""
    play = need.play
    if not play.event:
        return f"its filler or slate {play.asset} is not there"
    if need.at <= scene.now:
        return f"{play.name} is hurt now"
    return f"{play.name} is hurt at {local(need.at, scene.now, draft.wanted.timezone)}"


def _settle(draft: Draft, told: Mapping[str, str], scene: Scene) -> None:
    """Raise what is new, clear what is over and could be judged."""
    raised = {a.key: a.text for a in draft.case.alarms if a.key.partition(":")[0] == KEY}
    for key, text in told.items():
        if raised.get(key) != text:
            draft.act(RaiseAlarm(channel=draft.name, key=key, text=text, cause=Cause.FAULTY))
    if draft.case.compiled is None and not _is_known(draft, scene):
        return
    for key in sorted(raised.keys() - told.keys()):
        draft.act(ClearAlarm(channel=draft.name, key=key, cause=Cause.RECOVERED))


def _is_known(draft: Draft, scene: Scene) -> bool:
    """Whether it is known of each file that its kept rundown plays soon, where it runs."""
    wanted, sidecars, seen = draft.case.wanted, draft.case.sidecars, scene.seen
    running = [s for s in sidecars if s.life is Life.RUNNING]
    if wanted is None or draft.name not in seen.needed or not running:
        return False
    if len(disks_of(running, seen)) < len(running):
        return False
    return draft.name in seen.plays or not lacking(wanted, sidecars, seen, scene.desired.policy)
