"""What is known of media: facts about an asset, and what lies on a node's disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from reconciler.model.ids import AssetId


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetFact:
    """One asset as its store shows it.

    `stored` is the file name that it has on every node, derived from the asset and its content,
    so that a changed file is another file. `duration` is in seconds, exact as probed or declared;
    None with `problem` set means that it cannot be played, and why.
    """

    asset: AssetId
    uri: str
    stored: str
    size: int = 0  # bytes
    duration: Fraction | None = None
    still: bool = False
    problem: str | None = None


Catalogue = Mapping[AssetId, AssetFact]


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedSeen:
    """One whole file in a node's media folder."""

    stored: str
    size: int  # bytes
