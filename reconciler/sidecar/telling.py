"""What one engine child was told, so that only what differs is told again."""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass, field
from typing import IO

from reconciler.sidecar import wire
from reconciler.sidecar.engine_port import Cue, WantedOutput
from reconciler.sidecar.spec import SidecarSpec

PENDING_MOST = 1 << 20  # bytes; a child that is so far behind does not read


@dataclass(frozen=True, slots=True)
class Gate:
    """Open or shut; open, it shuts by itself at `until` (monotonic seconds; None: never).

    `seam` as in `EnginePort.send`; `number` counts the gates that were wanted.
    """

    on: bool = False
    until: float | None = None
    seam: int | None = None
    number: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """All that an engine is to know."""

    cues: tuple[Cue, ...] = ()
    serial: int = 0
    outputs: tuple[WantedOutput, ...] = field(repr=False, default=())
    gate: Gate = Gate()


class Told:
    """One child's knowledge, and the bytes that wait for it."""

    def __init__(self, spec: SidecarSpec) -> None:
        self._spec = spec
        self._told: Wanted | None = None
        self.pending = b""

    def differs(self, wanted: Wanted) -> bool:
        """Whether there is anything to tell."""
        return self._told != wanted

    def state(self, wanted: Wanted) -> None:
        """Queue what differs; the gate is shut first and opened last."""
        if len(self.pending) > PENDING_MOST or not self.differs(wanted):
            return  # one that does not read is noticed by its silence
        told = self._told
        if told is None:
            self.pending += wire.configure(self._spec, wanted.outputs)
            told = Wanted(outputs=wanted.outputs)
        gate = wire.send(
            on=wanted.gate.on,
            until=wanted.gate.until,
            now=time.monotonic(),
            seam=wanted.gate.seam,
            number=wanted.gate.number,
        )
        if told.gate != wanted.gate and not wanted.gate.on:
            self.pending += gate
        if told.outputs != wanted.outputs:
            self.pending += wire.outputs_line(wanted.outputs)
        if told.serial != wanted.serial:
            self.pending += wire.show(wanted.cues, wanted.serial)
        if told.gate != wanted.gate and wanted.gate.on:
            self.pending += gate
        self._told = wanted

    def write(self, pipe: IO[bytes]) -> None:
        """Write what the pipe takes now; raises `OSError` when nobody reads any more."""
        if self.pending:
            with contextlib.suppress(BlockingIOError):
                self.pending = self.pending[os.write(pipe.fileno(), self.pending) :]
