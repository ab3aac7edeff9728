"""Reads a lineup's files from disk: a git work tree, or a plain folder.

Content ids are computed as git does, so that a file that is committed as it is keeps its id. A file
that did not change since it was last read (by size and times) is not read again.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from stat import S_ISLNK, S_ISREG

from reconciler.errors import Fault, Rejected, Unreachable
from reconciler.lineup.tree import Tree, blob_id

_SETTLED_NS = 100_000_000  # a file changed more recently may change again within one clock tick
_MOST_FILES = 200_000  # more is not a lineup but somebody's home folder

_Look = tuple[int, int, int, int]  # size, change and modification times, inode


def is_wanted(path: str) -> bool:
    """Whether a path may be a lineup's file: YAML, and not hidden."""
    return path.endswith((".yaml", ".yml")) and not path.startswith(".") and "/." not in path


def text_path(path: str) -> str:
    """A path that can be shown: bytes that are not UTF-8 are written as escapes."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def refused(path: str, found: str) -> Fault:
    """Say that an entry can be no file of a lineup."""
    return Fault(file=text_path(path), line=0, field="", problem=f"expected a file, found {found}")


def list_folder(folder: Path) -> set[str]:
    """Every file below a plain folder, by relative path; hidden folders are left out."""
    found: set[str] = set()
    for here, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        inside = os.path.relpath(here, folder)
        found.update(name if inside == "." else f"{inside}/{name}" for name in files)
        if len(found) > _MOST_FILES:
            raise Rejected(f"{folder}: expected a lineup, found over {_MOST_FILES} files")
    return found


class DiskFiles:
    """The files of one folder, remembering the ids of those that stay as they are."""

    def __init__(self, folder: Path, algorithm: str) -> None:
        self._folder = folder
        self._algorithm = algorithm
        self._known: dict[str, tuple[_Look, str]] = {}
        self._newest_ns = 0

    def tree(self, names: Iterable[str]) -> Tree:
        """The wanted ones among `names`, as they are now; a name with no file is left out."""
        held: dict[str, bytes] = {}
        ids: dict[str, str] = {}
        faults: list[Fault] = []
        self._newest_ns = 0
        for name in sorted(names):
            if not is_wanted(name):
                continue
            if text_path(name) != name:
                faults.append(refused(name, "a name that is not UTF-8"))
                continue
            found = self._look(name, held)
            if isinstance(found, Fault):
                faults.append(found)
            elif found is not None:
                ids[name] = found
        self._known = {name: each for name, each in self._known.items() if name in ids}

        def fetch(paths: Sequence[str]) -> Iterator[tuple[str, bytes]]:
            for path in paths:
                content = held.pop(path, None)
                yield path, self._again(path, ids[path]) if content is None else content

        return Tree(blobs=ids, fetch=fetch, refused=tuple(faults))

    def saved_at(self) -> datetime:
        """When the newest file that `tree` saw was saved, in local time."""
        return datetime.fromtimestamp(self._newest_ns / 1e9).astimezone()

    def _look(self, name: str, held: dict[str, bytes]) -> str | Fault | None:
        try:
            stat = os.lstat(self._folder / name)
        except (FileNotFoundError, NotADirectoryError):
            return None
        if S_ISLNK(stat.st_mode):
            return refused(name, "a symbolic link")
        if not S_ISREG(stat.st_mode):
            return refused(name, "something that is not a file")
        self._newest_ns = max(self._newest_ns, stat.st_mtime_ns)
        look = (stat.st_size, stat.st_ctime_ns, stat.st_mtime_ns, stat.st_ino)
        known = self._known.get(name)
        if known is not None and known[0] == look:
            return known[1]
        content = self._content(name)
        held[name] = content
        found = blob_id(content, self._algorithm)
        if time.time_ns() - stat.st_ctime_ns > _SETTLED_NS:
            self._known[name] = (look, found)
        return found

    def _again(self, name: str, wanted: str) -> bytes:
        content = self._content(name)
        if blob_id(content, self._algorithm) != wanted:
            self._known.pop(name, None)
            raise Unreachable(f"{self._folder / name}: changed while it was read; try again")
        return content

    def _content(self, name: str) -> bytes:
        try:
            return (self._folder / name).read_bytes()
        except OSError as error:
            raise Unreachable(f"{self._folder / name}: cannot be read: {error.strerror}") from error
