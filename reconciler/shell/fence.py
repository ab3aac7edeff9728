"""A person's word that a node is off: nobody there has the right to send any more.

Proof that an old sender is silent is what a channel needs to move from a node that cannot be asked.
A node that answers can be asked, so its channels are never fenced by word of mouth.
"""

from __future__ import annotations

from reconciler.errors import AdapterError, Rejected, Unreachable
from reconciler.model.ids import ChannelName, NodeName
from reconciler.model.records import JournalEntry
from reconciler.shell.world import World


def fence(world: World, node: NodeName, *, who: str) -> tuple[ChannelName, ...]:
    """Take the rights to send back from `node`; returns the channels that may now start elsewhere.

    Raises `Rejected` if the node answers. Done twice, the second time finds nothing.
    """
    if _answers(world, node):
        raise Rejected(
            f"{node}: it answers, so it is not off; `maintenance: true` moves its channels",
            system=node,
        )
    channels = world.store.take_back_rights(node)
    world.store.journal(
        JournalEntry(
            at=world.clock.now(),
            who=who,
            what="fence",
            channel=channel,
            node=node,
            cause="a person says that the node is off",
            outcome="done",
        )
        for channel in channels
    )
    return channels


def _answers(world: World, name: NodeName) -> bool:
    node = next((each for each in world.nodes() if each.name == name), None)
    if node is None:
        return False  # the lineup does not know it any more; its channels may still hold a right
    try:
        control = world.connect(node)
    except AdapterError:
        return False  # there is no way to ask it
    try:
        control.look()
    except Unreachable:
        return False
    except AdapterError:
        return True  # it said no, and so it is there
    return True
