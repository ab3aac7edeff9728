"""What the sample media show, part one: line-up pictures and everything that stands still.

A scene is made once per clip and then paints frame after frame onto the same canvas. Dark and
neutral, generous margins, words inside the title-safe area; each frame carries its time and number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from reconciler.engine.font import BOLD, Mask, baseline, text_mask
from reconciler.engine.testcard_canvas import (
    AMBER,
    LINE,
    MUTED,
    NIGHT,
    PANEL,
    PAPER,
    TEAL,
    Canvas,
    Ink,
    ink,
)
from reconciler.model.video import format_timecode

Painter = Callable[[Canvas, int], None]  # paints frame n, over whatever is on the canvas


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a scene has to know of its clip."""

    name: str
    title: str
    width: int
    height: int
    rate: Fraction
    frames: int
    hue: Ink = TEAL

    @property
    def margin(self) -> int:
        """Title-safe distance from the edges."""
        return round(min(self.width, self.height) * 0.07) & ~1

    def units(self, share: float) -> int:
        """`share` of the picture's shorter side, in whole even pixels."""
        return max(2, round(min(self.width, self.height) * share) & ~1)


class Strap:
    """The line at the foot of every picture: house number, title, running time, frame number."""

    def __init__(self, card: Card) -> None:
        self._card = card
        self._size = max(8.0, min(card.width, card.height) * 0.034)
        self._high = round(self._size * 2.4) & ~1
        self._top = (card.height - card.margin - self._high) & ~1
        self._clock_wide = text_mask("00:00:00:00  0000", self._size).shape[1]
        self._clock_at = (card.width - card.margin - self._clock_wide - self._high // 2) & ~1
        self._face = Canvas(card.width, card.height)
        self._draw(self._face)

    def base(self, canvas: Canvas) -> None:
        """Put down what does not change."""
        card = self._card
        rows, columns = (self._top, self._top + self._high), (card.margin, card.width - card.margin)
        canvas.y[slice(*rows), slice(*columns)] = self._face.y[slice(*rows), slice(*columns)]
        half = np.s_[rows[0] // 2 : rows[1] // 2, columns[0] // 2 : columns[1] // 2]
        canvas.u[half], canvas.v[half] = self._face.u[half], self._face.v[half]

    def _draw(self, canvas: Canvas) -> None:
        card, pad = self._card, self._high // 2
        canvas.rect(card.margin, self._top, (card.width - 2 * card.margin, self._high), PANEL)
        canvas.rect(card.margin, self._top, (max(4, pad // 3 & ~1), self._high), card.hue)
        foot = self._top + round(self._high / 2 + self._size / 2)
        name = canvas.write(card.name, (card.margin + pad, foot), self._size, PAPER)
        title_at = card.margin + pad + name + pad // 2
        title = text_mask(card.title, self._size)
        if title_at + title.shape[1] < self._clock_at:
            canvas.stamp(title, title_at, foot - baseline(self._size), MUTED)

    def paint(self, canvas: Canvas, frame: int) -> None:
        """Draw the running time and the frame's number."""
        at = self._clock_at
        canvas.y[self._top : self._top + self._high, at : at + self._clock_wide] = PANEL.y
        time = format_timecode(frame, self._card.rate)
        mask = text_mask(f"{time}  {frame:04}", self._size)
        foot = self._top + round(self._high / 2 + self._size / 2)
        canvas.stamp_luma(mask, at, foot - baseline(self._size), PAPER.y)


def on_base(card: Card, draw: Callable[[Canvas], None]) -> tuple[Canvas, Strap]:
    """A picture made once by `draw`, with the strap on it."""
    base, strap = Canvas(card.width, card.height), Strap(card)
    base.fill(NIGHT)
    draw(base)
    strap.base(base)
    return base, strap


def bars(card: Card) -> Painter:
    """Colour bars at 75 %, a grey ramp, and a mark that shows that the picture moves."""
    colours = ("bfbfbf", "bfbf00", "00bfbf", "00bf00", "bf00bf", "bf0000", "0000bf", "101010")
    split = round(card.height * 0.66) & ~1
    ramp_to = round(card.height * 0.76) & ~1

    def draw(base: Canvas) -> None:
        for number, code in enumerate(colours):
            x, end = (card.width * n // 8 & ~1 for n in (number, number + 1))
            base.rect(x, 0, (end - x, split), ink(code))
        base.y[split:ramp_to] = np.linspace(16, 235, card.width).astype(np.uint8)

    base, strap = on_base(card, draw)

    def paint(canvas: Canvas, frame: int) -> None:
        canvas.copy_from(base)
        x = round(frame * card.width / float(card.rate) / 4) % card.width
        canvas.y[split:ramp_to, max(0, x - 3) : x + 3] = PAPER.y
        strap.paint(canvas, frame)

    return paint


def countdown(card: Card) -> Painter:
    """A clock leader: the seconds that are left, and a hand that sweeps once in each."""
    cx, cy, radius = card.width // 2, round(card.height * 0.43), card.height * 0.34
    yy, xx = np.mgrid[0 : card.height, 0 : card.width].astype(np.float32)
    away = np.hypot(xx - cx, yy - cy)
    turn = ((np.arctan2(xx - cx, cy - yy) / (2 * np.pi)) % 1).astype(np.float32)
    ring = _edge(np.abs(away - radius) - 1.5)
    inside = away < radius - 5
    box = np.s_[round(cy - radius) : round(cy + radius), round(cx - radius) : round(cx + radius)]
    turn, inside = turn[box], inside[box]

    def draw(base: Canvas) -> None:
        base.rect(0, cy - 1, (card.width, 2), LINE)
        base.rect(cx - 1, 0, (2, card.height), LINE)
        base.y[away < radius] = NIGHT.y
        base.stamp(ring, 0, 0, card.hue)

    base, strap = on_base(card, draw)
    digits = {n: text_mask(str(n), radius * 0.9, weight=BOLD) for n in range(1, 100)}

    def paint(canvas: Canvas, frame: int) -> None:
        canvas.copy_from(base)
        seconds, rest = divmod(frame / card.rate, 1)
        swept = inside & (turn < float(rest))
        np.copyto(canvas.y[box], np.uint8(LINE.y), where=swept)
        mask = digits[max(1, int(card.frames / card.rate - seconds))]
        foot = round(cy + radius * 0.45) - baseline(radius * 0.9)
        canvas.stamp_luma(mask, cx - mask.shape[1] // 2, foot, PAPER.y)
        strap.paint(canvas, frame)

    return paint


def testcard(card: Card) -> Painter:
    """Grid, circle, corners and greys, and a dot that crosses the picture without a stumble."""
    step = card.units(0.125)
    yy, xx = np.mgrid[0 : card.height, 0 : card.width].astype(np.float32)
    away = np.hypot(xx - card.width / 2, yy - card.height / 2)
    track = card.height // 2

    def draw(base: Canvas) -> None:
        for x in range(card.width // 2 % step, card.width, step):
            base.rect(x, 0, (1, card.height), LINE)
        for y in range(card.height // 2 % step, card.height, step):
            base.rect(0, y, (card.width, 1), LINE)
        base.stamp(_edge(np.abs(away - card.height * 0.4) - 1), 0, 0, MUTED)
        wide, high = card.units(0.5), card.units(0.1)
        left = (card.width - 8 * (wide // 5)) // 2
        for number in range(8):
            grey = Ink(16 + 219 * number // 7, 128, 128)
            base.rect(
                left + number * (wide // 5), round(card.height * 0.28), (wide // 5, high), grey
            )
        base.headline(
            card.title, (card.width // 2, round(card.height * 0.22)), card.height * 0.06, PAPER
        )
        base.rect(0, track - card.units(0.07), (card.width, 2 * card.units(0.07)), NIGHT)

    base, strap = on_base(card, draw)
    dot = _disc(card.height * 0.045)

    def paint(canvas: Canvas, frame: int) -> None:
        canvas.copy_from(base)
        reach = card.width - dot.shape[1]
        x = frame * 4 % (2 * reach)
        canvas.stamp(dot, min(x, 2 * reach - x), track - dot.shape[0] // 2, AMBER)
        strap.paint(canvas, frame)

    return paint


def slate(width: int, height: int, *, title: str, below: str) -> Canvas:
    """The holding picture: a title, a line below it, and quiet."""
    canvas = Canvas(width, height)
    canvas.fill(NIGHT)
    yy, xx = np.mgrid[0:height, 0:width].astype(np.float32)
    glow = 1 - np.clip(
        np.hypot((xx - width / 2) / width, (yy - height * 0.45) / height) * 1.7, 0, 1
    )
    canvas.stamp((glow * 0.55).astype(np.float32), 0, 0, ink("2a3843"))
    middle = width // 2
    canvas.headline(title, (middle, round(height * 0.5)), height * 0.085, PAPER)
    canvas.rect(
        middle - height // 10, round(height * 0.56), (height // 5, max(2, height // 180)), TEAL
    )
    mask = text_mask(below, height * 0.038)
    canvas.stamp(mask, middle - mask.shape[1] // 2, round(height * 0.6), MUTED)
    return canvas


def _disc(radius: float) -> Mask:
    across = np.arange(int(radius * 2) + 3, dtype=np.float32) - radius - 1
    return _edge(np.hypot(across[None, :], across[:, None]) - radius)


def _edge(distance: Mask) -> Mask:
    """Coverage of what lies on the negative side, one pixel soft."""
    covered: Mask = np.clip(0.5 - distance, 0, 1).astype(np.float32)
    return covered
