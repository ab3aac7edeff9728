"""A channel's format as the engine names it: a mode of its own, or a custom one. Pure.

Source: CasparCG 2.5.0, `core/video_format.cpp` and `setup_video_modes` in `shell/server.cpp`.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from reconciler.errors import UsageError
from reconciler.model.video import Scan, VideoFormat

_SAMPLES = 48_000  # per second
_OWN = (
    "PAL", "NTSC", "1080i5000", "1080i5994", "1080i6000", "576p2500",
    "720p2398", "720p2400", "720p2500", "720p2997", "720p3000", "720p5000", "720p5994", "720p6000",
    "1080p2398", "1080p2400", "1080p2500", "1080p2997", "1080p3000",
    "1080p5000", "1080p5994", "1080p6000",
    "1556p2398", "1556p2400", "1556p2500",
    "2160p2398", "2160p2400", "2160p2500", "2160p2997", "2160p3000",
    "2160p5000", "2160p5994", "2160p6000",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """The name by which the engine has a format, and its definition where it lacks it."""

    name: str
    custom: tuple[tuple[str, str], ...] = ()  # tags of the config's `video-mode`


def mode_of(format: VideoFormat) -> Mode:  # noqa: A002  # as the channel's file calls it
    """Name a format for the engine; raise `UsageError` for an interlaced one that it lacks."""
    own = _BY_SHAPE.get(_shape(format))
    if own is not None:
        return Mode(name=own)
    if format.scan is Scan.INTERLACED:
        raise UsageError(
            f"format {format.name}: CasparCG's interlaced formats are PAL, NTSC, 1080i5000,"
            " 1080i5994 and 1080i6000; choose one, or a progressive format"
        )
    return Mode(
        name=format.name,
        custom=(
            ("id", format.name),
            ("width", str(format.width)),
            ("height", str(format.height)),
            ("time-scale", str(format.rate.numerator)),
            ("duration", str(format.rate.denominator)),
            ("cadence", ",".join(str(each) for each in cadence(format.rate))),
        ),
    )


def units(format: VideoFormat) -> Fraction:  # noqa: A002
    """What the engine counts clips in, per second: frames, or an interlaced channel's fields."""
    return format.rate * 2 if format.scan is Scan.INTERLACED else format.rate


def cadence(rate: Fraction) -> tuple[int, ...]:
    """How many sound samples go with each frame, in turn; they add up exactly."""
    each = _SAMPLES / rate
    ends = [(number * each).__floor__() for number in range(each.denominator + 1)]
    return tuple(after - before for before, after in pairwise(ends))


def _shape(format: VideoFormat) -> tuple[int, int, Fraction, Scan]:  # noqa: A002
    return format.width, format.height, format.rate, format.scan


_BY_SHAPE = {_shape(VideoFormat.parse(name)): name for name in _OWN}
