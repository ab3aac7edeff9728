"""The embedded engine under the conformance suite, and what only it promises."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

import pytest

from reconciler.model.video import VideoFormat
from tests.conformance import soak, stories_live, stories_outputs, stories_sources
from tests.conformance.conftest import Story
from tests.conformance.driver import Embedded
from tests.conformance.suite import AT_ANY_RATE, SCENARIOS, Media, Scenario, in_step_for_long

pytestmark = [pytest.mark.media, pytest.mark.slow]


@dataclass(frozen=True, slots=True)
class Told:
    """One scenario of the suite on a channel of one format."""

    scenario: Scenario
    format: str

    def __call__(self, folder: Path, media: Media) -> None:
        with Embedded(folder=folder, video=VideoFormat.parse(self.format)) as engine:
            self.scenario(engine, media)

    @property
    def __name__(self) -> str:
        return f"{self.scenario.__name__}-{self.format}"


# The longest first: they run beside the others.
STORIES: tuple[Story, ...] = (
    soak.hundreds_of_cues_leave_nothing_behind,
    Told(in_step_for_long, "320x180p2997"),
    Told(in_step_for_long, "320x180p5994"),
    *stories_live.STORIES,
    *(Told(scenario, "424x240p2500") for scenario in SCENARIOS),
    *(Told(scenario, "320x180p5000") for scenario in AT_ANY_RATE),
    Told(AT_ANY_RATE[0], "320x180p2997"),
    Told(AT_ANY_RATE[0], "320x180p5994"),
    *stories_sources.STORIES,
    *stories_outputs.STORIES,
)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_embedded_engine(story: Story, told: Mapping[Story, Future[None]]) -> None:
    told[story].result()
