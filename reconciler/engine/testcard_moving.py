"""What the sample media show, part two: pictures that move.

Everything that can be is drawn once, wider than the picture, and slid past it: a frame costs a
copy and a few words, so that a whole afternoon of television is made in seconds.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reconciler.engine.font import BOLD, Mask, baseline, text_mask
from reconciler.engine.testcard_canvas import (
    AMBER,
    GREEN,
    NIGHT,
    PANEL,
    PAPER,
    RED,
    Canvas,
    Ink,
    ink,
)
from reconciler.engine.testcard_scenes import Card, Painter, Strap, on_base


def ident(card: Card) -> Painter:
    """The station's sign on a slowly wandering light."""
    wide = Canvas(card.width * 2, card.height)
    yy, xx = np.mgrid[0 : wide.height, 0 : wide.width].astype(np.float32)
    glow = 1 - np.hypot((xx - wide.width / 2) / card.width, (yy - card.height * 0.44) / card.height)
    wide.fill(NIGHT)
    wide.stamp((np.clip(glow, 0, 1) ** 2 * 0.8).astype(np.float32), 0, 0, card.hue)
    sign = _sign(card)
    strap = Strap(card)
    words = text_mask(card.title, card.units(0.05))
    top = round(card.height * 0.4) - sign.shape[0] // 2

    def paint(canvas: Canvas, frame: int) -> None:
        share = frame / card.frames
        _slide(canvas, wide, round(card.width * (0.5 + 0.3 * np.cos(share * 2 * np.pi))))
        canvas.stamp(sign, (card.width - sign.shape[1]) // 2, top, PAPER)
        shown = _ease(share * 5) * (1 - _ease(share * 5 - 4))
        at = (card.width - words.shape[1]) // 2
        canvas.stamp(words * np.float32(shown), at, round(card.height * 0.64), PAPER)
        strap.base(canvas)
        strap.paint(canvas, frame)

    return paint


def news_open(card: Card) -> Painter:
    """Slanted light passes, the title comes in from the left and stays."""
    wide = _stripes(card, ink("16222c"), ink("1d2f3d"), slant=0.6)
    strap, size = Strap(card), card.units(0.17)
    title = text_mask(card.title.upper(), size, weight=BOLD)
    left = card.margin * 2
    foot = round(card.height * 0.52)

    def paint(canvas: Canvas, frame: int) -> None:
        _slide(canvas, wide, frame * 3 % card.units(0.5))
        seconds = frame / float(card.rate)
        bar = round((card.width - left) * _ease(seconds * 1.2))
        canvas.rect(left, foot + card.units(0.06), (bar, card.units(0.02)), card.hue)
        gone = 1 - _ease((seconds - 0.5) * 1.2)
        at = left - round(gone * (title.shape[1] + left))
        canvas.stamp(title, at, foot - baseline(size), PAPER)
        strap.base(canvas)
        strap.paint(canvas, frame)

    return paint


def news(card: Card) -> Painter:
    """A studio wall, a headline in the lower third, and a line of text that crawls."""
    wide = _stripes(card, ink("18222b"), ink("1e2c38"), slant=0.15)
    strap, size = Strap(card), card.units(0.06)
    crawl = text_mask(f"{card.title}   \u2022   " * 8, card.units(0.04))
    low = round(card.height * 0.52) & ~1
    high = card.units(0.16)
    panel = Canvas(card.width, card.height)

    def paint(canvas: Canvas, frame: int) -> None:
        _slide(canvas, wide, frame % card.units(0.5))
        seconds = frame / float(card.rate)
        reach = round((card.width - 2 * card.margin) * _ease(seconds * 0.9)) & ~1
        panel.rect(0, low, (card.width, high), card.hue)
        panel.write(card.title, (card.margin * 2, low + round(high * 0.5 + size / 2)), size, PAPER)
        _reveal(canvas, panel, (card.margin, low), (reach, high))
        canvas.rect(0, low + high, (card.width, card.units(0.08)), PANEL)
        offset = frame * 2 % (crawl.shape[1] // 8)
        canvas.stamp_luma(crawl[:, offset:], 0, low + high + card.units(0.006), PAPER.y)
        strap.base(canvas)
        strap.paint(canvas, frame)

    return paint


def sport(card: Card) -> Painter:
    """A pitch that rushes past at the full rate, a ball that bounces, the score."""
    wide = _stripes(card, ink("235a31"), ink("2a6839"), slant=0.35)
    strap, size = Strap(card), card.units(0.06)
    ball = _ball(card.units(0.05))
    floor = round(card.height * 0.72)

    def paint(canvas: Canvas, frame: int) -> None:
        _slide(canvas, wide, frame * 5 % card.units(0.5))
        beat = (frame / float(card.rate) * 1.25) % 1
        up = round(card.height * 0.42 * 4 * beat * (1 - beat))
        across = round(
            (card.width - ball.shape[1]) * (0.5 + 0.4 * np.sin(frame / float(card.rate)))
        )
        canvas.stamp(ball, across, floor - up - ball.shape[0], PAPER)
        canvas.rect(card.margin, card.margin, (card.units(1.02), card.units(0.13)), PANEL)
        minute, second = divmod(frame * 3 // int(card.rate), 60)
        score = f"HOME 2 \u2013 1 AWAY   {minute:02}:{second:02}"
        foot = card.margin + card.units(0.095)
        canvas.write(score, (card.margin + card.units(0.04), foot), size * 0.9, PAPER)
        strap.base(canvas)
        strap.paint(canvas, frame)

    return paint


def promo(card: Card) -> Painter:
    """Panels of colour that slide over one another, and what is on tonight."""
    strap, hues = Strap(card), (card.hue, AMBER, RED, GREEN)
    words = ("Tonight", "21:00", card.title)
    size = card.units(0.11)

    def paint(canvas: Canvas, frame: int) -> None:
        seconds = frame / float(card.rate)
        part, into = int(seconds // 3), _ease(seconds % 3 * 1.6)
        canvas.fill(_dim(hues[(part - 1) % 4]) if part else NIGHT)
        canvas.rect(0, 0, (round(card.width * into) & ~1, card.height), _dim(hues[part % 4]))
        middle = (card.width // 2, round(card.height * 0.48))
        if into > 0.5:  # noqa: PLR2004  # the words come when there is something beneath them
            canvas.headline(words[part % 3], middle, _fitting(words[part % 3], size, card), PAPER)
        strap.base(canvas)
        strap.paint(canvas, frame)

    return paint


def hills(card: Card) -> Painter:
    """An evening sky over four ranges of hills, the nearer the faster."""
    tints = ("37506a", "2b4156", "203243", "172530")
    sky = Canvas(card.width, card.height)
    for row in range(0, card.height, 2):
        share = row / card.height
        sky.rect(0, row, (card.width, 2), _between(ink("26304a"), ink("c98a63"), share**1.5))
    ranges = [_range(card, 0.42 + 0.11 * n, seed=n) for n in range(len(tints))]
    strap = Strap(card)

    def paint(canvas: Canvas, frame: int) -> None:
        canvas.copy_from(sky)
        for number, (solid, half) in enumerate(ranges):
            # An even step keeps luma and chroma on the same grid.
            at = round(frame * (number + 1) * 0.4) % card.width & ~1
            tint = ink(tints[number])
            view = solid[:, at : at + card.width]
            np.copyto(canvas.y[-solid.shape[0] :], np.uint8(tint.y), where=view)
            view = half[:, at // 2 : at // 2 + card.width // 2]
            np.copyto(canvas.u[-half.shape[0] :], np.uint8(tint.u), where=view)
            np.copyto(canvas.v[-half.shape[0] :], np.uint8(tint.v), where=view)
        strap.base(canvas)
        strap.paint(canvas, frame)

    return paint


def zone_plate(card: Card) -> Painter:
    """Rings that run outwards: what a scaler does to fine detail shows at once."""
    side = card.units(0.62)
    yy, xx = np.mgrid[0:side, 0:side].astype(np.float32) - side / 2
    squeeze = card.height * 4 / 3 / card.width  # its pixels are not square; the rings shall be
    radius = np.hypot(xx * np.float32(squeeze), yy)
    # The fastest change, at the rim, is one turn per five pixels.
    phase = (radius**2 * (256 / (5 * side))).astype(np.int64).astype(np.uint8)
    wave = (NIGHT.y + 90 + 80 * np.cos(np.arange(256) * 2 * np.pi / 256)).astype(np.uint8)
    rim = radius < side / 2 - 2
    top, left = round(card.height * 0.12), (card.width - side) // 2

    def draw(base: Canvas) -> None:
        base.headline("4:3", (card.margin * 2, card.margin * 2), card.units(0.06), PAPER)

    base, strap = on_base(card, draw)

    def paint(canvas: Canvas, frame: int) -> None:
        canvas.copy_from(base)
        rings = wave[phase - np.uint8(frame * 4 % 256)]
        np.copyto(canvas.y[top : top + side, left : left + side], rings, where=rim)
        strap.paint(canvas, frame)

    return paint


def film(card: Card) -> Painter:
    """A town at night that drifts by under a moon; a chapter every ten seconds."""
    wide = _town(card)
    strap, size = Strap(card), card.units(0.12)
    chapter_frames = round(10 * card.rate)

    def paint(canvas: Canvas, frame: int) -> None:
        _slide(canvas, wide, (frame & ~1) % card.width)
        number, within = divmod(frame, chapter_frames)
        share = within / chapter_frames
        shown = _ease(share * 6) * (1 - _ease(share * 6 - 2.5))
        if shown > 0:
            words = text_mask(f"Chapter {number + 1}", size)
            at = (card.width - words.shape[1]) // 2
            canvas.stamp(words * np.float32(shown), at, round(card.height * 0.26), PAPER)
        strap.base(canvas)
        strap.paint(canvas, frame)

    return paint


def _sign(card: Card) -> Mask:
    """The sample station's sign: a one in an open ring."""
    radius = card.height * 0.17
    side = int(radius * 2) + 8
    across = np.arange(side, dtype=np.float32) - side / 2 + 0.5
    away = np.hypot(across[None, :], across[:, None])
    ring: Mask = np.clip(radius * 0.07 + 0.5 - np.abs(away - radius * 0.93), 0, 1)
    ring[(across[:, None] < 0) & (across[None, :] > np.abs(across[:, None]) * 0.5)] *= 0.35
    one = text_mask("1", radius, weight=BOLD)
    top = round(side / 2 + radius * 0.5) - baseline(radius)
    left = (side - one.shape[1]) // 2
    rows = slice(max(0, top), min(side, top + one.shape[0]))
    view = ring[rows, left : left + one.shape[1]]
    np.maximum(view, one[rows.start - top : rows.stop - top], out=view)
    return ring


def _slide(canvas: Canvas, wide: Canvas, at: int) -> None:
    """Show the part of `wide` that begins at column `at`."""
    at &= ~1
    half = at // 2
    canvas.y[:] = wide.y[:, at : at + canvas.width]
    canvas.u[:] = wide.u[:, half : half + canvas.width // 2]
    canvas.v[:] = wide.v[:, half : half + canvas.width // 2]


def _reveal(canvas: Canvas, other: Canvas, at: tuple[int, int], size: tuple[int, int]) -> None:
    (x, y), (wide, high) = at, size
    canvas.y[y : y + high, x : x + wide] = other.y[y : y + high, x : x + wide]
    half = np.s_[y // 2 : (y + high) // 2, x // 2 : (x + wide) // 2]
    canvas.u[half], canvas.v[half] = other.u[half], other.v[half]


def _stripes(card: Card, dark: Ink, light: Ink, *, slant: float) -> Canvas:
    """Soft slanted stripes, wide enough to slide by one period (half the shorter side)."""
    period = card.units(0.5)
    wide = Canvas(card.width + period, card.height)
    wide.fill(dark)
    yy, xx = np.mgrid[0 : wide.height, 0 : wide.width].astype(np.float32)
    wave = 0.5 + 0.5 * np.sin((xx + slant * yy) * np.float32(2 * np.pi / period))
    wide.stamp(np.clip(wave * 3 - 1, 0, 1).astype(np.float32), 0, 0, light)
    return wide


def _range(card: Card, share: float, *, seed: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """A ridge whose line repeats after one picture width, as masks for luma and chroma."""
    turns = np.arange(card.width * 2) * 2 * np.pi / card.width
    line = sum(np.sin(turns * k + seed * 1.7 * k) / k for k in (1, 2, 3, 5, 8)) * 0.055 + share
    rows = np.arange(card.height)[:, None]
    solid = rows > np.asarray(line)[None, :] * card.height
    first = int(np.argmax(solid.any(axis=1))) & ~1
    return solid[first:], solid[first::2, ::2]


def _town(card: Card) -> Canvas:
    wide = Canvas(card.width * 2, card.height)
    for row in range(0, card.height, 2):
        tint = _between(ink("0d1522"), ink("24344e"), row / card.height)
        wide.rect(0, row, (wide.width, 2), tint)
    dice = np.random.default_rng(24)
    for _ in range(90):
        x, y = int(dice.integers(card.width)), int(dice.integers(card.height * 6 // 10))
        for shift in (0, card.width):
            wide.y[y, x + shift] = 120 + int(dice.integers(90))
    moon = _ball(card.units(0.09))
    for shift in (0, card.width):
        wide.stamp(moon, round(card.width * 0.7) + shift, round(card.height * 0.1), ink("d9dccf"))
    _houses(card, wide, dice)
    return wide


def _houses(card: Card, wide: Canvas, dice: np.random.Generator) -> None:
    x, lamp, wall = 0, ink("d8a657"), ink("0b1017")
    while x < card.width:
        broad = min(int(dice.integers(14, 34)) * 2, card.width - x)
        top = card.height - int(dice.integers(round(card.height * 0.3), round(card.height * 0.6)))
        lit = dice.random((card.height // 10, broad // 10)) < 0.22  # noqa: PLR2004  # a late hour
        for shift in (0, card.width):
            wide.rect(x + shift, top & ~1, (broad, card.height), wall)
            for row, column in zip(*np.nonzero(lit), strict=True):
                at = (x + shift + 4 + int(column) * 10, (top & ~1) + 6 + int(row) * 10)
                if at[0] + 6 < x + shift + broad:
                    wide.rect(*at, (4, 4), lamp)
        x += broad


def _ball(size: int) -> Mask:
    across = np.arange(size * 2 + 3, dtype=np.float32) - size - 1
    away = np.hypot(across[None, :], across[:, None])
    covered: Mask = np.clip(size - away + 0.5, 0, 1).astype(np.float32)
    return covered


def _fitting(words: str, size: float, card: Card) -> float:
    """`size`, or smaller if `words` would leave the safe area."""
    wide = int(text_mask(words, size, weight=BOLD).shape[1])
    return size * min(1.0, (card.width - 2 * card.margin) / wide)


def _ease(x: float) -> float:
    x = min(max(x, 0.0), 1.0)
    return x * x * (3 - 2 * x)


def _between(one: Ink, other: Ink, share: float) -> Ink:
    return Ink(
        *(round(a + (b - a) * share) for a, b in zip(_parts(one), _parts(other), strict=True))
    )


def _dim(colour: Ink) -> Ink:
    return _between(colour, NIGHT, 0.45)


def _parts(colour: Ink) -> tuple[int, int, int]:
    return colour.y, colour.u, colour.v
