"""A story is told again only where an engine itself said that the machine was too busy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conformance import busy
from tests.conformance.together import TRIES, tell


def story(told: list[Path], *, good: int, late: int) -> Callable[[Path, Path], None]:
    """It goes well the `good`-th time; its engine says that `late` ticks came late."""

    def one(folder: Path, media: Path) -> None:
        told.append(folder)
        busy.note({"dropped": 0, "late": late})
        assert len(told) >= good

    return one


def test_what_failed_on_a_busy_machine_is_told_again(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    told: list[Path] = []
    tell(story(told, good=TRIES, late=5), tmp_path_factory, tmp_path)
    assert len(set(told)) == TRIES


def test_what_fails_every_time_fails(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    told: list[Path] = []
    with pytest.raises(AssertionError):
        tell(story(told, good=TRIES + 1, late=5), tmp_path_factory, tmp_path)
    assert len(told) == TRIES


def test_what_fails_on_a_machine_that_kept_up_fails_at_once(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    told: list[Path] = []
    busy.note({"dropped": 3, "late": 0})  # by a story before
    with pytest.raises(AssertionError):
        tell(story(told, good=2, late=0), tmp_path_factory, tmp_path)
    assert len(told) == 1
