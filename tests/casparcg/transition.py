"""The producer that every PLAY and LOADBG makes: a cut, or a mix, over whatever was there before.

Until the new clip has a picture the old one goes on (a file that never opens keeps it for ever);
then `frame` counts to the duration, and the new clip takes the transition's place.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.casparcg.film import Film
from tests.casparcg.pictures import BLACK, Picture, mixed
from tests.casparcg.producers import EMPTY, Producer, State

KINDS = ("CUT", "MIX", "PUSH", "SLIDE", "WIPE", "FADECUT", "CUTFADE", "VFADE")
_WANTED = re.compile(
    rf"\b(?P<kind>{'|'.join(KINDS)})\s*(?P<frames>\d+)\s*(?:LINEAR|EASE\S*)?\s*"
    r"(?P<way>FROMLEFT|FROMRIGHT|LEFT|RIGHT)?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    kind: str = "cut"
    frames: int = 0
    direction: str = "from_left"

    @property
    def lead(self) -> int:
        """How many units before its end the old clip is left, when AUTO takes the new one."""
        match self.kind:
            case "cutfade":
                return 0
            case "vfade":
                return max(0, self.frames // 2 - 1)
            case _:
                return max(0, self.frames - 1)


def find_change(parameters: str) -> Change:
    """The transition that any words of a command ask for, file names included (FACTS 9.4)."""
    match = _WANTED.search(parameters.upper())
    if match is None or int(match["frames"]) == 0:
        return Change()
    way = "from_right" if (match["way"] or "").endswith("RIGHT") else "from_left"
    return Change(kind=match["kind"].lower(), frames=int(match["frames"]), direction=way)


class Transition(Producer):
    kind = "transition"

    def __init__(self, new: Producer, change: Change) -> None:
        self.new, self.change = new, change
        self.old: Producer = EMPTY
        self.frame = 0
        self.begun = False

    @property
    def frame_number(self) -> int:
        return self.new.frame_number

    @property
    def frame_count(self) -> int:
        return self.new.frame_count

    @property
    def over(self) -> bool:
        """The new producer can stand alone from the next picture on."""
        return self.begun and self.frame >= self.change.frames

    def work(self) -> None:
        self.new.work()
        self.old.work()

    def receive(self) -> Picture | None:
        if self._waits():
            return self._old_picture()
        self.frame = min(self.frame + 1, self.change.frames)
        return self._step()

    def _waits(self) -> bool:
        if not self.begun:
            self.begun = self.new.ready
        return not self.begun

    def _step(self) -> Picture | None:
        """One picture of a running transition."""
        frames, half = self.change.frames, self.change.frames // 2
        match self.change.kind:
            case "cut":
                return self._old_picture() if frames else self._new_picture()
            case "wipe":  # the mixer leaves its clips away: the new picture covers all of the old
                self._old_picture()
                return self._new_picture()
            case "fadecut":
                return _faded(self._old_picture(), BLACK, black=self.frame > frames - 2)
            case "cutfade":
                return _faded(BLACK, self._new_picture(), black=self.frame <= 2)
            case "vfade":
                new = self.frame > half
                sides = (BLACK, self._new_picture()) if new else (self._old_picture(), BLACK)
                return _faded(*sides, black=self.frame in {half, half + 1})
            case _:
                return mixed(self._old_picture(), self._new_picture())

    def _old_picture(self) -> Picture:
        return self.old.receive() or self.old.held()

    def _new_picture(self) -> Picture:
        return self.new.receive() or self.new.held()

    def held(self) -> Picture:
        if self.over:
            return self.new.held()
        return self.old.held()

    def cue(self) -> None:
        """A plain cut that stands paused shows the new clip's first picture."""
        if self.change.frames == 0 and isinstance(self.new, Film) and self.new.ready:
            self.new.cue()
            self.begun = True

    def state(self) -> State:
        return {**self.new.state(), **self._own(self.new.kind, self.frame)}

    def snapshot(self) -> State:
        return {**self.new.snapshot(), **self._own(self.new.kind, 0)}

    def _own(self, inner: str, frame: int) -> State:
        return {
            "producer": self.kind,
            "transition/frame": (frame, self.change.frames),
            "transition/type": self.change.kind,
            "transition/direction": self.change.direction,
            "transition/producer": inner,
        }

    def call(self, words: list[str]) -> str:
        return self.new.call(words)


def _faded(old: Picture, new: Picture, *, black: bool) -> Picture:
    return BLACK if black else mixed(old, new)
