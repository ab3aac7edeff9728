"""Sound by sample number: what is taken, what can be taken again, and the ramps between."""

from __future__ import annotations

import numpy as np
import pytest

from reconciler.engine.picture import Sound, joined
from reconciler.engine.sound import SoundLine


def ramp(first: int, count: int) -> Sound:
    numbers = np.arange(first, first + count, dtype=np.float32)
    return np.stack([numbers, numbers], axis=1)


def line_of(*pieces: tuple[int, int]) -> SoundLine:
    line = SoundLine(0)
    for first, count in pieces:
        line.put(first, ramp(first, count))
    return line


def test_samples_come_out_by_their_number_across_pieces() -> None:
    line = line_of((0, 1000), (1000, 1000))
    assert (line.take(900, 200) == ramp(900, 200)).all()


def test_what_was_taken_can_be_taken_again() -> None:
    line = line_of((0, 1000), (1000, 1000))
    line.take(500, 240)
    line.take(740, 1200)  # a whole piece lies within
    assert (line.take(740, 600) == ramp(740, 600)).all()


def test_what_lies_before_is_forgotten() -> None:
    line = line_of((0, 1000), (1000, 1000))
    line.take(1500, 10)
    assert not line.take(0, 900).any()


def test_missing_samples_are_silent() -> None:
    line = line_of((0, 1000), (3000, 1000))
    taken = line.take(900, 2200)
    assert (taken[:100] == ramp(900, 100)).all()
    assert not taken[100:2100].any()
    assert (taken[2100:] == ramp(3000, 100)).all()


def test_sound_that_goes_on_is_not_changed_by_a_ramp() -> None:
    whole = ramp(0, 1000)
    assert joined(whole[:240], whole, 240) == pytest.approx(whole)


def test_a_ramp_begins_with_what_was_and_ends_with_what_is() -> None:
    after = np.zeros((1000, 2), np.float32)
    before = np.ones((240, 2), np.float32)
    soft = joined(before, after, 240)
    assert np.abs(np.diff(soft[:, 0])).max() < 1 / 200
    assert soft[0, 0] > 0.99
    assert not soft[240:].any()
