"""What a channel's rundown is made from, as one digest: the lineup, and the media as it is.

While it stays the same, compiling again would only move the window.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from reconciler.model.desired import Desired, DesiredChannel
from reconciler.model.ids import AssetId
from reconciler.model.media import AssetFact, Catalogue
from reconciler.plan.assets import assets_of

Marks = Mapping[AssetId, int]
_BITS = 128


def marks_of(catalogue: Catalogue) -> Marks:
    """One number for each asset and its facts, to be added up: see `inputs_of`."""
    return {asset: _mark(asset, fact) for asset, fact in catalogue.items()}


def inputs_of(channel: DesiredChannel, desired: Desired, marks: Marks) -> str:
    """Digest of a channel's lineup and of the facts of every asset that it may play.

    The sum of the assets' marks stands for the set of them, in whatever order: a station plays
    each of its assets on many channels, and a pass must not write them all out for each of these.
    """
    found = [marks.get(asset) or _mark(asset, None) for asset in assets_of(channel, desired)]
    text = f"{channel.digest} {sum(found) % (1 << _BITS):x} {len(found)}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _mark(asset: AssetId, fact: AssetFact | None) -> int:
    told = hashlib.sha256(f"{asset}\n{_told(fact)}".encode()).digest()
    return int.from_bytes(told[: _BITS // 8], "big")


def _told(fact: AssetFact | None) -> str:
    if fact is None:
        return "unknown"
    told = f"{fact.stored} {fact.duration} {fact.still} {fact.problem or ''}"
    if fact.losses or fact.ruin or fact.unfit:
        told = f"{told} {fact.losses} {fact.ruin} {fact.unfit}"
    return f"{told} {fact.inexact} {fact.note or ''}" if fact.note or fact.inexact else told
