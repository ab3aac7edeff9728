from __future__ import annotations

from fractions import Fraction

import pytest

from reconciler.model.cost import PRESETS, RESERVE, choose_preset, estimate_cost
from reconciler.model.video import VideoFormat


def cost(name: str, preset: str, *outputs: str) -> Fraction:
    return estimate_cost(VideoFormat.parse(name), preset, outputs)


def test_measured_formats_cost_what_was_measured_and_the_reserve() -> None:
    assert cost("360p2500", "ultrafast") == Fraction(19, 100) * RESERVE
    assert cost("720p2500", "superfast") == Fraction(61 + 12, 100) * RESERVE
    assert cost("1080p5000", "veryfast") == Fraction(187 + 12, 100) * RESERVE


def test_relayed_outputs_cost_more_than_plain_ones() -> None:
    bare = cost("360p2500", "superfast")
    assert bare < cost("360p2500", "superfast", "udp") < cost("360p2500", "superfast", "srt")


@pytest.mark.parametrize("preset", PRESETS)
def test_more_pixels_cost_more(preset: str) -> None:
    names = ["424x240p2500", "360p2500", "720p2500", "1080i5000", "1080p5000", "2160p5000"]
    costs = [cost(name, preset) for name in names]
    assert costs == sorted(costs)
    assert costs[-1] > 2 * costs[-2]


def test_preset_is_the_best_that_leaves_half_the_machine() -> None:
    choices = [
        choose_preset(VideoFormat.parse(name), Fraction(2)) for name in ("360p2500", "1080p5000")
    ]
    assert choices == ["veryfast", "ultrafast"]
    assert choose_preset(VideoFormat.parse("1080p5000"), Fraction(8)) == "veryfast"
