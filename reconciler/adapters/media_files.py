"""One node's media folder: what is whole in it, bringing a file in, taking one out.

A file appears under its name by one rename, so whatever is there is whole. What begins with a dot
is under way, or is the content that names are links to.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote

from reconciler.adapters.media_content import Contents
from reconciler.adapters.transfer import SMALL, Line, fetch
from reconciler.errors import Rejected, Unreachable
from reconciler.model.media import StagedSeen, TransferSeen
from reconciler.model.orders import StageOrder
from reconciler.ports import Progress
from reconciler.sidecar.disk import sync_folder, why

_CHUNK = 1 << 20  # bytes copied between two words of progress
_SCHEME = "file://"
_PATIENCE = 600.0  # seconds for another's transfer of the same content; a pass later asks again
_LOOKS = 3  # content may be evicted between being found and being linked; not for ever


class MediaFolder:
    """The media of one node, on `line`."""

    def __init__(self, media: Path, line: Line, patience: float = _PATIENCE) -> None:
        self._media = media
        self._line = line
        self._patience = patience
        self._contents = Contents(media)
        self._swept = False

    def staged(self) -> Mapping[str, StagedSeen]:
        """Every whole file, by name."""
        return staged(self._media, self._contents.digests())

    def under_way(self) -> tuple[TransferSeen, ...]:
        """What is being brought, sorted by name."""
        return self._contents.under_way()

    def stage(self, order: StageOrder, progress: Progress) -> StagedSeen:
        """Bring the order's file in; or do nothing if it is here. See `NodeControl.stage`."""
        target = _inside(self._media, order.stored)
        with contextlib.suppress(FileNotFoundError):
            if target.stat().st_size == order.size:
                progress(order.size, order.size)
                return _seen(order)
        if local_path(order.uri) is not None:
            return stage(self._media, order, progress)
        with _reported(order):
            self._sweep()
            for _ in range(_LOOKS):
                with contextlib.suppress(FileNotFoundError):
                    return self._bring(order, progress)
        raise Unreachable(f"{order.stored}: its content went again and again", system="media")

    def restage(self, order: StageOrder, progress: Progress) -> StagedSeen:
        """Fetch the order's file anew; the one that is here stays until the new one is whole."""
        target = _inside(self._media, order.stored)
        with _reported(order):
            if local_path(order.uri) is not None:
                target.unlink(missing_ok=True)
                return stage(self._media, order, progress)
            with self._contents.held(order, self._patience):
                return self._fetch(order, progress, anew=True)

    def evict(self, stored: str) -> None:
        """Remove `stored`, or do nothing if it is not there."""
        _inside(self._media, stored)
        try:
            self._contents.drop(stored)
        except OSError as error:
            raise Unreachable(f"{stored}: evict: {error.strerror}", system="media") from error

    def _bring(self, order: StageOrder, progress: Progress) -> StagedSeen:
        content = self._contents
        found = content.find(order) if order.size > SMALL else None
        if found is None:
            with content.held(order, self._patience):
                found = content.find(order)
                if found is None:
                    return self._fetch(order, progress)
        digest = content.digest_of(found)
        content.play(found, order.stored)
        progress(order.size, order.size)
        return _seen(order, digest)

    def _fetch(self, order: StageOrder, progress: Progress, *, anew: bool = False) -> StagedSeen:
        part = self._contents.part(order)
        digest = fetch(order, part, self._line, progress)
        self._contents.admit(order, part, digest, anew=anew)
        return _seen(order, digest)

    def _sweep(self) -> None:
        if not self._swept:
            self._swept = True
            self._contents.sweep(time.time())


def staged(media: Path, digests: Mapping[int, str] | None = None) -> Mapping[str, StagedSeen]:
    """Every whole file, by name; `digests` are SHA-256 by inode."""
    known = digests or {}
    found: dict[str, StagedSeen] = {}
    with contextlib.suppress(FileNotFoundError), os.scandir(media) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            with contextlib.suppress(FileNotFoundError):
                if entry.is_file():
                    seen = entry.stat()
                    found[entry.name] = StagedSeen(
                        stored=entry.name, size=seen.st_size, sha256=known.get(seen.st_ino)
                    )
    return dict(sorted(found.items()))


def local_path(uri: str) -> Path | None:
    """The file that a `file://` uri or a plain path names; None for any other scheme.

    `file:///media/x` is absolute; `file://../media/x` counts from wherever its reader says.
    """
    if uri.startswith(_SCHEME):
        return Path(unquote(uri.removeprefix(_SCHEME).removeprefix("localhost")))
    return None if "://" in uri else Path(uri)


def stage(media: Path, order: StageOrder, progress: Progress) -> StagedSeen:
    """Bring a local file in: by hard link on the same disk, else by a copy.

    Raises `Rejected` where the source is missing or of another size, `Unreachable` where the disk
    is full or fails.
    """
    stored, size = order.stored, order.size
    target = _inside(media, stored)
    source = local_path(order.address())
    if source is None:
        raise Rejected(f"{stored}: {order.uri}: this is no local file", system="media")
    try:
        media.mkdir(parents=True, exist_ok=True)
        _copy_in(source, target, size=size, progress=progress)
    except FileNotFoundError as error:
        raise Rejected(f"{stored}: {source}: there is no such file", system="media") from error
    except OSError as error:
        raise Unreachable(f"{stored}: copy from {source}: {why(error)}", system="media") from error
    return _seen(order)


def _seen(order: StageOrder, digest: str | None = None) -> StagedSeen:
    return StagedSeen(stored=order.stored, size=order.size, sha256=digest)


@contextmanager
def _reported(order: StageOrder) -> Iterator[None]:
    """Turn the disk's errors into ours; a file that went meanwhile is for the caller to judge."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Unreachable(f"{order.stored}: {order.uri}: {why(error)}", system="media") from error


def _inside(media: Path, stored: str) -> Path:
    if not stored or stored.startswith(".") or "/" in stored:
        raise Rejected(f"media: a stored name cannot be {stored!r}", system="media")
    return media / stored


def _copy_in(source: Path, target: Path, *, size: int, progress: Progress) -> None:
    fresh = target.with_name(f".{target.name}.{os.getpid()}.part")
    fresh.unlink(missing_ok=True)
    try:
        if not _link(source, fresh):
            _copy(source, fresh, size=size, progress=progress)
        found = fresh.stat().st_size
        if found != size:
            raise Rejected(
                f"{target.name}: {source}: expected {size} bytes, found {found};"
                " it was changed since it was probed",
                system="media",
            )
        fresh.replace(target)
        sync_folder(target.parent)
    finally:
        fresh.unlink(missing_ok=True)
    progress(size, size)


def _link(source: Path, fresh: Path) -> bool:
    try:
        os.link(source.resolve(strict=True), fresh)
    except FileNotFoundError:
        raise
    except OSError:
        return False
    return True


def _copy(source: Path, fresh: Path, *, size: int, progress: Progress) -> None:
    done = 0
    with source.open("rb") as reader, fresh.open("xb") as writer:
        while chunk := reader.read(_CHUNK):
            writer.write(chunk)
            done += len(chunk)
            progress(done, max(size, done))
        writer.flush()
        os.fsync(writer.fileno())
    shutil.copystat(source, fresh)
