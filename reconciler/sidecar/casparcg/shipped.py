"""Finds the engine's templates: beside the package in a checkout, in it in an installed wheel."""

from __future__ import annotations

from pathlib import Path

from jinja2 import BaseLoader, FileSystemLoader

_PACKAGE = Path(__file__).resolve().parents[2]


def engine_templates() -> BaseLoader:
    """The loader for `config.py`; raises `FileNotFoundError` when this installation lacks them."""
    places = (_PACKAGE / "_shipped/templates/engine", _PACKAGE.parent / "templates/engine")
    for place in places:
        if place.is_dir():
            return FileSystemLoader(place)
    raise FileNotFoundError(
        f"this installation lacks the engine's templates: looked at {places[0]} and {places[1]}"
    )
