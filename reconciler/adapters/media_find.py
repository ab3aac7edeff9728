"""Which file of this machine a house number means: `assets.yaml` first, then the media patterns.

A `Search` reads every folder once; the next pass begins a new one, or finds by `is_current` that
nothing came or went.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from glob import escape, glob
from pathlib import Path

from reconciler.adapters.media_files import local_path
from reconciler.model.ids import AssetId
from reconciler.model.sources import DesiredAsset, MediaSource

_BESIDE = frozenset(
    ["json", "md", "md5", "nfo", "part", "sha256", "srt", "tmp", "txt", "vtt", "xml", "yaml", "yml"]
)
_ANY_SUFFIX = "{asset}.*"
_SETTLED_NS = 100_000_000  # a folder changed more recently may change again within one clock tick


@dataclass(frozen=True, slots=True)
class Found:
    """Where an asset is, or (`path` empty) why it is nowhere."""

    uri: str
    path: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class _Pattern:
    """A uri of the lineup, taken apart. `folders` are set where a listing tells all of it."""

    path: str = ""
    folders: tuple[str, ...] | None = None
    scheme: str = ""  # of a uri that names no file


class Search:
    """One search; relative patterns count from `base`, the lineup's folder."""

    def __init__(self, base: Path) -> None:
        self._base = base
        self._patterns: dict[str, _Pattern] = {}
        self._folders: dict[str, Mapping[str, tuple[str, ...]]] = {}
        self._looks: dict[str, int | None] = {}

    def is_current(self) -> bool:
        """Whether every folder that was listed is as it was, as far as its own time tells."""
        return all(look is not None and look == _look(f) for f, look in self._looks.items())

    def find(
        self, asset: AssetId, declared: DesiredAsset | None, sources: Sequence[MediaSource]
    ) -> Found:
        """Where `asset` is: as declared, else by the first pattern that leads to a file."""
        if declared is not None:
            return self._resolve(declared.uri, "")
        first: Found | None = None
        for source in sources:
            if fnmatchcase(asset, source.match):
                found = self._resolve(source.uri, asset)
                if found.path:
                    return found
                first = first or found
        if first is not None:
            return first
        return Found("", problem=f"no entry in assets.yaml and no media pattern for {asset!r}")

    def _resolve(self, uri: str, asset: str) -> Found:
        """The file that `uri` names, with `{asset}` standing for the house number."""
        pattern = self._patterns.get(uri)
        if pattern is None:
            pattern = self._patterns[uri] = self._read(uri)
        shown = uri.replace("{asset}", asset)
        if pattern.scheme:
            problem = f"{shown}: {pattern.scheme} storage is not supported; use a local file"
            return Found(shown, problem=problem)
        if pattern.folders is None:
            matches = _glob(pattern.path.replace("{asset}", escape(asset)))
        elif len(pattern.folders) == 1:
            matches = self._listed(pattern.folders[0]).get(asset, ())
        else:
            every = (path for f in pattern.folders for path in self._listed(f).get(asset, ()))
            matches = tuple(sorted(every, key=rank))
        if not matches:
            return Found(shown, problem=f"{shown}: no such file")
        return Found(shown, os.path.normpath(matches[0]))

    def _read(self, uri: str) -> _Pattern:
        path = local_path(uri)
        if path is None:
            return _Pattern(scheme=uri.partition("://")[0])
        whole = str(path if path.is_absolute() else self._base / path)
        folder, name = os.path.split(whole)
        if name != _ANY_SUFFIX or "{asset}" in folder:
            return _Pattern(path=whole)
        if not _is_pattern(folder):
            return _Pattern(path=whole, folders=(folder,))
        return _Pattern(path=whole, folders=tuple(sorted(glob(folder))))  # noqa: PTH207  # an absolute pattern

    def _listed(self, folder: str) -> Mapping[str, tuple[str, ...]]:
        """A folder's files by everything that may stand before a dot."""
        if folder not in self._folders:
            self._looks[folder] = _look(folder)  # before the reading: what comes after is seen
            by_stem: dict[str, list[str]] = {}
            with contextlib.suppress(OSError), os.scandir(folder) as entries:
                for entry in entries:
                    if not entry.name.startswith(".") and entry.is_file():
                        for stem in _stems(entry.name):
                            by_stem.setdefault(stem, []).append(entry.path)
            self._folders[folder] = {s: tuple(sorted(p, key=rank)) for s, p in by_stem.items()}
        return self._folders[folder]


def _look(folder: str) -> int | None:
    """When a folder was changed last (0: it is not there); None while that is too fresh to tell."""
    try:
        changed = os.stat(folder).st_mtime_ns  # noqa: PTH116  # a text, and asked for often
    except OSError:
        return 0
    return changed if time.time_ns() - changed > _SETTLED_NS else None


def _glob(pattern: str) -> tuple[str, ...]:
    if not _is_pattern(pattern):
        return (pattern,) if os.path.isfile(pattern) else ()  # noqa: PTH113  # a text
    found = (p for p in glob(pattern) if os.path.isfile(p))  # noqa: PTH113, PTH207  # absolute
    return tuple(sorted(found, key=rank))


def _stems(name: str) -> Iterable[str]:
    return (name[:at] for at, character in enumerate(name) if character == ".")


def rank(path: str) -> tuple[bool, str]:
    """Media before what people keep beside it."""
    return (path.rpartition(".")[2].lower() in _BESIDE, path)


def _is_pattern(text: str) -> bool:
    return any(character in text for character in "*?[")
