"""What every source of pictures and sound can do, and the ones that need no decoding."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Protocol

import av

from reconciler.engine.clock import samples_before
from reconciler.engine.director import Readiness, Reading
from reconciler.engine.normal import Shape, fitted, fitting_graph
from reconciler.engine.picture import Sound, black, silence

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.model.video import VideoFormat

Pictures = tuple[av.VideoFrame, ...]  # one per tick, or two where a tick has two fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """The channel's measures, as its sources need them."""

    shape: Shape
    rate: Fraction
    per_tick: int
    depth: int

    @staticmethod
    def of(video: VideoFormat) -> Grid:
        """The grid of a channel in this format. `depth` is in pictures, bounded by memory."""
        per_tick = 2 if video.scan.value == "interlaced" else 1
        rate = video.rate * per_tick
        by_memory = 40_000_000 * 2 // (3 * video.width * video.height)
        depth = max(8, min(round(rate / 2), by_memory))
        shape = Shape(video.width, video.height, rate)
        return Grid(shape=shape, rate=video.rate, per_tick=per_tick, depth=depth)

    def samples_at(self, position: int) -> int:
        """The sample at which a source's position, in channel frames, begins."""
        return samples_before(position, self.rate)


class Source(Protocol):
    """Pictures and sound by position (channel frames). Only the clock asks; it never waits."""

    def reading(self, position: int) -> Reading:
        """Whether `position` can be shown now; positions before it are forgotten."""

    def pictures(self, position: int) -> Pictures | None:
        """The pictures at `position`."""

    def sound(self, first: int, count: int) -> Sound:
        """`count` samples from the source's sample `first` on; silence where there is none."""

    def opened(self) -> Reading:
        """Whether it could be shown from its beginning: `READY`, `WAITING` or `FAILED`."""

    def source_frame(self, position: int) -> int:
        """The frame of the source that is shown at `position`, counted from its own beginning."""

    def close(self) -> None:
        """Let go, without waiting."""


class StillSource:
    """The first picture of a file, for as long as it is wanted; silent."""

    def __init__(self, path: str, grid: Grid) -> None:
        self._path = path
        self._grid = grid
        self._picture: av.VideoFrame | None = None
        self._error: str | None = None
        start_thread(self._load, "still")

    def reading(self, position: int) -> Reading:
        """Always the same."""
        del position
        return self.opened()

    def pictures(self, position: int) -> Pictures | None:
        """Always the same."""
        del position
        return None if self._picture is None else (self._picture,) * self._grid.per_tick

    def sound(self, first: int, count: int) -> Sound:
        """Silence."""
        del first
        return silence(count)

    def opened(self) -> Reading:
        """Whether the picture is there."""
        if self._error is not None:
            return Reading(Readiness.FAILED, self._error)
        return Reading(Readiness.READY if self._picture is not None else Readiness.WAITING)

    def source_frame(self, position: int) -> int:
        """The position itself."""
        return position

    def close(self) -> None:
        """Nothing is held."""

    def _load(self) -> None:
        try:
            self._picture = load_picture(self._path, self._grid.shape)
        except Exception as error:  # noqa: BLE001  # a decoder may raise anything; the cue ends with it
            self._error = describe(error)


def load_picture(path: str, shape: Shape) -> av.VideoFrame:
    """The first picture of any file, in the channel's shape."""
    with av.open(f"file:{path}", metadata_errors="replace") as container:
        for frame in container.decode(video=0):
            aspect = container.streams.video[0].sample_aspect_ratio or Fraction(1)
            return fitted(fitting_graph(frame, shape, Fraction(aspect)), frame)
    raise ValueError("there is no picture in it that can be decoded")


def describe(error: BaseException) -> str:
    """One sentence about what a decoder raised."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(text).split("\n", 1)[0]


def start_thread(target: Callable[[], None], name: str) -> threading.Thread:
    """A thread that never keeps the process alive."""
    thread = threading.Thread(target=target, name=name, daemon=True)
    thread.start()
    return thread


def nothing(shape: Shape) -> av.VideoFrame:
    """The picture before there is any."""
    return black(shape.width, shape.height)
