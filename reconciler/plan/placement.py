"""Which node a channel is placed on, and why not the others.

Eligible is a node that answers, is not in maintenance, matches every label, has the engine and
the free devices, and has room left. Among those: where it is already > `prefer` > fewest channels >
name. Every node gets a verdict.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from reconciler.model.desired import DesiredChannel, DesiredNode
from reconciler.model.ids import NodeName
from reconciler.model.observed import Health
from reconciler.plan.actions import Verdict
from reconciler.plan.devices import may_move_to, refusal
from reconciler.plan.rooms import Rooms, cost_of
from reconciler.plan.scene import Scene


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What one placement asks for, beyond what the lineup says of the channel."""

    channel: DesiredChannel
    stay: NodeName | None = None  # where it is, or was last
    pinned: NodeName | None = None  # an override keeps it there
    tied: NodeName | None = None  # a cable keeps it there, spares aside
    avoid: Mapping[NodeName, str] = field(default_factory=dict)  # with the reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """The chosen node (None: none is eligible), with a verdict for every node, sorted by name."""

    node: NodeName | None
    verdicts: tuple[Verdict, ...]

    @property
    def why_not(self) -> str:
        """All refusals in one sentence."""
        told = "; ".join(f"{v.node}: {v.because}" for v in self.verdicts)
        return f"no eligible node ({told})" if told else "no eligible node: the inventory is empty"


def place(wish: Wish, scene: Scene) -> Placed:
    """Choose a node for a channel; deterministic."""
    nodes = scene.desired.nodes
    refusals = {name: _refuse(wish, nodes[name], scene) for name in sorted(nodes)}
    able = [name for name, why in refusals.items() if why is None]
    ranks = {name: _rank(wish, name, scene.rooms) for name in able}
    chosen = min(able, key=lambda name: (ranks[name], name), default=None)
    return Placed(
        node=chosen,
        verdicts=tuple(
            Verdict(
                node=name,
                chosen=name == chosen,
                because=why if why is not None else _praise(wish, name, chosen, ranks),
            )
            for name, why in refusals.items()
        ),
    )


def misfit(wish: Wish, node: DesiredNode | None) -> str | None:
    """Why the lineup itself does not let the channel be on `node`; None when it does."""
    channel = wish.channel
    if node is None:
        return "it is not in the inventory"
    if wish.pinned is not None and wish.pinned != node.name:
        return f"an override keeps the channel on {wish.pinned}"
    labels = dict(node.labels)
    for key, value in channel.place.labels if wish.pinned is None else ():  # a person knows better
        if labels.get(key) != value:
            return f"its label {key} is {labels.get(key, 'not set')}, not {value}"
    if channel.engine not in node.engines:
        return f"it has no {channel.engine.value} engine"
    return None


def _refuse(wish: Wish, node: DesiredNode, scene: Scene) -> str | None:
    found = scene.seen.nodes.get(node.name)
    if found is None or found.health is not Health.ANSWERING:
        lost = found is not None and found.health is Health.LOST
        return "it is lost" if lost else "it does not answer"
    if node.maintenance:
        return "it is in maintenance"
    if node.name in wish.avoid:
        return wish.avoid[node.name]
    if _is_cut_off(wish, node.name):
        return f"a cable ties the channel to {wish.tied}"
    return (
        misfit(wish, node)
        or refusal(wish.channel, node, found, scene.ledger)
        or _full(wish.channel, node, node.cores or found.cores, scene)
    )


def _is_cut_off(wish: Wish, node: NodeName) -> bool:
    if wish.tied is None or node in (wish.tied, wish.pinned):
        return False
    return not may_move_to(wish.channel, node)


def _full(
    channel: DesiredChannel, node: DesiredNode, cores: Fraction | None, scene: Scene
) -> str | None:
    tenants = len(scene.rooms.tenants(node.name))
    if node.max_channels is not None and tenants >= node.max_channels:
        return f"it has {tenants} of at most {node.max_channels} channels"
    if cores is None:
        return None
    cost = cost_of(channel, cores)
    limit = cores * scene.desired.policy.headroom
    left = max(limit - scene.rooms.used(node, cores), Fraction(0))
    if cost <= left:
        return None
    return (
        f"{channel.format} needs {float(cost):.2f} cores, "
        f"{float(left):.2f} of {float(limit):.2f} are left"
    )


Rank = tuple[bool, int, int]


def _rank(wish: Wish, node: NodeName, rooms: Rooms) -> Rank:
    """Smaller is better: where it is, then as preferred, then the emptiest."""
    prefer = wish.channel.place.prefer
    liked = prefer.index(node) if node in prefer else len(prefer)
    return (node != wish.stay, liked, len(rooms.tenants(node)))


def _praise(
    wish: Wish, node: NodeName, chosen: NodeName | None, ranks: Mapping[NodeName, Rank]
) -> str:
    """Why an eligible node was chosen, or why another one was better."""
    if node == chosen:
        if node == wish.stay:
            return "it is there already"
        if node in wish.channel.place.prefer:
            return "preferred"
        return f"fewest channels ({ranks[node][2]})" if len(ranks) > 1 else "the only one eligible"
    return f"eligible; {chosen} comes first"
