"""Rules that one file must keep beyond its shape: what goes together, and what must be unique."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from functools import lru_cache

from reconciler.lineup.files import ChannelFile, FailoverFile, LayerFile, LineupFile, Nodes
from reconciler.lineup.findings import Path
from reconciler.lineup.playlist_file import (
    AssetPart,
    BreakEntry,
    Entry,
    LiveEntry,
    PlaylistFile,
    TransitionFile,
)
from reconciler.lineup.playlists import shape
from reconciler.lineup.stores import broken_address, broken_store
from reconciler.model.desired import OnNodeLoss, Runtime, StartType
from reconciler.model.spans import parse_span

_NEVER_AND_MOVE = (
    "expected a time such as 30s beside `on_node_loss: move`, found 'never': a channel that moves"
    " by itself must fall silent by itself; or write `on_node_loss: hold`"
)
Found = Iterator[tuple[Path, str]]


def broken_by_lineup(lineup: LineupFile) -> Found:
    """What lineup.yaml says of its stores and media that cannot be meant."""
    for name, store in lineup.stores.items():
        broken = broken_store(store)
        if broken is not None:
            yield ("stores", name, broken[0]), broken[1]
    for index, source in enumerate(lineup.media):
        broken = broken_address(source.uri, source.store, lineup.stores)
        if broken is not None:
            yield ("media", index, broken[0]), broken[1]


def broken_by_channel(channel: ChannelFile) -> Found:
    """What one channel's file says that cannot be meant."""
    for index, layer in enumerate(channel.schedule):
        for key, problem in _layer(layer):
            yield ("schedule", index, key), problem
    names = (output.name for output in channel.outputs)
    for index, name, first in _repeated(names):
        yield ("outputs", index, "name"), f"`{name}` is already the name of outputs[{first}]"


def _layer(layer: LayerFile) -> Iterator[tuple[str, str]]:
    if layer.at is None:
        if not layer.loop:
            yield "at", "is missing; expected a time of day, or `loop: true` to fill the day"
        if layer.until is not None:
            yield "until", "expected `at` beside it: `until` counts from the start"
        if layer.start is not None:
            yield "start", "expected `at` beside it: what fills the day has no start"
    soft = layer.start is StartType.SOFT
    for key in ("early", "late"):
        if getattr(layer, key) and not soft:
            yield key, "expected `start: soft` beside it: only a soft start has a window"


def broken_by_failover(failover: FailoverFile) -> Found:
    """What cannot go together in one `failover`."""
    never = "fence" in failover.model_fields_set and failover.fence is None
    if never and failover.on_node_loss is OnNodeLoss.MOVE:
        yield (
            ("fence",),
            _NEVER_AND_MOVE,
        )


def broken_by_nodes(nodes: Nodes) -> Found:
    """What the inventory says that cannot be meant."""
    for name, node in nodes.items():
        if node.runtime is Runtime.AGENT and node.address is None:
            yield (name, "address"), "is missing; expected the node agent's http:// address"
        if node.runtime is Runtime.PROCESS and node.address is not None:
            yield (name, "address"), "expected none: `runtime: process` is this machine itself"
        if node.media.high_water is not None and node.media.high_water > 1:
            yield (name, "media", "high_water"), "expected a share of the room, at most 100%"
        for key in ("index", "id"):
            values = (getattr(device, key) for device in node.devices)
            for index, value, first in _repeated(values):
                yield (
                    (name, "devices", index),
                    f"{key} `{value}` is already devices[{first}] of this node",
                )


def broken_by_playlist(playlist: PlaylistFile) -> Found:
    """What one playlist's file says that cannot be meant."""
    for index, name, first in _repeated(entry.id for entry in playlist.items):
        yield ("items", index, "id"), f"`{name}` is already the id of items[{first}]"
    for index, entry in enumerate(playlist.items):
        path: Path = ("items", index)
        yield from _start(entry, path)
        if isinstance(entry, BreakEntry):
            for number, part in enumerate(entry.break_):
                yield from _part(part, (*path, "break", number))
        elif isinstance(entry, LiveEntry):
            yield from _transition(entry.transition, path)
        else:
            yield from _part(entry, path)


def _start(entry: Entry, path: Path) -> Found:
    if entry.at is None and entry.start not in (None, "follow"):
        yield (*path, "start"), f"expected `at` beside `start: {entry.start}`"


def _part(part: AssetPart, path: Path) -> Found:
    if part.alternate == part.asset:
        yield (*path, "alternate"), f"expected another asset than '{part.asset}' itself"
    if part.transition is not None:
        yield from _transition(part.transition, path)
    if part.out_point is not None:
        problem = order_problem(part.in_point, part.out_point)
        if problem:
            yield (*path, "out"), problem


def _transition(transition: TransitionFile | None, path: Path) -> Found:
    if transition is None:
        return
    lasts = any(digit in transition.duration for digit in "123456789")
    if transition.type != "cut" and not lasts:
        yield (
            (*path, "transition", "duration"),
            f"is missing; expected how long the {transition.type} lasts, such as 12f",
        )
    if transition.type == "cut" and lasts:
        yield (
            (*path, "transition", "duration"),
            f"expected none beside `type: cut`, found '{transition.duration}'",
        )


@lru_cache(maxsize=1 << 16)
def order_problem(in_point: str | None, out_point: str) -> str:
    """Why an out point cannot follow its in point; empty if it can, or if only a rate can tell."""
    if in_point is None:
        return "" if any(_size(out_point)) else f"expected a point above zero, found '{out_point}'"
    if shape(in_point) != shape(out_point) or _size(out_point) > _size(in_point):
        return ""
    return f"expected a point after `in` ('{in_point}'), found '{out_point}'"


def _size(span: str) -> tuple[Fraction, ...]:
    """Something that grows with the span, among spans of one shape."""
    if ":" in span:
        return tuple(Fraction(span[at : at + 3].rstrip(":;")) for at in (0, 3, 6, 9))
    value = parse_span(span)
    return (Fraction(getattr(value, "value", 0)),)


def _repeated(names: Iterable[object]) -> Iterator[tuple[int, object, int]]:
    first: dict[object, int] = {}
    for index, name in enumerate(names):
        if name is None:
            continue
        if name in first:
            yield index, name, first[name]
        first.setdefault(name, index)
