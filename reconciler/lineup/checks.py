"""What spans files: every name that is used must be declared, every device must be there.

Each mistake is told where it was written. A file that cannot be read is not also told to be
missing: what depends on it is left unjudged until it can be. Playlists have `playlist_checks`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from reconciler.lineup.files import (
    AccessFile,
    AssetFile,
    ChannelFile,
    Defaults,
    PlaceFile,
    RecorderFile,
)
from reconciler.lineup.findings import Finding, Path, either, nearest
from reconciler.lineup.inventory import Inventory
from reconciler.lineup.kinds import Kind
from reconciler.lineup.outputs import DecklinkOutput
from reconciler.lineup.playlist_checks import Known, broken_playlists, unfindable
from reconciler.lineup.reading import Loaded
from reconciler.lineup.rules import Found, broken_by_failover
from reconciler.lineup.stores import broken_address

_REQUIRED = {
    Kind.LINEUP: "is missing: a folder with a lineup in it has one; see `reconcile init`",
    Kind.NODES: "is missing: a lineup names the machines it may use, if only this one",
}


def check_files(known: Known) -> Iterator[Finding]:
    """Find every mistake that spans files, in no particular order."""
    files = known.files
    for kind, problem in _REQUIRED.items():
        if kind not in files.single:
            yield Finding(kind.value, (), problem, 0)
    for name, loaded in files.channels.items():
        if loaded.value is not None:
            yield from _noted(loaded, _channel(known, name, loaded.value))
    for kind, judge in _JUDGES.items():
        single = files.single.get(kind)
        if single is not None and single.value is not None:
            yield from _noted(single, judge(known, single.value))
    yield from broken_playlists(known)


def _noted(loaded: Loaded, found: Found) -> Iterator[Finding]:
    return (loaded.finding(path, problem) for path, problem in found)


def _channel(known: Known, name: str, channel: ChannelFile) -> Found:
    yield from _references(known, channel)
    for index, layer in enumerate(channel.schedule):
        yield from _playlist(known, layer.playlist, ("schedule", index, "playlist"))
    if channel.project is not None:
        yield from _project(known, channel.project)
    if known.inventory is not None:
        yield from _outputs(channel, known.inventory)
        yield from _failover(known, name, known.inventory)


def _project(known: Known, project: str) -> Found:
    if known.unsure(Kind.ACCESS, "projects"):
        return
    access: AccessFile | None = known.files.value(Kind.ACCESS)
    declared = access.projects if access is not None else {}
    if project not in declared:
        hint = nearest(project, declared)
        yield ("project",), f"no project '{project}' under `projects` in access.yaml{hint}"


def _references(known: Known, shared: Defaults) -> Found:
    """Judge what both a channel and the defaults may name."""
    if shared.filler is not None:
        yield from _playlist(known, shared.filler.playlist, ("filler", "playlist"))
    if shared.slate is not None:
        yield from unfindable(known, shared.slate, ("slate",))
    if shared.place is not None and known.inventory is not None:
        yield from _place(shared.place, known.inventory)


def _playlist(known: Known, name: str, path: Path) -> Found:
    if name not in known.files.playlists:
        hint = nearest(name, known.files.playlists)
        yield path, f"no playlist '{name}': there is no playlists/{name}.yaml{hint}"


def _place(place: PlaceFile, inventory: Inventory) -> Found:
    for label, value in place.labels.items():
        values = inventory.values(label)
        path: Path = ("place", "labels", label)
        if not values:
            yield path, f"no node has a label `{label}`{nearest(label, inventory.labels())}"
        elif value not in values:
            yield path, f"no node has `{label}: {value}`{nearest(value, values)}"
    for index, name in enumerate(place.prefer):
        yield from _node(name, inventory.nodes, ("place", "prefer", index))


def _node(name: str, nodes: Collection[str], path: Path) -> Found:
    if name not in nodes:
        yield path, f"no node '{name}' in nodes.yaml{nearest(name, nodes)}"


def _outputs(channel: ChannelFile, inventory: Inventory) -> Found:
    for index, output in enumerate(channel.outputs):
        if not isinstance(output, DecklinkOutput):
            continue
        path: Path = ("outputs", index)
        if not inventory.has_device(output.device):
            known = _known_devices(inventory.device_names())
            yield (*path, "device"), f"no node has a device '{output.device}'{known}"
        if output.spare is not None:
            spare = output.spare
            yield from _device(inventory, spare.node, spare.device, (*path, "spare"))


def _device(inventory: Inventory, node: str, device: int | str, path: Path) -> Found:
    yield from _node(node, inventory.nodes, (*path, "node"))
    if node in inventory.nodes and not inventory.has_device(device, node):
        known = _known_devices(inventory.device_names(node))
        yield (*path, "device"), f"node '{node}' has no device '{device}'{known}"


def _known_devices(names: list[str]) -> str:
    if names:
        return f"; expected {either(names)}"
    return "; expected a number from 1 or a persistent id, declared under `devices` in nodes.yaml"


def _failover(known: Known, name: str, inventory: Inventory) -> Found:
    channel: ChannelFile = known.files.channels[name].value
    if channel.failover is None or known.lineup is None:
        return
    merged = known.merged(name)
    if inventory.may_move(merged):
        for path, problem in broken_by_failover(merged.failover):
            yield ("failover", *path), problem


def _lineup(known: Known, _: object) -> Found:
    if known.lineup is None:
        return
    shared = known.lineup.defaults
    for path, problem in _references(known, shared):
        yield ("defaults", *path), problem
    several = known.inventory is not None and len(known.inventory.nodes) > 1
    if shared.failover is not None and several:
        for path, problem in broken_by_failover(shared.failover):
            yield ("defaults", "failover", *path), problem


def _access(known: Known, access: AccessFile) -> Found:
    owners: dict[str, str] = {}
    for name, token in access.tokens.items():
        for project in token.roles:
            if project not in access.projects and not known.unsure(Kind.ACCESS, "projects"):
                hint = nearest(project, access.projects)
                path: Path = ("tokens", name, "roles", project)
                yield path, f"no project '{project}' under `projects`{hint}"
        first = owners.setdefault(token.sha256, name)
        if first != name:
            yield (
                ("tokens", name, "sha256"),
                f"expected a token of its own, found that of `{first}`",
            )


def _nodes(known: Known, nodes: Mapping[str, object]) -> Found:
    if not nodes and known.inventory is not None:
        yield (), "expected at least one node, found none"


def _recorders(known: Known, recorders: Mapping[str, RecorderFile]) -> Found:
    if known.inventory is not None:
        for name, recorder in recorders.items():
            yield from _device(known.inventory, recorder.node, recorder.device, (name,))


def _assets(known: Known, assets: Mapping[str, AssetFile]) -> Found:
    for name, asset in assets.items():
        yield from unfindable(known, name, (name,))
        if known.lineup is None or known.unsure(Kind.LINEUP, "stores"):
            continue
        if asset.uri is not None:
            broken = broken_address(asset.uri, asset.store, known.lineup.stores)
            if broken is not None:
                yield (name, broken[0]), broken[1]
        elif asset.store is not None:
            yield (name, "store"), "expected `uri` beside it: a pattern has a store of its own"


_JUDGES: Mapping[Kind, Callable[[Known, Any], Found]] = {
    Kind.LINEUP: _lineup,
    Kind.NODES: _nodes,
    Kind.RECORDERS: _recorders,
    Kind.ACCESS: _access,
    Kind.ASSETS: _assets,
}
