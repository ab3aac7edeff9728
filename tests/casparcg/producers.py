"""What can stand in the foreground or background of a layer: nothing, a colour, a still, a film.

A producer is asked for one picture per field. `frame_number` and `frame_count` are the two numbers
from which the server computes `frames_left`; they wrap at 32 bits exactly as there (FACTS 4.3).
"""

from __future__ import annotations

from tests.casparcg.pictures import BLACK, Picture

ENDLESS = 0xFFFFFFFF
UNOPENED = 0x7FFFFFFFFFFFFFFF
WRAP = 1 << 32
Value = str | bool | int | float | tuple[int | float, ...]
State = dict[str, Value]


class Bad(Exception):
    """A CALL that the server drops without a reply."""


class Producer:
    """Nothing at all; also the base of the others."""

    kind = "empty"

    @property
    def frame_number(self) -> int:
        return 0

    @property
    def frame_count(self) -> int:
        return ENDLESS

    @property
    def ready(self) -> bool:
        return True

    def work(self) -> None:
        """Let one tick of decoding pass, on air or not."""

    def receive(self) -> Picture | None:
        return None

    def held(self) -> Picture:
        """What is shown while there is nothing new: black here, the last picture elsewhere."""
        return BLACK

    def state(self) -> State:
        return {"producer": self.kind}

    def snapshot(self) -> State:
        """The state as a background shows it: taken when it was loaded."""
        return self.state()

    def call(self, words: list[str]) -> str:
        raise Bad(" ".join(words))


EMPTY = Producer()


class Colour(Producer):
    kind = "color"

    def __init__(self, colour: str) -> None:
        self.colour = colour
        self._shown = 0

    @property
    def frame_number(self) -> int:
        return self._shown + 1

    def receive(self) -> Picture | None:
        self._shown += 1
        return self.held()

    def held(self) -> Picture:
        if self.colour.upper() in {"EMPTY", "#00000000"}:
            return BLACK
        return Picture(kind="colour", name=self.colour)


class Still(Producer):
    kind = "image"

    def __init__(self, path: str, name: str, length: int | None = None) -> None:
        self.path, self.name = path, name
        self._length = length
        self._shown = 0

    @property
    def frame_number(self) -> int:
        return self._shown + 1

    @property
    def frame_count(self) -> int:
        return ENDLESS if self._length is None else self._length

    def receive(self) -> Picture | None:
        self._shown += 1
        return self.held()

    def held(self) -> Picture:
        return Picture(kind="still", path=self.path, name=self.name)

    def state(self) -> State:
        return {"producer": self.kind, "file/path": self.path}


class Live(Producer):
    """A DeckLink input: always there, never ends."""

    kind = "decklink"

    def __init__(self, device: int) -> None:
        self.device = device
        self._shown = 0

    @property
    def frame_number(self) -> int:
        return self._shown

    def receive(self) -> Picture | None:
        self._shown += 1
        return self.held()

    def held(self) -> Picture:
        return Picture(kind="live", name=f"decklink {self.device}", frame=self._shown)
