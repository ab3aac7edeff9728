"""The typeface: every letter leaves ink, numbers stand still, nothing is ever refused."""

from __future__ import annotations

import string

import numpy as np
import pytest

from reconciler.engine.font import BOLD, LIGHT, baseline, line_height, text_mask

_DRAWN = set(string.ascii_letters + string.digits + string.punctuation) - set("`^{}~$")


@pytest.mark.parametrize("letter", sorted(_DRAWN))
def test_every_printable_letter_has_a_shape_of_its_own(letter: str) -> None:
    mask = text_mask(letter, 20)
    assert mask.max() == 1.0
    assert mask.shape != text_mask("\u4e00", 20).shape or (mask != text_mask("\u4e00", 20)).any()


def test_a_running_number_keeps_its_width() -> None:
    widths = {text_mask(f"00:00:{n:02}:11", 14).shape[1] for n in range(60)}
    assert len(widths) == 1


def test_accents_are_drawn_above_their_letter() -> None:
    plain, accented = text_mask("A", 30), text_mask("\u00c5", 30)
    assert accented.shape == plain.shape
    top = baseline(30) - 30
    assert plain[: top - 2].sum() == 0
    assert accented[: top - 2].sum() > 10


def test_weight_grows_the_ink_and_not_the_height() -> None:
    light, bold = text_mask("News 24", 24, weight=LIGHT), text_mask("News 24", 24, weight=BOLD)
    assert light.shape[0] == bold.shape[0] == line_height(24)
    assert light.sum() < bold.sum()


def test_edges_are_smooth() -> None:
    mask = text_mask("O", 40)
    between = np.count_nonzero((mask > 0.1) & (mask < 0.9))
    assert between > 40


def test_nothing_and_anything_can_be_written() -> None:
    assert text_mask("", 20).shape[0] == line_height(20)
    assert text_mask("   ", 20).sum() == 0
    assert text_mask("\u6f22\u5b57 \U0001f600", 20).sum() > 0
