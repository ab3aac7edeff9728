"""The engine's process: started in an empty folder with a config of our making, and ended for sure.

Whether it lives is not told here: its exit code proves nothing (0 can mean that it never started),
so `engine.py` judges by what it answers and reads back.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from reconciler.errors import UsageError
from reconciler.sidecar.casparcg.config import EngineConfig, Folders, render_config
from reconciler.sidecar.casparcg.consumers import Consumer
from reconciler.sidecar.casparcg.shipped import engine_templates
from reconciler.sidecar.disk import read_json, write_json, write_whole
from reconciler.sidecar.proc import is_alive, start_time
from reconciler.sidecar.spec import SidecarSpec

COMMAND = ("casparcg",)
LOCALE = "C.UTF-8"  # without UTF-8 one foreign letter makes every PLAY fail; this one always exists
ENDS_WITHIN = 1.8  # seconds for a tidy end, in which recordings are finished; the sidecar has 2.8
KILLED_WITHIN = 0.7  # seconds until one that was killed is gone
_RECORD = "engine.json"


class Server:
    """One life of the engine after another, in `folder`/engine."""

    def __init__(self, spec: SidecarSpec, phrase: str) -> None:
        self._spec = spec
        self._phrase = phrase
        self.folder = spec.folder / "engine"
        self.media = self.folder / "media"
        self.port = 0
        self._child: subprocess.Popen[bytes] | None = None
        self._started: int | None = None

    @property
    def pid(self) -> int | None:
        """The process, if there is one."""
        return self._child.pid if self._child is not None else None

    @property
    def started(self) -> int | None:
        """When it began, so that a reused number is not taken for it."""
        return self._started

    def start(self, consumers: Sequence[Consumer]) -> None:
        """Start it with `consumers` running; raises `OSError` or `UsageError` if it cannot be.

        What an earlier life left running in this folder is ended first: there are never two.
        """
        self.end_remains()
        self.port = _free_port()
        config = self._prepare(consumers)
        command = self._spec.engine_command or COMMAND
        with _log(self._spec.folder / "engine.log") as log:
            self._child = subprocess.Popen(
                [*command, str(config)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder / "run",
                env=environment(os.environ),
            )
        self._started = start_time(self._child.pid)
        with contextlib.suppress(OSError):  # a full disk must not keep the picture away
            write_json(
                self._spec.folder / _RECORD, {"pid": self._child.pid, "started": self._started}
            )

    def ended(self) -> str:
        """Why there is no process any more; empty while there is."""
        if self._child is None:
            return "it was not started"
        code = self._child.poll()
        return "" if code is None else f"the process ended with {code}"

    def end(self, *, tidily: bool) -> None:
        """End the process and bury it."""
        child = self._child
        if child is None:
            return
        if tidily and child.poll() is None:
            child.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(ENDS_WITHIN)
        if child.poll() is None:
            child.kill()
        child.wait()
        self._child = None

    def end_remains(self) -> None:
        """Kill the engine of an earlier life of this folder, should it still run."""
        found = read_json(self._spec.folder / _RECORD)
        if not isinstance(found, dict):
            return
        pid, started = found.get("pid"), found.get("started")
        if not isinstance(pid, int) or not isinstance(started, int):
            return
        until = time.monotonic() + KILLED_WITHIN
        while is_alive(pid, started) and time.monotonic() < until:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.01)

    def _prepare(self, consumers: Sequence[Consumer]) -> Path:
        run = self.folder / "run"
        shutil.rmtree(run, ignore_errors=True)  # the engine plays what it finds there before media
        folders = {name: self.folder / name for name in ("media", "log", "data", "template")}
        for folder in (run, *folders.values()):
            folder.mkdir(parents=True, exist_ok=True)
        folders["log"].chmod(0o700)  # what it writes there may hold a live input's address
        config = EngineConfig(
            format=self._spec.format,
            folders=Folders(**{name: str(folder) for name, folder in folders.items()}),
            amcp_port=self.port,
            lock_phrase=self._phrase,
            consumers=tuple(consumers),
        )
        path = self.folder / "casparcg.config"
        try:
            text = render_config(config, engine_templates())
        except FileNotFoundError as error:
            raise UsageError(str(error)) from error
        write_whole(path, text.encode())
        return path


def _log(path: Path) -> BinaryIO:
    """A file for no other eyes: the engine names live inputs, and an address may hold secrets."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    os.fchmod(descriptor, 0o600)  # an older one may have been made for all to read
    return os.fdopen(descriptor, "ab")


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """What the engine is started with; without a display it must draw on no surface, or it ends."""
    chosen = {**given, "LANG": LOCALE, "LC_ALL": LOCALE}
    if not chosen.get("DISPLAY"):
        chosen.setdefault("EGL_PLATFORM", "surfaceless")
    return chosen


def _free_port() -> int:
    """A TCP port that nobody listens on; the engine binds it on all interfaces."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def put_aside(path: str) -> None:
    """Keep what a recording's file holds: the engine deletes it when it begins anew."""
    place = Path(path)
    if not path or not place.exists():
        return
    for number in range(1, 1000):
        aside = place.with_name(f"{place.stem}.{number}{place.suffix}")
        if not aside.exists():
            place.rename(aside)
            return
