"""Small files that must be whole whenever they are read."""

from __future__ import annotations

import errno
import json
import logging
import os
import shutil
from pathlib import Path

log = logging.getLogger(__name__)

ENGINE_FILE = "engine.json"  # the engine's process, and how it is reached
GUARD_FILE = "guard.json"  # the process that ends an engine whose sidecar cannot
ENDING_FILE = "ending"  # there while the sidecar of this folder was told to end: nobody starts it
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
LOG_MOST = 8 << 20  # bytes of one log, before it is cut


def write_whole(path: Path, content: bytes, *, mode: int = 0o600, sync: bool = True) -> None:
    """Put `content` at `path` so that a reader, or a power cut, finds the old or the new, whole.

    Without `sync` a power cut may leave neither: for what is worth nothing after one.
    """
    fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            if sync:
                os.fsync(file.fileno())
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
    if sync:
        sync_folder(path.parent)


def write_json(path: Path, value: object, *, mode: int = 0o600, sync: bool = True) -> None:
    """Put `value` at `path` as JSON, whole."""
    write_whole(path, json.dumps(value, ensure_ascii=False).encode(), mode=mode, sync=sync)


def read_json(path: Path) -> object:
    """Read JSON, or None when the file is absent or not JSON."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None


def why(error: OSError) -> str:
    """Why the disk did not do it, for a message."""
    return "the disk is full" if error.errno in FULL else error.strerror or str(error)


def sync_folder(folder: Path) -> None:
    """Make a rename in `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def unusable(folder: Path) -> str:
    """Make a folder, unless there is one; returns why nothing can be written there, or nothing."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return f"{folder}: {error.strerror}"
    return "" if os.access(folder, os.W_OK | os.X_OK) else f"{folder}: {os.strerror(errno.EACCES)}"


def names_in(media: Path) -> frozenset[str]:
    """Every whole file of a media folder; what begins with a dot is under way."""
    try:
        return frozenset(path.name for path in media.iterdir() if not path.name.startswith("."))
    except OSError:
        return frozenset()


def cut_log(path: Path) -> None:
    """Keep a log from filling the disk: its writers append, so it can be emptied under them."""
    try:
        if path.stat().st_size > LOG_MOST:
            shutil.copyfile(path, path.with_suffix(".log.1"))
            with path.open("r+b") as file:
                file.truncate(0)
    except OSError as error:
        log.debug("%s: %s", path.name, error.strerror)
