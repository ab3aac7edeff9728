"""A node that is this machine: sidecars as detached processes, media in a folder.

`NodeControl` over `FOLDER/{media, sidecars/CHANNEL/EPOCH}`. Sidecars lead sessions of their own and
outlive us; we find them again by their folders. Several such nodes may share one machine.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import select
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType

from reconciler.adapters.child_environment import child_environment
from reconciler.adapters.media_files import MediaFolder
from reconciler.adapters.media_inspect import into_mov, look_into
from reconciler.adapters.process_folder import ProcessFolder, as_json, reap, tail
from reconciler.adapters.transfer import Line
from reconciler.adapters.transfer_pace import Bucket
from reconciler.errors import ReconcilerError, Rejected, Unreachable
from reconciler.model.findings import Findings
from reconciler.model.ids import ChannelName, NodeName
from reconciler.model.media import StagedSeen, TransferSeen
from reconciler.model.observed import Health, NodeSeen, SidecarSeen
from reconciler.model.orders import SidecarStart, StageOrder
from reconciler.model.records import AsRunRow
from reconciler.ports import Progress
from reconciler.sidecar.asrun import SpoolRow
from reconciler.sidecar.disk import ENDING_FILE, write_json, write_whole
from reconciler.sidecar.file_lock import locked
from reconciler.sidecar.proc import start_time
from reconciler.sidecar.spec import SPEC_FILE
from reconciler.sidecar.spool import SPOOL_FILE, Spool

STARTS_WITHIN = 20.0  # seconds until a new sidecar answers; a slow disk and a busy machine included
OBEYS_WITHIN = 6.0  # seconds from SIGTERM to SIGKILL; a sidecar takes 3 at most
LOOKS_WITHIN = 3600.0  # seconds that a file waits for those that are looked into before it
ROWS_AT_ONCE = 100_000  # a dead sidecar's rows are read whole
LOGS = ("sidecar.log", "engine.log")
_POLL = 0.02
_GLANCE = 0.5  # seconds between looks for new folders while waiting for a death


class LocalNode:
    """One process node. Calls may be repeated and come from several reconcilers at once."""

    def __init__(
        self,
        name: NodeName,
        folder: Path,
        *,
        devices: frozenset[int] | None = None,
        engine_commands: Mapping[str, Sequence[str]] = MappingProxyType({}),
        stage_rate: int | None = None,
    ) -> None:
        self.name = name
        self.folder = folder.absolute()
        self.media = self.folder / "media"
        self._devices = devices
        self._engine_commands = engine_commands
        bucket = Bucket(None if stage_rate is None else stage_rate // 8)
        self._files = MediaFolder(self.media, Line(bucket))
        self._known: frozenset[tuple[str, bool]] | None = None

    # ── reading ──────────────────────────────────────────────────────────────────────────────────

    def look(self) -> tuple[NodeSeen, tuple[SidecarSeen, ...]]:
        """Read the disk and the processes; sidecars sorted by channel and epoch."""
        with self._reported("look"):
            self.media.mkdir(parents=True, exist_ok=True)
            node = NodeSeen(
                name=self.name,
                health=Health.ANSWERING,
                staged=self._files.staged(),
                free_bytes=shutil.disk_usage(self.media).free,
                cores=Fraction(len(os.sched_getaffinity(0))),
                devices=self._devices,
            )
            folders = self._folders()
            found = [folder.seen(self.name) for folder in folders]
        self._known = self._lives(folders)
        return node, tuple(sorted(found, key=lambda seen: (seen.channel, seen.epoch)))

    def changed(self, timeout: float) -> bool:
        """Wait until a sidecar here dies or appears, at most `timeout` seconds; whether one did."""
        deadline = time.monotonic() + timeout
        before = self._known if self._known is not None else self._lives(self._folders())
        while True:
            folders = self._folders()
            if self._lives(folders) != before:
                self._known = None
                return True
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            _wait_for_death([f.pid() for f in folders], min(left, _GLANCE))

    def secrets_of(self, seen: SidecarSeen) -> str:
        """The bearer token of a sidecar here."""
        token = self._folder(seen.channel, seen.epoch).token
        if not token:
            raise Rejected(f"{self._about(seen)}: no start document here", system=self.name)
        return token

    def spooled(self, seen: SidecarSeen) -> tuple[AsRunRow, ...]:
        """Every unacknowledged row of one that does not run; repeatable until `forget`."""
        folder = self._folder(seen.channel, seen.epoch)
        path = folder.path / SPOOL_FILE
        with self._held(seen.channel), self._reported(f"spool of {self._about(seen)}"):
            if folder.is_running():
                raise Rejected(f"{self._about(seen)}: it runs; ask it", system=self.name)
            if not path.is_file():
                return ()
            spool = Spool(path, label=f"{seen.channel}-{seen.epoch}")
            try:
                spool.close_crashed()
                rows = spool.rows(after=0, limit=ROWS_AT_ONCE)
            finally:
                spool.close()
        return tuple(_row(spool.spool_id, seq, seen, row) for seq, row in rows)

    # ── acting ───────────────────────────────────────────────────────────────────────────────────

    def spawn(self, start: SidecarStart) -> SidecarSeen:
        """Start a sidecar and wait until it answers, or find it there; never a second one."""
        folder = self._folder(start.channel, start.epoch)
        about = f"{start.channel} epoch {start.epoch}"
        with self._held(start.channel), self._reported(f"spawn {about}"):
            if not folder.is_running():
                self._launch(folder, start)
        deadline = time.monotonic() + STARTS_WITHIN
        while not (folder.url() and folder.is_locked()):
            if not folder.is_running():
                last = tail(folder.path / "sidecar.log")
                raise Rejected(
                    f"{self.name}: spawn {about}: it ended at once: {last}", system=self.name
                )
            if time.monotonic() > deadline:
                raise Unreachable(
                    f"{self.name}: spawn {about}: no answer in {STARTS_WITHIN:g} s;"
                    " the next pass will look again",
                    system=self.name,
                )
            time.sleep(_POLL)
        return folder.seen(self.name)

    def retire(self, channel: ChannelName, epoch: int) -> None:
        """Stop tidily, kill what does not obey, engine included; its spool stays."""
        folder = self._folder(channel, epoch)
        with self._held(channel), self._reported(f"retire {channel} epoch {epoch}"):
            if not folder.stop(OBEYS_WITHIN):
                raise Unreachable(
                    f"{self.name}: retire {channel} epoch {epoch}: it outlived SIGKILL for"
                    f" {OBEYS_WITHIN:g} s; the next pass will try again",
                    system=self.name,
                )

    def forget(self, channel: ChannelName, epoch: int) -> None:
        """Remove a stopped sidecar's folder, keeping the logs of the last one."""
        folder = self._folder(channel, epoch)
        with self._held(channel), self._reported(f"forget {channel} epoch {epoch}"):
            if not folder.path.is_dir():
                return
            if folder.is_running():
                raise Rejected(
                    f"{self.name}: forget {channel} epoch {epoch}: it runs", system=self.name
                )
            self._keep_logs(folder)
            (folder.path / SPEC_FILE).unlink(missing_ok=True)  # first: without it nothing is here
            shutil.rmtree(folder.path)

    def stage(self, order: StageOrder, progress: Progress) -> StagedSeen:
        """Bring a file here, whole and verified; or do nothing if it is here."""
        return self._files.stage(order, progress)

    def restage(self, order: StageOrder, progress: Progress) -> StagedSeen:
        """Fetch a file anew; the one here stays until the new one is whole."""
        return self._files.restage(order, progress)

    def inspect(self, stored: str, progress: Progress) -> Findings:
        """Look into all of a staged file, when nobody else looks into another."""
        path = self._staged(stored)
        about = f"{self.name}: {stored}"
        with (
            self._reported(f"inspect {stored}"),
            locked(self.folder / ".inspect.lock", LOOKS_WITHIN) as is_ours,
        ):
            if not is_ours:
                raise Unreachable(f"{about}: others are still being looked into", system="media")
            before = path.stat().st_ino
            found = look_into(path, about, progress)
            if path.stat().st_ino != before:
                raise Unreachable(f"{about}: it was replaced meanwhile", system="media")
            return found

    def remux(self, source: str, target: str) -> str:
        """Copy a staged file's streams into a MOV beside it."""
        path = self._staged(source)
        if (self.media / target).is_file():
            return ""
        return into_mov(path, self.media / target, f"{self.name}: {source}")

    def _staged(self, stored: str) -> Path:
        path = self.media / stored
        if "/" in stored or not path.is_file():
            raise Rejected(f"{self.name}: {stored}: it is not staged", system=self.name)
        return path

    def transfers(self) -> tuple[TransferSeen, ...]:
        """Files that are under way here, by whatever process."""
        with self._reported("transfers"):
            return self._files.under_way()

    def evict(self, stored: str) -> None:
        """Remove a staged file, or do nothing if there is none."""
        self._files.evict(stored)

    # ── inside ───────────────────────────────────────────────────────────────────────────────────

    def _launch(self, folder: ProcessFolder, start: SidecarStart) -> None:
        folder.path.mkdir(parents=True, exist_ok=True)
        self.media.mkdir(parents=True, exist_ok=True)
        for name in ("endpoint.json", ENDING_FILE):
            (folder.path / name).unlink(missing_ok=True)
        document = {
            **start.document,
            "channel": start.channel,
            "epoch": start.epoch,
            "fingerprint": start.fingerprint,
            "commit": start.commit,
            "token": folder.token or secrets.token_urlsafe(24),
            "media_root": str(self.media),
            "folder": str(folder.path),
        }
        command = self._engine_commands.get(str(document.get("engine")))
        if command is not None:
            document["engine_command"] = list(command)
        write_whole(folder.path / SPEC_FILE, as_json(document))
        pid = _detach(folder.path)
        write_json(folder.path / "pid.json", {"pid": pid, "started": start_time(pid)})

    def _folder(self, channel: ChannelName, epoch: int) -> ProcessFolder:
        if not channel or channel.startswith(".") or "/" in channel:
            raise Rejected(f"{self.name}: a channel name cannot be {channel!r}", system=self.name)
        return ProcessFolder(self.folder / "sidecars" / channel / str(epoch))

    def _folders(self) -> list[ProcessFolder]:
        found = [ProcessFolder(path) for path in self.folder.glob("sidecars/*/*") if path.is_dir()]
        for folder in found:
            pid = folder.pid()
            if pid is None:
                _reap_recorded(folder)
        return [folder for folder in found if folder.is_there]

    def _lives(self, folders: Sequence[ProcessFolder]) -> frozenset[tuple[str, bool]]:
        return frozenset((str(folder.path), folder.is_running()) for folder in folders)

    def _keep_logs(self, folder: ProcessFolder) -> None:
        kept = folder.path.parent / ".last"
        kept.mkdir(exist_ok=True)
        for name in LOGS:
            with contextlib.suppress(FileNotFoundError):
                (folder.path / name).replace(kept / name)

    def _about(self, seen: SidecarSeen) -> str:
        return f"{self.name}: {seen.channel} epoch {seen.epoch}"

    @contextmanager
    def _held(self, channel: ChannelName) -> Iterator[None]:
        path = self.folder / "sidecars" / f".{channel}.lock"
        try:
            with locked(path, STARTS_WITHIN) as is_ours:
                if not is_ours:
                    raise Unreachable(
                        f"{self.name}: {channel}: another reconciler is at work on it",
                        system=self.name,
                    )
                yield
        except OSError as error:
            raise self._foreign(f"lock of {channel}", error) from error

    @contextmanager
    def _reported(self, what: str) -> Iterator[None]:
        try:
            yield
        except ReconcilerError:
            raise
        except OSError as error:
            raise self._foreign(what, error) from error

    def _foreign(self, what: str, error: OSError) -> Unreachable:
        return Unreachable(
            f"{self.name}: {what}: {error.strerror or error}", system=self.name, attempt=what
        )


def _detach(folder: Path) -> int:
    """Start the program in a session of its own, its words going to its log; returns its number."""
    log = str(folder / "sidecar.log")
    how = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    return os.posix_spawn(
        sys.executable,
        [sys.executable, "-m", "reconciler.sidecar", "--folder", str(folder)],
        child_environment(),
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, log, how, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
        setsigmask=(),
    )


def _reap_recorded(folder: ProcessFolder) -> None:
    from reconciler.sidecar.disk import read_json

    found = read_json(folder.path / "pid.json")
    if isinstance(found, dict) and isinstance(found.get("pid"), int):
        reap(found["pid"])


def _wait_for_death(pids: Sequence[int | None], timeout: float) -> None:
    descriptors: list[int] = []
    try:
        for pid in pids:
            if pid is not None:
                with contextlib.suppress(OSError):
                    descriptors.append(os.pidfd_open(pid))
        poll = select.poll()
        for descriptor in descriptors:
            poll.register(descriptor, select.POLLIN)
        poll.poll(timeout * 1000)
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def _row(spool: str, seq: int, seen: SidecarSeen, row: SpoolRow) -> AsRunRow:
    return AsRunRow(
        spool=spool,
        seq=seq,
        channel=seen.channel,
        epoch=seen.epoch,
        event=row.event,
        title=row.title,
        asset=row.asset,
        playlist=row.playlist,
        item=row.item,
        kind=row.kind,
        started_at=row.started_at,
        ended_at=row.ended_at,
        first_tick=row.first_tick,
        last_tick=row.last_tick,
        first_source_frame=row.first_source_frame,
        last_source_frame=row.last_source_frame,
        start_error_frames=row.start_error_frames,
        evidence=row.evidence,
        why=row.why,
        error=row.error,
        start_error_ms=row.start_error_ms,
    )
