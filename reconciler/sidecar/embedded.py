"""The engine port over the embedded engine: a child process that speaks JSON lines.

A keeper thread spawns the child, tells it what is wanted whenever that differs from what it was
told, and replaces it when it dies or falls silent; a reader thread turns its lines into readings
and evidence. A new child is told everything again, so the picture is back at the frame where the
clock stands. Nothing here decides what to show.
"""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import replace

from reconciler.errors import UsageError
from reconciler.sidecar import wire
from reconciler.sidecar.disk import write_json
from reconciler.sidecar.engine_port import (
    Capabilities,
    Cue,
    EngineSeen,
    GateTurned,
    WantedOutput,
)
from reconciler.sidecar.kept_engine import KeptEngine
from reconciler.sidecar.proc import start_time
from reconciler.sidecar.spec import SidecarSpec
from reconciler.sidecar.telling import Gate, Told

log = logging.getLogger(__name__)

SILENT_AFTER = 3.0  # seconds; thirty statuses missed: no stall of a busy machine lasts as long
FIRST_WORD_AFTER = 30.0  # seconds that a start may take on a machine under load
QUIT_WITHIN = 1.5  # seconds to end tidily; the sidecar itself has 3
LINE_LIMIT = 1 << 20  # bytes; a longer line is not of the protocol

CAPABILITIES = Capabilities(
    outputs=frozenset({"udp", "srt", "rtmp", "file", "hls"}),
    layers=1,
    exact_as_run=True,
    live_inputs=True,
    seams=True,
)


class EmbeddedEngine(KeptEngine):
    """One engine child, kept alive."""

    def __init__(self, spec: SidecarSpec, outputs: Sequence[WantedOutput]) -> None:
        super().__init__(outputs)
        self._spec = spec
        self._keeper.start()

    # ── the port ─────────────────────────────────────────────────────────────────────────────────

    @property
    def capabilities(self) -> Capabilities:
        """What the embedded engine can do."""
        return CAPABILITIES

    @property
    def adopts(self) -> bool:
        """Never: the child ends with its sidecar."""
        return False

    def show(self, cues: Sequence[Cue]) -> int:
        """Replace the timeline."""
        with self._lock:
            serial = self._wanted.serial + 1
            self._wanted = replace(self._wanted, cues=tuple(cues), serial=serial)
            self._lock.notify_all()
            return serial

    def lie_beneath(self, cues: Sequence[Cue]) -> None:
        """Nothing: a file is open within the lead of an act, at any of its frames."""

    def set_outputs(self, outputs: Sequence[WantedOutput]) -> None:
        """Replace the wanted outputs."""
        with self._lock:
            self._wanted = replace(self._wanted, outputs=tuple(outputs))
            self._lock.notify_all()

    def send(self, *, on: bool, until: float | None = None, seam: int | None = None) -> int:
        """Open or shut the gate; the child itself shuts it at `until`, or before `seam`."""
        with self._lock:
            before = self._wanted.gate
            gate = Gate(on=on, until=until if on else None, seam=seam, number=before.number)
            if before != gate:
                gate = replace(gate, number=before.number + 1)
                self._wanted = replace(self._wanted, gate=gate)
                self._lock.notify_all()
            return gate.number

    # ── the keeper ───────────────────────────────────────────────────────────────────────────────

    def _live_once(self) -> str:
        """Run one child to its end; returns why it ended."""
        try:
            child = self._spawn()
        except OSError as error:
            return f"cannot be started: {error}"
        reader = threading.Thread(target=self._hear, args=(child,), name="engine-reader")
        reader.start()
        try:
            return self._tend(child)
        finally:
            self._end(child)
            reader.join()
            for pipe in (child.stdin, child.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()

    def _spawn(self) -> subprocess.Popen[bytes]:
        command = self._spec.engine_command or (sys.executable, "-m", "reconciler.engine")
        with (self._spec.folder / "engine.log").open("ab") as engine_log:
            child = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=engine_log,
                cwd=self._spec.folder,
                bufsize=0,
            )
        with contextlib.suppress(OSError):  # a full disk must not keep the picture away
            write_json(
                self._spec.folder / "engine.json",
                {"pid": child.pid, "started": start_time(child.pid)},
            )
        return child

    def _tend(self, child: subprocess.Popen[bytes]) -> str:
        pipe = child.stdin
        assert pipe is not None  # noqa: S101  # made with a pipe above
        os.set_blocking(pipe.fileno(), False)
        told = Told(self._spec)
        started = time.monotonic()
        while True:
            with self._lock:
                if self._closing:
                    return "quit"
                told.state(self._wanted)
                silent = _silence(self._seen, started)
            if silent:
                return silent
            if child.poll() is not None:
                return f"the process ended with {child.returncode}"
            try:
                told.write(pipe)
            except OSError as error:
                return f"its input is closed: {error.strerror}"
            with self._lock:
                if not self._wants_telling(told):
                    self._lock.wait(0.01 if told.pending else 0.1)

    def _wants_telling(self, told: Told) -> bool:
        return self._closing or told.differs(self._wanted)

    def _end(self, child: subprocess.Popen[bytes]) -> None:
        pipe = child.stdin
        if child.poll() is None and self._closing and pipe is not None:
            with contextlib.suppress(OSError):
                pipe.write(wire.line({"do": "quit"}))
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(QUIT_WITHIN)
        if child.poll() is None:
            child.kill()
        child.wait()

    # ── the reader ───────────────────────────────────────────────────────────────────────────────

    def _hear(self, child: subprocess.Popen[bytes]) -> None:
        assert child.stdout is not None  # noqa: S101  # made with a pipe above
        buffer = b""
        while True:
            try:
                chunk = os.read(child.stdout.fileno(), 1 << 16)
            except OSError:
                return
            if not chunk:
                return
            *lines, buffer = (buffer + chunk).split(b"\n")
            for raw in lines:
                self._take(raw)
            if len(buffer) > LINE_LIMIT:
                log.error("engine: a line longer than %d bytes was dropped", LINE_LIMIT)
                buffer = b""

    def _take(self, raw: bytes) -> None:
        if not raw.strip():
            return
        try:
            said = wire.parse(raw)
            evidence = wire.read_evidence(said)
            kind = said.text("seen")
            now = time.monotonic()
            with self._lock:
                if evidence is not None:
                    self._evidence.append(evidence)
                elif kind == "status":
                    before, self._seen = self._seen, wire.read_status(said, self._seen, now)
                    if _gate_of(before) != _gate_of(self._seen):
                        self._evidence.append(GateTurned(seen=self._seen))
                elif kind == "refused":
                    self._seen = replace(self._seen, error=f"refused: {said.text('why', '')}")
                    log.error("engine refused: %s", said.text("why", ""))
                self._lock.notify_all()
        except UsageError as error:
            log.error("%s", error)  # noqa: TRY400  # the sentence says it all


def _gate_of(seen: EngineSeen) -> tuple[bool, int | None]:
    return seen.sending, seen.keeps_from


def _silence(seen: EngineSeen, started: float) -> str:
    now = time.monotonic()
    spoke = seen.read_at is not None and seen.read_at >= started
    if spoke and now - (seen.read_at or 0.0) > SILENT_AFTER:
        return f"silent for {SILENT_AFTER:g} s"
    if not spoke and now - started > FIRST_WORD_AFTER:
        return f"not a word in {FIRST_WORD_AFTER:g} s after its start"
    return ""
