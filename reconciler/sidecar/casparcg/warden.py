"""Keeps the guard process: started before anything is sent, told what changes, started anew.

The guard ends the outputs at their time though this program be frozen, so nothing may be sent
while there is none.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path

_SCRIPT = Path(__file__).with_name("guard.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What the guard is told: the engine, its outputs, and when they must end (None: never)."""

    pid: int | None
    started: int | None
    port: int
    phrase: str = field(repr=False)
    ports: tuple[int, ...]
    until: float | None


class Warden:
    """One guard process after another. Called by one thread."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._told: Watch | None = None

    def tell(self, watch: Watch) -> bool:
        """Have the guard know this; whether it does."""
        if self._is_there() and watch == self._told:
            return True
        for _ in range(2):
            if self._ensure() and self._say(asdict(watch)):
                self._told = watch
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
