"""A clip being decoded: time in channel units, pictures at the clip's own rate.

Everything that goes wrong with real clips goes wrong here: first pictures that come late, sections
longer than their file, files cut off, in points that some containers do not keep (FACTS 4 to 6).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from tests.casparcg.media import Clip
from tests.casparcg.pictures import BLACK, Picture
from tests.casparcg.producers import ENDLESS, UNOPENED, WRAP, Bad, Producer, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """The part of a clip to play, in channel units; nothing given means all of it."""

    start: int | None = None
    seek: int | None = None
    length: int | None = None
    loop: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Luck:
    """How quickly this machine decodes this time: extra ticks before and after the first picture.

    A clip shown the moment it has one picture repeats it `stutter` times, as the real one does.
    """

    wait: int = 0
    stutter: int = 1


class Film(Producer):
    kind = "ffmpeg"

    def __init__(
        self, path: str, name: str, clip: Clip, *, rate: Fraction, section: Section
    ) -> None:
        self.path, self.name, self.clip, self.rate = path, name, clip, rate
        self.start = section.start or 0
        self.length = section.length
        self.loop = section.loop
        self.luck = Luck()
        self.is_live = "://" in path and not path.startswith("file:")  # it has no length (2.5.0)
        self.file_units = int(clip.seconds * rate)
        holds = clip.frames if clip.holds is None else clip.holds
        self._held_units = int(holds / clip.rate * rate)
        self._from = section.seek if section.seek is not None else self.start
        self._clock = 0  # units: where the picture shown last stands in the file
        self._next: int | None = None
        self._age = -1
        self._slow = 0
        self._last: Picture | None = None
        self._seeking = 0

    # how far decoding has come

    @property
    def opened(self) -> bool:
        return self.clip.damage != "unreadable" and self._age >= self.clip.open_ticks

    @property
    def ready(self) -> bool:
        """Whether it has a picture; one that was sought has none until the decoder is there."""
        return self.opened and self._age >= self._first_at and not self._seeking

    @property
    def _first_at(self) -> int:
        late = self.clip.decode_ticks if self._from > 0 else min(1, self.clip.decode_ticks)
        return self.clip.open_ticks + late + self.luck.wait

    def work(self) -> None:
        self._age += 1
        if self._seeking:
            self._seeking -= 1

    # lengths and positions, in units

    @property
    def duration(self) -> int:
        """What CALL LENGTH answers: as asked, else what is left of the file; never clamped."""
        if self.length is not None:
            return self.length
        known = self.opened and not self.is_live
        return self.file_units - self.start if known else UNOPENED

    @property
    def frame_number(self) -> int:
        return (self._clock + 1 - self.start) % WRAP

    @property
    def frame_count(self) -> int:
        if self.loop or self.duration == UNOPENED:
            return ENDLESS
        return self.duration % WRAP

    def _end(self) -> int:
        return (
            self.start + self.duration % WRAP if self.duration < 0 else self.start + self.duration
        )

    # pictures

    def receive(self) -> Picture | None:
        if not self.ready or self._seeking or self._stutters():
            return None
        at = self._from if self._next is None else self._next
        if at >= self._end() and self.loop:
            at = self.start
        if at >= min(self._end(), self._held_units):
            self._run_out(at)
            return None
        self._clock, self._next = at, at + 1
        self._last = self._picture(at)
        return self._last

    def _stutters(self) -> bool:
        if self._next is None or not self.luck.stutter:
            return False
        return self._age < self._first_at + 1 + self.luck.stutter

    def _run_out(self, at: int) -> None:
        """The end: the clock creeps up to the section's end, slowly past the end of the data."""
        if self._next is None or at >= self.file_units + self._end():
            return
        if at >= self._end():
            self._clock = self._end()
            return
        self._slow += 1
        steps = 1 + self._slow // 3
        if self.clip.holds is not None and self._held_units < self.file_units:
            steps = 1 + (self._slow * 6 + 4) // 13  # as file 09 has it
        self._clock = min(at - 1 + steps, self._end())

    def held(self) -> Picture:
        if self._last is None:
            return BLACK
        return self._last.held()

    def cue(self) -> Picture:
        """The first picture of a clip that stands paused."""
        if self._last is None or (self._next is None and not self._seeking):
            at = self._from
            if self.ready and at < self._held_units:
                self._clock, self._last = at, self._picture(at)
                self._next = at + 1
        return self.held()

    def _picture(self, at: int) -> Picture:
        return Picture(
            kind="film", path=self.path, name=self.name, frame=self._source_frame(at), at=at
        )

    def _source_frame(self, at: int) -> int:
        frame = newest_frame(at, self.clip.rate, self.rate)
        extension = self.path.lower().rpartition(".")[2]
        if self.start > 0 and extension == "mkv":
            frame -= 1
        if extension == "ts":
            first = newest_frame(self.start, self.clip.rate, self.rate)
            key = -(-first // self.clip.gop) * self.clip.gop
            frame = max(key, frame - 1)
        return min(frame, (self.clip.pictures or self.clip.frames) - 1)

    # what it says, and what it can be told

    def _seconds(self, units: int) -> float:
        return float(units / self.rate)

    def state(self) -> State:
        state: State = {
            "producer": self.kind,
            "file/name": self.name,
            "file/path": self.path,
            "file/time": (0.0, 0.0),
            "file/clip": (0.0, 0.0),
            "loop": self.loop,
        }
        if self.opened and self.is_live:
            state["file/time"] = (self._seconds(self._clock), 0.0)
        elif self.opened:
            length = self.duration % WRAP if self.length is not None else self.duration
            state["file/time"] = (self._seconds(self._clock), self._seconds(self.file_units))
            state["file/clip"] = (self._seconds(self.start), self._seconds(length))
            state.update(self._streams())
        return state

    def _streams(self) -> State:
        rate = (self.clip.rate.numerator, self.clip.rate.denominator)
        pictures: State = {"file/streams/0/fps": rate}
        match self.clip.kind:
            case "audio":
                return {"file/streams/0/fps": (0, 0)}
            case "silent":
                return pictures
            case _:
                return {**pictures, "file/streams/1/fps": (0, 0)}

    def snapshot(self) -> State:
        return {
            "producer": self.kind,
            "file/name": self.name,
            "file/path": self.path,
            "file/time": (0.0, 0.0),
            "file/clip": (0.0, 0.0),
            "loop": False,
        }

    def call(self, words: list[str]) -> str:
        """Obey SEEK, IN, OUT, LENGTH or LOOP; the answer is the number that now holds."""
        what, *values = (word.upper() for word in words)
        if what == "SEEK" and values:
            return str(self._seek(values))
        if what == "LOOP":
            return self._set_loop(values)
        if what in {"IN", "OUT", "LENGTH"}:
            return str(self._edge(what, values))
        raise Bad(" ".join(words))

    def _set_loop(self, values: list[str]) -> str:
        if values and values[0] not in {"0", "1"}:
            raise Bad("LOOP")
        if values:
            self.loop = values[0] == "1"
        return str(int(self.loop))

    def _edge(self, what: str, values: list[str]) -> int:
        if values:
            number = whole(values[0])
            match what:
                case "IN":
                    self.start = number
                case "OUT":
                    self.length = number - self.start
                case _:
                    self.length = number
        match what:
            case "IN":
                return self.start
            case "OUT":
                return self.start + self.duration
            case _:
                return self.duration

    def _seek(self, values: list[str]) -> int:
        places = {"REL": self._clock, "IN": self.start, "OUT": self._end(), "END": self.file_units}
        target = places[values[0]] if values[0] in places else whole(values[0])
        if values[0] in places and len(values) > 1:
            target += whole(values[1])
        self._from, self._next = target, None
        self._seeking = 2
        self._slow = 0
        if target >= self.file_units:
            self._clock, self._last = 0, None
        return target


def whole(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise Bad(text) from error


def newest_frame(at: int, clip_rate: Fraction, rate: Fraction) -> int:
    """The clip's frame at unit `at`, its rate converted by dropping and repeating frames."""
    ratio = rate / clip_rate
    frame = int((at + 1) / ratio) + 1
    while frame > 0 and int(frame * ratio + Fraction(1, 2)) > at:
        frame -= 1
    return frame
