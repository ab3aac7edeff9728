"""MIXER settings of a channel's layers: read, set, tweened, deferred, cleared."""

from __future__ import annotations

import math
from dataclasses import dataclass

NAMES: dict[str, tuple[float, ...]] = {
    "OPACITY": (1.0,),
    "VOLUME": (1.0,),
    "BRIGHTNESS": (1.0,),
    "CONTRAST": (1.0,),
    "SATURATION": (1.0,),
    "ROTATION": (0.0,),
    "FILL": (0.0, 0.0, 1.0, 1.0),
    "CLIP": (0.0, 0.0, 1.0, 1.0),
    "CROP": (0.0, 0.0, 1.0, 1.0),
    "ANCHOR": (0.0, 0.0),
    "PERSPECTIVE": (0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0),
    "LEVELS": (0.0, 1.0, 1.0, 0.0, 1.0),
    "KEYER": (0.0,),
    "INVERT": (0.0,),
    "MASTERVOLUME": (1.0,),
}
LISTS = {"FILL", "CLIP", "CROP", "ANCHOR", "PERSPECTIVE", "LEVELS", "MASTERVOLUME"}
BLENDS = {"NORMAL", "SCREEN", "MULTIPLY", "OVERLAY", "DARKEN", "LIGHTEN", "ADD"}
CHROMA = "0 0.000000 0.000000 0.000000 0.000000 0.000000 0.000000 1.000000 0"


class Unread(Exception):
    """A value that is no number: the server answers 501."""


class Missing(Exception):
    """Too few values: the server answers 402."""


@dataclass(slots=True, kw_only=True)
class Dial:
    start: tuple[float, ...]
    goal: tuple[float, ...]
    frames: int = 0
    passed: int = 0
    eased: bool = False

    def read(self) -> tuple[float, ...]:
        if self.passed >= self.frames:
            return self.goal
        part = self.passed / self.frames
        if self.eased:
            part = (1 - math.cos(math.pi * part)) / 2
        return tuple(a + (b - a) * part for a, b in zip(self.start, self.goal, strict=True))


class Mixer:
    def __init__(self) -> None:
        self._dials: dict[tuple[int, str], Dial] = {}
        self._blends: dict[int, str] = {}
        self._deferred: list[tuple[int, str, list[str]]] = []

    def tick(self) -> None:
        for dial in self._dials.values():
            dial.passed += 1

    def clear(self, layer: int | None) -> None:
        """Back to how a layer begins; of every layer when none is named."""
        for key in [key for key in self._dials if layer is None or key[0] == layer]:
            del self._dials[key]

    def commit(self) -> None:
        waiting, self._deferred = self._deferred, []
        for layer, name, words in waiting:
            self.set(layer, name, words)

    def read(self, layer: int, name: str) -> str:
        """The present value as the server prints it."""
        if name == "BLEND":
            return self._blends.get(layer, "NORMAL").lower()
        if name == "CHROMA":
            return CHROMA
        values = self._value(layer, name)
        if name in LISTS:
            return " ".join(f"{value:.6f}" for value in values)
        return f"{values[0]:.17g}"

    def set(self, layer: int, name: str, words: list[str]) -> None:
        """Set it, over some frames if told so; `DEFER` keeps it for `COMMIT`."""
        if words[-1].upper() == "DEFER":
            self._deferred.append((layer, name, words[:-1]))
            return
        if name in {"BLEND", "CHROMA"}:
            wanted = words[0].upper()
            self._blends[layer] = wanted if wanted in BLENDS else "NORMAL"
            return
        count = len(NAMES[name])
        if len(words) < count:
            raise Missing(name)
        goal = tuple(_number(word) for word in words[:count])
        frames = int(_number(words[count])) if len(words) > count else 0
        eased = len(words) > count + 1 and words[count + 1].upper() == "EASEINOUTSINE"
        self._dials[layer, name] = Dial(
            start=self._value(layer, name), goal=goal, frames=frames, eased=eased
        )

    def _value(self, layer: int, name: str) -> tuple[float, ...]:
        dial = self._dials.get((layer, name))
        return NAMES[name] if dial is None else dial.read()


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError as error:
        raise Unread(word) from error
