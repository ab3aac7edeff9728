"""The engine's process: started in an empty folder with a config of our making, and ended for sure.

Whether it lives is not told here: its exit code proves nothing (0 can mean that it never started),
so `engine.py` judges by what it answers and reads back.
"""

from __future__ import annotations

import contextlib
import os
import secrets
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
from reconciler.sidecar.casparcg.shelf import Shelf
from reconciler.sidecar.casparcg.shipped import engine_templates
from reconciler.sidecar.disk import ENGINE_FILE, read_json, write_json, write_whole
from reconciler.sidecar.proc import Found, is_alive, start_time
from reconciler.sidecar.spec import SidecarSpec

COMMAND = ("casparcg",)
LOCALE = "C.UTF-8"  # without UTF-8 one foreign letter makes every PLAY fail; this one always exists
ENDS_WITHIN = 1.8  # seconds for a tidy end, in which recordings are finished; the sidecar has 2.8
KILLED_WITHIN = 0.7  # seconds until one that was killed is gone
_HELD = 'read -r go && exec "$@" </dev/null'  # the engine itself, once there is word to begin


class Server:
    """One life of the engine after another, in `folder`/engine."""

    def __init__(self, spec: SidecarSpec) -> None:
        self._spec = spec
        self.phrase = secrets.token_hex(16)  # of the lock that makes us its only controller
        self.folder = spec.folder / "engine"
        self.media = self.folder / "media"
        self.port = 0
        self._child: subprocess.Popen[bytes] | Found | None = None
        self._started: int | None = None
        self.noted: Mapping[int, str] = {}  # what it was told to run, as kept on disk
        self.base: int | None = None  # where its count of ticks lies, likewise

    @property
    def pid(self) -> int | None:
        """The process, if there is one."""
        return self._child.pid if self._child is not None else None

    @property
    def started(self) -> int | None:
        """When it began, so that a reused number is not taken for it."""
        return self._started

    def adopt(self) -> bool:
        """Take over the engine of an earlier life of this folder, should it still run."""
        record = self._record()
        port, phrase, running = (record.get(name) for name in ("port", "phrase", "running"))
        remains = self._remains()
        if remains is None or not isinstance(port, int) or not isinstance(phrase, str):
            return False
        self._child, self._started = Found(*remains), remains[1]
        self.port, self.phrase = port, phrase
        base = record.get("base")
        self.base = base if isinstance(base, int) else None
        if isinstance(running, dict):
            self.noted = {int(port): str(digest) for port, digest in running.items()}
        return True

    def start(self, consumers: Sequence[Consumer]) -> None:
        """Have it ready to begin with `consumers`; raises `OSError` or `UsageError` if it cannot.

        What an earlier life left running in this folder is ended first: there are never two. It
        begins with `go`, so that none runs that is not on disk and known to the guard.
        """
        self.end_remains()
        Shelf(self.media).clear()
        for each in consumers:
            put_aside(each.overwrites)
        self.port = _free_port()
        config = self._prepare(consumers)
        command = self._spec.engine_command or COMMAND
        if shutil.which(command[0]) is None:
            raise FileNotFoundError(f"{command[0]}: there is no such program")
        with _log(self._spec.folder / "engine.log") as log:
            self._child = subprocess.Popen(
                ["/bin/sh", "-c", _HELD, "engine", *command, str(config)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=self.folder / "run",
                env=environment(os.environ),
                bufsize=0,
            )
        self._started = start_time(self._child.pid)
        self.noted, self.base = {each.port: each.digest for each in consumers}, None
        self._write_down()

    def go(self) -> None:
        """Let it begin."""
        pipe = self._child.stdin if isinstance(self._child, subprocess.Popen) else None
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.write(b"go\n")
            pipe.close()

    def note(self, running: Mapping[int, str], base: int | None) -> None:
        """Keep what it was told to run, and where its ticks lie, for who comes after us."""
        if running != self.noted or base != self.base:
            self.noted, self.base = dict(running), base
            self._write_down()

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
        if isinstance(child, subprocess.Popen) and child.stdin is not None:
            child.stdin.close()
        self._child = None

    def end_remains(self) -> None:
        """Kill the engine of an earlier life of this folder, should it still run."""
        until = time.monotonic() + KILLED_WITHIN
        while (remains := self._remains()) is not None and time.monotonic() < until:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(remains[0], signal.SIGKILL)
            time.sleep(0.01)

    def _write_down(self) -> None:
        record = {
            "pid": self.pid,
            "started": self._started,
            "port": self.port,
            "phrase": self.phrase,
            "running": self.noted,
            "base": self.base,
        }
        with contextlib.suppress(OSError):  # a full disk must not keep the picture away
            write_json(self._spec.folder / ENGINE_FILE, record, sync=False)

    def _remains(self) -> tuple[int, int] | None:
        """The process of an earlier life that still runs, and when it began."""
        record = self._record()
        pid, started = record.get("pid"), record.get("started")
        if isinstance(pid, int) and isinstance(started, int) and is_alive(pid, started):
            return pid, started
        return None

    def _record(self) -> Mapping[str, object]:
        found = read_json(self._spec.folder / ENGINE_FILE)
        return found if isinstance(found, dict) else {}

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
            lock_phrase=self.phrase,
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
