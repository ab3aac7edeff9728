"""The command line in this process, over a world of fakes or over nothing at all."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from reconciler import wiring
from reconciler.cli import exits
from reconciler.cli.main import cli
from reconciler.settings import Settings
from reconciler.shell.world import World
from tests.fakes_world import FakeWorld


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """How a command ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Said]


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A terminal of 100 columns, an empty folder to be in, and logging as it was."""
    monkeypatch.setenv("COLUMNS", "100")
    git = tmp_path.parent / f"{tmp_path.name}.gitconfig"
    git.write_text("[user]\n name = Test\n email = test@example.org\n", encoding="utf-8")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(git))
    monkeypatch.chdir(tmp_path)
    root, ours = logging.getLogger(), logging.getLogger("reconciler")
    before = root.handlers[:], root.level, ours.level
    yield
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    ours.setLevel(before[2])


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `reconcile` with these arguments; ends as the process would."""

    def run(*arguments: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["reconcile", *arguments])
        capsys.readouterr()
        code = exits.run(cli)
        out, err = capsys.readouterr()
        return Said(code=code, out=out, err=err)

    return run


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch) -> Callable[[FakeWorld], FakeWorld]:
    """Let commands open this world of fakes."""

    def on(world: FakeWorld) -> FakeWorld:
        @contextmanager
        def open_world(_settings: Settings, *, tell: Callable[[str], None]) -> Iterator[World]:
            del tell
            yield world.ports

        monkeypatch.setattr(wiring, "open_world", open_world)
        return world

    return on
