"""What a cue's file is called inside the engine: a safe name of its own, so read-back names it.

A name is made of a digest of the cue, a digest of what it shows, and a number that grows with each
loading. The first tells which cue is on air, repeats of one file included; the second finds the cue
again when the first is of a time line that was bent since. Pure.
"""

from __future__ import annotations

import re
from hashlib import blake2s
from pathlib import PurePath

from reconciler.sidecar.engine_port import (
    ClipSource,
    Cue,
    LiveSource,
    SlateSource,
    StillSource,
)

SLATE = "slate"  # the first part of a name that no cue asked for
_PART = re.compile(
    r"(?P<cue>slate|[0-9a-f]{12})-(?P<source>[0-9a-f]{8})-(?P<number>\d+)\.[a-z0-9]{1,8}"
)
_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")


def name_for(cue: Cue | None, path: str, number: int) -> str:
    """The name under which `path` is loaded for `cue` (None: the slate that holds the time)."""
    first = SLATE if cue is None else cue_mark(cue)
    suffix = PurePath(path).suffix.lower()
    if _SUFFIX.fullmatch(suffix) is None:
        suffix = ".mp4"  # the engine looks into the file, but wants an extension
    return f"{first}-{_digest(path, 4)}-{number}{suffix}"


def cue_mark(cue: Cue) -> str:
    """What tells one showing from every other: its key, its start and what it shows."""
    source = cue.source
    match source:
        case ClipSource():
            shown = f"{source.path}\n{source.in_frame}\n{source.loop}"
        case StillSource():
            shown = source.path
        case LiveSource():
            shown = source.url
        case _:
            shown = type(source).__name__
    return _digest(f"{cue.key}\n{cue.start}\n{shown}", 6)


def is_slate(name: str) -> bool:
    """Whether `name` is of a slate that no cue asked for."""
    match = _PART.fullmatch(name)
    return match is not None and match["cue"] == SLATE


def number_of(name: str) -> int:
    """The number of its loading; 0 for a name that is not of our making."""
    match = _PART.fullmatch(name)
    return int(match["number"]) if match is not None else 0


def is_of(name: str, cue: Cue) -> bool:
    """Whether `name` was made for `cue`."""
    match = _PART.fullmatch(name)
    return match is not None and match["cue"] == cue_mark(cue)


def shows(name: str, path: str) -> bool:
    """Whether `name` was made for the file at `path`."""
    match = _PART.fullmatch(name)
    return match is not None and match["source"] == _digest(path, 4)


def same_showing(one: Cue | None, other: Cue | None) -> bool:
    """Whether two cues are the same showing, though their ends or transitions may differ."""
    if one is None or other is None:
        return one is other
    return one.key == other.key and one.start == other.start and one.source == other.source


def path_of(cue: Cue | None, slate: str) -> str:
    """The file that a cue plays; empty for what is not a file."""
    source = SlateSource() if cue is None else cue.source
    match source:
        case ClipSource(path=path) | StillSource(path=path):
            return path
        case SlateSource():
            return slate
        case _:
            return ""


def _digest(text: str, size: int) -> str:
    return blake2s(text.encode("utf-8", "surrogateescape"), digest_size=size).hexdigest()
