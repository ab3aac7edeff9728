"""What is known of media: facts about an asset, what lies on a node, what is under way to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from fractions import Fraction
from urllib.parse import quote

from reconciler.model.findings import Loss
from reconciler.model.ids import AssetId

INEXACT = ("mpegts", "matroska")  # containers that CasparCG cannot begin inside of to the frame


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetFact:
    """One asset as its store shows it.

    `stored` is the file name that it has on every node, derived from the asset and its content,
    so that a changed file is another file. `duration` is in seconds, exact as probed or declared;
    None with `problem` set means that it cannot be played, and why. `note` is what people should
    know of one that can be played: its store does not answer now, say. `sha256` is the lineup's
    word, or the store's; None where neither knows it.

    What looking into the file has found: `losses` are the parts of it that are lost, `ruin` says
    why nothing of it can be relied on, `unfit` why it has no copy that can be begun inside of.
    """

    asset: AssetId
    uri: str
    stored: str
    size: int = 0  # bytes
    duration: Fraction | None = None
    still: bool = False
    problem: str | None = None
    note: str | None = None
    store: str = ""  # the name of the object store that `uri` counts in; empty for other schemes
    etag: str | None = None  # as the far end writes it, quotes included
    sha256: str | None = None
    inexact: str = ""  # its container, if that is one of `INEXACT`; known once somebody looked
    losses: tuple[Loss, ...] = ()
    ruin: str = ""
    unfit: str = ""


Catalogue = Mapping[AssetId, AssetFact]


def address_of(pattern: str, asset: str) -> str:
    """The address that a pattern gives to an asset; on the web, its name is escaped."""
    is_web = pattern.startswith(("http://", "https://"))
    return pattern.replace("{asset}", quote(asset, safe="") if is_web else asset)


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedSeen:
    """One whole file in a node's media folder; `sha256` where it was fetched and verified."""

    stored: str
    size: int  # bytes
    sha256: str | None = None


class TransferStep(Enum):
    """What is being done about a file that is not whole yet."""

    FETCHING = "fetching"
    VERIFYING = "verifying"
    RESTING = "resting"  # nobody works at it; what is there is kept, and taken up again


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferSeen:
    """One file on its way to a node's disk; `rate` is over the last seconds."""

    stored: str
    size: int  # bytes in all
    done: int  # bytes on the disk; when verifying: bytes verified
    rate: int  # bytes per second; 0 while it rests
    step: TransferStep

    @property
    def left(self) -> timedelta | None:
        """How long this step still takes at its present rate; None where it has none."""
        if not self.rate:
            return None
        return timedelta(seconds=(self.size - self.done) // self.rate)
