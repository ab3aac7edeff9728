"""Sample media: real, whole, at the level they should be, and made once."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from reconciler.engine import testcard
from reconciler.engine.testcard import SAMPLES, SLATE, Sample, make_sample_media
from reconciler.engine.testcard_canvas import PAPER, Canvas, ink
from reconciler.engine.testcard_scenes import Card, bars
from reconciler.engine.testcard_sound import RATE, Composer, chords, pips, plucks, sweep, tone

TINY = Sample(
    card=Card(name="TINY", title="Tiny", width=96, height=64, rate=Fraction(25), frames=30),
    scene=bars,
    sound=tone,
)


@pytest.fixture
def one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(testcard, "SAMPLES", (TINY,))


@pytest.mark.media
def test_media_are_whole_and_made_once(tmp_path: Path, one: None) -> None:
    told: list[str] = []
    make_sample_media(tmp_path, told.append)
    assert sorted(p.name for p in tmp_path.iterdir()) == [SLATE, "TINY.mp4"]
    with av.open(str(tmp_path / "TINY.mp4")) as clip:
        frames = list(clip.decode(video=0))
    assert [round((f.time or 0) * 25) for f in frames] == list(range(30))
    assert len(told) == 2
    before = (tmp_path / "TINY.mp4").stat().st_mtime_ns
    make_sample_media(tmp_path, told.append)
    assert (tmp_path / "TINY.mp4").stat().st_mtime_ns == before
    assert len(told) == 2


@pytest.mark.media
@pytest.mark.parametrize("keep", [0, 2000, -900])
def test_a_damaged_file_is_made_anew(tmp_path: Path, one: None, keep: int) -> None:
    make_sample_media(tmp_path, lambda _: None)
    path = tmp_path / "TINY.mp4"
    path.write_bytes(path.read_bytes()[:keep])
    told: list[str] = []
    make_sample_media(tmp_path, told.append)
    assert len(told) == 1
    with av.open(str(path)) as clip:
        assert len(list(clip.decode(video=0))) == 30


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.card.name)
def test_every_scene_paints_from_first_to_last_and_moves(sample: Sample) -> None:
    card = sample.card
    canvas, paint = Canvas(card.width, card.height), sample.scene(card)
    pictures = []
    for number in (0, card.frames // 2, card.frames - 1):
        paint(canvas, number)
        pictures.append(canvas.frame().to_ndarray())
    assert (pictures[0] != pictures[1]).any()
    assert (pictures[1] != pictures[2]).any()


@pytest.mark.parametrize("compose", [tone, pips, sweep, chords((220.0, 330.0)), plucks(440.0, 0.0)])
def test_sound_is_stereo_and_at_line_up_level(compose: Composer) -> None:
    sound = compose(RATE * 8)
    assert sound.shape == (2, RATE * 8)
    assert np.abs(sound).max() <= 0.5
    loud = 20 * np.log10(np.sqrt(np.mean(sound**2)) * np.sqrt(2))
    assert -40 < loud < -19.5


def test_names_are_house_numbers_and_shapes_differ() -> None:
    names = [sample.card.name for sample in SAMPLES]
    assert len(set(names)) == len(names)
    assert all(name == name.upper() for name in names)
    assert len({(s.card.width, s.card.height, s.card.rate) for s in SAMPLES}) >= 6


def test_what_slides_over_the_edge_is_cut_there() -> None:
    canvas = Canvas(64, 32)
    canvas.fill(ink("000000"))
    mask = np.ones((20, 20), np.float32)
    for at in ((-10, -10), (60, 28), (-40, 0), (90, 90)):
        canvas.stamp(mask, *at, PAPER)
        canvas.rect(*at, (20, 20), PAPER)
    assert canvas.y[9, 9] == PAPER.y
    assert canvas.y[10, 10] == 16
    assert canvas.y[31, 63] == PAPER.y
