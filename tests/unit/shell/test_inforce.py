from __future__ import annotations

import pytest

from reconciler.errors import Fault, LineupError, Unreachable
from reconciler.shell.inforce import InForce
from tests.builders import channel, lineup
from tests.fakes_world import FakeLineup

GOOD = lineup(channel("news"))
BETTER = lineup(channel("news"), channel("sport"))
BAD = LineupError(
    (Fault(file="channels/news.yaml", line=6, field="format", problem="expected a format"),)
)


def test_a_lineup_is_read_again_only_when_it_changed() -> None:
    reader = FakeLineup(GOOD)
    in_force = InForce(reader)
    assert [in_force.read(), in_force.read()] == [GOOD, GOOD]
    assert reader.reads == 1
    reader.set(BETTER)
    assert in_force.read() == BETTER
    assert reader.reads == 2


def test_a_bad_commit_keeps_the_last_good_one(caplog: pytest.LogCaptureFixture) -> None:
    reader = FakeLineup(GOOD)
    in_force = InForce(reader)
    in_force.read()
    reader.set(BAD)
    for _ in range(3):
        assert in_force.read() == GOOD
    assert in_force.error == "channels/news.yaml:6: format: expected a format"
    assert reader.reads == 2, "a mistake is not read again until it changes"
    assert len(caplog.records) == 1, "and is told once"


def test_a_repaired_lineup_comes_into_force() -> None:
    reader = FakeLineup(GOOD)
    in_force = InForce(reader)
    in_force.read()
    reader.set(BAD)
    in_force.read()
    reader.set(BETTER)
    assert (in_force.read(), in_force.error) == (BETTER, "")


def test_the_first_lineup_may_be_bad() -> None:
    reader = FakeLineup(GOOD)
    reader.set(BAD)
    in_force = InForce(reader)
    assert in_force.read() is None
    assert in_force.error


def test_what_could_not_be_read_is_tried_again() -> None:
    reader = FakeLineup(GOOD)
    in_force = InForce(reader)
    in_force.read()
    reader.set(Unreachable("git: no answer in 30 s"))
    assert in_force.read() == GOOD
    assert "no answer" in in_force.error
    reader._found = BETTER  # the same commit, readable now
    assert (in_force.read(), in_force.error) == (BETTER, "")
