"""Everything that is known of one channel, gathered once, for the judges to read.

`gather` groups a snapshot by channel in one walk, sorted, so that the order of reading is lost
here and never matters later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from reconciler.model.desired import DecklinkOutput, Desired, DesiredChannel
from reconciler.model.ids import ChannelName, NodeName
from reconciler.model.observed import (
    AlarmSeen,
    ChannelRow,
    ClaimSeen,
    Health,
    NodeSeen,
    OverrideSeen,
    SidecarSeen,
    Snapshot,
)
from reconciler.rundown import Compiled

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One channel: what the lineup wants (None: it left), and all that was seen of it."""

    name: ChannelName
    wanted: DesiredChannel | None
    row: ChannelRow | None
    sidecars: tuple[SidecarSeen, ...]  # sorted by epoch, then node
    claims: tuple[ClaimSeen, ...]  # its own
    alarms: tuple[AlarmSeen, ...]
    overrides: tuple[OverrideSeen, ...]  # in force now
    compiled: Compiled | None

    @property
    def epoch(self) -> int:
        """The highest epoch ever given out."""
        return self.row.epoch if self.row is not None else 0

    @property
    def right(self) -> int:
        """The epoch that may send; 0: nobody."""
        return self.row.sending_epoch if self.row is not None else 0

    @property
    def home(self) -> NodeName | None:
        """The node of its highest epoch."""
        return self.row.node if self.row is not None else None

    @property
    def next_epoch(self) -> int:
        """An epoch above every one that was ever seen."""
        return max(self.epoch, self.right, *(s.epoch for s in self.sidecars), 0) + 1

    @property
    def has_decklink(self) -> bool:
        """Whether a cable ties it to a node."""
        return self.wanted is not None and any(
            isinstance(output, DecklinkOutput) for output in self.wanted.outputs
        )

    def override(self, kind: str) -> OverrideSeen | None:
        """The newest override of `kind` in force."""
        return next((o for o in reversed(self.overrides) if o.kind == kind), None)


def gather(
    desired: Desired, seen: Snapshot, rundowns: Mapping[ChannelName, Compiled]
) -> tuple[Case, ...]:
    """One case per channel of the lineup, the database or the nodes; sorted by name."""
    rows = seen.database.channels
    sidecars = _by_channel(seen.sidecars, lambda s: s.channel, lambda s: (s.epoch, s.node))
    claims = _by_channel(
        (c for c in seen.database.claims if c.owner_kind == "channel"),
        lambda c: ChannelName(c.owner),
        lambda c: (c.node, c.device),
    )
    alarms = _by_channel(seen.database.alarms, lambda a: a.channel, lambda a: a.key)
    overrides = _by_channel(
        (o for o in seen.database.overrides if not _expired(o, seen)),
        lambda o: o.channel,
        lambda o: o.id,
    )
    names = desired.channels.keys() | rows.keys() | sidecars.keys() | claims.keys() | alarms.keys()
    return tuple(
        Case(
            name=name,
            wanted=desired.channels.get(name),
            row=rows.get(name),
            sidecars=tuple(sidecars.get(name, ())),
            claims=tuple(claims.get(name, ())),
            alarms=tuple(alarms.get(name, ())),
            overrides=tuple(overrides.get(name, ())),
            compiled=rundowns.get(name),
        )
        for name in sorted(names)
    )


def health(seen: Snapshot, node: NodeName) -> Health:
    """A node's health; one that nobody looked at is unread, not absent."""
    found: NodeSeen | None = seen.nodes.get(node)
    return found.health if found is not None else Health.UNREAD


def _expired(override: OverrideSeen, seen: Snapshot) -> bool:
    return override.expires_at is not None and override.expires_at <= seen.taken_at


def _by_channel(
    found: Iterable[_T], name: Callable[[_T], ChannelName], order: Callable[[_T], object]
) -> dict[ChannelName, list[_T]]:
    groups: dict[ChannelName, list[_T]] = {}
    for item in found:
        groups.setdefault(name(item), []).append(item)
    for group in groups.values():
        if len(group) > 1:
            group.sort(key=order)  # type: ignore[arg-type]  # every key given above is orderable
    return groups
