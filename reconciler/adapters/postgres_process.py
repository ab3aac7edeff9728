"""The embedded server's processes: start them, signal them, see them die, clear what they left."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from reconciler.adapters.postgres_home import Home

_SIGNALS = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT, "look": 0}
_LOOK = 0.2  # seconds between looks at a flag, or at a process where nothing announces its end
_OBEY = 2.0
_PROC = Path("/proc")


def launch(bindir: Path, home: Home, settings: Mapping[str, str], alive: int) -> None:
    """Start the server as nobody's child; it and all its processes inherit the lock `alive`.

    The caller holds that lock, so no process of an earlier server lives: files that it left, and
    whose process ids may belong to others by now, are removed.
    """
    (home.data / "postmaster.pid").unlink(missing_ok=True)
    for left in home.sockets.glob(".s.PGSQL.*"):
        left.unlink(missing_ok=True)
    command = [bindir / "postgres", "-D", home.data, "-k", home.sockets]
    command += ["-c", "listen_addresses=", "-c", "max_connections=50"]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    log = os.open(home.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
    try:
        # The shell goes at once, and the server becomes init's: our end is not its end.
        subprocess.run(
            ["/bin/sh", "-c", '"$@" &', "sh", *command],
            cwd="/",
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[alive],
            start_new_session=True,
            **home.account(),  # type: ignore[call-overload]  # user and group, when root
        )
    finally:
        os.close(log)


def signal_postmaster(home: Home, how: str) -> bool:
    """Signal a living postmaster (`look`: only see whether there is one); whether there was."""
    pid = _postmaster(home)
    if pid is None:
        return False
    try:
        os.kill(pid, _SIGNALS[how])
    except OSError:
        return False
    return True


def wait_for_death(home: Home, closing: threading.Event) -> bool:
    """Wait until the postmaster dies (True) or `closing` is set (False)."""
    pid = _postmaster(home)
    if pid is None:
        return True
    try:
        line = os.pidfd_open(pid)
    except (AttributeError, OSError):
        return _poll_for_death(home, pid, closing)
    try:
        while not closing.is_set():
            if select.select([line], [], [], _LOOK)[0]:
                return True
    finally:
        os.close(line)
    return False


def _poll_for_death(home: Home, pid: int, closing: threading.Event) -> bool:
    while not closing.wait(_LOOK):
        if _postmaster(home) != pid:
            return True
    return False


def kill_leftovers(home: Home) -> None:
    """End every process of ours that still works in the data directory, and wait for that."""
    for number in (signal.SIGQUIT, signal.SIGKILL):
        for pid in _ours(home):
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        until = time.monotonic() + _OBEY
        while _ours(home):
            if time.monotonic() > until:
                break
            time.sleep(_LOOK / 10)
        else:
            return


def _postmaster(home: Home) -> int | None:
    try:
        first = (home.data / "postmaster.pid").read_text(encoding="ascii").split("\n", 1)[0]
        pid = int(first)
    except (OSError, ValueError):
        return None
    return pid if pid > 1 and _serves(pid, home.data) else None


def _serves(pid: int, data: Path) -> bool:
    """Whether a living process is a postmaster of this data; off Linux, whether it lives."""
    if not (_PROC / "self").exists():
        with suppress(ProcessLookupError):
            os.kill(pid, 0)
            return True
        return False
    try:
        # Anyone may read this, where a container's root may not follow another user's `cwd`.
        words = (_PROC / str(pid) / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return os.fsencode(data) in words and words[0].endswith(b"postgres")


def _ours(home: Home) -> list[int]:
    if not _PROC.is_dir():
        return []
    pids = [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit()]
    return [pid for pid in pids if _works_in(pid, home.data)]


def _works_in(pid: int, data: Path) -> bool:
    process = _PROC / str(pid)
    try:
        program = str((process / "exe").readlink()).removesuffix(" (deleted)")
        return (process / "cwd").readlink() == data and program.endswith("/postgres")
    except OSError:
        return False
