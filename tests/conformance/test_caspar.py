"""CasparCG under the conformance suite, as far as the fake server can show it."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.model.video import VideoFormat
from tests.conformance.caspar import Caspar
from tests.conformance.suite import AT_ANY_RATE, SCENARIOS, Media, Scenario, in_step_for_long

pytestmark = [pytest.mark.media, pytest.mark.slow]

STORIES: tuple[tuple[Scenario, str], ...] = (
    *((scenario, "424x240p2500") for scenario in (*SCENARIOS, in_step_for_long)),
    *((scenario, "320x180p5000") for scenario in AT_ANY_RATE),
    (AT_ANY_RATE[0], "320x180p2997"),
)


@pytest.mark.parametrize(
    ("scenario", "mode"), STORIES, ids=[f"{each.__name__}-{mode}" for each, mode in STORIES]
)
def test_casparcg(scenario: Scenario, mode: str, tmp_path: Path, media: Media) -> None:
    with Caspar(folder=tmp_path, media=media, video=VideoFormat.parse(mode)) as engine:
        scenario(engine, media)
