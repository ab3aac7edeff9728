"""What an engine is told, in which order, and how the gate's time is counted on both sides."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reconciler.engine.protocol import Send, parse_command
from reconciler.sidecar import wire
from reconciler.sidecar.engine_port import Cue, SlateSource, WantedOutput
from reconciler.sidecar.lease import Lease
from reconciler.sidecar.memory import Memory
from reconciler.sidecar.telling import Gate, Told, Wanted
from tests.unit.sidecar.situations import spec

OUTPUT = WantedOutput(name="main", type="udp", url="udp://127.0.0.1:5999")
CUE = Cue(key="s", start=1, frames=None, source=SlateSource())


def said(told: Told) -> list[tuple[str, object]]:
    lines = [json.loads(line) for line in told.pending.splitlines()]
    told.pending = b""
    return [(line["do"], line.get("on", line.get("sending"))) for line in lines]


def test_a_new_engine_begins_silent_and_its_gate_is_opened_last(tmp_path: Path) -> None:
    told = Told(spec(tmp_path))
    told.state(Wanted(cues=(CUE,), serial=1, outputs=(OUTPUT,), gate=Gate(on=True)))

    assert said(told) == [("configure", False), ("show", None), ("send", True)]


def test_the_gate_is_shut_first(tmp_path: Path) -> None:
    told = Told(spec(tmp_path))
    told.state(Wanted(outputs=(OUTPUT,), gate=Gate(on=True)))
    said(told)
    told.state(Wanted(cues=(CUE,), serial=1, outputs=()))

    assert said(told) == [("send", False), ("outputs", None), ("show", None)]


def test_only_a_renewal_is_told_again(tmp_path: Path) -> None:
    told = Told(spec(tmp_path))
    told.state(Wanted(gate=Gate(on=True, until=100.0)))
    said(told)
    told.state(Wanted(gate=Gate(on=True, until=100.0)))
    assert said(told) == []
    told.state(Wanted(gate=Gate(on=True, until=130.0)))
    assert said(told) == [("send", True)]


def heard(*, until: float | None, now: float) -> Send:
    command = parse_command(wire.send(on=True, until=until, now=now))
    assert isinstance(command, Send)
    return command


@pytest.mark.parametrize("delay", [0.0, 3.0, 60.0])
def test_a_line_that_is_read_late_does_not_lengthen_the_lease(delay: float) -> None:
    command = heard(until=1030.25, now=1000.0)

    assert command.until(int((1000.0 + delay) * 1e9)) == 1_030_250_000_000


def test_a_clock_that_lies_ahead_counts_from_the_reading() -> None:
    assert heard(until=1030.0, now=1000.0).until(900_000_000_000) == 930_000_000_000


def test_without_limit_nothing_shuts_it() -> None:
    assert heard(until=None, now=1000.0).until(5) is None


def test_what_the_disk_refused_is_kept_when_it_can_be(tmp_path: Path) -> None:
    folder = tmp_path / "late"
    memory = Memory(folder)
    memory.keep_lease(Lease(own=1, highest=9))
    memory.keep_outputs((OUTPUT,))
    assert memory.trouble.startswith("lease.json, outputs.json: ")
    folder.mkdir()

    memory.flush()

    assert memory.trouble == ""
    assert Memory(folder).lease(1).highest == 9
    assert Memory(folder).outputs() == (OUTPUT,)
