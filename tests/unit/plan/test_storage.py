"""Room on a disk: who gets it, and who makes it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest

from reconciler.model.copies import MediaRoom
from reconciler.model.media import StagedSeen
from reconciler.model.observed import NodeSeen
from reconciler.plan.storage import RESERVE, Allotment, Coming, Disk, allot, by_age, disk_of
from tests.builders import NOW, node


def coming(stored: str, size: int, due: int = 0, arrived: int | None = None) -> Coming:
    return Coming(stored=stored, size=size, due=due, arrived=arrived)


def seen(used: int, free: int | None) -> NodeSeen:
    files = {"A": StagedSeen(stored="A", size=used)}
    return replace(node("rack1"), staged=files, free_bytes=free)


@pytest.mark.parametrize(
    ("budget", "free", "limit"),
    [
        (None, None, None),
        (1000, None, 1000),
        (None, RESERVE + 900, 1000),
        (1000, RESERVE + 100, 200),
        (1000, RESERVE + 5000, 1000),
        (None, 0, 0),
    ],
)
def test_the_room_is_the_budget_or_what_the_disk_has_left(
    budget: int | None, free: int | None, limit: int | None
) -> None:
    room = MediaRoom(budget=budget, high_water=Fraction(1, 2))
    mark = None if limit is None else limit // 2
    assert disk_of(room, seen(100, free)) == Disk(used=100, limit=limit, mark=mark)


def test_an_unread_disk_uses_nothing_that_is_known() -> None:
    assert disk_of(MediaRoom(), node("rack1", staged=None)) == Disk(used=0)


def test_what_airs_next_has_the_room_first() -> None:
    files = [coming("late", 40, 900), coming("soon", 60, 30), coming("then", 50, 60)]
    assert allot(Disk(used=0, limit=100, mark=90), files, ()) == Allotment(
        fetch=("soon", "late"), refused=("then",)
    )


def test_what_is_under_way_keeps_its_room() -> None:
    files = [coming("soon", 60, 30), coming("half", 80, 900, arrived=50)]
    assert allot(Disk(used=0, limit=80, mark=80), files, ()) == Allotment(
        fetch=("half",), refused=("soon",)
    )


def test_without_a_limit_everything_comes_and_nothing_goes() -> None:
    given = allot(Disk(used=10**15), [coming("a", 10**15)], [("old", 5)])
    assert given == Allotment(fetch=("a",))


def test_below_the_mark_unused_files_are_kept() -> None:
    disk = Disk(used=90, limit=100, mark=90)
    assert allot(disk, [], [("old", 50)]) == Allotment()


def test_above_the_mark_the_oldest_go_until_it_is_reached() -> None:
    disk = Disk(used=100, limit=100, mark=60)
    assert allot(disk, [], [("a", 30), ("b", 30), ("c", 30)]) == Allotment(evict=("a", "b"))


def test_what_fits_only_after_others_went_comes_later() -> None:
    disk = Disk(used=80, limit=100, mark=100)
    given = allot(disk, [coming("film", 60, 5), coming("ident", 10, 9)], [("old", 40)])
    assert given == Allotment(later=("film",), refused=("ident",), evict=("old",))


def test_ages_tell_who_goes_first() -> None:
    ages = {"b": NOW, "c": NOW - timedelta(days=1), "a": NOW}
    assert by_age(["fresh", "a", "b", "c"], ages) == ("c", "a", "b", "fresh")
