"""Wheels of what is installed here, packed again from its own files: nothing is fetched."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def pack_wheels(names: Iterable[str], folder: Path) -> None:
    """Put a wheel of each into `folder`, and of all that they need."""
    for found in _closure(names):
        _pack(found, folder)


def _closure(names: Iterable[str]) -> Iterator[Distribution]:
    left, seen = [canonicalize_name(name) for name in names], set[str]()
    while left:
        name = left.pop()
        if name in seen:
            continue
        seen.add(name)
        found = distribution(name)
        yield found
        needs = map(Requirement, found.requires or ())
        left += [
            canonicalize_name(each.name)
            for each in needs
            if each.marker is None or each.marker.evaluate({"extra": ""})
        ]


def _pack(found: Distribution, folder: Path) -> None:
    about = found.read_text("WHEEL")
    assert about is not None
    tags = [line.partition(": ")[2] for line in about.splitlines() if line.startswith("Tag: ")]
    parts = [tag.split("-") for tag in tags]
    tag = "-".join(".".join(dict.fromkeys(column)) for column in zip(*parts, strict=True))
    name = found.name.replace("-", "_")
    with zipfile.ZipFile(folder / f"{name}-{found.version}-{tag}.whl", "w") as wheel:
        for file in found.files or ():
            if file.parts[0] != ".." and "__pycache__" not in file.parts:
                wheel.write(str(file.locate()), str(file))
