"""Names for what its author left unnamed: the same lineup, the same names."""

from __future__ import annotations

from collections.abc import Sequence


def unique_names(given: Sequence[str | None], fallback: Sequence[str], *, joint: str) -> list[str]:
    """Name each thing: as given, else by its fallback, numbered from 2 where that is taken.

    Given names are taken first, wherever they stand, so that naming one thing never renames another
    that has a name.
    """
    taken = {name for name in given if name is not None}
    last: dict[str, int] = {}
    names: list[str] = []
    for own, base in zip(given, fallback, strict=True):
        name = own if own is not None else _free(base, taken, last, joint)
        taken.add(name)
        names.append(name)
    return names


def _free(base: str, taken: set[str], last: dict[str, int], joint: str) -> str:
    number = last.get(base, 0) + 1
    while (name := base if number == 1 else f"{base}{joint}{number}") in taken:
        number += 1
    last[base] = number
    return name
