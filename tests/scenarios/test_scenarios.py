"""Every story's plan, word for word; and what must be true of all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.plan.check import check
from tests.scenarios.telling import answer_to, stories, tell

SCREEN = 40  # lines that a person takes in at once
each_story = pytest.mark.parametrize("folder", list(stories()), ids=lambda path: path.name)


@each_story
def test_the_plan_reads_as_told(folder: Path) -> None:
    assert answer_to(tell(folder)) == (folder / "plan.txt").read_text(encoding="utf-8")


@each_story
def test_the_plan_does_not_contradict_itself(folder: Path) -> None:
    story = tell(folder)
    assert check(story.plan(), story.desired, story.seen) == ()


@each_story
def test_the_plan_fits_a_screen(folder: Path) -> None:
    lines = answer_to(tell(folder)).splitlines()
    assert len(lines) <= SCREEN
    assert max(map(len, lines)) <= 100
