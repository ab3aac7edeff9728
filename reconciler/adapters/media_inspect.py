"""Looks into a media file in a process of its own, which gives way to whatever is on air."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from reconciler.errors import Unreachable
from reconciler.model.findings import Findings

_LONGEST = 3600.0  # seconds; a day of sound takes some minutes


def look_into(path: Path, about: str) -> Findings:
    """What is in `path`; raises `Unreachable` where that cannot be found out now."""
    try:
        done = subprocess.run(  # our own module, on a path of our own
            [sys.executable, "-m", "reconciler.sidecar.inspect", str(path)],
            capture_output=True,
            text=True,
            timeout=_LONGEST,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unreachable(f"{about}: inspect: {error}", system="media") from error
    if done.returncode < 0:
        return Findings(damage=f"reading it through ends the decoder (signal {-done.returncode})")
    try:
        return Findings.of(json.loads(done.stdout))
    except (ValueError, TypeError) as error:
        last = (done.stderr.strip().splitlines() or [""])[-1]
        raise Unreachable(f"{about}: inspect: {last}", system="media") from error
