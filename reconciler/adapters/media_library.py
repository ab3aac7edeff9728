"""Assets in folders of this machine: which file a house number means, and what is in it.

`MediaLibrary` over `assets.yaml` and the lineup's media patterns. A file is probed once for its
path, size and time of change; what was found is kept on disk between runs.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from glob import escape, glob
from pathlib import Path

from reconciler.adapters.media_files import local_path
from reconciler.adapters.media_probe import ProbeCache
from reconciler.model.desired import DesiredAsset, MediaSource
from reconciler.model.ids import AssetId
from reconciler.model.media import AssetFact

_SAFE = re.compile(r"[^A-Za-z0-9._-]+")
_BESIDE = frozenset(
    ["json", "md", "md5", "nfo", "part", "sha256", "srt", "tmp", "txt", "vtt", "xml", "yaml", "yml"]
)
_MARK = 12  # hex digits of the content's fingerprint in a stored name
_ENDS = 1 << 20  # bytes read at each end of a file for its fingerprint
_PLACES = 16  # and evenly between them
_SAMPLE = 1 << 16  # bytes at each


@dataclass(frozen=True, slots=True)
class _Found:
    """Where an asset is, or why it is nowhere."""

    uri: str
    path: Path | None = None
    problem: str = ""


class LocalLibrary:
    """Media in local folders; relative patterns count from `base`, the lineup's folder."""

    def __init__(self, base: Path, cache: Path) -> None:
        self._base = base.absolute()
        self._probes = ProbeCache(cache)
        self._folders: dict[Path, Mapping[str, tuple[str, ...]]] = {}

    def catalogue(
        self,
        wanted: Iterable[AssetId],
        assets: Mapping[AssetId, DesiredAsset],
        sources: Sequence[MediaSource],
    ) -> Mapping[AssetId, AssetFact]:
        """Facts of every wanted asset, sorted by id; a problem is a fact, not an error."""
        self._folders = {}
        facts = {
            asset: self._fact(asset, assets.get(asset), sources) for asset in sorted(set(wanted))
        }
        self._probes.save()
        return facts

    def _fact(
        self, asset: AssetId, declared: DesiredAsset | None, sources: Sequence[MediaSource]
    ) -> AssetFact:
        found = self._find(asset, declared, sources)
        if found.path is None:
            return AssetFact(asset=asset, uri=found.uri, stored="", problem=found.problem)
        try:
            status = found.path.stat()
            if status.st_size == 0:
                return _damaged(asset, found.path, "", f"{found.path.name} is empty")
            probed = self._probes.probe(found.path, status, fingerprint)
        except FileNotFoundError:
            return _damaged(asset, found.path, "", f"{found.path} is missing")
        except OSError as error:
            return _damaged(asset, found.path, "", f"{found.path}: {error.strerror}")
        stored = stored_name(asset, found.path, probed.mark)
        if probed.problem:
            return _damaged(asset, found.path, stored, f"{found.path.name}: {probed.problem}")
        problem = self._against(declared, found.path, status)
        return AssetFact(
            asset=asset,
            uri=found.path.as_uri(),
            stored=stored,
            size=status.st_size,
            duration=probed.duration,
            still=probed.still,
            problem=problem,
        )

    def _against(
        self, declared: DesiredAsset | None, path: Path, status: os.stat_result
    ) -> str | None:
        """What contradicts the lineup's own words about the asset."""
        if declared is None or declared.sha256 is None:
            return None
        found = self._probes.sha256(path, status)
        if found == declared.sha256.lower():
            return None
        return f"{path.name}: expected sha256 {declared.sha256[:12]}…, found {found[:12]}…"

    def _find(
        self, asset: AssetId, declared: DesiredAsset | None, sources: Sequence[MediaSource]
    ) -> _Found:
        if declared is not None:
            return self._resolve(declared.uri)
        tried: list[_Found] = []
        for source in sources:
            if fnmatchcase(asset, source.match):
                found = self._resolve(source.uri, asset)
                if found.path is not None:
                    return found
                tried.append(found)
        if tried:
            return tried[0]
        return _Found("", problem=f"no entry in assets.yaml and no media pattern for {asset!r}")

    def _resolve(self, uri: str, asset: str = "") -> _Found:
        """The file that `uri` names, with `{asset}` standing for the house number."""
        shown = uri.replace("{asset}", asset)
        path = local_path(uri)
        if path is None:
            scheme = uri.partition("://")[0]
            return _Found(
                shown, problem=f"{shown}: {scheme} storage is not supported; use a local file"
            )
        pattern = path if path.is_absolute() else self._base / path
        if pattern.name == "{asset}.*" and not _is_pattern(str(pattern.parent)):
            matches = self._listed(pattern.parent).get(asset, ())
        else:
            matches = _glob(str(pattern).replace("{asset}", escape(asset)))
        if not matches:
            return _Found(shown, problem=f"{shown}: no such file")
        return _Found(shown, path=Path(os.path.normpath(matches[0])))

    def _listed(self, folder: Path) -> Mapping[str, tuple[str, ...]]:
        """A folder's files by everything that may stand before a dot, read once per catalogue."""
        if folder not in self._folders:
            by_stem: dict[str, list[str]] = {}
            with contextlib.suppress(OSError), os.scandir(folder) as entries:
                for entry in entries:
                    if not entry.name.startswith(".") and entry.is_file():
                        for stem in _stems(entry.name):
                            by_stem.setdefault(stem, []).append(entry.path)
            self._folders[folder] = {s: tuple(sorted(p, key=_rank)) for s, p in by_stem.items()}
        return self._folders[folder]


def _glob(pattern: str) -> tuple[str, ...]:
    return tuple(
        sorted(
            (
                p
                for p in glob(pattern)  # noqa: PTH207  # an absolute pattern
                if Path(p).is_file()
            ),
            key=_rank,
        )
    )


def _stems(name: str) -> Iterable[str]:
    return (name[:at] for at, character in enumerate(name) if character == ".")


def _rank(path: str) -> tuple[bool, str]:
    """Media before what people keep beside it."""
    return (path.rpartition(".")[2].lower() in _BESIDE, path)


def fingerprint(path: Path, size: int) -> str:
    """Digest a file's size, both its ends and samples between: cheap, whatever its size."""
    digest = hashlib.sha256(str(size).encode())
    with path.open("rb") as file:
        digest.update(file.read(_ENDS))
        for place in range(1, _PLACES + 1):
            file.seek(size * place // (_PLACES + 1))
            digest.update(file.read(_SAMPLE))
        file.seek(max(0, size - _ENDS))
        digest.update(file.read(_ENDS))
    return digest.hexdigest()[:_MARK]


def stored_name(asset: str, path: Path, mark: str) -> str:
    """The name that an asset of this content has on every node, safe on any disk."""
    slug = _SAFE.sub("-", asset).strip("-.") or "asset"
    return f"{slug[:80]}.{mark}{path.suffix.lower()}"


def _is_pattern(text: str) -> bool:
    return any(character in text for character in "*?[")


def _damaged(asset: AssetId, path: Path, stored: str, problem: str) -> AssetFact:
    return AssetFact(asset=asset, uri=path.as_uri(), stored=stored, problem=problem)
