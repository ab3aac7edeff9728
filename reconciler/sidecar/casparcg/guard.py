"""Ends the outputs in time, though the sidecar be frozen or dead: a small process of its own.

Run as a script, with nothing but the standard library. It is told on its standard input, one JSON
object a line, which engine to watch (`pid`, `started`, `port` and `phrase` of its AMCP), which
outputs it must end (`ports`) and when (`until`, on the monotonic clock; null: never). At that time
it removes them; where the engine does not obey at once it is killed. When its input ends without
the word `done`, the sidecar is gone, and so is the engine then.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

OBEYS_WITHIN = 0.4  # seconds that an engine has to let go of its outputs
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
        until = self._told.get("until")
        if self._shut or not isinstance(until, int | float) or not self._ports():
            return None
        return max(0.0, until - time.monotonic())

    def act(self, within: float = OBEYS_WITHIN) -> None:
        """End the outputs, if it is time: by asking, or else by force."""
        if self.wait_for() != 0.0:
            return
        self._shut = True
        if not self._remove(within):
            self.kill()

    def kill(self) -> None:
        """End the engine, if it is still the process that we were told of."""
        pid, started = self._told.get("pid"), self._told.get("started")
        if isinstance(pid, int) and isinstance(started, int) and _start_time(pid) == started:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)

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
    """When a process began (proc(5): field 22); None if there is none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    return int(text.rpartition(")")[2].split()[19])


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
        guard.kill()


if __name__ == "__main__":
    main()
