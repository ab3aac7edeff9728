from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.adapters import lifeline
from reconciler.adapters.lifeline import Lifeline

HOLD = """
import sys
from pathlib import Path
from reconciler.adapters.lifeline import Lifeline
line = Lifeline(Path(sys.argv[1]))
line.hold()
print(line.name, flush=True)
sys.stdin.read()
"""
Process = subprocess.Popen[str]


@pytest.fixture
def other(tmp_path: Path) -> Iterator[tuple[Process, str]]:
    """Another program that holds on, and its name."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()
        process.kill()


def test_a_killed_program_is_known_to_be_dead_and_a_living_one_is_not(
    tmp_path: Path, other: tuple[Process, str]
) -> None:
    process, name = other
    own = Lifeline(tmp_path)
    own.hold()
    assert not own.is_dead(name)
    process.kill()
    process.wait()
    assert own.is_dead(name)
    own.bury()
    assert [path.name for path in tmp_path.iterdir()] == [own.name]
    assert not own.is_dead(name), "nothing is known of it any more"


def test_a_program_that_is_only_held_up_lives(tmp_path: Path, other: tuple[Process, str]) -> None:
    process, name = other
    process.send_signal(signal.SIGSTOP)
    assert not Lifeline(tmp_path).is_dead(name)


def test_who_ends_tidily_leaves_nothing(tmp_path: Path) -> None:
    own = Lifeline(tmp_path)
    own.hold()
    own.hold()
    assert not Lifeline(tmp_path).is_dead(own.name), "a second lock of the same process"
    own.close()
    own.close()
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_known_of_other_folders_boots_and_names(
    tmp_path: Path, other: tuple[Process, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    process, name = other
    process.kill()
    process.wait()
    assert not Lifeline(tmp_path / "elsewhere").is_dead(name)
    (tmp_path / "secret").touch()
    for odd in ("", "secret", "../secret", f"{name}.new", f"x/{name}"):
        assert not Lifeline(tmp_path).is_dead(odd)
    monkeypatch.setattr(lifeline, "_boot", lambda: "0-1")
    assert not Lifeline(tmp_path).is_dead(name)
    monkeypatch.setattr(lifeline, "_boot", lambda: "")
    assert not Lifeline(tmp_path).is_dead(name)


def test_a_disk_that_refuses_makes_nobody_dead(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    own = Lifeline(tmp_path / "file")
    own.hold()
    own.bury()
    own.close()
    assert not Lifeline(tmp_path / "file").is_dead(own.name)
