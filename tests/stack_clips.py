"""The coded clips that a test lineup plays, and what ought to be on air by rundown or as-run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from reconciler.model.rundown import Clip, Rundown
from tests.conformance.coded import Coded, make

RATE = Fraction(25)
FORMAT = "424x240p2500"


def _clip(number: int, frames: int) -> Coded:
    return Coded(id=number, width=424, height=240, rate=RATE, frames=frames)


ALPHA, BRAVO, CHARLIE = _clip(21, 75), _clip(22, 85), _clip(23, 65)
DELTA, ECHO = _clip(24, 80), _clip(25, 50)  # by edits; as filler
XRAY, YANKEE = _clip(31, 250), _clip(32, 225)  # long enough to act upon
CLIPS = (ALPHA, BRAVO, CHARLIE, DELTA, ECHO, XRAY, YANKEE)


def house(clip: Coded) -> str:
    """The clip's house number in a lineup."""
    return f"CODED-{clip.id}"


def make_clips(folder: Path) -> None:
    """Encode every clip into `folder`."""
    for clip in CLIPS:
        make(clip, folder)


@dataclass(frozen=True, slots=True)
class Piece:
    """From tick `start` up to `end`, clip `clip` from its frame `number` on (clip 0: no clip)."""

    start: int
    end: int
    clip: int
    number: int


def pieces_of(rundown: Rundown) -> list[Piece]:
    """What a rundown puts on air."""
    return [
        Piece(
            event.start,
            event.end,
            _clip_of(event.material.asset) if isinstance(event.material, Clip) else 0,
            event.material.in_frame if isinstance(event.material, Clip) else 0,
        )
        for event in rundown.events
    ]


def pieces_of_asrun(rows: Iterable[Mapping[str, object]]) -> list[Piece]:
    """What as-run rows say was on air, by tick."""
    found = [
        Piece(
            _int(row["first_tick"]),
            _int(row["last_tick"]) + 1,
            _clip_of(str(row["asset"] or "")),
            _int(row["first_source_frame"]),
        )
        for row in rows
        if row["first_tick"] is not None and row["last_tick"] is not None
    ]
    return sorted(found, key=lambda piece: piece.start)


def on_air_at(pieces: Iterable[Piece]) -> dict[int, tuple[int, int]]:
    """Clip and frame number for each tick."""
    return {
        tick: (piece.clip, piece.number + tick - piece.start if piece.clip else 0)
        for piece in pieces
        for tick in range(piece.start, piece.end)
    }


def _clip_of(asset: str) -> int:
    name, _, number = asset.rpartition("-")
    return int(number) if name == "CODED" else 0


def _int(value: object) -> int:
    assert isinstance(value, int)
    return value
