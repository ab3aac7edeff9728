"""What the web endpoint is handed: ports, and questions that the wiring knows how to answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from reconciler.model.desired import (
    Account,
    DecklinkOutput,
    Desired,
    NdiOutput,
    Output,
    StreamOutput,
)
from reconciler.model.ids import AssetId, ChannelName, NodeName
from reconciler.model.observed import SidecarAnswer, SidecarSeen
from reconciler.model.records import JournalEntry, PassSeen
from reconciler.model.video import VideoFormat
from reconciler.ports import Clock, Reports, SidecarClient
from reconciler.web.watching import how_to_watch


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelFacts:
    """What the lineup in force says of a channel that a screen needs."""

    name: ChannelName
    title: str
    project: str | None
    format: VideoFormat
    timezone: str
    on_air: bool
    file: str
    preview: bool
    outputs: tuple[tuple[str, str, str], ...] = ()  # name, type, address as anyone may read it
    watch: tuple[tuple[str, str], ...] = ()  # output's name, how to watch it


@dataclass(frozen=True, slots=True, kw_only=True)
class WebDeps:
    """Everything that the endpoint needs.

    `sidecars` finds the live sidecar of a channel: the one that sends, or the one with the highest
    epoch; it may raise `Unreachable`. `read_status` reads the JSON of a sidecar's status. `preview`
    reads one file of a channel's HLS preview, or None where there is no such file. `lineup_error`
    is what is wrong with the newest commit while an older one is in force. `restage` asks for a new
    copy of an asset on a node, in somebody's name. `templates` is the
    folder that holds `web/`.
    """

    reports: Reports
    journal: Callable[[Iterable[JournalEntry]], None]
    restage: Callable[[AssetId, NodeName | None, str], tuple[NodeName, ...]]
    sidecars: Callable[[ChannelName], SidecarSeen | None]
    client: SidecarClient
    read_status: Callable[[Mapping[str, object]], SidecarAnswer]
    preview: Callable[[SidecarSeen, str], bytes | None]
    plan: Callable[[], PassSeen | None]
    accounts: Callable[[], tuple[Account, ...]]
    channels: Callable[[], tuple[ChannelFacts, ...]]
    lineup_label: Callable[[], str]
    lineup_error: Callable[[], str | None]
    clock: Clock
    templates: Path
    on_loopback: bool = True


def channel_facts(desired: Desired) -> tuple[ChannelFacts, ...]:
    """Pick what screens need from a lineup, sorted by channel name."""
    return tuple(
        ChannelFacts(
            name=channel.name,
            title=channel.title,
            project=channel.project,
            format=channel.format,
            timezone=channel.timezone,
            on_air=channel.on_air,
            file=channel.file,
            preview=channel.preview_hls,
            outputs=tuple(_shown(output) for output in channel.outputs),
            watch=tuple((output.name, how_to_watch(output)) for output in channel.outputs),
        )
        for _, channel in sorted(desired.channels.items())
    )


def _shown(output: Output) -> tuple[str, str, str]:
    match output:
        case StreamOutput():
            return output.name, output.type, output.url.shown
        case DecklinkOutput():
            return output.name, "decklink", f"device {output.device}"
        case NdiOutput():
            return output.name, "ndi", output.ndi_name
        case _:
            assert_never(output)
