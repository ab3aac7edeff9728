"""How much of a machine one channel of the embedded engine takes: cores, from measured tables.

Pure, for the plan. Source: measurements of the prototype (decode, normalise, encode, mux of a
mixed playlist) on 2-core virtual machines, CPU-seconds per second of programme.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.video import VideoFormat

PRESETS = ("veryfast", "superfast", "ultrafast")  # best picture first
# The table is an average of mixed material; a hard clip must still fit. The hardest, a noisy source
# at the channel's own 1080p50, took 1.8 cores with `ultrafast` and the preview: there pictures are
# dropped and counted on a machine that has just what the plan asked for.
RESERVE = Fraction(5, 4)

# Hundredths of a core at so many pixels a second: 360p25, 720p25, 1080p50.
_PIXEL_RATES = (0, 640 * 360 * 25, 1280 * 720 * 25, 1920 * 1080 * 50)
_TABLE: Mapping[str, tuple[int, int, int, int]] = {
    "ultrafast": (8, 19, 50, 88),
    "superfast": (9, 24, 61, 131),
    "veryfast": (10, 31, 79, 187),
}
_PREVIEW = Fraction(12, 100)  # a second, small encode
_PREVIEW_ABOVE = 360  # lines; a smaller programme is its own preview
_RELAY = Fraction(2, 100)  # a child process per SRT or RTMP output
_PLAIN_OUTPUT = Fraction(1, 100)
_RELAYED = frozenset({"srt", "rtmp"})


def estimate_cost(video: VideoFormat, preset: str, outputs: tuple[str, ...]) -> Fraction:
    """Cores that a channel takes, its preview and its outputs (by type) included, with reserve.

    Raises `KeyError` for a preset that is not one of `PRESETS`.
    """
    cost = _programme(video, preset)
    if video.height > _PREVIEW_ABOVE:
        cost += _PREVIEW
    for kind in outputs:
        cost += _RELAY if kind in _RELAYED else _PLAIN_OUTPUT
    return cost * RESERVE


def choose_preset(video: VideoFormat, cores: Fraction) -> str:
    """The best preset that leaves half of `cores` to others; the cheapest if none does."""
    for preset in PRESETS:
        if estimate_cost(video, preset, ()) * 2 <= cores:
            return preset
    return PRESETS[-1]


def _programme(video: VideoFormat, preset: str) -> Fraction:
    table = _TABLE[preset]
    pixels = video.width * video.height * video.rate
    upper = 1
    while upper < len(_PIXEL_RATES) - 1 and pixels > _PIXEL_RATES[upper]:
        upper += 1
    low, high = _PIXEL_RATES[upper - 1], _PIXEL_RATES[upper]
    share = (pixels - low) / Fraction(high - low)  # above 1 past the table: goes on as steeply
    return (table[upper - 1] + share * (table[upper] - table[upper - 1])) / 100
