"""The media folder of the fake: which clips exist, how a name finds one, what is wrong with each.

Names match as the real server matches them (FACTS 9): any case, extension optional, the working
directory before the media folder, absolute paths and `..` allowed.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, Protocol

Damage = Literal["", "unreadable"]
ClipKind = Literal["video", "silent", "audio", "still"]
EXTENSIONS = (".mkv", ".mov", ".mp4", ".mxf", ".m4a", ".wav", ".ts", ".png", ".jpg", "")
SCHEMES = ("http://", "https://", "rtmp://", "rtsp://", "udp://", "srt://", "tcp://")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """One file. `frames` is what its container claims; `holds` where its data ends, if before;
    `pictures` how many it has where the container counts one too many.

    `decode_ticks` is how long the first frame of a section with an in point takes (a long GOP takes
    3 to 5 ticks); `open_ticks` how long the file takes to open.
    """

    frames: int = 125
    rate: Fraction = Fraction(25)
    kind: ClipKind = "video"
    damage: Damage = ""
    holds: int | None = None
    pictures: int | None = None
    decode_ticks: int = 1
    open_ticks: int = 0
    gop: int = 25
    size: int = 0
    stamp: str = ""

    @property
    def seconds(self) -> Fraction:
        return self.frames / self.rate


class Shelf(Protocol):
    """Where clips are looked for. `paths` are asked anew each time: files come and go."""

    def paths(self) -> Iterable[str]: ...

    def clip(self, path: str) -> Clip: ...


class Table:
    """Clips given by the test, keyed by path below the media folder (or absolute)."""

    def __init__(self, clips: dict[str, Clip] | None = None, root: str = "/media/") -> None:
        self.root = root
        self.clips = {self._full(path): clip for path, clip in (clips or {}).items()}

    def put(self, path: str, clip: Clip) -> None:
        self.clips[self._full(path)] = clip

    def remove(self, path: str) -> None:
        del self.clips[self._full(path)]

    def paths(self) -> Iterable[str]:
        return tuple(self.clips)

    def clip(self, path: str) -> Clip:
        return self.clips[path]

    def _full(self, path: str) -> str:
        return path if path.startswith("/") else self.root + path


class Folder:
    """Clips read from disk: a small JSON file says what it is, any other file is a plain clip.

    `{"frames": 250, "rate": "25/1"}`, `{"damaged": true}`, `{"holds": 60}`, `{"decode_ticks": 5}`.
    """

    def __init__(self, root: Path, frames: int = 125) -> None:
        self.root = str(root).rstrip("/") + "/"
        self.frames = frames

    def paths(self) -> Iterable[str]:
        found = sorted(Path(self.root).rglob("*"))
        return tuple(str(path) for path in found if path.is_file())

    def clip(self, path: str) -> Clip:
        kind: ClipKind = "still" if path.lower().endswith((".png", ".jpg")) else "video"
        try:
            said = json.loads(Path(path).read_bytes())
        except (OSError, ValueError):
            said = {}
        return scripted(said if isinstance(said, dict) else {}, Clip(frames=self.frames, kind=kind))


def scripted(said: dict[str, Any], plain: Clip) -> Clip:
    """A clip as its file's JSON describes it."""
    return replace(
        plain,
        frames=int(said.get("frames", plain.frames)),
        rate=Fraction(str(said.get("rate", plain.rate))),
        kind=said.get("kind", plain.kind),
        damage="unreadable" if said.get("damaged") else "",
        holds=said.get("holds"),
        decode_ticks=int(said.get("decode_ticks", plain.decode_ticks)),
        open_ticks=int(said.get("open_ticks", plain.open_ticks)),
        gop=int(said.get("gop", plain.gop)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A clip with the path as INFO and OSC will spell it."""

    path: str
    clip: Clip


def find(name: str, shelf: Shelf, folders: tuple[str, ...]) -> Found | None:
    """The file that the server would choose for `name`: each folder in turn, or as a whole path."""
    if name.startswith("file://"):
        found = _match(name.removeprefix("file://"), shelf)
        return None if found is None else Found(path=name, clip=shelf.clip(found[1]))
    for folder in ("",) if name.startswith("/") else folders:
        found = _match(folder + name, shelf)
        if found is not None:
            return Found(path=_spelt(name, folder, found), clip=shelf.clip(found[1]))
    return None


def _spelt(name: str, folder: str, found: tuple[str, str]) -> str:
    return name if name.startswith("../") else _as_asked(folder + name, found)


def _as_asked(asked: str, found: tuple[str, str]) -> str:
    """Real spelling of the last part, the request's own way of getting there."""
    if posixpath.normpath(asked) == asked:
        return found[1]
    return posixpath.join(posixpath.dirname(asked), posixpath.basename(found[1]))


def _match(asked: str, shelf: Shelf) -> tuple[str, str] | None:
    wanted = posixpath.normpath(asked)
    by_name: dict[str, str] = {}
    for path in shelf.paths():
        by_name.setdefault(_fold(path), path)
    for extension in ("", *EXTENSIONS):
        matched = by_name.get(_fold(wanted + extension))
        if matched is not None:
            return wanted, matched
    return None


def _fold(path: str) -> str:
    # Case folds, also beyond ASCII; composed and decomposed spellings stay different names.
    return path.lower()
