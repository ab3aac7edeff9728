"""Make real sample media for the sample lineup, out of nothing, in seconds.

Different sizes, rates and shapes on purpose, as a station's archive has them. Files appear by
rename, so a half-made one is never played; what is there and whole is left alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from reconciler.engine.testcard_canvas import AMBER, BLUE, GREEN, RED, TEAL, VIOLET, Ink
from reconciler.engine.testcard_moving import (
    film,
    hills,
    ident,
    news,
    news_open,
    promo,
    sport,
    zone_plate,
)
from reconciler.engine.testcard_scenes import Card, Painter, bars, countdown, slate, testcard
from reconciler.engine.testcard_sound import (
    RATE,
    Composer,
    chords,
    pips,
    plucks,
    sweep,
    tone,
)
from reconciler.engine.testcard_write import is_whole, write_clip, write_png

SLATE = "SLATE-01.png"
_PAL, _SMOOTH = Fraction(25), Fraction(50)
_NTSC, _CINEMA = Fraction(30_000, 1001), Fraction(24_000, 1001)

_EVENING = ((220.0, 261.6, 329.6, 440.0), (174.6, 220.0, 261.6, 349.2))
_BRIGHT = (
    (261.6, 329.6, 392.0),
    (220.0, 261.6, 329.6),
    (174.6, 220.0, 261.6),
    (196.0, 246.9, 293.7),
)
_WIDE = ((110.0, 164.8, 220.0, 277.2), (98.0, 146.8, 196.0, 246.9), (82.4, 123.5, 164.8, 207.7))
_DESK = (440.0, 0.0, 523.3, 440.0, 0.0, 659.3, 523.3, 0.0)
_GAME = (329.6, 329.6, 392.0, 0.0, 493.9, 440.0, 392.0, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One file to make. `aspect` is the shape of one pixel."""

    card: Card
    scene: Callable[[Card], Painter]
    sound: Composer
    aspect: Fraction = field(default=Fraction(1))

    @property
    def file(self) -> str:
        """The file's name: the house number, and what kind of file it is."""
        return f"{self.card.name}.mp4"


def _usual(name: str, title: str, seconds: int, hue: Ink) -> Card:
    """640x360 at 25 frames per second: what most of the sample station's archive is."""
    return Card(
        name=name, title=title, width=640, height=360, rate=_PAL, frames=seconds * 25, hue=hue
    )


SAMPLES: tuple[Sample, ...] = (
    Sample(
        card=_usual("BARS", "Line-up, 1 kHz at \u221220 dBFS", 20, TEAL), scene=bars, sound=tone
    ),
    Sample(card=_usual("COUNTDOWN", "Clock leader", 10, AMBER), scene=countdown, sound=pips),
    Sample(
        card=Card(
            name="TESTCARD", title="Test card", width=480, height=270, rate=_SMOOTH, frames=1000
        ),
        scene=testcard,
        sound=sweep,
    ),
    Sample(card=_usual("IDENT-01", "This is One", 8, TEAL), scene=ident, sound=chords(*_BRIGHT)),
    Sample(card=_usual("IDENT-02", "Always on", 8, AMBER), scene=ident, sound=chords(*_BRIGHT[1:])),
    Sample(card=_usual("IDENT-03", "Good night", 8, VIOLET), scene=ident, sound=chords(*_EVENING)),
    Sample(card=_usual("NEWS-OPEN", "The News", 10, RED), scene=news_open, sound=plucks(*_DESK)),
    Sample(
        card=_usual("NEWS-01", "Harbour bridge opens", 20, RED),
        scene=news,
        sound=chords(*_EVENING, each=5.0),
    ),
    Sample(
        card=_usual("NEWS-02", "A cold week ahead", 20, BLUE),
        scene=news,
        sound=chords(*_WIDE, each=5.0),
    ),
    Sample(
        card=_usual("NEWS-03", "Night trains return", 20, GREEN),
        scene=news,
        sound=chords(*_BRIGHT, each=5.0),
    ),
    Sample(
        card=Card(
            name="SPORT-01", title="The match", width=480, height=270, rate=_SMOOTH, frames=1000
        ),
        scene=sport,
        sound=plucks(*_GAME, beat=0.2),
    ),
    Sample(
        card=Card(
            name="PROMO-01",
            title="Film night",
            width=640,
            height=360,
            rate=_NTSC,
            frames=360,
            hue=VIOLET,
        ),
        scene=promo,
        sound=plucks(*_GAME),
    ),
    Sample(
        card=Card(
            name="PROMO-02",
            title="On your phone",
            width=270,
            height=480,
            rate=_PAL,
            frames=300,
            hue=BLUE,
        ),
        scene=promo,
        sound=plucks(*_DESK),
    ),
    Sample(
        card=_usual("DOC-01", "Blue hour", 40, AMBER), scene=hills, sound=chords(*_WIDE, each=8.0)
    ),
    Sample(
        card=Card(
            name="DOC-02",
            title="From the archive",
            width=720,
            height=576,
            rate=_PAL,
            frames=750,
            hue=AMBER,
        ),
        scene=zone_plate,
        sound=sweep,
        aspect=Fraction(16, 15),
    ),
    Sample(
        card=Card(
            name="FILM-01",
            title="The last tram",
            width=640,
            height=272,
            rate=_CINEMA,
            frames=1440,
            hue=AMBER,
        ),
        scene=film,
        sound=chords(*_WIDE, *_EVENING, each=6.0),
    ),
)


def make_sample_media(folder: Path, progress: Callable[[str], None]) -> None:
    """Make every sample that `folder` lacks; `progress` is told one line per file.

    May be interrupted and repeated. Raises `OSError` if the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / SLATE).exists():
        progress(f"sample media: {SLATE}")
        picture = slate(1280, 720, title="We will be right back", below="Please stay with us")
        write_png(folder / SLATE, picture)
    missing = [s for s in SAMPLES if not is_whole(folder / s.file, s.card.frames)]
    for number, sample in enumerate(missing, 1):
        progress(f"sample media {number}/{len(missing)}: {sample.file} ({sample.card.title})")
        _make(folder / sample.file, sample)


def _make(path: Path, sample: Sample) -> None:
    card = sample.card
    sound = sample.sound(int(card.frames / card.rate * RATE))
    write_clip(path, card, sample.aspect, paint=sample.scene(card), sound=sound)
