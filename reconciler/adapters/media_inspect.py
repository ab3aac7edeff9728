"""Reads through media files in a process of its own, which gives way to whatever is on air.

The process ends with us, and with whoever asked; it is no longer worked for nobody.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from reconciler.adapters.child_environment import child_environment
from reconciler.errors import Unreachable
from reconciler.model.findings import METHOD, Findings
from reconciler.ports import Progress
from reconciler.sidecar.background import TIED

_LONGEST = 3600.0  # seconds; a day of sound takes some minutes
_CRASHES = frozenset({signal.SIGSEGV, signal.SIGABRT, signal.SIGFPE, signal.SIGILL, signal.SIGBUS})


@dataclass(frozen=True, slots=True)
class _Done:
    """How a program of ours ended, and what it said."""

    code: int
    trouble: str

    @property
    def crash(self) -> str:
        """The signal that its own doing ended it by; empty where somebody else ended it."""
        crashed = self.code < 0 and -self.code in _CRASHES
        return f"signal {-self.code}" if crashed else ""

    @property
    def last(self) -> str:
        """Why it has no answer."""
        return (self.trouble.strip().splitlines() or [f"it ended with {self.code}"])[-1]


def look_into(path: Path, about: str, progress: Progress) -> Findings:
    """What is in `path`; raises `Unreachable` where that cannot be found out now."""
    total = path.stat().st_size
    answer = ""

    def hear(line: str) -> None:
        nonlocal answer
        answer = line
        done = json.loads(line).get("done") if line.startswith('{"done"') else None
        if done is not None:
            progress(min(int(done), total), total)

    done = _run("inspect", path, about=about, hear=hear)
    if done.crash:
        why = f"reading it through ends the decoder ({done.crash})"
        return Findings(method=METHOD, damage=why)
    try:
        found = Findings.of(json.loads(answer))
    except (ValueError, TypeError) as error:
        raise Unreachable(f"{about}: inspect: {done.last}", system="media") from error
    if done.code:
        raise Unreachable(f"{about}: inspect: {done.last}", system="media")
    progress(total, total)
    return found


def into_mov(source: Path, target: Path, about: str) -> str:
    """Copy `source` into the MOV `target`; why the file does not allow it, empty where it does.

    Raises `Unreachable` where the machine is at fault.
    """
    said: list[str] = []
    done = _run("remux", source, target, about=about, hear=said.append)
    if done.crash:
        return f"copying it into a MOV ends the program ({done.crash})"
    if done.code:
        raise Unreachable(f"{about}: remux: {done.last}", system="media")
    return "".join(said).strip()


def _run(program: str, *paths: Path, about: str, hear: Callable[[str], None]) -> _Done:
    argv = [sys.executable, "-m", f"reconciler.sidecar.{program}", TIED, *map(str, paths)]
    with tempfile.TemporaryFile("w+", errors="replace") as trouble:
        try:
            process = subprocess.Popen(  # our own module, on paths of our own
                argv,
                env=child_environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=trouble,
                text=True,
                start_new_session=True,
            )
        except OSError as error:
            raise Unreachable(f"{about}: {program}: {error}", system="media") from error
        limit = threading.Timer(_LONGEST, process.kill)
        limit.daemon = True
        limit.start()
        try:
            assert process.stdout is not None  # noqa: S101  # it was asked for above
            for line in process.stdout:
                hear(line)
            code = process.wait()
        finally:
            limit.cancel()
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
        trouble.seek(0)
        return _Done(code, trouble.read())
