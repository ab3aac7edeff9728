"""Our own programs as children of `up`: started, started again when they end, and stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from reconciler.cli.common import say
from reconciler.settings import Settings

NAMES = ("watch", "serve")
_RETRY = 1.0  # seconds before a program that ended by itself is started again, at first
_LONGEST = 30.0  # doubling up to this: a port that is taken stays taken for a while
_WELL = 20.0  # seconds after which a program that ended counts as having run
_TIDY = 8.0  # seconds that a program has to end
_GLANCE = 0.2  # seconds between looks at a child


class Program(threading.Thread):
    """One of our own commands as a child, started again when it ends by itself."""

    def __init__(self, settings: Settings, arguments: Sequence[str], stop: threading.Event) -> None:
        super().__init__(name=arguments[0], daemon=True)
        self._argv = [sys.executable, "-m", "reconciler", *_shared(settings), *arguments]
        self._stop_asked = stop
        self._log = settings.state / f"{arguments[0]}.log"
        self._pidfile = settings.state / f"{arguments[0]}.pid"

    def run(self) -> None:
        """Keep it running until asked to stop."""
        retry = _RETRY
        while not self._stop_asked.is_set():
            began = time.monotonic()
            child = self._start()
            while child.poll() is None and not self._stop_asked.wait(_GLANCE):
                pass
            if self._stop_asked.is_set():
                _end(child)
                break
            retry = _RETRY if time.monotonic() - began > _WELL else min(2 * retry, _LONGEST)
            say(
                f"{self.name} ended (exit {child.returncode}); starting it again in {retry:.0f} s; "
                f"its last words are in {self._log}"
            )
            self._stop_asked.wait(retry)
        self._pidfile.unlink(missing_ok=True)

    def _start(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            child = subprocess.Popen(self._argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self._pidfile.write_text(f"{child.pid}\n", encoding="ascii")
        return child


def _end(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(_TIDY)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _shared(settings: Settings) -> list[str]:
    shared = ["--lineup", str(settings.lineup), "--state", str(settings.state)]
    if settings.database_url:
        shared += ["--database-url", settings.database_url]
    return shared


def stop_programs(settings: Settings) -> None:
    """End the programs that an `up` of this installation left running, if any."""
    for name in ("up", *NAMES):
        pid = _pid_of(settings.state / f"{name}.pid", name)
        if pid is None:
            continue
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + _TIDY
        while _is_ours(pid, name) and time.monotonic() < deadline:
            time.sleep(_GLANCE)


def _pid_of(path: Path, name: str) -> int | None:
    try:
        pid = int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    return pid if _is_ours(pid, name) else None


def _is_ours(pid: int, name: str) -> bool:
    """Whether `pid` runs our command `name`: ids are reused, so the command line is looked at."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return name.encode() in words and any(b"reconcile" in word for word in words)
