"""Copies of assets on nodes: the room for them, how far each has come, and sizes in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from fractions import Fraction

from reconciler.model.ids import AssetId

_UNITS = ("bytes", "kB", "MB", "GB", "TB")
_STEP = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaRoom:
    """How much of a node's disk media may take; `budget` None: all that the disk has.

    What no rundown plays is kept until `high_water` of the room is used: it may be wanted again.
    """

    budget: int | None = None  # bytes
    high_water: Fraction = Fraction(9, 10)  # the rest takes in what is staged while some is evicted


class CopyState(Enum):
    """How far an asset's copy on one node has come; the older system's words."""

    PENDING = "pending"
    STAGING = "staging"
    READY = "ready"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyWanted:
    """A file that a node lacks and a rundown plays; `error` says why it is not under way."""

    stored: str
    asset: AssetId
    size: int  # bytes
    due_at: datetime
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyProgress:
    """How a file that is being brought to a node stands, or how that ended."""

    stored: str
    asset: AssetId
    state: CopyState
    size: int  # bytes
    done: int = 0  # bytes
    eta_at: datetime | None = None  # None: nobody can tell yet
    error: str = ""


def size_text(count: int) -> str:
    """Bytes as people say them: `4.2 GB`."""
    amount, unit = float(count), 0
    while amount >= _STEP and unit < len(_UNITS) - 1:
        amount, unit = amount / _STEP, unit + 1
    return f"{amount:.1f} {_UNITS[unit]}" if unit else f"{count} {_UNITS[0]}"


def mov_name(stored: str) -> str:
    """The name of a file's copy as a MOV, beside it in the same folder."""
    return f"{stored}.mov"
