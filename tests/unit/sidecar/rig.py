"""A node of this machine whose sidecars drive the engine without video; stories are told on it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

from reconciler.adapters.local_process import LocalNode
from reconciler.adapters.process_folder import ProcessFolder
from reconciler.adapters.sidecar_http import SidecarHttp
from reconciler.model.ids import ChannelName, NodeName
from reconciler.model.observed import SidecarAnswer, SidecarSeen
from reconciler.model.orders import SidecarStart
from reconciler.model.records import AsRunRow
from reconciler.model.rundown import Event, Rundown
from reconciler.rundown.wire import digest
from tests.unit.sidecar.situations import FAKE_ENGINE, RATE, clip, event
from tests.waiting import eventually

FILLER = clip("filler", material=200)


class Rig:
    """One process node, one client, one channel."""

    def __init__(self, folder: Path, engine: Sequence[str] | None = FAKE_ENGINE) -> None:
        self.node = LocalNode(
            NodeName("n1"),
            folder / "n1",
            engine_commands={}
            if engine is None
            else dict.fromkeys(("embedded", "casparcg"), engine),
        )
        self.client = SidecarHttp(self.node.secrets_of)
        self.media = self.node.media
        self.media.mkdir(parents=True)

    def close(self) -> None:
        for seen in self.node.look()[1]:
            self.node.retire(seen.channel, seen.epoch)
        self.client.close()

    def have(self, *names: str, content: str = "{}") -> None:
        for name in names:
            (self.media / f"{name}.mp4").write_text(content)

    def start(self, epoch: int = 1, **document: object) -> SidecarSeen:
        return self.node.spawn(
            SidecarStart(
                channel=ChannelName("news"),
                epoch=epoch,
                fingerprint="f1",
                commit="c0ffee",
                document={
                    "title": "News",
                    "format": "424x240p2500",
                    "engine": "embedded",
                    "preview": False,
                    "outputs": [],
                    **document,
                },
            )
        )

    def send(self, seen: SidecarSeen) -> None:
        """Give it the right to send, without limit, and wait until it does."""
        self.client.grant(seen, None)
        self.until(seen, lambda a: a.sending)

    def load(self, seen: SidecarSeen, rundown: Rundown) -> None:
        self.client.load_rundown(seen, rundown, digest(rundown))

    def folder(self, seen: SidecarSeen) -> ProcessFolder:
        return ProcessFolder(Path(seen.handle))

    def again(self, seen: SidecarSeen) -> SidecarSeen:
        """The same sidecar as it is found now."""
        return next(s for s in self.node.look()[1] if s.epoch == seen.epoch)

    def kill(self, seen: SidecarSeen) -> None:
        pid = self.folder(seen).pid()
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: not self.folder(seen).is_running())
        eventually(lambda: self.folder(seen).engine_pid() is None)

    def until(
        self, seen: SidecarSeen, wanted: Callable[[SidecarAnswer], bool], within: float = 15.0
    ) -> SidecarAnswer:
        answers: list[SidecarAnswer] = []

        def is_so() -> bool:
            answers.append(self.client.status(seen))
            return wanted(answers[-1])

        eventually(is_so, within=within)
        return answers[-1]

    def until_on_air(self, seen: SidecarSeen, title: str) -> SidecarAnswer:
        return self.until(seen, lambda a: a.on_air is not None and a.on_air.title == title)

    def until_noted(self, seen: SidecarSeen, title: str) -> None:
        """Wait until what leaves is on disk as an open row: from then on no death can lose it."""
        self.until_on_air(seen, title)

        def is_noted() -> bool:
            with contextlib.closing(sqlite3.connect(self.folder(seen).path / "spool.sqlite")) as db:
                rows = [json.loads(text) for (text,) in db.execute("select row from open")]
            return any(row["title"] == title and row["evidence"] == "engine" for row in rows)

        eventually(is_noted)

    def rows(self, seen: SidecarSeen) -> list[AsRunRow]:
        return list(self.client.asrun(seen, 1000))


def frame_now() -> int:
    return int(Fraction(time.time_ns(), 1_000_000_000) * RATE)


def instant_of(frame: int) -> datetime:
    return datetime.fromtimestamp(float(frame / RATE), UTC)


def from_now(names: str, *, frames: int = 250, since: int = 50) -> tuple[Event, ...]:
    """Events in a row, the first of which began `since` frames ago."""
    start = frame_now() - since
    return tuple(event(n, start + i * frames, frames) for i, n in enumerate(names.split()))


def assert_joined(answer: SidecarAnswer, events: Sequence[Event]) -> None:
    """The right event is on air at the right frame, by what the engine was read back as showing."""
    on_air = answer.on_air
    assert on_air is not None
    due = [e for e in events if e.start <= on_air.start < e.end]
    assert [str(e.id) for e in due] == [str(on_air.event)]
    assert due[0].start == on_air.start
