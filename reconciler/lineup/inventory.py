"""What the inventory offers: engines, devices, and which nodes a channel may ever run on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reconciler.lineup.files import NodeFile
from reconciler.lineup.merge import Merged
from reconciler.lineup.outputs import DecklinkOutput
from reconciler.model.desired import Device, EngineKind, Runtime

_ENGINES = {
    Runtime.PROCESS: frozenset({EngineKind.EMBEDDED}),
    Runtime.DOCKER: frozenset({EngineKind.EMBEDDED, EngineKind.CASPARCG}),
    Runtime.AGENT: frozenset({EngineKind.CASPARCG}),
}


def engines_of(node: NodeFile) -> frozenset[EngineKind]:
    """The engines that a node offers: as written, else what its runtime can start."""
    return _ENGINES[node.runtime] if node.engines is None else frozenset(node.engines)


def devices_of(node: NodeFile) -> tuple[Device, ...]:
    """The connectors of a node, in order."""
    return tuple(Device(index=each.index, id=each.id) for each in node.devices)


class Inventory:
    """The nodes of a lineup; judges each kind of channel once, however many there are of it."""

    def __init__(self, nodes: Mapping[str, NodeFile]) -> None:
        self.nodes = nodes
        self._judged: dict[object, tuple[str, ...]] = {}

    def labels(self) -> set[str]:
        """Every label that some node has."""
        return {label for node in self.nodes.values() for label in node.labels}

    def values(self, label: str) -> set[str]:
        """Every value that some node gives to `label`."""
        return {node.labels[label] for node in self.nodes.values() if label in node.labels}

    def has_device(self, device: int | str, node: str | None = None) -> bool:
        """Whether `node` (None: any of them) has the device that an output or recorder names."""
        asked = self.nodes.values() if node is None else [self.nodes[node]]
        return any(own.answers_to(device) for each in asked for own in devices_of(each))

    def device_names(self, node: str | None = None) -> list[str]:
        """What the devices of `node` (None: of all) are called; sorted."""
        asked = self.nodes.values() if node is None else [self.nodes[node]]
        devices = [own for each in asked for own in devices_of(each)]
        names = {str(own.index) for own in devices}
        return sorted(names | {own.id for own in devices if own.id is not None})

    def eligible(self, merged: Merged) -> tuple[str, ...]:
        """The nodes that a channel may ever run on, whatever their state today; sorted."""
        cables = _cables(merged)
        key = (
            tuple(sorted(merged.place.labels.items())),
            merged.engine,
            tuple((each.device, each.spare) for each in cables),
        )
        if key not in self._judged:
            self._judged[key] = tuple(
                sorted(name for name in self.nodes if self._may_run(merged, cables, name))
            )
        return self._judged[key]

    def may_move(self, merged: Merged) -> bool:
        """Whether a channel has anywhere to move by itself: two nodes, a spare for every device."""
        spared = all(each.spare is not None for each in _cables(merged))
        return spared and len(self.eligible(merged)) > 1

    def _may_run(self, merged: Merged, cables: Iterable[DecklinkOutput], name: str) -> bool:
        node = self.nodes[name]
        return (
            merged.engine in engines_of(node)
            and all(node.labels.get(label) == want for label, want in merged.place.labels.items())
            and all(self._reaches(each, name) for each in cables)
        )

    def _reaches(self, output: DecklinkOutput, name: str) -> bool:
        if output.spare is not None and output.spare.node == name:
            return self.has_device(output.spare.device, name)
        return self.has_device(output.device, name)


def _cables(merged: Merged) -> list[DecklinkOutput]:
    return [each for each in merged.channel.outputs if isinstance(each, DecklinkOutput)]
