from __future__ import annotations

import os
from pathlib import Path

import pytest

from reconciler.adapters.transfer_journal import Journal
from reconciler.adapters.transfer_parts import Extent


@pytest.fixture
def part(tmp_path: Path) -> Path:
    path = tmp_path / "x.part"
    path.write_bytes(bytes(100))
    return path


def journal(part: Path, content: str = "sha256-abc", size: int = 100, boot: str = "b1") -> Journal:
    return Journal(part.with_suffix(".journal"), content, size, boot=boot)


def written(part: Path, *extents: Extent, synced: int = 0) -> None:
    """A run that was killed after it wrote these, so many of them synced."""
    made = journal(part)
    made.begin([])
    descriptor = os.open(part, os.O_RDWR)
    for number, extent in enumerate(extents, start=1):
        made.add(extent)
        if number == synced:
            made.sync(descriptor)
    os.close(descriptor)
    made.close()


def test_a_kill_costs_nothing_that_was_written(part: Path) -> None:
    written(part, (0, 10), (50, 60), (10, 20))
    again = journal(part)
    there = again.recover(part, 100)

    assert there == [(0, 10), (50, 60), (10, 20)]
    again.begin(there)
    again.close()
    assert journal(part).recover(part, 100) == there


def test_after_a_power_cut_only_what_was_synced_counts(part: Path) -> None:
    written(part, (0, 10), (50, 60), (10, 20), synced=2)

    assert journal(part, boot="b2").recover(part, 100) == [(0, 10), (50, 60)]
    assert journal(part, boot="").recover(part, 100) == [(0, 10), (50, 60)]


def test_what_was_recovered_counts_as_synced_only_once_it_is(part: Path) -> None:
    written(part, (0, 10))
    again = journal(part)
    again.begin(again.recover(part, 100))
    assert journal(part, boot="b2").recover(part, 100) == []

    descriptor = os.open(part, os.O_RDWR)
    again.sync(descriptor)
    os.close(descriptor)
    again.close()
    assert journal(part, boot="b2").recover(part, 100) == [(0, 10)]


@pytest.mark.parametrize("torn", ["7", "70 8", "70 80 ", "x y\n", "70\n", "\x00\x00", "sync 1"])
def test_a_torn_line_counts_for_nothing(part: Path, torn: str) -> None:
    written(part, (0, 10))
    with part.with_suffix(".journal").open("a") as file:
        file.write(torn)

    assert journal(part).recover(part, 100) == [(0, 10)]
    assert journal(part, boot="b2").recover(part, 100) == []


def test_another_content_starts_over(part: Path) -> None:
    written(part, (0, 10))

    assert journal(part, content="sha256-other").recover(part, 100) == []
    assert journal(part, size=101).recover(part, 101) == []
    part.write_bytes(bytes(99))
    assert journal(part).recover(part, 100) == []
    part.unlink()
    assert journal(part).recover(part, 100) == []


def test_this_machine_knows_its_own_run(part: Path) -> None:
    made = Journal(part.with_suffix(".journal"), "sha256-abc", 100)
    made.begin([(0, 10)])
    made.close()

    assert Journal(part.with_suffix(".journal"), "sha256-abc", 100).recover(part, 100) == [(0, 10)]
