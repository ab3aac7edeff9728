"""What a channel, a node and their kin look like as rows of the older tables; pure.

Secrets never enter a row: every `Text` is written as it is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from ipaddress import ip_address
from typing import assert_never
from urllib.parse import urlsplit
from uuid import UUID

from reconciler.model.desired import (
    AssetItem,
    BreakItem,
    DecklinkOutput,
    Desired,
    DesiredChannel,
    DesiredNode,
    DesiredPlaylist,
    Item,
    LiveItem,
    NdiOutput,
    Output,
    Runtime,
    StreamOutput,
)
from reconciler.model.ids import AssetId, ChannelName, PlaylistName, row_id
from reconciler.model.media import AssetFact
from reconciler.model.records import AsRunRow, JournalEntry
from reconciler.model.spans import Span

Row = dict[str, object]
_MICRO = Decimal("0.000001")


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemRow:
    """One item, flattened out of its break; `values` lacks the ids."""

    item: str
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaylistRow:
    """One playlist that a channel uses, with its items in order."""

    name: PlaylistName
    loop: bool
    items: tuple[ItemRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelRows:
    """Everything that the older tables hold of one channel."""

    channel: Row
    playlists: tuple[PlaylistRow, ...]  # sorted by name
    assets: tuple[Row, ...]  # sorted by house number


def channel_rows(
    desired: Desired, channel: DesiredChannel, catalogue: Mapping[AssetId, AssetFact]
) -> ChannelRows:
    """Lay out one channel; an asset that the catalogue lacks is a row without a file."""
    loops = {layer.playlist: False for layer in channel.schedule}
    loops |= {channel.filler.playlist: False} if channel.filler else {}
    loops |= {layer.playlist: True for layer in channel.schedule if layer.loop}
    playlists = tuple(
        _playlist(desired.playlists[name], loops[name], channel.format.rate, catalogue)
        for name in sorted(loops)
    )
    used = {
        str(item.values["asset"])
        for playlist in playlists
        for item in playlist.items
        if item.values["asset"]
    }
    if channel.slate:
        used.add(channel.slate)
    facts = [catalogue[AssetId(asset)] for asset in sorted(used) if AssetId(asset) in catalogue]
    titles = {asset.id: asset.title for asset in desired.assets.values()}
    return ChannelRows(
        channel=_channel(desired, channel),
        playlists=playlists,
        assets=tuple(_asset(fact, titles.get(fact.asset, "")) for fact in facts),
    )


def _channel(desired: Desired, channel: DesiredChannel) -> Row:
    outputs = [_output(output) for output in channel.outputs]
    kind, settings = outputs[0] if outputs else ("none", {})
    # A row of the older system that bears the title is this channel's, unless that is the name
    # of another channel of ours.
    named_so = ChannelName(channel.title) in desired.channels
    return {
        "name": channel.name,
        "title": channel.title,
        "adopts": None if named_so else channel.title,
        "output_type": kind,
        "output_config": settings,
        "outputs": [
            {"name": output.name, "type": kind, **settings}
            for output, (kind, settings) in zip(channel.outputs, outputs, strict=True)
        ],
        "video_format": channel.format.name,
        "project": channel.project,
        "lineup_digest": channel.digest,
    }


def _output(output: Output) -> tuple[str, Row]:
    match output:
        case StreamOutput():
            settings: Row = {"url": output.url.shown, **dict(output.options)}
            if output.passphrase is not None:
                settings["passphrase"] = output.passphrase.shown
            return output.type, settings
        case DecklinkOutput():
            key = "device_index" if isinstance(output.device, int) else "device_id"
            return "decklink", {key: output.device}
        case NdiOutput():
            return "ndi", {"ndi_name": output.ndi_name}
        case _:
            assert_never(output)


def _playlist(
    playlist: DesiredPlaylist,
    loop: bool,  # noqa: FBT001  # private, and named at its one call by position of the row
    rate: Fraction,
    catalogue: Mapping[AssetId, AssetFact],
) -> PlaylistRow:
    items = tuple(
        ItemRow(item=item.id, values={"sort_order": order, **_item(item, rate, catalogue)})
        for order, item in enumerate(_flat(playlist.items))
    )
    return PlaylistRow(name=playlist.name, loop=loop, items=items)


def _flat(items: Iterable[Item]) -> Iterator[AssetItem | LiveItem]:
    for item in items:
        if isinstance(item, BreakItem):
            yield from item.items
        else:
            yield item


def _item(
    item: AssetItem | LiveItem, rate: Fraction, catalogue: Mapping[AssetId, AssetFact]
) -> Row:
    transition = item.transition
    shared: Row = {
        "title": item.title,
        "transition": transition.type.value if transition else "cut",
        "transition_ms": round(_seconds(transition.duration, rate) * 1000) if transition else 0,
    }
    if isinstance(item, LiveItem):
        out_point = _at(item.duration, rate)
        return shared | {
            "asset": None,
            "asset_id": None,
            "live": item.live,
            "in_point": "0",
            "out_point": out_point,
            "media_path": None,
            "media_status": "ready",
        }
    fact = catalogue.get(item.asset)
    playable = fact is not None and fact.problem is None
    return shared | {
        "asset": item.asset,
        "asset_id": _library_id(item.asset),
        "live": None,
        "in_point": None if item.in_point is None else _at(item.in_point, rate),
        "out_point": None if item.out_point is None else _at(item.out_point, rate),
        "media_path": fact.stored if fact is not None and playable else None,
        "media_status": "pending" if playable else "error",
    }


def _library_id(asset: AssetId) -> str | None:
    """The media library's id, where an imported lineup uses it as the house number."""
    try:
        return str(UUID(asset))
    except ValueError:
        return None


def _asset(fact: AssetFact, title: str) -> Row:
    duration = None if fact.duration is None else round(fact.duration * 1000)
    return {
        "asset": fact.asset,
        "id": str(row_id("asset", fact.asset)),
        "title": title,
        "stored": fact.stored,
        "duration_ms": duration,
        "problem": fact.problem,
        "note": fact.note,
    }


@lru_cache(maxsize=4096)  # the same few lengths come again and again
def _at(span: Span, rate: Fraction) -> str:
    return _text(_seconds(span, rate))


def _seconds(span: Span, rate: Fraction) -> Fraction:
    return span.frames(rate) / rate


def _text(seconds: Fraction) -> str:
    exact = (Decimal(seconds.numerator) / Decimal(seconds.denominator)).quantize(_MICRO)
    return f"{exact:f}".rstrip("0").rstrip(".")


def playlist_row_id(channel: ChannelName, playlist: str) -> UUID:
    """The row id of a playlist as one channel uses it."""
    return row_id("playlist", f"{channel}/{playlist}")


def item_row_id(channel: ChannelName, playlist: str, item: str) -> UUID:
    """The row id of an item as one channel uses it."""
    return row_id("item", f"{channel}/{playlist}/{item}")


def node_row(node: DesiredNode, digest: str) -> Row:
    """One line of the inventory; credentials in its address are left out."""
    parts = urlsplit(node.address)
    address = node.address.replace(f"{parts.netloc.rpartition('@')[0]}@", "")
    return {
        "hostname": node.name,
        "ip_address": _ip(parts.hostname),
        "api_url": address if node.runtime is Runtime.AGENT else None,
        "runtime": node.runtime.value,
        "address": address,
        "labels": dict(node.labels),
        "devices": [{"index": device.index, "id": device.id} for device in node.devices],
        "maintenance": node.maintenance,
        "lineup_digest": digest,
    }


def _ip(host: str | None) -> str | None:
    try:
        return str(ip_address(host or ""))
    except ValueError:
        return None


def asrun_row(row: AsRunRow) -> Row:
    """One as-run row; `channel_id` is what a channel without a row would have."""
    return {**_plain(asdict(row)), "channel_id": str(row_id("channel", row.channel))}


def journal_row(entry: JournalEntry) -> Row:
    """One line of the audit."""
    row = _plain(asdict(entry))
    return {**row, "commit_id": row.pop("commit")}


def _plain(values: Mapping[str, object]) -> Row:
    return {
        key: value.isoformat() if isinstance(value, datetime) else value
        for key, value in values.items()
    }
