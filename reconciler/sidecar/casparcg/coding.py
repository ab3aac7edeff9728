"""How the engine is to code a programme: its encoder options, each with the stream it is for. Pure.

Without `:v` or `:a` an option is ignored with a line in the log; a flag without a value swallows
the next word; without a filter the sound has sixteen channels.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from reconciler.model.video import Scan, VideoFormat

PREVIEW_LINES = 240  # enough for a wall of channels, as the embedded engine's
_HALVED_ABOVE = 30  # pictures a second that a preview needs at most
_KEY_EVERY = 2  # seconds; what live platforms ask for, and the length of an HLS segment
_REFERENCE_BITS, _REFERENCE_PIXELS = 4_000_000, 1280 * 720 * 25  # as the embedded engine codes
_LOOKS_WELL = "21"  # x264's constant rate factor, as the embedded engine's
_NTSC_LINES = 486  # the one format whose lower field is the first
_STEREO = "pan=stereo|c0=c0|c1=c1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Coding:
    """How a coded output's pictures are made ready, and how many bits they get."""

    filters: tuple[str, ...]
    rate: Fraction  # coded pictures per second
    preset: str
    bits: int  # per second, at most
    steady: bool  # all of them always, rather than as the picture needs
    sound_bits: int
    interlaced: bool

    @staticmethod
    def programme(format: VideoFormat, bitrate: int | None) -> Coding:  # noqa: A002
        """The programme as it is; what an interlaced channel gives by field is woven again."""
        interlaced = format.scan is Scan.INTERLACED
        first = "bff" if format.height == _NTSC_LINES else "tff"
        weave = (f"interlace=scan={first}:lowpass=off",) if interlaced else ()
        return Coding(
            filters=(*weave, "format=yuv420p"),
            rate=format.rate,
            preset="veryfast",
            bits=bitrate or _usual(format.width * format.height * format.rate),
            steady=bitrate is not None,
            sound_bits=128_000,
            interlaced=interlaced,
        )

    @staticmethod
    def preview(format: VideoFormat) -> Coding:  # noqa: A002
        """The programme smaller and cheaper: square pixels, some thirty pictures a second."""
        interlaced = format.scan is Scan.INTERLACED
        pictures = format.rate * (2 if interlaced else 1)
        rate = pictures / 2 if pictures > _HALVED_ABOVE else pictures
        lines = min(format.height, PREVIEW_LINES) // 2 * 2
        halved = (f"fps={rate.numerator}/{rate.denominator}",) if rate != pictures else ()
        width = f"trunc(iw*sar*{lines}/ih/2)*2"
        return Coding(
            filters=(*halved, f"scale=w={width}:h={lines}", "setsar=1", "format=yuv420p"),
            rate=rate,
            preset="ultrafast",
            bits=_usual(lines * lines * 16 // 9 * rate),
            steady=False,
            sound_bits=96_000,
            interlaced=False,
        )


def arguments(coding: Coding) -> tuple[str, ...]:
    """The options of a coded consumer, a word each, every flag with its value."""
    woven = ("-flags:v", "+ildct+ilme") if coding.interlaced else ()
    return (
        *("-codec:v", "libx264", "-preset:v", coding.preset, "-tune:v", "zerolatency", *woven),
        *(("-b:v", str(coding.bits)) if coding.steady else ("-crf:v", _LOOKS_WELL)),
        *("-maxrate:v", str(coding.bits), "-bufsize:v", str(coding.bits)),
        *("-g:v", str(round(coding.rate * _KEY_EVERY)), "-sc_threshold:v", "0"),
        *("-filter:v", ",".join(coding.filters)),
        *("-codec:a", "aac", "-b:a", str(coding.sound_bits), "-filter:a", _STEREO),
    )


def _usual(pixels_a_second: Fraction) -> int:
    """Bits a second at most that look well: grows with the root of the pixel rate."""
    share: float = float(pixels_a_second / _REFERENCE_PIXELS) ** 0.5
    return round(_REFERENCE_BITS * share / 1000) * 1000
