"""A channel with what it left out: its own words first, then lineup.yaml's defaults, then ours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from pydantic import BaseModel

from reconciler.lineup.files import (
    ChannelFile,
    Defaults,
    FailoverFile,
    FillerFile,
    GuardFile,
    LineupFile,
    PlaceFile,
    PreviewFile,
)
from reconciler.lineup.outputs import DecklinkOutput, NdiOutput
from reconciler.model.desired import (
    EngineKind,
    Failover,
    Guard,
    OnNodeLoss,
    Resume,
)
from reconciler.model.video import VideoFormat

DEFAULT_FORMAT = VideoFormat.parse("1080p5994")  # as the older system
DEFAULT_FENCE = timedelta(seconds=30)  # longer than a failover of a database with a standby

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """One channel's settings with every default filled in, still in the words of its file."""

    channel: ChannelFile
    format: VideoFormat
    timezone: str
    preview: PreviewFile
    filler: FillerFile | None
    slate: str | None
    place: PlaceFile
    failover: FailoverFile
    guard: Guard
    engine: EngineKind
    bitrate: int | None


def merge(channel: ChannelFile, lineup: LineupFile) -> Merged:
    """Fill in what a channel left out."""
    shared = lineup.defaults
    guard = _both(GuardFile, channel.guard, shared.guard)
    usual = Guard()
    return Merged(
        channel=channel,
        format=channel.format or shared.format or DEFAULT_FORMAT,
        timezone=channel.timezone or shared.timezone or lineup.timezone,
        preview=_both(PreviewFile, channel.preview, shared.preview),
        filler=channel.filler or shared.filler,
        slate=channel.slate or shared.slate,
        place=_both(PlaceFile, channel.place, shared.place),
        failover=_both(FailoverFile, channel.failover, shared.failover),
        guard=Guard(
            freeze=usual.freeze if guard.freeze is None else guard.freeze,
            allow_interrupt=bool(guard.allow_interrupt),
        ),
        engine=_engine(channel, shared),
        bitrate=channel.bitrate or shared.bitrate,
    )


def _both(kind: type[M], own: M | None, shared: M | None) -> M:
    """One group of settings, key by key: the channel's own, else the shared one."""
    if own is None or shared is None:
        return own or shared or kind()
    mine = {name: getattr(own, name) for name in own.model_fields_set}
    return shared.model_copy(update=mine)


def _engine(channel: ChannelFile, shared: Defaults) -> EngineKind:
    """DeckLink and NDI exist with CasparCG alone, so such a channel means it without saying so."""
    needs_caspar = any(isinstance(each, DecklinkOutput | NdiOutput) for each in channel.outputs)
    usual = EngineKind.CASPARCG if needs_caspar else EngineKind.EMBEDDED
    return channel.engine or shared.engine or usual


def failover_of(merged: Merged, *, movable: bool) -> Failover:
    """What may happen after a loss; the defaults depend on whether there is anywhere to move."""
    written = merged.failover
    said_fence = "fence" in written.model_fields_set
    fence = written.fence if said_fence else (DEFAULT_FENCE if movable else None)
    moves = movable and not (said_fence and fence is None)
    usual = OnNodeLoss.MOVE if moves else OnNodeLoss.HOLD
    return Failover(
        on_node_loss=written.on_node_loss or usual,
        resume=written.resume or Resume.JOIN,
        fence=fence,
    )
