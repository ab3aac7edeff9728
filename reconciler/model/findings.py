"""What is found in a staged file by looking into all of it: streams, loudness, damage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """One file's content; `loudness` is integrated, in LUFS (EBU R 128), None where it is silent.

    `damage` says what is wrong with a file that plays all the same; empty where nothing is.
    """

    container: str = ""  # as FFmpeg names it: `mov,mp4,m4a,3gp,3g2,mj2`, `mpegts`
    width: int = 0
    height: int = 0
    rate: str = ""  # frames a second, such as `25` or `30000/1001`
    interlaced: bool = False
    channels: int = 0  # of its first sound
    loudness: float | None = None
    damage: str = ""

    def to_json(self) -> dict[str, object]:
        """As plain values; `of` reads them."""
        return asdict(self)

    @staticmethod
    def of(values: Mapping[str, Any]) -> Findings:
        """Read what `to_json` wrote, ignoring what a newer program may have added."""
        known = {name: values[name] for name in Findings.__slots__ if name in values}
        return Findings(**known)
