from __future__ import annotations

from reconciler.shell.backoff import FIRST, LONGEST, Backoff


def backoff() -> Backoff[str]:
    return Backoff(lambda seconds: seconds)


def test_who_never_failed_does_not_wait() -> None:
    assert backoff().waiting(0) == frozenset()
    assert backoff().soonest(0) == float("inf")


def test_each_failure_doubles_the_wait() -> None:
    waits = backoff()
    for count in range(4):
        waits.failed("news", 100)
        assert waits.soonest(100) == FIRST * 2**count


def test_the_wait_ends_by_itself() -> None:
    waits = backoff()
    waits.failed("news", 100)
    assert waits.waiting(100 + FIRST / 2) == {"news"}
    assert waits.waiting(100 + FIRST) == frozenset()


def test_the_wait_has_a_longest_however_often_it_failed() -> None:
    waits = backoff()
    for _ in range(5_000):
        waits.failed("news", 0)
    assert waits.soonest(0) == LONGEST


def test_success_forgets() -> None:
    waits = backoff()
    waits.failed("news", 0)
    waits.failed("news", 0)
    waits.worked("news")
    waits.worked("news")
    waits.failed("news", 0)
    assert waits.soonest(0) == FIRST


def test_only_the_unwell_are_remembered() -> None:
    waits = backoff()
    waits.failed("news", 0)
    waits.failed("sport", 0)
    waits.keep({"sport"})
    assert waits.waiting(0) == {"sport"}


def test_waits_are_spread() -> None:
    waits: Backoff[str] = Backoff(lambda seconds: seconds * 1.25)
    waits.failed("news", 0)
    assert waits.soonest(0) == FIRST * 1.25
