"""Reads through media files in a process of its own, which gives way to whatever is on air."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from reconciler.adapters.child_environment import child_environment
from reconciler.errors import Rejected, Unreachable
from reconciler.model.findings import Findings

_LONGEST = 3600.0  # seconds; a day of sound takes some minutes


def look_into(path: Path, about: str) -> Findings:
    """What is in `path`; raises `Unreachable` where that cannot be found out now."""
    done = _run("inspect", path, about=about)
    if done.returncode < 0:
        return Findings(damage=f"reading it through ends the decoder (signal {-done.returncode})")
    try:
        return Findings.of(json.loads(done.stdout))
    except (ValueError, TypeError) as error:
        raise Unreachable(f"{about}: inspect: {_last(done)}", system="media") from error


def into_mov(source: Path, target: Path, about: str) -> None:
    """Copy `source` into the MOV `target`; raises `Rejected` where the file does not allow it."""
    done = _run("remux", source, target, about=about)
    said = done.stdout.strip()
    if done.returncode or said:
        raise Rejected(f"{about}: {said or _last(done)}", system="media")


def _run(program: str, *paths: Path, about: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(  # our own module, on paths of our own
            [sys.executable, "-m", f"reconciler.sidecar.{program}", *map(str, paths)],
            env=child_environment(),
            capture_output=True,
            text=True,
            timeout=_LONGEST,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unreachable(f"{about}: {program}: {error}", system="media") from error


def _last(done: subprocess.CompletedProcess[str]) -> str:
    return (done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"])[-1]
