"""What a channel's rundown is made from, as one digest: the lineup, and the media as it is.

While it stays the same, compiling again would only move the window.
"""

from __future__ import annotations

import hashlib

from reconciler.model.desired import Desired, DesiredChannel
from reconciler.model.media import AssetFact, Catalogue
from reconciler.plan.staging import assets_of


def inputs_of(channel: DesiredChannel, desired: Desired, catalogue: Catalogue) -> str:
    """Digest of a channel's lineup and of the facts of every asset that it may play."""
    lines = [channel.digest]
    lines += [
        f"{asset} {_told(catalogue.get(asset))}" for asset in sorted(assets_of(channel, desired))
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def _told(fact: AssetFact | None) -> str:
    if fact is None:
        return "unknown"
    return f"{fact.stored} {fact.duration} {fact.still} {fact.problem or ''}"
