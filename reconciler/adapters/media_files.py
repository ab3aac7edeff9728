"""One node's media folder: what is whole in it, bringing a local file in, taking one out.

A file appears under its name by one rename, so whatever is there is whole. Files that begin with
a dot are under way.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote

from reconciler.errors import Rejected, Unreachable
from reconciler.model.media import StagedSeen
from reconciler.ports import Progress, StageOrder
from reconciler.sidecar.disk import sync_folder

_CHUNK = 1 << 20  # bytes copied between two words of progress
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_SCHEME = "file://"


def staged(media: Path) -> Mapping[str, StagedSeen]:
    """Every whole file, by name."""
    found: dict[str, StagedSeen] = {}
    with contextlib.suppress(FileNotFoundError), os.scandir(media) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            with contextlib.suppress(FileNotFoundError):
                if entry.is_file():
                    found[entry.name] = StagedSeen(stored=entry.name, size=entry.stat().st_size)
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

    Raises `Rejected` where the source is missing, of another size or of a scheme that is not a
    file's, `Unreachable` where the disk is full or fails.
    """
    stored, size = order.stored, order.size
    target = _inside(media, stored)
    staged = StagedSeen(stored=stored, size=size)
    with contextlib.suppress(FileNotFoundError):
        if target.stat().st_size == size:
            progress(size, size)
            return staged
    source = local_path(order.address())
    if source is None:
        raise Rejected(
            f"{stored}: {order.uri}: only local files can be staged here", system="media"
        )
    try:
        media.mkdir(parents=True, exist_ok=True)
        _bring(source, target, size=size, progress=progress)
    except FileNotFoundError as error:
        raise Rejected(f"{stored}: {source}: there is no such file", system="media") from error
    except OSError as error:
        why = "the disk is full" if error.errno in _FULL else error.strerror or str(error)
        raise Unreachable(f"{stored}: copy from {source}: {why}", system="media") from error
    return staged


def evict(media: Path, stored: str) -> None:
    """Remove `stored`, or do nothing if it is not there."""
    try:
        _inside(media, stored).unlink(missing_ok=True)
    except OSError as error:
        raise Unreachable(f"{stored}: evict: {error.strerror}", system="media") from error


def _inside(media: Path, stored: str) -> Path:
    if not stored or stored.startswith(".") or "/" in stored:
        raise Rejected(f"media: a stored name cannot be {stored!r}", system="media")
    return media / stored


def _bring(source: Path, target: Path, *, size: int, progress: Progress) -> None:
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
