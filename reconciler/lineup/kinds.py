"""What each file of a lineup's folder is, by its path alone."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from reconciler.lineup.findings import Finding, nearest
from reconciler.lineup.scalars import NAME_PATTERN, NAME_RULE


class Kind(Enum):
    """The files that a lineup is made of."""

    LINEUP = "lineup.yaml"
    NODES = "nodes.yaml"
    RECORDERS = "recorders.yaml"
    ACCESS = "access.yaml"
    ASSETS = "assets.yaml"
    CHANNEL = "channels/"
    PLAYLIST = "playlists/"


_SINGLE = {kind.value: kind for kind in Kind if not kind.value.endswith("/")}
_FOLDERS = {kind.value.rstrip("/"): kind for kind in Kind if kind.value.endswith("/")}


@dataclass(frozen=True, slots=True)
class Place:
    """One file: what it is, and the name that its path gives to what is in it."""

    kind: Kind
    name: str = ""


@dataclass(frozen=True, slots=True)
class Sorted:
    """A folder's files by what they are; the rest is refused or, with a warning, ignored."""

    places: dict[str, Place]
    findings: tuple[Finding, ...]
    warnings: tuple[str, ...]


def sort_out(paths: Iterable[str]) -> Sorted:
    """Tell what each path is. Hidden files and those that are not YAML are nobody's business."""
    places: dict[str, Place] = {}
    findings: list[Finding] = []
    warnings: list[str] = []
    for path in sorted(paths):
        if not path.endswith((".yaml", ".yml")) or path[0] == "." or "/." in path:
            continue
        found = _judge(path)
        if isinstance(found, Place):
            places[path] = found
        elif found:
            findings.append(Finding(path, (), found, 0))
        else:
            warnings.append(f"{path}: is no file of a lineup, and is ignored")
    return Sorted(places, tuple(findings), tuple(warnings))


def _judge(path: str) -> Place | str:
    folder, _, rest = path.partition("/")
    if not rest:
        return _judge_single(path)
    if folder not in _FOLDERS:
        hint = nearest(folder, _FOLDERS)
        return f"expected the folder channels or playlists, found `{folder}`{hint}" if hint else ""
    if path.endswith(".yml"):
        return f"expected a name that ends in .yaml, found {path!r}"
    kind = _FOLDERS[folder]
    name = rest.removesuffix(".yaml")
    if kind is Kind.CHANNEL and "/" in name:
        return "expected channels directly in channels/, found one in a subfolder"
    if not all(re.fullmatch(NAME_PATTERN, part) for part in name.split("/")):
        return f"expected a file name of {NAME_RULE}, found {name!r}"
    return Place(kind, name)


def _judge_single(path: str) -> Place | str:
    if path in _SINGLE:
        return Place(_SINGLE[path])
    # By stems: the suffix that all share would make any name look near.
    stems = {name.removesuffix(".yaml"): name for name in _SINGLE}
    stem = path.rpartition(".")[0]
    near = stem in stems or nearest(stem, stems)
    if not near:
        return ""
    hint = f"; did you mean `{stem}.yaml`?" if near is True else near
    return f"expected one of {', '.join(_SINGLE)}, found {path!r}{hint}"
