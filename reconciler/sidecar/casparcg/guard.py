"""Ends the outputs in time, though the sidecar be frozen or dead: a small process of its own.

Run as a script, with nothing but the standard library. It is told on its standard input, one JSON
object a line, which engine to watch (`pid`, `started`, `port` and `phrase` of its AMCP), which
outputs it must end (`ports`) and when (`until`, on the monotonic clock; null: never). At that time
it removes them; where the engine does not obey at once it is killed.

When its input ends without the word `done`, the sidecar is gone. The engine plays on then for
`grace` seconds, never past `until` while it has outputs: the sidecar is started anew (`again`, its
command), finds the engine by what is in `folder`, and ends this guard once it has one of its own.
If nobody came by then, or if the folder says that the sidecar was told to end, so is the engine.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

OBEYS_WITHIN = 0.4  # seconds that an engine has to let go of its outputs
TIDY_FOR = 1.0  # seconds before its time in which it may end by itself, recordings finished
AGAIN_AFTER = (0.0, 0.5, 1.0, 2.0, 4.0)  # seconds before the next start of the sidecar, by starts
LOOK_EVERY = 0.05  # seconds, while there is no sidecar
ENDING = "ending"  # the file that says so: as `reconciler.sidecar.disk` calls it
_LONGEST = 1 << 20  # bytes of one line
_ASK_AGAIN = 0.02  # seconds until what was refused is asked again
_OK, _NOT_THERE = 202, 404


class Guard:
    """What was told last, and what is done about it."""

    def __init__(self) -> None:
        self._told: dict[str, object] = {}
        self._shut = False

    def take(self, line: bytes) -> None:
        """Take one line; what cannot be read changes nothing."""
        with contextlib.suppress(ValueError):
            said = json.loads(line)
            if isinstance(said, dict):
                self._told = said
                self._shut = False

    @property
    def is_done(self) -> bool:
        """Whether there is nothing to guard any more."""
        return self._told.get("done") is True

    def wait_for(self) -> float | None:
        """Seconds until something has to be done; None: until there is word."""
        until = self._until()
        return None if self._shut or until is None else max(0.0, until - time.monotonic())

    def act(self, within: float = OBEYS_WITHIN) -> None:
        """End the outputs, if it is time: by asking, or else by force."""
        if self.wait_for() != 0.0:
            return
        self._shut = True
        if not self._remove(within):
            self.kill()

    def kill(self) -> None:
        """End the engine at once."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        pid = self._engine()
        if pid is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)

    def _engine(self) -> int | None:
        """The engine, if it still is the process that we were told of."""
        pid, started = self._told.get("pid"), self._told.get("started")
        if not isinstance(pid, int) or not isinstance(started, int):
            return None
        return pid if _start_time(pid) == started else None

    def outlive(self) -> None:
        """The sidecar is gone: keep the engine for the next one, as long as that may be."""
        until = ends_at(time.monotonic(), self._grace(), self._until())
        again = Again(self._words("again"), self._folder())
        while self._is_kept():
            now = time.monotonic()
            if now >= until:
                break
            if now >= until - TIDY_FOR:
                self._signal(signal.SIGTERM)
            else:
                again.turn(now)
            time.sleep(min(LOOK_EVERY, until - now))
        self.kill()

    def _is_kept(self) -> bool:
        """Whether there is an engine, and nobody wants it to end."""
        folder = self._folder()
        is_ending = folder is not None and (folder / ENDING).exists()
        return self._engine() is not None and not is_ending

    def _until(self) -> float | None:
        until = self._told.get("until")
        return until if isinstance(until, int | float) and self._ports() else None

    def _grace(self) -> float:
        grace = self._told.get("grace")
        return grace if isinstance(grace, int | float) else 0.0

    def _folder(self) -> Path | None:
        folder = self._told.get("folder")
        return Path(folder) if isinstance(folder, str) and folder else None

    def _words(self, name: str) -> list[str]:
        words = self._told.get(name)
        return [str(word) for word in words] if isinstance(words, list) else []

    def _ports(self) -> list[int]:
        ports = self._told.get("ports")
        return [each for each in ports if isinstance(each, int)] if isinstance(ports, list) else []

    def _remove(self, within: float) -> bool:
        """Whether the engine said that each output is gone, in time."""
        port, phrase = self._told.get("port"), str(self._told.get("phrase", ""))
        until = time.monotonic() + within
        try:
            address = ("127.0.0.1", int(str(port)))
            with socket.create_connection(address, timeout=within) as amcp:
                asked = _Asking(amcp, until)
                if asked.ask([f"LOCK 1 ACQUIRE {phrase}"]) != [_OK]:
                    return False
                free(self._ports(), asked.ask)
        except (OSError, ValueError):
            return False
        return True


def ends_at(now: float, grace: float, until: float | None) -> float:
    """When an engine without its sidecar must have ended: never later than it may send."""
    return now + grace if until is None else min(now + grace, until)


class Again:
    """The sidecar, started anew until one stays."""

    def __init__(self, command: Sequence[str], folder: Path | None) -> None:
        self._command = list(command)
        self._folder = folder
        self._child: subprocess.Popen[bytes] | None = None
        self._starts = 0
        self._next = 0.0

    def turn(self, now: float) -> None:
        """Start it, unless it runs or has just ended."""
        if not self._command or self._folder is None:
            return
        if self._child is not None:
            if self._child.poll() is None:
                return
            self._child = None
            self._next = now + AGAIN_AFTER[min(self._starts, len(AGAIN_AFTER) - 1)]
        if now >= self._next:
            self._start(self._folder, now)

    def _start(self, folder: Path, now: float) -> None:
        self._starts += 1
        try:
            self._child = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=sys.stderr.fileno(),
                start_new_session=True,
            )
        except OSError:
            self._next = now + AGAIN_AFTER[-1]
            return
        _write_whole(
            folder / "pid.json",
            {"pid": self._child.pid, "started": _start_time(self._child.pid)},
        )


def _write_whole(path: Path, value: object) -> None:
    """Put JSON at `path`, for who looks for the sidecar; a full disk leaves what was there."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
    with contextlib.suppress(OSError):
        fresh.write_text(json.dumps(value))
        fresh.replace(path)


def free(ports: Sequence[int], ask: Callable[[Sequence[str]], list[int]]) -> None:
    """Have the engine let go of `ports`; what it refuses is asked again. `ask` ends in time."""
    left = list(ports)
    while left:
        codes = ask([f"REMOVE 1-{port}" for port in left])
        left = [
            port for port, code in zip(left, codes, strict=True) if code not in {_OK, _NOT_THERE}
        ]
        if left:
            time.sleep(_ASK_AGAIN)


class _Asking:
    """One connection, until an instant; raises `OSError` when that has come.

    Nothing is sent before what it counts on was answered: the engine takes the commands of one
    piece in queues that overtake each other, LOCK in another than REMOVE.
    """

    def __init__(self, amcp: socket.socket, until: float) -> None:
        self._amcp = amcp
        self._until = until
        self._number = 0
        self._heard = b""

    def ask(self, commands: Sequence[str]) -> list[int]:
        """Send all, wait for all, and return their codes."""
        codes: dict[str, int] = {}
        names = [f"g{number}" for number, _ in enumerate(commands, self._number)]
        self._number += len(names)
        lines = [f"REQ {name} {line}\r\n" for name, line in zip(names, commands, strict=True)]
        self._amcp.sendall("".join(lines).encode())
        while not codes.keys() >= set(names):
            left = self._until - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self._amcp.settimeout(left)
            codes |= self._hear()
        return [codes[name] for name in names]

    def _hear(self) -> dict[str, int]:
        piece = self._amcp.recv(1 << 16)
        if not piece:
            raise ConnectionResetError
        *lines, self._heard = (self._heard + piece).split(b"\r\n")
        words = [line.decode("utf-8", "replace").split() for line in lines]
        return {
            each[1]: int(each[2])
            for each in words
            if len(each) > 2 and each[0] == "RES" and each[2].isdecimal()  # noqa: PLR2004  # words
        }


def _start_time(pid: int) -> int | None:
    """When a process began (proc(5): field 22); None if there is none, or only its remains."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    after_name = text.rpartition(")")[2].split()
    return None if after_name[0] in {"Z", "X"} else int(after_name[19])


def main() -> None:
    """Guard until there is no more word."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # who ends us by such a signal ends the sidecar too
    guard = Guard()
    pending = b""
    descriptor = sys.stdin.fileno()
    while True:
        guard.act()
        ready, _, _ = select.select([descriptor], [], [], guard.wait_for())
        if not ready:
            continue
        piece = os.read(descriptor, 1 << 16)
        if not piece:
            break
        *lines, pending = (pending + piece).split(b"\n")
        pending = pending[-_LONGEST:]
        for line in lines:
            guard.take(line)
    if not guard.is_done:
        guard.outlive()


if __name__ == "__main__":
    main()
