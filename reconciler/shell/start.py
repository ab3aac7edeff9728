"""What a sidecar is started with, made from the lineup; the node adapter adds folder and token."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reconciler.model.desired import DesiredChannel
from reconciler.model.ids import AssetId
from reconciler.model.media import AssetFact
from reconciler.model.orders import SidecarStart
from reconciler.plan.outputs import output_document


def start_of(
    channel: DesiredChannel, epoch: int, commit: str, catalogue: Mapping[AssetId, AssetFact]
) -> SidecarStart:
    """Write a channel's start document, secrets included."""
    slate = catalogue.get(channel.slate) if channel.slate is not None else None
    fence = channel.failover.fence
    return SidecarStart(
        channel=channel.name,
        epoch=epoch,
        fingerprint=channel.fingerprint,
        commit=commit,
        document={
            "channel": channel.name,
            "epoch": epoch,
            "fingerprint": channel.fingerprint,
            "commit": commit,
            "title": channel.title,
            "format": channel.format.name,
            "engine": channel.engine.value,
            "bitrate": channel.bitrate,
            "preview": channel.preview_hls,
            "slate": slate.stored if slate is not None and slate.problem is None else None,
            "outputs": [output_document(output) for output in channel.outputs],
            "fence_ms": None if fence is None else round(fence.total_seconds() * 1000),
        },
    )


def going_on(start: SidecarStart, until: int | None) -> SidecarStart:
    """Tell a sidecar that takes the place of a dead one up to which frame others account.

    What should have aired since gets an as-run row each, `missed`. `until` None: nothing is known.
    """
    if until is None:
        return start
    return replace(start, document={**start.document, "previous_until": until})
