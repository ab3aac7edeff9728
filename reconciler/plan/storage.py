"""What a node's disk has room for: which files come now, which make room, which do not fit.

What airs next has the room first. Files that nothing plays are kept until the high-water mark is
passed; then the one that was not used for longest goes first. What is played is never given up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.model.copies import MediaRoom
from reconciler.model.desired import Desired
from reconciler.model.ids import NodeName
from reconciler.model.observed import NodeSeen, Snapshot

RESERVE = 256 << 20  # bytes of the disk left to spools, logs and the database: they must never fail


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """A node's media folder: bytes used, the most that may be, and the mark; None: no limit."""

    used: int
    limit: int | None = None
    mark: int | None = None

    @property
    def is_above_mark(self) -> bool:
        """Whether unused files have to go."""
        return self.mark is not None and self.used > self.mark

    def has_room(self, size: int) -> bool:
        """Whether so many bytes more are within the limit."""
        return self.limit is None or self.used + size <= self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """A file to be brought; `arrived` bytes of it have come (None: it is not under way)."""

    stored: str
    size: int  # bytes
    due: int  # seconds from now
    arrived: int | None = None

    @property
    def rest(self) -> int:
        """Bytes that it still takes up."""
        return max(self.size - (self.arrived or 0), 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Allotment:
    """What of the files to be brought is brought now, later and not; and what goes.

    `fetch` fits as the disk is, in order of due time; `later` fits once `evict` has gone.
    """

    fetch: tuple[str, ...] = ()
    later: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    evict: tuple[str, ...] = ()  # in the order in which they go


def disk_of(room: MediaRoom, seen: NodeSeen) -> Disk:
    """The room on a node that answers: its budget, or what the disk has left, whichever is less."""
    used = sum(file.size for file in (seen.staged or {}).values())
    limits = [room.budget] if room.budget is not None else []
    if seen.free_bytes is not None:
        limits.append(used + seen.free_bytes - RESERVE)
    limit = max(min(limits), 0) if limits else None
    mark = None if limit is None else int(limit * room.high_water)
    return Disk(used=used, limit=limit, mark=mark)


def is_tight(name: NodeName, desired: Desired, seen: Snapshot, coming: int = 0) -> bool:
    """Whether unused files have to go from a node that answers, if so many bytes come."""
    disk = disk_of(room_of(name, desired), seen.nodes[name])
    return replace(disk, used=disk.used + coming).is_above_mark


def room_of(name: NodeName, desired: Desired) -> MediaRoom:
    """The room that the lineup gives media on a node; one that it does not know has its disk."""
    node = desired.nodes.get(name)
    return node.media if node is not None else MediaRoom()


def by_age(unused: Iterable[str], last_used: Mapping[str, datetime]) -> tuple[str, ...]:
    """Unused files, the one that was not used for longest first; what has no past goes last."""
    known = sorted((at, name) for name in unused if (at := last_used.get(name)) is not None)
    fresh = sorted(name for name in unused if name not in last_used)
    return (*(name for _, name in known), *fresh)


def allot(disk: Disk, coming: Iterable[Coming], spare: Sequence[tuple[str, int]]) -> Allotment:
    """Give the room out; `spare` are the files (and sizes) that may go, in that order.

    What is under way comes first: its room is half taken already. A file that does not fit blocks
    none that comes after it.
    """
    fetch: list[str] = []
    later: list[str] = []
    refused: list[str] = []
    claimed = 0
    could_go = sum(size for _, size in spare)
    emptied = replace(disk, used=disk.used - could_go)
    for one in sorted(coming, key=lambda c: (c.arrived is None, c.due, c.stored)):
        if one.arrived is not None or disk.has_room(claimed + one.rest):
            fetch.append(one.stored)
        elif emptied.has_room(claimed + one.rest):
            later.append(one.stored)
        else:
            refused.append(one.stored)
            continue
        claimed += one.rest
    evict: list[str] = []
    filled = replace(disk, used=disk.used + claimed)
    for name, size in spare:
        if not filled.is_above_mark:
            break
        evict.append(name)
        filled = replace(filled, used=filled.used - size)
    return Allotment(
        fetch=tuple(fetch), later=tuple(later), refused=tuple(refused), evict=tuple(evict)
    )
