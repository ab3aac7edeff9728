"""What a layer shows in one field or frame: the fake's stand-in for a picture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal["black", "film", "still", "colour", "live", "mix"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """`frame` is the clip's own frame number; `frozen` tells a repeat from a new picture."""

    kind: Kind
    path: str = ""
    name: str = ""
    frame: int = 0
    at: int = 0  # the position in the clip, in the channel's units
    frozen: bool = False
    parts: tuple[Picture, ...] = ()

    def held(self) -> Picture:
        return replace(self, frozen=True) if self.kind == "film" else self


BLACK = Picture(kind="black")


def mixed(old: Picture, new: Picture) -> Picture:
    return Picture(kind="mix", path=new.path, name=new.name, frame=new.frame, parts=(old, new))
