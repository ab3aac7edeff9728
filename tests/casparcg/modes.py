"""Video modes of a CasparCG channel: how often it ticks, and what one unit of AMCP time is worth.

On an interlaced mode the server ticks once a frame and counts in fields: 1/50 s at 25 ticks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

_CINEMA = re.compile(r"((?:\d+x)?\d{3,4})([pi])(\d{4})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    name: str
    unit_rate: Fraction
    fields: int
    tick_rate: Fraction
    tick_length: Fraction


def find_mode(name: str) -> Mode | None:
    """The mode of that name, or nothing: `SET MODE` and the config both refuse an unknown one."""
    known = {"PAL": Fraction(50), "NTSC": Fraction(60000, 1001)}
    if name.upper() in known:
        return _mode(name.upper(), known[name.upper()], 2)
    match = _CINEMA.fullmatch(name.lower())
    rate = _rate(match[3]) if match else None
    if match is None or rate is None:
        return None
    return _mode(name.lower(), rate, 2 if match[2] == "i" else 1)


def _mode(name: str, rate: Fraction, fields: int) -> Mode:
    return Mode(
        name=name,
        unit_rate=rate,
        fields=fields,
        tick_rate=rate / fields,
        tick_length=fields / rate,
    )


def _rate(digits: str) -> Fraction | None:
    whole = {"2400", "2500", "3000", "5000", "6000"}
    broken = {"2398": Fraction(24000, 1001), "2997": Fraction(30000, 1001)}
    broken["2976"] = broken["2997"]
    broken["5994"] = Fraction(60000, 1001)
    return Fraction(int(digits), 100) if digits in whole else broken.get(digits)
