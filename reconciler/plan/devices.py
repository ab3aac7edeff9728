"""Who may hold which DeckLink device.

A ledger starts from the claims in the database and the recorders that are recording; the plan
writes what it promises into it, so that one plan never promises a device twice. What a plan gives
back is free from the next snapshot on, not before.
"""

from __future__ import annotations

from reconciler.model.desired import DecklinkOutput, DesiredChannel, DesiredNode
from reconciler.model.ids import ChannelName, NodeName, OutputName
from reconciler.model.observed import DatabaseSeen, NodeSeen

Wanted = tuple[tuple[OutputName, int], ...]


class Ledger:
    """Every device with its holder, as a plan grows."""

    def __init__(self, database: DatabaseSeen) -> None:
        self._holders: dict[tuple[NodeName, int], list[tuple[str, str]]] = {}
        for recorder in sorted(database.recorders.values(), key=lambda r: r.name):
            if recorder.recording and recorder.sdi:
                self._add(recorder.node, recorder.device, ("recorder", recorder.name))
        for claim in sorted(database.claims, key=lambda c: (c.node, c.device, c.owner)):
            self._add(claim.node, claim.device, (claim.owner_kind, claim.owner))

    def holder(self, node: NodeName, device: int, *, other_than: ChannelName) -> str | None:
        """Who else holds the device, in words; None when nobody does."""
        for found in self._holders.get((node, device), ()):
            if found != ("channel", other_than):
                return " ".join(found)
        return None

    def promise(self, node: NodeName, device: int, channel: ChannelName) -> None:
        """Write down that `channel` is to have the device."""
        self._add(node, device, ("channel", channel))

    def _add(self, node: NodeName, device: int, holder: tuple[str, str]) -> None:
        self._holders.setdefault((node, device), []).append(holder)


def devices_on(channel: DesiredChannel, node: DesiredNode) -> Wanted | str:
    """The devices that the channel's outputs mean on `node`, or why one of them is not there."""
    found: list[tuple[OutputName, int]] = []
    for output in channel.outputs:
        if not isinstance(output, DecklinkOutput):
            continue
        name = _name_on(output, node.name)
        index = next((d.index for d in node.devices if d.answers_to(name)), None)
        if index is None:
            return f"output {output.name}: it has no device {name}"
        found.append((output.name, index))
    return tuple(found)


def refusal(
    channel: DesiredChannel, node: DesiredNode, seen: NodeSeen, ledger: Ledger
) -> str | None:
    """Why the channel cannot have its devices on `node`; None when it can."""
    wanted = devices_on(channel, node)
    if isinstance(wanted, str):
        return wanted
    for output, device in wanted:
        if seen.devices is not None and device not in seen.devices:
            return f"output {output}: device {device} is missing"
        holder = ledger.holder(node.name, device, other_than=channel.name)
        if holder is not None:
            return f"output {output}: device {device} is held by {holder}"
    return None


def may_move_to(channel: DesiredChannel, node: NodeName) -> bool:
    """Whether every cable of the channel has a declared spare on `node`."""
    return all(
        output.spare is not None and output.spare[0] == node
        for output in channel.outputs
        if isinstance(output, DecklinkOutput)
    )


def _name_on(output: DecklinkOutput, node: NodeName) -> int | str:
    if output.spare is not None and output.spare[0] == node:
        return output.spare[1]
    return output.device
