from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.adapters.transfer_journal import Journal


@pytest.fixture
def part(tmp_path: Path) -> Path:
    path = tmp_path / "x.part"
    path.write_bytes(bytes(100))
    return path


def journal(part: Path, content: str = "sha256-abc", size: int = 100) -> Journal:
    return Journal(part.with_suffix(".journal"), content, size)


def test_what_was_added_is_recovered(part: Path) -> None:
    first = journal(part)
    assert first.recover(part, 100) == []
    first.begin([])
    first.add([(0, 10), (50, 60)])
    first.add([(10, 20)])
    first.close()

    again = journal(part)
    there = again.recover(part, 100)
    assert there == [(0, 10), (50, 60), (10, 20)]
    again.begin(there)
    again.close()
    assert journal(part).recover(part, 100) == there


@pytest.mark.parametrize("torn", ["7", "70 8", "70 80 ", "x y\n", "70\n", "\x00\x00"])
def test_a_torn_line_counts_for_nothing(part: Path, torn: str) -> None:
    first = journal(part)
    first.begin([(0, 10)])
    first.close()
    with part.with_suffix(".journal").open("a") as file:
        file.write(torn)

    assert journal(part).recover(part, 100) == [(0, 10)]


def test_another_content_starts_over(part: Path) -> None:
    first = journal(part)
    first.begin([(0, 10)])
    first.close()

    assert journal(part, content="sha256-other").recover(part, 100) == []
    assert journal(part, size=101).recover(part, 101) == []
    part.write_bytes(bytes(99))
    assert journal(part).recover(part, 100) == []
    part.unlink()
    assert journal(part).recover(part, 100) == []
