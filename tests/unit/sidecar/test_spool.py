from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.errors import Unreachable, UsageError
from reconciler.sidecar.asrun import SpoolRow, row_from_wire
from reconciler.sidecar.spool import Spool

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def row(event: str, *, last: int = 10) -> SpoolRow:
    return SpoolRow(
        event=event,
        title=event.title(),
        asset="A",
        playlist="base",
        item="i",
        kind="programme",
        started_at=AT,
        ended_at=None,
        first_tick=1,
        last_tick=last,
        first_source_frame=0,
        last_source_frame=last - 1,
        start_error_frames=0,
        evidence="engine",
        why="",
    )


def spool(path: Path) -> Spool:
    return Spool(path / "spool.sqlite", label="news-1")


def test_a_row_reads_back_from_the_wire() -> None:
    whole = replace(row("open"), ended_at=AT, why="end")

    assert row_from_wire(whole.to_wire()) == whole
    with pytest.raises(UsageError, match="as-run row"):
        row_from_wire({"event": "open"})
    with pytest.raises(UsageError, match="expected an object"):
        row_from_wire([])


def test_a_row_of_a_sidecar_that_tells_no_milliseconds_is_read() -> None:
    whole = replace(row("open"), start_error_ms=7)
    older = {key: value for key, value in whole.to_wire().items() if key != "start_error_ms"}

    assert row_from_wire(whole.to_wire()).start_error_ms == 7
    assert row_from_wire(older) == replace(whole, start_error_ms=None)


def test_an_open_row_is_not_told_until_it_ends(tmp_path: Path) -> None:
    kept = spool(tmp_path)
    kept.open_row("k", row("open"), event="open", until=2)
    kept.update("k", row("open", last=20))
    assert kept.rows(after=0, limit=10) == ()

    kept.close_row("k", row("open", last=30))

    assert [(seq, r.last_tick) for seq, r in kept.rows(after=0, limit=10)] == [(1, 30)]
    assert kept.begun() == {"open"}
    kept.close()


def test_saying_it_twice_doubles_nothing(tmp_path: Path) -> None:
    kept = spool(tmp_path)
    for _ in range(2):
        kept.open_row("k", row("open"), event="open", until=2)
    for _ in range(2):
        kept.close_row("k", row("open"))

    assert kept.waiting() == 1
    kept.close()


def test_what_was_open_at_death_is_partial(tmp_path: Path) -> None:
    dead = spool(tmp_path)
    dead.open_row("k", row("open"), event="open", until=2)
    dead.close()

    found = spool(tmp_path)
    assert found.close_crashed(AT) == 1
    assert found.close_crashed(AT) == 0
    ((seq, last),) = found.rows(after=0, limit=10)
    assert (seq, last.evidence, last.why, last.ended_at) == (1, "partial", "crash", AT)
    found.close()


def test_numbers_are_never_given_twice(tmp_path: Path) -> None:
    kept = spool(tmp_path)
    kept.add((row("one"), row("two")))
    assert kept.acknowledge(2) == 2
    kept.close()

    again = spool(tmp_path)
    again.account((row("three"),), until=99, forget=50)
    assert [seq for seq, _ in again.rows(after=0, limit=10)] == [3]
    assert again.mark("accounted") == "99"
    assert again.spool_id == kept.spool_id
    again.close()


def test_paging_goes_by_number(tmp_path: Path) -> None:
    kept = spool(tmp_path)
    kept.add(tuple(row(str(n)) for n in range(5)))

    assert [r.event for _, r in kept.rows(after=2, limit=2)] == ["2", "3"]
    kept.close()


def test_each_folder_has_a_spool_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    one, other = spool(tmp_path), spool(tmp_path / "other")

    assert one.spool_id != other.spool_id
    one.close()
    other.close()


def test_a_disk_that_fails_is_unreachable(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match=r"spool\.sqlite"):
        spool(tmp_path / "absent")
