"""The steps by which two senders of a channel change places at one instant, the seam."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Join:
    """Keep what is shown from frame `seam` on; it leaves first, once there is the right to send."""

    seam: int


@dataclass(frozen=True, slots=True)
class Hush:
    """Fall silent before frame `seam`. It ends by itself within a second unless it is sealed."""

    seam: int


@dataclass(frozen=True, slots=True)
class Seal:
    """Stay silent until hush `number` is lifted, whatever happens meanwhile."""

    number: int


SeamStep = Join | Hush | Seal
