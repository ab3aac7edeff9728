"""Finds what we ship beside the code: `state/…`, `templates/…`, `configs/…`.

In a checkout these lie next to the package; in an installed wheel, inside it under `_shipped/`.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def shipped(name: str) -> Path:
    """Return the path of a shipped file or folder, such as `state/queries.sql`.

    Raises `FileNotFoundError`, naming both places, when this installation lacks it.
    """
    places = (_PACKAGE / "_shipped" / name, _PACKAGE.parent / name)
    for place in places:
        if place.exists():
            return place
    raise FileNotFoundError(
        f"this installation lacks {name!r}: looked at {places[0]} and {places[1]}"
    )
