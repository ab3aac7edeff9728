"""The command line as a process of its own, where the end of a process is what matters."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.postgres_fixtures import short_folder

ROOT = Path(__file__).resolve().parents[2]
NOBODY = "postgresql://anna:hunter2@127.0.0.1:1/playout"


def environment(**more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("RECONCILE_")}
    return {**kept, "PYTHONPATH": str(ROOT), "COLUMNS": "100", **more}


def reconcile(
    *arguments: str, cwd: Path, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "reconciler", *arguments],
        cwd=cwd,
        env=environment(**(env or {})),
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A lineup as `init` writes it, with a database of its own."""
    with short_folder() as found:
        git = found / "gitconfig"
        git.write_text("[user]\n name = Test\n email = test@example.org\n", encoding="utf-8")
        lineup = found / "lineup"
        made = reconcile("init", str(lineup), cwd=found, env={"GIT_CONFIG_GLOBAL": str(git)})
        assert made.returncode == 0, made.stderr
        yield lineup
        reconcile("down", "--yes", cwd=lineup)


@pytest.mark.parametrize(
    "command", [["--dry-run"], [], ["status"], ["asrun", "one"], ["live", "one", "skip"], ["watch"]]
)
def test_a_database_that_cannot_be_reached_is_one_sentence(
    folder: Path, command: list[str]
) -> None:
    ended = reconcile("--database-url", NOBODY, *command, cwd=folder)
    assert ended.returncode == 1
    assert ended.stdout == ""
    (line,) = ended.stderr.splitlines()
    assert line.startswith("database: ")
    assert "127.0.0.1" in line
    assert "hunter2" not in line


def test_nobody_reading_is_no_traceback(folder: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    child = subprocess.Popen(
        [sys.executable, "-m", "reconciler", "schema", "lineup"],
        cwd=folder,
        env=environment(),
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(write)
    _, err = child.communicate(timeout=30)
    assert (child.returncode, err) == (1, "")


def test_exit_codes_leave_the_process(folder: Path) -> None:
    assert reconcile("serv", cwd=folder).returncode == 64
    assert reconcile("check", cwd=folder).returncode == 0
    assert reconcile(cwd=folder, env={"RECONCILE_WEB_PORT": "x"}).returncode == 64


@pytest.mark.postgres
def test_a_lineup_fresh_from_init_can_be_planned(folder: Path) -> None:
    planned = reconcile("--dry-run", "--detailed-exitcode", cwd=folder)
    assert planned.returncode == 2, planned.stderr
    assert "one: starts now" in planned.stdout
    assert max(map(len, planned.stdout.splitlines())) <= 100
    digest = json.loads(reconcile("--dry-run", "--format", "json", cwd=folder).stdout)["digest"]
    assert planned.stdout.startswith(f"plan {digest[:6]}: ")
    assert (
        "off" in (shown := reconcile("status", cwd=folder)).stdout or "not running" in shown.stdout
    )
    stale = reconcile("--only", "000000", cwd=folder)
    assert (stale.returncode, stale.stdout) == (3, "")
