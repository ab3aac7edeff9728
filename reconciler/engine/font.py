"""A small typeface of strokes, drawn here with smooth edges at any size.

PyAV's FFmpeg has no `drawtext`, and a picture library would be a dependency for a few words. Each
glyph is a handful of lines and arcs on a grid whose capitals are ten units high; a text becomes a
mask of coverage that the caller lays over a picture in whatever colour. Accented letters are their
base letter with the accent drawn above; what is unknown becomes an empty box.
"""

from __future__ import annotations

import math
import unicodedata
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.float32]  # coverage from 0 to 1; rows downwards

CAP = 10.0  # grid units from the baseline to the top of a capital
ASCENT, DESCENT = 13.0, 4.0  # room above (accents) and below (tails) the baseline
REGULAR, BOLD, LIGHT = 1.15, 1.75, 0.7  # stroke width in grid units
_GAP = 1.45  # between the edges of two letters
_SPACE = 3.2
_ARC_STEP = 12.0  # degrees of arc per line

# Strokes are separated by ";". A point is "x,y"; an arc is "@cx,cy,rx,ry,from,to" in degrees,
# counter-clockwise; neighbours within a stroke are joined by lines.
_GLYPHS: dict[str, tuple[float, str]] = {
    "A": (6.6, "0,0 3.3,10 6.6,0;1.06,3.2 5.54,3.2"),
    "B": (6, "0,0 0,10 @3.2,7.6,2.4,2.4,90,-90 0,5.2;3.2,5.2 @3.4,2.6,2.6,2.6,90,-90 0,0"),
    "C": (6, "@3,7,3,3,15,180 @3,3,3,3,180,345"),
    "D": (6, "0,0 0,10 @2.8,6.8,3.2,3.2,90,0 @2.8,3.2,3.2,3.2,0,-90 0,0"),
    "E": (5.2, "5.2,10 0,10 0,0 5.2,0;0,5.2 4.5,5.2"),
    "F": (5, "5,10 0,10 0,0;0,5.1 4.4,5.1"),
    "G": (6, "@3,7,3,3,15,180 @3,3,3,3,180,360 6,4.9 3.5,4.9"),
    "H": (6, "0,0 0,10;6,0 6,10;0,5.2 6,5.2"),
    "I": (0, "0,0 0,10"),
    "J": (4.2, "4.2,10 @2,2.2,2.2,2.2,0,-150"),
    "K": (5.8, "0,0 0,10;5.6,10 0,3.9;2.1,6.2 5.8,0"),
    "L": (4.8, "0,10 0,0 4.8,0"),
    "M": (7.4, "0,0 0,10 3.7,3.8 7.4,10 7.4,0"),
    "N": (6, "0,0 0,10 6,0 6,10"),
    "O": (6, "@3,7,3,3,0,180 @3,3,3,3,180,360 6,7"),
    "P": (5.8, "0,0 0,10 @3,7.2,2.8,2.8,90,-90 0,4.4"),
    "Q": (6, "@3,7,3,3,0,180 @3,3,3,3,180,360 6,7;3.8,2.4 6.3,-0.5"),
    "R": (6, "0,0 0,10 @3,7.2,2.8,2.8,90,-90 0,4.4;3.1,4.4 6,0"),
    "S": (5.8, "@2.9,7.55,2.8,2.45,25,270 @2.9,2.55,2.9,2.55,90,-155"),
    "T": (6, "0,10 6,10;3,10 3,0"),
    "U": (6, "0,10 @3,3,3,3,180,360 6,10"),
    "V": (6.2, "0,10 3.1,0 6.2,10"),
    "W": (8.8, "0,10 2.2,0 4.4,8.4 6.6,0 8.8,10"),
    "X": (6, "0,0 6,10;0,10 6,0"),
    "Y": (6, "0,10 3,4.7 6,10;3,4.7 3,0"),
    "Z": (5.8, "0,10 5.8,10 0,0 5.8,0"),
    "a": (4.9, "4.9,7 4.9,0;4.9,4.55 @2.45,4.55,2.45,2.45,0,180 @2.45,2.45,2.45,2.45,180,360"),
    "b": (4.9, "0,10 0,0;0,4.55 @2.45,4.55,2.45,2.45,180,0 @2.45,2.45,2.45,2.45,0,-180"),
    "c": (4.7, "@2.45,4.55,2.45,2.45,20,180 @2.45,2.45,2.45,2.45,180,340"),
    "d": (4.9, "4.9,10 4.9,0;4.9,4.55 @2.45,4.55,2.45,2.45,0,180 @2.45,2.45,2.45,2.45,180,360"),
    "e": (4.9, "0,3.6 4.9,3.6 @2.45,4.55,2.45,2.45,0,180 @2.45,2.45,2.45,2.45,180,325"),
    "f": (3.1, "3.3,10 @3,8,1.9,2,90,180 1.1,0;0,7 3,7"),
    "g": (
        4.9,
        "@2.45,4.55,2.45,2.45,0,180 @2.45,2.45,2.45,2.45,180,360;4.9,7 @2.45,-0.8,2.45,2.3,0,-145",
    ),
    "h": (4.8, "0,10 0,0;0,4.6 @2.4,4.6,2.4,2.4,180,0 4.8,0"),
    "i": (0, "0,7 0,0;0,9.6 0,9.65"),
    "j": (1, "1,7 1,-1.2 @-0.8,-1.2,1.8,1.9,0,-80;1,9.6 1,9.65"),
    "k": (4.7, "0,10 0,0;4.5,7 0,2.7;1.7,4.3 4.7,0"),
    "l": (1.4, "0,10 @1.5,1.5,1.5,1.5,180,275"),
    "m": (
        7.8,
        "0,7 0,0;0,5.05 @1.95,5.05,1.95,1.95,180,0 3.9,0;3.9,5.05 @5.85,5.05,1.95,1.95,180,0 7.8,0",
    ),
    "n": (4.8, "0,7 0,0;0,4.6 @2.4,4.6,2.4,2.4,180,0 4.8,0"),
    "o": (4.9, "@2.45,4.55,2.45,2.45,0,180 @2.45,2.45,2.45,2.45,180,360 4.9,4.55"),
    "p": (4.9, "0,7 0,-3;0,4.55 @2.45,4.55,2.45,2.45,180,0 @2.45,2.45,2.45,2.45,0,-180"),
    "q": (4.9, "4.9,7 4.9,-3;4.9,4.55 @2.45,4.55,2.45,2.45,0,180 @2.45,2.45,2.45,2.45,180,360"),
    "r": (3, "0,7 0,0;0,4.5 @2.5,4.5,2.5,2.5,180,75"),
    "s": (4.4, "@2.2,5.2,2.1,1.8,25,270 @2.2,1.7,2.2,1.7,90,-155"),
    "t": (3.1, "1.1,9.2 @2.8,1.7,1.7,1.7,180,282;0,7 3,7"),
    "u": (4.8, "0,7 @2.4,2.4,2.4,2.4,180,360;4.8,7 4.8,0"),
    "v": (4.8, "0,7 2.4,0 4.8,7"),
    "w": (7, "0,7 1.75,0 3.5,5.8 5.25,0 7,7"),
    "x": (4.6, "0,0 4.6,7;0,7 4.6,0"),
    "y": (4.8, "0,7 2.5,0.2;4.8,7 2,-1.9 @0.9,-1.4,1.2,1.6,-30,-110"),
    "z": (4.4, "0,7 4.4,7 0,0 4.4,0"),
    "0": (5.8, "@2.9,7.1,2.9,2.9,0,180 @2.9,2.9,2.9,2.9,180,360 5.8,7.1"),
    "1": (5.8, "1,7.7 3.4,10 3.4,0"),
    "2": (5.8, "@2.9,7.15,2.85,2.85,165,-33 0.1,0 5.8,0"),
    "3": (5.8, "@2.8,7.6,2.5,2.4,150,-90 2,5.2;2.8,5.2 @2.8,2.6,2.9,2.6,90,-150"),
    "4": (5.8, "4.4,0 4.4,10 0,2.7 5.9,2.7"),
    "5": (5.8, "5.2,10 0.8,10 0.4,5.2 @2.8,3.15,3,3.15,128,-150"),
    "6": (5.8, "@2.9,2.95,2.9,2.95,0,360;0.35,4.4 3.7,10"),
    "7": (5.8, "0,10 5.8,10 1.8,0"),
    "8": (5.8, "@2.9,7.6,2.45,2.4,0,360;@2.9,2.6,2.9,2.6,0,360"),
    "9": (5.8, "@2.9,7.05,2.9,2.95,0,360;5.45,5.6 2.1,0"),
    ".": (0, "0,0 0,0.05"),
    ",": (0.8, "0.6,0.1 0.1,-1.8"),
    ":": (0, "0,0.9 0,0.95;0,6 0,6.05"),
    ";": (0.8, "0.6,0.9 0.1,-1.6;0.6,6 0.6,6.05"),
    "!": (0, "0,10 0,3.1;0,0 0,0.05"),
    "?": (4.8, "@2.4,7.6,2.4,2.4,160,-60 2.4,3.2;2.4,0 2.4,0.05"),
    "-": (3.6, "0,4.2 3.6,4.2"),
    "\u2013": (5.4, "0,4.2 5.4,4.2"),
    "\u2014": (8, "0,4.2 8,4.2"),
    "_": (5.4, "0,-1.4 5.4,-1.4"),
    "\u2212": (5, "0,4.2 5,4.2"),
    "+": (5, "0,4.2 5,4.2;2.5,6.7 2.5,1.7"),
    "=": (5, "0,5.6 5,5.6;0,2.8 5,2.8"),
    "/": (4, "0,-1 4,11"),
    "\\": (4, "0,11 4,-1"),
    "|": (0, "0,-1.5 0,11.5"),
    "(": (2, "@5,5,5,6.5,130,230"),
    ")": (2, "@-3,5,5,6.5,50,-50"),
    "[": (1.8, "1.8,11 0,11 0,-1 1.8,-1"),
    "]": (1.8, "0,11 1.8,11 1.8,-1 0,-1"),
    "<": (4.4, "4.4,7.4 0,4.2 4.4,1"),
    ">": (4.4, "0,7.4 4.4,4.2 0,1"),
    "'": (0, "0,10 0,8"),
    '"': (1.8, "0,10 0,8;1.8,10 1.8,8"),
    "*": (4, "2,10 2,6;0.3,9 3.7,7;0.3,7 3.7,9"),
    "#": (5.6, "1,0.5 2,9.5;3.6,0.5 4.6,9.5;0.2,3.3 5,3.3;0.6,6.7 5.4,6.7"),
    "%": (7.4, "@1.5,8.3,1.5,1.7,0,360;@5.9,1.7,1.5,1.7,0,360;1.6,0 5.8,10"),
    "&": (6.2, "6.2,0 1.4,6.3 @2.8,8,1.9,2,215,-35 @2.5,2.6,2.5,2.6,135,330 5.6,4.6"),
    "@": (8, "@4,4.6,1.9,2.2,0,360;5.9,6.4 5.9,3.4 @6.9,3.5,1,1.2,180,300 @4,4.6,4,4.6,-10,300"),
    "\u00b7": (0, "0,4.2 0,4.25"),
    "\u2022": (1, "@0.5,4.4,0.5,0.5,0,360"),
    "\u00d7": (4, "0,2.2 4,6.2;0,6.2 4,2.2"),
    "\u00b0": (2.4, "@1.2,8.8,1.2,1.2,0,360"),
    "\u2026": (5, "0,0 0,0.05;2.5,0 2.5,0.05;5,0 5,0.05"),
    "\u00d8": (6, "@3,7,3,3,0,180 @3,3,3,3,180,360 6,7;0,-0.6 6,10.6"),
    "\u00f8": (
        4.9,
        "@2.45,4.55,2.45,2.45,0,180 @2.45,2.45,2.45,2.45,180,360 4.9,4.55;0,-0.6 4.9,7.6",
    ),
    "\u00c6": (8.8, "0,0 4,10 8.6,10;4.4,10 4.4,0 8.8,0;1.28,3.2 4.4,3.2;4.4,5.3 8,5.3"),
    "\u00e6": (
        8.4,
        (
            "4.2,7 4.2,0;4.2,4.7 @2.1,4.7,2.1,2.3,0,180 @2.1,2.3,2.1,2.3,180,360;"
            "4.2,3.6 8.4,3.6 @6.3,4.7,2.1,2.3,0,180;4.2,2.3 @6.3,2.3,2.1,2.3,180,325"
        ),
    ),
    "\u00df": (5.2, "0,0 0,7.8 @2.2,7.8,2.2,2.2,180,-60 2.6,5.3 @2.5,2.7,2.7,2.7,80,-120"),
}
_MARKS: dict[str, str] = {  # drawn about x = 0, above y = 0
    "\u0300": "-1,2.2 0.6,0.6",
    "\u0301": "-0.6,0.6 1,2.2",
    "\u0302": "-1.5,0.6 0,2.2 1.5,0.6",
    "\u0303": "-1.7,0.8 -0.8,1.7 0.8,0.9 1.7,1.8",
    "\u0308": "-1.2,1.3 -1.2,1.35;1.2,1.3 1.2,1.35",
    "\u030a": "@0,1.5,1.1,1.1,0,360",
    "\u030c": "-1.5,2.2 0,0.6 1.5,2.2",
}
_BOX = (5.0, "0,0 5,0 5,10 0,10 0,0")
_DIGITS = frozenset("0123456789")


def text_mask(text: str, height: float, *, weight: float = REGULAR) -> Mask:
    """Draw one line of `text`, whose capitals are `height` pixels high.

    The mask is `line_height(height)` rows high with the baseline at `baseline(height)`; digits are
    of equal width, so that a running number stands still.
    """
    scale = height / CAP
    pieces = [_glyph(letter, scale, weight) for letter in unicodedata.normalize("NFC", text)]
    width = sum(piece.shape[1] for piece in pieces)
    return (
        np.concatenate(pieces, axis=1) if width else np.zeros((line_height(height), 1), np.float32)
    )


def line_height(height: float) -> int:
    """Rows of a text mask whose capitals are `height` pixels high."""
    return math.ceil((ASCENT + DESCENT) * height / CAP)


def baseline(height: float) -> int:
    """The row of a text mask on which its letters stand."""
    return round(ASCENT * height / CAP)


@lru_cache(maxsize=4096)
def _glyph(letter: str, scale: float, weight: float) -> Mask:
    rows = line_height(scale * CAP)
    if letter.isspace():
        return np.zeros((rows, round((_SPACE + _GAP) * scale)), np.float32)
    width, lines = _shape(letter)
    columns = max(1, round((width + weight + _GAP) * scale))
    across = (np.arange(columns, dtype=np.float32) + 0.5) / scale - (weight + _GAP) / 2
    down = (baseline(scale * CAP) - np.arange(rows, dtype=np.float32) - 0.5) / scale
    distance = np.full((rows, columns), np.inf, np.float32)
    for start, end in lines:
        np.minimum(distance, _distance(across, down, start, end), out=distance)
    ink: Mask = np.clip((weight / 2 - distance) * scale + 0.5, 0, 1).astype(np.float32)
    ink.setflags(write=False)
    return ink


Point = tuple[float, float]


def _shape(letter: str) -> tuple[float, list[tuple[Point, Point]]]:
    if letter in _GLYPHS:
        width, strokes = _GLYPHS[letter]
        lines = _lines(strokes)
        return (width, lines) if letter not in _DIGITS else (5.8, lines)
    base, *marks = list(unicodedata.normalize("NFD", letter))
    if base not in _GLYPHS or not marks:
        return _BOX[0], _lines(_BOX[1])
    width, lines = _shape(base)
    top = 10.4 if base.isupper() else 7.8
    for mark in marks:
        for start, end in _lines(_MARKS.get(mark, "")):
            shift = width / 2
            lines.append(((start[0] + shift, start[1] + top), (end[0] + shift, end[1] + top)))
    return width, lines


def _lines(strokes: str) -> list[tuple[Point, Point]]:
    found: list[tuple[Point, Point]] = []
    for stroke in filter(None, strokes.split(";")):
        points = [point for token in stroke.split() for point in _points(token)]
        found.extend(pairwise(points))
    return found


def _points(token: str) -> list[Point]:
    if not token.startswith("@"):
        x, y = map(float, token.split(","))
        return [(x, y)]
    cx, cy, rx, ry, begin, end = map(float, token[1:].split(","))
    steps = max(2, math.ceil(abs(end - begin) / _ARC_STEP))
    angles = [math.radians(begin + (end - begin) * step / steps) for step in range(steps + 1)]
    return [(cx + rx * math.cos(angle), cy + ry * math.sin(angle)) for angle in angles]


def _distance(across: Mask, down: Mask, start: Point, end: Point) -> Mask:
    """Distance of every pixel from one line, in grid units."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    from_x, from_y = across[None, :] - start[0], down[:, None] - start[1]
    length = dx * dx + dy * dy or 1e-9
    along = np.clip((from_x * dx + from_y * dy) / length, 0, 1)
    return np.hypot(from_x - along * dx, from_y - along * dy).astype(np.float32)
