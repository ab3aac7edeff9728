"""Keeps the guard process: started before anything is sent, told what changes, started anew.

The guard ends the outputs at their time though this program be frozen, so nothing may be sent
while there is none. It outlives a sidecar that dies; the next one's takes over from it.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path

from reconciler.sidecar.disk import GUARD_FILE, read_json, write_json
from reconciler.sidecar.proc import is_alive, start_time

_SCRIPT = Path(__file__).with_name("guard.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What the guard is told: the engine, its outputs, and when they must end (None: never).

    `grace` is how many seconds the engine may outlive the sidecar, which is found in `folder` and
    started anew by `again` (empty: by nobody).
    """

    pid: int | None
    started: int | None
    port: int
    phrase: str = field(repr=False)
    ports: tuple[int, ...]
    until: float | None
    grace: float = 0.0
    folder: str = ""
    again: tuple[str, ...] = ()


class Warden:
    """One guard process after another, noted in `folder`. Called by one thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._child: subprocess.Popen[bytes] | None = None
        self._told: Watch | None = None
        self._before = read_json(folder / GUARD_FILE)

    def tell(self, watch: Watch) -> bool:
        """Have the guard know this; whether it does."""
        if self._is_there() and watch == self._told:
            return True
        for _ in range(2):
            if self._ensure() and self._say(asdict(watch)):
                self._told = watch
                self._relieve()
                return True
        self._told = None
        return False

    def close(self) -> None:
        """Let the guard go, without harm to the engine."""
        child, self._child = self._child, None
        if child is None or child.stdin is None:
            return
        with contextlib.suppress(OSError):
            os.write(child.stdin.fileno(), b'{"done": true}\n')
        with contextlib.suppress(OSError):
            child.stdin.close()
        try:
            child.wait(1)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def _relieve(self) -> None:
        """End the guard of a sidecar before us, now that the engine has another."""
        before, self._before = self._before, None
        if not isinstance(before, dict):
            return
        pid, started = before.get("pid"), before.get("started")
        if isinstance(pid, int) and isinstance(started, int) and is_alive(pid, started):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)

    def _note(self, pid: int) -> None:
        with contextlib.suppress(OSError):  # a full disk must not keep the picture away
            write_json(self._folder / GUARD_FILE, {"pid": pid, "started": start_time(pid)})

    def _is_there(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def _ensure(self) -> bool:
        if self._is_there():
            return True
        self._bury()
        try:
            self._child = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_SCRIPT)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                bufsize=0,
            )
        except OSError:
            return False
        self._note(self._child.pid)
        return True

    def _say(self, told: dict[str, object]) -> bool:
        child = self._child
        assert child is not None  # noqa: S101  # made sure of before
        assert child.stdin is not None  # noqa: S101  # made with a pipe
        try:
            os.write(child.stdin.fileno(), json.dumps(told).encode() + b"\n")
        except OSError:
            child.kill()
            self._bury()
            return False
        return True

    def _bury(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            if child.stdin is not None:
                with contextlib.suppress(OSError):
                    child.stdin.close()
            child.wait()
