"""Fetch one file to a node's disk: parallel ranged parts, resumed after a kill, verified.

The bytes go into a part file, whose journal tells what of it is safely there. It is for the caller
to hold a lock on it, and to put the whole file where it can be played.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.adapters.transfer_hands import Gone, Hands, wanted_of, write_all
from reconciler.adapters.transfer_http import Connections, Lapsed, Replaced
from reconciler.adapters.transfer_journal import Journal
from reconciler.adapters.transfer_pace import Bucket, Share
from reconciler.adapters.transfer_parts import Parts
from reconciler.adapters.transfer_state import State
from reconciler.errors import AdapterError, Unreachable
from reconciler.model.media import TransferStep
from reconciler.model.orders import StageOrder
from reconciler.ports import Progress
from reconciler.sidecar.disk import why

RESERVE = 64 << 20  # bytes of a disk that staging leaves alone, for spools and logs
SMALL = 4 << 20  # bytes; a file up to here is one request, and not worth a journal
_READ = 4 << 20  # bytes hashed at a time
_WINDOW = 0.25  # seconds between measurements, and words of progress
_SYNC_BYTES = 64 << 20  # written out while more comes, not all at the end; or after
_SYNC_EVERY = 1.0  # seconds; what a power cut, unlike a kill, may cost


@dataclass(slots=True)
class Line:
    """What all transfers to one node share: its connections, and what it may take of its line."""

    bucket: Bucket = field(default_factory=lambda: Bucket(None))
    connections: Connections = field(default_factory=Connections)


def fetch(order: StageOrder, part: Path, line: Line, progress: Progress) -> str:
    """Bring the order's bytes into `part`, whole and verified; returns their SHA-256.

    Raises `Rejected` where the far end says no or has other bytes than were ordered (what was
    brought is then removed), `Unreachable` where trying again may help, and will resume.
    """
    with _named(order):
        if order.size <= SMALL:
            found = _fetch_small(order, part, line)
        else:
            found = _fetch_large(order, part, line, progress)
    progress(order.size, order.size)
    return found


def _fetch_large(order: StageOrder, part: Path, line: Line, progress: Progress) -> str:
    """Many requests, with a journal to resume by; it goes when the file is whole, or another."""
    journal = Journal(part.with_suffix(".journal"), order.content, order.size)
    try:
        found = _Fetch(order, part, line, journal).run(progress)
        _verify(order, found)
    except Replaced:
        part.unlink(missing_ok=True)
        _tidy(part)
        raise
    finally:
        journal.close()
    _tidy(part)
    return found


def _tidy(part: Path) -> None:
    """Remove what is kept beside a part file to resume it."""
    for suffix in (".journal", ".state"):
        part.with_suffix(suffix).unlink(missing_ok=True)


@contextmanager
def _named(order: StageOrder) -> Iterator[None]:
    """Say in each error what was fetched from where, and turn the disk's errors into ours."""
    about = f"{order.stored}: {order.uri}"
    try:
        yield
    except AdapterError as error:
        raise type(error)(f"{about}: {error}", system="media") from error
    except OSError as error:
        raise Unreachable(f"{about}: {why(error)}", system="media") from error


def _verify(order: StageOrder, found: str) -> None:
    if order.sha256 is not None and order.sha256.lower() != found:
        raise Replaced(f"expected sha256 {order.sha256[:12]}…, found {found[:12]}…")


def _fetch_small(order: StageOrder, part: Path, line: Line) -> str:
    """One request, by the calling thread; what fails starts over."""
    _make_room(part.parent, order.size)
    body = _read_at_once(order, line)
    descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
    try:
        if body is None:
            parts = Parts(order.size)
            shared = (line.connections, _share(order, parts, line))
            Hands(order, descriptor, parts, shared).work_alone()
            found = hashlib.sha256(os.pread(descriptor, order.size, 0)).hexdigest()
        else:
            write_all(descriptor, memoryview(body), 0)
            found = hashlib.sha256(body).hexdigest()
        _verify(order, found)
        os.fsync(descriptor)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)
    return found


def _read_at_once(order: StageOrder, line: Line) -> bytearray | None:
    """The file, where it comes without trouble; else it is left to patient hands: None."""
    if line.bucket.is_limited:
        return None
    wanted = wanted_of(order, order.address(), None)
    try:
        return line.connections.read_whole(wanted)
    except (Unreachable, Lapsed):
        return None


class _Fetch:
    """One large file: hands that fetch, a scribe that syncs, a reader that hashes."""

    def __init__(self, order: StageOrder, part: Path, line: Line, journal: Journal) -> None:
        self._order = order
        self._part = part
        self._line = line
        self._journal = journal
        self._state = State(part.with_suffix(".state"), order.stored, order.size)
        self._hashed = 0

    def run(self, progress: Progress) -> str:
        order = self._order
        there = self._journal.recover(self._part, order.size)
        _make_room(self._part.parent, order.size, held=_held(self._part))
        descriptor = os.open(self._part, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            if os.fstat(descriptor).st_size > order.size:
                os.ftruncate(descriptor, order.size)
            os.posix_fallocate(descriptor, 0, order.size)
            self._journal.begin(there)
            parts = Parts(order.size, there)
            line = (self._line.connections, _share(order, parts, self._line))
            hands = Hands(order, descriptor, parts, line, self._journal.add)
            return self._watch(hands, descriptor, progress)
        finally:
            os.close(descriptor)

    def _watch(self, hands: Hands, descriptor: int, progress: Progress) -> str:
        """Let all of them work until the file is whole and hashed; raises what stopped them."""
        found: list[str] = []
        others = [
            threading.Thread(target=self._guarded, args=(hands, work), daemon=True, name=name)
            for name, work in (
                ("stage-sync", lambda: self._keep_synced(hands, descriptor)),
                ("stage-hash", lambda: found.append(self._hash(hands, descriptor))),
            )
        ]
        for thread in others:
            thread.start()
        try:
            with contextlib.suppress(Gone):
                while not hands.wait(_WINDOW):
                    self._tell(hands, progress)
        finally:
            hands.end()
            for thread in others:
                while thread.is_alive():
                    thread.join(_WINDOW)
                    self._tell(hands, progress)
        hands.raise_trouble()
        os.fsync(descriptor)
        return found[0]

    def _guarded(self, hands: Hands, work: Callable[[], None]) -> None:
        try:
            work()
        except Gone:
            pass
        except Exception as error:  # noqa: BLE001  # it is raised again by the thread that waits
            hands.fail(error)

    def _tell(self, hands: Hands, progress: Progress) -> None:
        done = hands.done
        if done < self._order.size:
            progress(done, self._order.size)
            self._state.tell(done, TransferStep.FETCHING, time.monotonic())
        else:
            self._state.tell(self._hashed, TransferStep.VERIFYING, time.monotonic())

    def _keep_synced(self, hands: Hands, descriptor: int) -> None:
        """Bring to the disk what came, over and over, until the hands are done."""
        while hands.wait_for_more(_SYNC_BYTES, _SYNC_EVERY):
            self._journal.sync(descriptor)
        self._journal.sync(descriptor)

    def _hash(self, hands: Hands, descriptor: int) -> str:
        """Hash the file from its start while the rest of it still comes."""
        digest = hashlib.sha256()
        buffer = memoryview(bytearray(_READ))
        at = 0
        while at < self._order.size:
            ready = hands.wait_until_ready(at, min(at + _READ, self._order.size))
            while at < ready:
                count = os.preadv(descriptor, [buffer[: min(_READ, ready - at)]], at)
                digest.update(buffer[:count])
                at += count
                self._hashed = at
        return digest.hexdigest()


def _share(order: StageOrder, parts: Parts, line: Line) -> Share:
    left = order.size - parts.done
    return Share(line.bucket, left=left, due=order.due, now=time.monotonic())


def _make_room(folder: Path, size: int, *, held: int = 0) -> None:
    """Refuse early what the disk cannot hold; `held` bytes of it are there."""
    disk = os.statvfs(folder)
    free = disk.f_bavail * disk.f_frsize
    if size - held > free - RESERVE:
        raise Unreachable(
            f"the disk is full: {size - held} bytes are needed, {max(0, free - RESERVE)} are free"
        )


def _held(part: Path) -> int:
    return part.stat().st_blocks * 512 if part.exists() else 0
