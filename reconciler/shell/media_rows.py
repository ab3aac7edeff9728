"""Write down what lies on every node and what it lacks, for screens; whoever hurries goes first.

A library that arrives changes hundreds of thousands of item rows, which takes seconds. Nothing that
decides reads them, so a commit that comes meanwhile need not wait: the rest is written later.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping

from reconciler.model.copies import CopyWanted
from reconciler.model.ids import NodeName
from reconciler.model.media import StagedSeen
from reconciler.model.observed import Snapshot
from reconciler.plan.actions import Plan
from reconciler.ports import Store


class MediaRows:
    """What was written last, by node; a fresh one writes everything, and so heals what is wrong."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._staged: dict[NodeName, Mapping[str, StagedSeen]] = {}
        self._wanted: dict[NodeName, object] = {}
        self._last = NodeName("")

    def write(self, seen: Snapshot, plan: Plan, hurry: Callable[[], bool]) -> bool:
        """Write what differs, node by node from where the last call ended; whether that was all.

        At least one node is written, and no more once `hurry` says so.
        """
        names = sorted(self._differing(seen) | self._lacking(plan))
        first = bisect_right(names, self._last)
        turn = names[first:] + names[:first]
        for written, name in enumerate(turn):
            if written and hurry():
                return False
            self._write_node(name, seen, plan)
            self._last = name
        return True

    def _differing(self, seen: Snapshot) -> frozenset[NodeName]:
        """The nodes that hold other files than was written; what is unread stays as it was."""
        known = self._staged
        return frozenset(
            name
            for name, node in seen.nodes.items()
            if node.staged is not None
            and node.staged is not known.get(name)
            and node.staged != known.get(name)
        )

    def _lacking(self, plan: Plan) -> frozenset[NodeName]:
        return frozenset(n for n, w in plan.wanted.items() if self._wanted.get(n) != _lasting(w))

    def _write_node(self, name: NodeName, seen: Snapshot, plan: Plan) -> None:
        node, wanted = seen.nodes.get(name), plan.wanted.get(name)
        staged = None if node is None else node.staged
        if staged is not None and staged != self._staged.get(name):
            self._store.record_media(name, staged)
            self._staged[name] = staged
        if wanted is not None and _lasting(wanted) != self._wanted.get(name):
            self._store.want_media(name, wanted)
            self._wanted[name] = _lasting(wanted)


def _lasting(wanted: tuple[CopyWanted, ...]) -> object:
    """What of it is worth writing down again: what is due at once is so in each pass anew."""
    return tuple((one.stored, one.size, one.error) for one in wanted)
