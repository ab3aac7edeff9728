"""Keeps parsed lineup files on disk, by content, so that a commit costs the files that it touches.

One SQLite file holds them; whatever is wrong with it, it is made anew, since losing it costs time
alone. Entries made by other code than this are never seen: what is kept depends on how it was
parsed.
"""

from __future__ import annotations

import sqlite3
import threading
import zlib
from collections.abc import Callable, Collection, Mapping
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

import reconciler.lineup

T = TypeVar("T")

_ASKED = 500  # keys in one statement; SQLite's own limit is higher everywhere
_MOST_BYTES = 1 << 30  # when the file outgrows it, all is dropped and kept again as it is met
_PATIENCE = 5.0  # seconds to wait for another process's write


class DiskParseCache:
    """Parsed files in `folder`; shared by processes, and safe to lose or to kill at any time.

    `trouble` says why nothing is kept, when that is so.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / f"parsed-{_code_digest()}.sqlite"
        self._lock = threading.Lock()
        self._database: sqlite3.Connection | None = None
        self.trouble = ""

    def find(self, keys: Collection[str]) -> Mapping[str, bytes]:
        """What is held of these; nothing while the file cannot be used."""
        wanted = list(keys)

        def read(database: sqlite3.Connection) -> dict[str, bytes]:
            found: dict[str, bytes] = {}
            for start in range(0, len(wanted), _ASKED):
                part = wanted[start : start + _ASKED]
                marks = ",".join("?" * len(part))
                rows = database.execute(
                    f"select key, entry from parsed where key in ({marks})",  # noqa: S608  # question marks only
                    part,
                )
                found.update((key, entry[4:]) for key, entry in rows if _is_whole(entry))
            return found

        return self._try(read) or {}

    def keep(self, entries: Mapping[str, bytes]) -> None:
        """Hold these, in one transaction."""
        if not entries:
            return

        def write(database: sqlite3.Connection) -> None:
            rows = [(key, _sum(entry) + entry) for key, entry in entries.items()]
            with database:
                database.executemany("insert or replace into parsed values (?, ?)", rows)

        self._try(write)

    def close(self) -> None:
        """Let go of the file; it is opened again when needed."""
        with self._lock:
            if self._database is not None:
                self._database.close()
                self._database = None

    def _try(self, act: Callable[[sqlite3.Connection], T]) -> T | None:
        """Act on the file; when it is damaged, make it anew and act once more."""
        with self._lock:
            for _ in range(2):
                try:
                    if self._database is None:
                        self._database = self._open()
                    result = act(self._database)
                except (
                    sqlite3.OperationalError
                ) as error:  # busy, full, read-only: it is not damaged
                    self.trouble = f"{self._path}: {error}"
                    return None
                except sqlite3.DatabaseError as error:
                    self.trouble = f"{self._path}: {error}"
                    self._drop()
                except OSError as error:
                    self.trouble = f"{self._path}: {error.strerror}"
                    return None
                else:
                    self.trouble = ""
                    return result
            return None

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        for other in self._path.parent.glob("parsed-*.sqlite*"):
            if not other.name.startswith(self._path.name):
                other.unlink(missing_ok=True)
        if self._path.exists() and self._path.stat().st_size > _MOST_BYTES:
            self._path.unlink(missing_ok=True)
        database = sqlite3.connect(self._path, timeout=_PATIENCE, check_same_thread=False)
        try:
            # A lost write is parsed again: durability would only cost time.
            database.execute("pragma synchronous = off")
            database.execute(
                "create table if not exists parsed (key text primary key, entry blob) without rowid"
            )
        except sqlite3.Error:
            database.close()
            raise
        return database

    def _drop(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None
        self._path.unlink(missing_ok=True)


def _sum(entry: bytes) -> bytes:
    """A check sum: a flipped bit on disk must not become a lineup that nobody wrote."""
    return zlib.crc32(entry).to_bytes(4, "big")


def _is_whole(stored: object) -> bool:
    return isinstance(stored, bytes) and stored[:4] == _sum(stored[4:])


def _code_digest() -> str:
    """A digest of the code that parses: entries of another version are another file's."""
    folder = Path(reconciler.lineup.__file__).parent
    sources = sorted(folder.glob("*.py"))
    return sha256(b"\0".join(path.read_bytes() for path in sources)).hexdigest()[:12]
