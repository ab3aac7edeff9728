"""One sidecar's folder on this machine: its start document, its process, its remains.

Read by any number of reconcilers; who runs in it is decided by the lock that the sidecar itself
holds, and by process numbers together with their start times, so that a reused number is nobody.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from reconciler.model.ids import ChannelName, NodeName
from reconciler.model.observed import Life, SidecarSeen
from reconciler.sidecar.disk import ENDING_FILE, ENGINE_FILE, GUARD_FILE, read_json
from reconciler.sidecar.file_lock import is_locked
from reconciler.sidecar.proc import is_alive
from reconciler.sidecar.spec import SPEC_FILE

LOCK_FILE = "lock"  # held by the sidecar for as long as it lives
GUARD_SEES_WITHIN = 2.0  # seconds; it looks twenty times in one, and has nothing to keep any more
_POLL = 0.02  # seconds between looks at something that no event tells


class ProcessFolder:
    """`sidecars/CHANNEL/EPOCH` of one node."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def is_there(self) -> bool:
        """Whether a sidecar was ever to be started here."""
        return (self.path / SPEC_FILE).is_file()

    @property
    def document(self) -> Mapping[str, object]:
        """The start document, secrets included; empty if it cannot be read."""
        found = read_json(self.path / SPEC_FILE)
        return found if isinstance(found, dict) else {}

    @property
    def token(self) -> str:
        """The sidecar's bearer token."""
        return str(self.document.get("token", ""))

    def pid(self) -> int | None:
        """The sidecar's process, if it lives."""
        return self._living("pid.json")

    def engine_pid(self) -> int | None:
        """The engine's process, if it lives."""
        return self._living(ENGINE_FILE)

    def is_running(self) -> bool:
        """Whether a sidecar lives here, or is just being started, be it by its engine's guard."""
        return self.pid() is not None or self.is_locked() or self.is_guarded()

    def is_guarded(self) -> bool:
        """Whether an engine plays here that its guard keeps, for a sidecar that it starts anew."""
        return self._living(GUARD_FILE) is not None and self.engine_pid() is not None

    def is_locked(self) -> bool:
        """Whether a process holds the folder."""
        return is_locked(self.path / LOCK_FILE)

    def url(self) -> str:
        """Where it answers; empty until it does."""
        endpoint = read_json(self.path / "endpoint.json")
        return str(endpoint.get("url", "")) if isinstance(endpoint, dict) else ""

    def seen(self, node: NodeName) -> SidecarSeen:
        """What is here, as a fact of the snapshot."""
        document = self.document
        began = (self.path / SPEC_FILE).stat().st_mtime
        epoch = str(document.get("epoch", self.path.name))
        return SidecarSeen(
            channel=ChannelName(str(document.get("channel", self.path.parent.name))),
            node=node,
            epoch=int(epoch) if epoch.isdecimal() else 0,
            fingerprint=str(document.get("fingerprint", "")),
            commit=str(document.get("commit", "")),
            handle=str(self.path),
            url=self.url(),
            life=Life.RUNNING if self.is_running() else Life.DEAD,
            started_at=datetime.fromtimestamp(began, UTC),
        )

    def stop(self, obey_within: float) -> bool:
        """Ask the sidecar to end, then kill it with all it started; whether nothing is left.

        It is written down first, so that a guard keeps no engine and starts no sidecar anew; one
        that it began in that moment ends too.
        """
        if self.path.is_dir():
            (self.path / ENDING_FILE).touch()
        self._end_sidecar(obey_within)
        engine = self.engine_pid()
        if engine is not None:
            _end(engine, signal.SIGKILL, obey_within)
        guard = self._living(GUARD_FILE)
        if guard is not None:
            if not _end(guard, None, GUARD_SEES_WITHIN):
                _end(guard, signal.SIGKILL, obey_within)
            self._end_sidecar(obey_within)
        return self._is_quiet(obey_within)

    def _end_sidecar(self, obey_within: float) -> None:
        pid = self.pid()
        if pid is not None and not _end(pid, signal.SIGTERM, obey_within):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)  # it leads a session of its own
            _end(pid, signal.SIGKILL, obey_within)

    def _is_quiet(self, within: float) -> bool:
        deadline = time.monotonic() + within
        while self.is_running() or self.engine_pid() is not None:
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL)
        return True

    def _living(self, name: str) -> int | None:
        found = read_json(self.path / name)
        if not isinstance(found, dict):
            return None
        pid, started = found.get("pid"), found.get("started")
        if not isinstance(pid, int) or not isinstance(started, int):
            return None
        return pid if is_alive(pid, started) else None


def _end(pid: int, signal_number: signal.Signals | None, within: float) -> bool:
    """Send a signal, unless None, and wait for the end; whether it came."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        if signal_number is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(descriptor, signal_number)
        return bool(select.select([descriptor], [], [], within)[0])
    finally:
        os.close(descriptor)
        reap(pid)


def reap(pid: int) -> None:
    """Bury a child of ours; do nothing for anyone else's."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def tail(path: Path, limit: int = 400) -> str:
    """The last words of a log, for a message."""
    try:
        return path.read_bytes()[-limit:].decode(errors="replace").strip().rpartition("\n")[2]
    except OSError:
        return ""


def as_json(value: object) -> bytes:
    """JSON as it is kept."""
    return json.dumps(value, ensure_ascii=False, indent=1).encode()
