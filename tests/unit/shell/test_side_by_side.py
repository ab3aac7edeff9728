"""Many small questions by a few threads: all answered, in order; a bug is not swallowed."""

from __future__ import annotations

import threading

import pytest

from reconciler.shell.observe import _side_by_side


@pytest.mark.parametrize("count", [0, 1, 7, 500])
def test_each_is_done_once_and_answers_keep_their_order(count: int) -> None:
    asked: list[int] = []

    def double(number: int) -> int:
        asked.append(number)
        return 2 * number

    assert _side_by_side(double, range(count)) == [2 * number for number in range(count)]
    assert sorted(asked) == list(range(count))


def test_one_that_waits_holds_nobody_up() -> None:
    others = threading.Barrier(5)
    done = threading.Event()

    def act(number: int) -> bool:
        if number == 0:
            return done.wait(10.0)
        others.wait(10.0)  # the five that follow are under way at once
        done.set()
        return True

    assert all(_side_by_side(act, range(6)))


def test_a_bug_is_told() -> None:
    def act(number: int) -> int:
        return 1 // (number - 3)

    with pytest.raises(ZeroDivisionError):
        _side_by_side(act, range(10))
