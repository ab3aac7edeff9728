from __future__ import annotations

import random

import pytest

from reconciler.adapters.transfer_parts import LEAST, MOST, Part, Parts, joined

MIB = 1 << 20


def finish(part: Part | None) -> Part:
    assert part is not None
    part.at = part.end
    return part


def test_parts_are_large_at_first_and_small_at_the_end() -> None:
    parts = Parts(1 << 30)
    sizes = []
    while (part := parts.claim(4)) is not None:
        sizes.append(part.end - part.start)

    assert sum(sizes) == 1 << 30
    assert sizes[0] == MOST
    assert min(sizes) >= LEAST
    assert sizes[-1] < 2 * LEAST
    assert len(sizes) < 70


def test_one_connection_takes_all_that_is_missing() -> None:
    parts = Parts(50 * MIB, [(0, MIB)])
    part = finish(parts.claim(1))

    assert (part.start, part.end, parts.is_whole) == (MIB, 50 * MIB, True)


def test_what_is_there_is_not_fetched_again() -> None:
    parts = Parts(10, [(0, 3), (2, 5), (8, 99), (7, 7)])

    assert (parts.done, parts.left) == (7, 3)
    assert parts.ready(0) == 5
    assert parts.ready(5) == 5
    assert finish(parts.claim(4)).start == 5
    assert parts.ready(0) == 10


def test_what_is_given_back_is_claimed_again_from_where_it_failed() -> None:
    parts = Parts(8 * MIB)
    part = parts.claim(4)
    assert part is not None
    part.at = 1000
    parts.put_down(part)
    again = parts.claim(4)

    assert again is not None
    assert (again.start, parts.done, parts.ready(0)) == (1000, 1000, 1000)


def test_after_a_restart_what_was_under_way_counts_for_nothing() -> None:
    parts = Parts(8 * MIB)
    old = parts.claim(4)
    assert old is not None
    parts.restart()
    old.at = 500
    parts.put_down(old)

    assert not parts.holds(old)
    assert (parts.done, parts.left) == (0, 8 * MIB)


def test_what_was_finished_stays() -> None:
    parts = Parts(4 * MIB)
    part = finish(parts.claim(2))
    parts.put_down(part)
    parts.put_down(part)

    assert not parts.holds(part)
    assert (parts.done, parts.ready(0)) == (part.end, part.end)


@pytest.mark.parametrize("seed", range(20))
def test_any_order_of_failures_ends_with_every_byte_once(seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311  # a test's own story, the same each time
    size = draw.randrange(1, 40 * MIB)
    parts, fetched, busy = Parts(size), 0, list[Part]()
    for _ in range(10_000):
        if draw.random() < 0.5 and (part := parts.claim(draw.randrange(1, 9))) is not None:
            busy.append(part)
        if busy:
            part = busy.pop(draw.randrange(len(busy)))
            count = draw.choice([0, part.end - part.at, draw.randrange(part.end - part.at + 1)])
            part.at, fetched = part.at + count, fetched + count
            parts.put_down(part)
        if parts.is_whole:
            break

    assert (parts.done, parts.ready(0), fetched) == (size, size, size)


def test_joined_keeps_the_same_bytes() -> None:
    assert joined([(5, 7), (0, 2), (2, 3), (6, 9), (6, 7)]) == [(0, 3), (5, 9)]
