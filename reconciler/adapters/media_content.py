"""A node's fetched media by content: one copy on the disk, whatever the names that it is played by.

In the media folder, `.content/` holds each content under the digest of its bytes, and under the
name that it was ordered by; what is played are hard links to it. Content that nothing links to is
removed with its last name. Part files, their journals and locks stand beside it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import time
import weakref
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import Condition, Lock

from reconciler.adapters.transfer import SMALL
from reconciler.adapters.transfer_state import read_state
from reconciler.errors import Rejected, Unreachable
from reconciler.model.media import TransferSeen
from reconciler.model.orders import StageOrder
from reconciler.sidecar import file_lock
from reconciler.sidecar.disk import sync_folder

FOLDER = ".content"
_DIGEST = "sha256-"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{7,99}")
_POLL = 0.1  # seconds between looks at a lock
_LINKS_POLL = 0.002
_SYNC_EVERY = 1.0  # seconds; a power cut may cost the names of small files of so long
_LINKS_WITHIN = 10.0  # seconds for somebody else's links; they take milliseconds
_STALE = 3 * 86_400  # seconds after which what nobody resumed is removed


class Contents:
    """The content of one media folder; any number of threads and processes may work at it."""

    def __init__(self, media: Path) -> None:
        self._media = media
        self._folder = media / FOLDER
        self._links = Lock()
        self._held = Condition()
        self._names_held: set[str] = set()
        self._syncs = Lock()
        self._linked = 0
        self._synced = 0
        self._synced_at = float("-inf")
        self._kept: list[int] = []
        weakref.finalize(self, _close_all, self._kept)

    def part(self, order: StageOrder) -> Path:
        """Where the order's bytes are brought to.

        A small file's is this process's own: it is not resumed, and another may bring the same.
        """
        mine = f".{os.getpid()}" if order.size <= SMALL else ""
        return self._folder / f"{_checked(order.content)}{mine}.part"

    def find(self, order: StageOrder) -> Path | None:
        """The order's content, if it is here whole."""
        names = [_checked(order.content)]
        if order.sha256 is not None:
            names.insert(0, _DIGEST + order.sha256.lower())
        for name in names:
            path = self._folder / name
            if _size(path) == order.size:
                return path
        return None

    @contextmanager
    def held(self, order: StageOrder, patience: float) -> Iterator[None]:
        """Hold the order's content against all others; waits for whoever brings it now.

        Raises `Unreachable` where another still holds it after `patience` seconds.
        """
        self._be_there()
        held = self._held_here if order.size <= SMALL else self._held_by_all
        with held(_checked(order.content), patience) as is_ours:
            if not is_ours:
                raise Unreachable(
                    f"{order.stored}: another process stages the same content; the next pass will"
                    " look again",
                    system="media",
                )
            yield

    def admit(self, order: StageOrder, part: Path, digest: str, *, anew: bool = False) -> None:
        """Make a whole part file the order's content, and let it be played by the order's name.

        Equal bytes that are here already stay, and the part goes; `anew`, they are what goes, and
        every name that was played from them is moved.
        """
        path, known_as = self._folder / (_DIGEST + digest), self._folder / order.content
        with self._linking():
            if not anew and _size(path) == order.size:
                part.unlink()
            else:
                self._replace(part, path, known_as)
            if known_as != path:
                _link(path, known_as)
            _link(path, self._media / order.stored)
        self._sync(at_once=order.size > SMALL)

    def play(self, content: Path, stored: str) -> None:
        """Let `content` be played as `stored`; raises `FileNotFoundError` if it went meanwhile."""
        with self._linking():
            _link(content, self._media / stored)
        self._sync()

    def drop(self, stored: str) -> None:
        """Take a name away, and the content with its last name."""
        target = self._media / stored
        with self._linking():
            try:
                seen = target.stat()
            except FileNotFoundError:
                return
            target.unlink()
            mine = self._by_inode().get(seen.st_ino, [])
            if mine and mine[0].stat().st_nlink == len(mine):
                for path in mine:
                    path.unlink()

    def digests(self) -> Mapping[int, str]:
        """SHA-256 by inode, of all that was fetched here."""
        return {
            inode: path.name.removeprefix(_DIGEST)
            for inode, paths in self._by_inode().items()
            for path in paths
            if path.name.startswith(_DIGEST)
        }

    def under_way(self) -> tuple[TransferSeen, ...]:
        """What is not whole yet, sorted by the name that it is fetched for."""
        found = (
            read_state(path, is_moving=file_lock.is_locked(path.with_suffix(".lock")))
            for path in self._folder.glob("*.state")
        )
        return tuple(sorted((seen for seen in found if seen), key=lambda seen: seen.stored))

    def sweep(self, now: float) -> None:
        """Remove what was begun long ago and never resumed, or fetched and never played.

        `now` is on the wall.
        """
        for path in self._folder.glob("*.part"):
            lock = path.with_suffix(".lock")
            with contextlib.suppress(OSError), _locked(lock, 0) as is_ours:
                if is_ours and now - path.stat().st_mtime > _STALE:
                    for suffix in (".part", ".journal", ".state"):
                        path.with_suffix(suffix).unlink(missing_ok=True)

        with self._linking():
            for paths in self._by_inode().values():
                seen = paths[0].stat()
                if seen.st_nlink == len(paths) and now - seen.st_mtime > _STALE:
                    for path in paths:
                        path.unlink()

    def _held_by_all(self, name: str, patience: float) -> AbstractContextManager[bool]:
        return _locked(self._folder / f"{name}.lock", patience)

    @contextmanager
    def _held_here(self, name: str, patience: float) -> Iterator[bool]:
        """Within this process; a second fetch by another costs less than a lock on the disk."""
        with self._held:
            if not self._held.wait_for(lambda: name not in self._names_held, patience):
                yield False
                return
            self._names_held.add(name)
        try:
            yield True
        finally:
            with self._held:
                self._names_held.discard(name)
                self._held.notify_all()

    def _be_there(self) -> None:
        if not self._folder.is_dir():
            self._folder.mkdir(parents=True, exist_ok=True)

    def _replace(self, part: Path, path: Path, known_as: Path) -> None:
        before = {inode for inode in (_inode(path), _inode(known_as)) if inode is not None}
        part.replace(path)
        for name in _names(self._media) if before else ():
            if _inode(self._media / name) in before:
                _link(path, self._media / name)

    def _by_inode(self) -> dict[int, list[Path]]:
        found: dict[int, list[Path]] = {}
        with contextlib.suppress(FileNotFoundError), os.scandir(self._folder) as entries:
            for entry in entries:
                if "." not in entry.name:
                    found.setdefault(entry.inode(), []).append(Path(entry.path))
        return found

    def digest_of(self, content: Path) -> str | None:
        """The SHA-256 of content that is here, by whichever of its names."""
        if content.name.startswith(_DIGEST):
            return content.name.removeprefix(_DIGEST)
        return self.digests().get(content.stat().st_ino)

    @contextmanager
    def _linking(self) -> Iterator[None]:
        with self._links:
            descriptor = self._links_file()
            if not file_lock.take(descriptor, _LINKS_WITHIN, poll=_LINKS_POLL):
                raise Unreachable("media: another process holds its links", system="media")
            try:
                yield
                self._linked += 1
            finally:
                fcntl.flock(descriptor, fcntl.LOCK_UN)

    def _links_file(self) -> int:
        """The lock of all links, kept open; it is made again if its folder went meanwhile."""
        kept = self._kept[0] if self._kept else None
        if kept is not None and os.fstat(kept).st_nlink:
            return kept
        self._be_there()
        made = os.open(self._folder / ".links", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        _close_all(self._kept)
        self._kept.append(made)
        return made

    def _sync(self, *, at_once: bool = True) -> None:
        """Make names outlive a power cut; one sync serves all who wait for it.

        What is not synced `at_once` is so within moments, by the next name or by the kernel.
        """
        mine = self._linked
        if not at_once and time.monotonic() - self._synced_at < _SYNC_EVERY:
            return
        with self._syncs:
            if self._synced < mine:
                upto = self._linked
                self._synced_at = time.monotonic()
                sync_folder(self._media)
                self._synced = upto


def _checked(name: str) -> str:
    if _NAME.fullmatch(name) is None:
        raise Rejected(f"media: a content cannot be named {name!r}", system="media")
    return name


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def _names(media: Path) -> list[str]:
    return [name for name in os.listdir(media) if not name.startswith(".")]  # noqa: PTH208  # names alone


def _link(content: Path, target: Path) -> None:
    """Put a hard link in place at once, over what may be there."""
    with contextlib.suppress(FileExistsError):
        os.link(content, target)
        return
    fresh = target.with_name(f".{target.name}.{os.getpid()}.link")
    fresh.unlink(missing_ok=True)
    try:
        os.link(content, fresh)
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)  # a rename onto the same file leaves both names


@contextmanager
def _locked(path: Path, patience: float) -> Iterator[bool]:
    """Hold a lock file, which goes with its last holder."""
    deadline = time.monotonic() + patience
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if not file_lock.take(descriptor, deadline - time.monotonic(), poll=_POLL):
                yield False
                return
            if os.fstat(descriptor).st_ino != _inode(path):
                continue  # it went with its last holder, between our opening and locking it
            try:
                yield True
            finally:
                path.unlink(missing_ok=True)
            return
        finally:
            os.close(descriptor)


def _close_all(descriptors: list[int]) -> None:
    while descriptors:
        os.close(descriptors.pop())
