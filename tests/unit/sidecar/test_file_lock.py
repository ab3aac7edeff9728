"""Locks on files: one holder, and looking at one is not holding it."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

from reconciler.sidecar.file_lock import is_locked, locked, take


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new" / "lock"


def test_there_is_one_holder_at_a_time(path: Path) -> None:
    assert not is_locked(path)
    with locked(path, 0) as first, locked(path, 0.03) as second:
        assert (first, second) == (True, False)
        assert is_locked(path)
    assert not is_locked(path)
    with locked(path, 0) as again:
        assert again


def test_who_only_looks_is_not_taken_for_a_holder(path: Path) -> None:
    path.parent.mkdir()
    with path.open("w") as looked_at:
        fcntl.flock(looked_at, fcntl.LOCK_SH)  # as another who asks just now
        assert not is_locked(path)


def test_an_open_file_is_taken_once(path: Path) -> None:
    path.parent.mkdir()
    with path.open("w") as one, path.open("w") as other:
        assert take(one.fileno())
        assert not take(other.fileno(), 0.01, poll=0.001)
        fcntl.flock(one, fcntl.LOCK_UN)
        assert take(other.fileno())
