"""Mistakes as they are found: by path in the data, put to lines only when somebody reads them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

Step = str | int
Path = tuple[Step, ...]

_SHOWN = 60  # characters of a found value in a message; enough to recognise it


@dataclass(frozen=True, slots=True)
class Finding:
    """One mistake: `path` leads to it through the file's maps and lists; `line` if known."""

    file: str
    path: Path
    problem: str
    line: int | None = None


def field_name(path: Path) -> str:
    """Write a path as authors read it: `outputs[0].device`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text


def shown(value: object) -> str:
    """Name a found value in a message, short and on one line."""
    if isinstance(value, dict):
        return "a map"
    if isinstance(value, list | tuple):
        return "a list"
    text = str(value)
    if not text:
        return "nothing"
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")


def expected(what: str, found: object) -> str:
    """The usual sentence: what was expected, and what was found."""
    return f"expected {what}, found {shown(found)}"


def nearest(found: str, known: Iterable[str]) -> str:
    """`; did you mean `x`?` for the known name that is nearest, or nothing when none is near."""
    names = sorted(known)
    near = get_close_matches(found, names, n=1, cutoff=0.6) or get_close_matches(
        found.lower(), [name for name in names if name.islower()], n=1, cutoff=0.6
    )
    return f"; did you mean `{near[0]}`?" if near else ""


def either(names: Iterable[str]) -> str:
    """Join names as a choice: `a, b or c`."""
    *most, last = names
    return f"{', '.join(most)} or {last}" if most else last
