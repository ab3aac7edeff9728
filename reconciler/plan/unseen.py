"""Which staged files nobody has looked into yet, what airs next first; and on which node to look.

A file that is on several nodes is looked into on one: what is found is about its content.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from reconciler.model.desired import Desired
from reconciler.model.ids import AssetId, ChannelName, NodeName
from reconciler.model.observed import Health, Snapshot
from reconciler.rundown import Compiled


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """One staged file to look into, on `node`; `due_at` None: no rundown that is known plays it."""

    asset: AssetId
    stored: str
    node: NodeName
    due_at: datetime | None
    sha256: str = ""  # of its bytes, where that is known


def unseen(desired: Desired, seen: Snapshot, due: Mapping[str, datetime]) -> tuple[Unseen, ...]:
    """Every file that the lineup plays, is on a node that answers, and was not looked into.

    `due` is when a stored name airs next. The soonest first, then by asset.
    """
    known = {name for name, found in seen.database.findings.items() if found.is_current}
    wanted = {
        fact.stored: asset
        for asset, fact in seen.catalogue.items()
        if fact.problem is None and not fact.still and fact.stored not in known
    }
    homes: dict[str, list[NodeName]] = {}
    for name, node in sorted(seen.nodes.items()) if wanted else ():
        if name in desired.nodes and node.health is Health.ANSWERING:
            for stored in wanted.keys() & (node.staged or {}).keys():
                homes.setdefault(stored, []).append(name)
    far = max(due.values(), default=seen.taken_at)
    order = sorted(homes, key=lambda s: (s not in due, due.get(s, far), wanted[s], s))
    load: dict[NodeName, int] = {}
    found: list[Unseen] = []
    for stored in order:
        home = min(homes[stored], key=lambda name: (load.get(name, 0), name))
        load[home] = load.get(home, 0) + 1
        staged = (seen.nodes[home].staged or {})[stored]
        found.append(
            Unseen(
                asset=wanted[stored],
                stored=stored,
                node=home,
                due_at=due.get(stored),
                sha256=staged.sha256 or "",
            )
        )
    return tuple(found)


def due_times(
    desired: Desired, seen: Snapshot, rundowns: Mapping[ChannelName, Compiled]
) -> Mapping[str, datetime]:
    """When each file airs next, by the rundowns that were compiled now, else those that are kept.

    What airs already, and what may be wanted at any time, is due now.
    """
    found: dict[str, datetime] = {}
    for name, channel in desired.channels.items():
        compiled = rundowns.get(name)
        files = seen.needed.get(name, {}) if compiled is None else compiled.rundown.due
        clock = channel.format.clock
        for stored, frame in files.items():
            at = max(clock.instant(frame), seen.taken_at)
            if stored not in found or at < found[stored]:
                found[stored] = at
    return found


def due_within(found: tuple[Unseen, ...], end: datetime) -> tuple[Unseen, ...]:
    """Those of `found` that air before `end`."""
    return tuple(one for one in found if one.due_at is not None and one.due_at < end)
