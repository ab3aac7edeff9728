"""The gate between lease, hush and seam, over an engine that only notes what it is told."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from reconciler.errors import Rejected
from reconciler.sidecar import hush as hushes
from reconciler.sidecar.embedded import CAPABILITIES
from reconciler.sidecar.engine_port import Capabilities, EngineSeen
from reconciler.sidecar.gate import SendingGate
from reconciler.sidecar.hush import Hush
from reconciler.sidecar.memory import Memory


class Engine:
    """Counts the gates that it was told, and remembers the last."""

    def __init__(self, capabilities: Capabilities = CAPABILITIES) -> None:
        self.capabilities = capabilities
        self.told: tuple[bool, int | None] = (False, None)
        self.number = 0

    def send(self, *, on: bool, until: float | None = None, seam: int | None = None) -> int:
        del until
        if (on, seam) != self.told:
            self.told, self.number = (on, seam), self.number + 1
        return self.number


def made(folder: Path, engine: Engine | None = None) -> tuple[SendingGate, Engine]:
    engine = engine or Engine()
    gate = SendingGate(engine, Memory(folder), 1)  # type: ignore[arg-type]  # all it asks of one
    gate.hear(1, None, time.monotonic())
    return gate, engine


def test_it_ends_before_the_seam_and_then_stays_shut(tmp_path: Path) -> None:
    gate, engine = made(tmp_path)
    number, is_silent = gate.begin_hush(50, 40)
    assert engine.told[1] == 50
    shut = EngineSeen(engine="running", gate=engine.number, sending=False)
    assert not is_silent(EngineSeen(engine="running", gate=engine.number - 1)), "read before"
    assert not is_silent(EngineSeen(engine="running", gate=engine.number, quiet=False))
    assert not is_silent(EngineSeen(engine="restarting", gate=engine.number))
    assert is_silent(shut)
    gate.fell_silent(number)
    assert engine.told == (False, None)
    gate.seal(number)
    assert gate.sealed == number


def test_what_is_not_silent_yet_is_not_sealed(tmp_path: Path) -> None:
    gate, _ = made(tmp_path)
    number, _ = gate.begin_hush(50, 40)
    with pytest.raises(Rejected, match="not silent yet"):
        gate.seal(number)
    gate.drop(number)
    with pytest.raises(Rejected, match="it has ended"):
        gate.seal(number)


def test_a_sealed_hush_outlives_the_sidecar_and_a_right_without_limit(tmp_path: Path) -> None:
    gate, _ = made(tmp_path)
    number, _ = gate.begin_hush(50, 40)
    gate.fell_silent(number)
    gate.seal(number)

    again = Engine()
    reborn = SendingGate(again, Memory(tmp_path), 1)  # type: ignore[arg-type]  # as above
    reborn.keep()
    assert reborn.lease.granted
    assert again.told == (False, None)
    reborn.hear(1, None, time.monotonic(), lift=number)
    assert again.told == (True, None)
    assert Memory(tmp_path).sealed() == 0


def test_an_unsealed_hush_does_not_outlive_it(tmp_path: Path) -> None:
    gate, _ = made(tmp_path)
    number, _ = gate.begin_hush(50, 40)
    gate.fell_silent(number)
    reborn, engine = made(tmp_path)
    assert reborn.sealed == 0
    assert engine.told == (True, None)


def test_a_disk_that_refuses_is_told_before_anything_falls_silent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, engine = made(tmp_path)

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("reconciler.sidecar.memory.write_json", refuse)
    with pytest.raises(Rejected, match="No space left"):
        gate.begin_hush(50, 40)
    assert engine.told == (True, None)


def test_a_disk_that_refuses_the_seal_leaves_it_to_end_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, engine = made(tmp_path)
    number, _ = gate.begin_hush(50, 40)
    gate.fell_silent(number)

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("reconciler.sidecar.memory.write_json", refuse)
    with pytest.raises(Rejected, match="cannot be sealed"):
        gate.seal(number)
    assert gate.sealed == 0
    gate.drop(number)
    assert engine.told == (True, None)


def test_what_came_too_late_is_refused(tmp_path: Path) -> None:
    gate, engine = made(tmp_path)
    with pytest.raises(Rejected, match="too late"):
        gate.begin_hush(41, 40)
    assert engine.told == (True, None)


def test_an_engine_without_seams_agrees_on_none(tmp_path: Path) -> None:
    plain = Capabilities(outputs=frozenset(), layers=1, exact_as_run=True, live_inputs=True)
    gate, _ = made(tmp_path, Engine(plain))
    with pytest.raises(Rejected, match="cannot end before a frame"):
        gate.begin_hush(90, 40)


def test_a_higher_epoch_silences_whatever_is_lifted(tmp_path: Path) -> None:
    gate, engine = made(tmp_path)
    number, _ = gate.begin_hush(50, 40)
    gate.fell_silent(number)
    gate.seal(number)
    gate.hear(2, None, time.monotonic())
    with pytest.raises(Rejected, match="epoch 2"):
        gate.hear(1, None, time.monotonic(), lift=number)
    assert engine.told == (False, None)


def test_it_is_looked_at_when_the_hush_ends(tmp_path: Path) -> None:
    gate, _ = made(tmp_path)
    assert gate.ends_at() is None
    number, _ = gate.begin_hush(50, 40)
    gate.fell_silent(number)
    assert gate.ends_at() is not None
    gate.seal(number)
    assert gate.ends_at() is None


def test_hushes_end_unless_they_are_sealed() -> None:
    hush = hushes.begin(None, 1, seam=50, now=100.0)
    assert hush.holds(100.0 + hushes.LASTS - 0.1)
    assert not hush.holds(100.0 + hushes.LASTS)
    silent = hushes.fallen_silent(hush, 103.0)
    assert not silent.holds(103.0 + hushes.SEALED_WITHIN)
    assert hushes.sealed(silent).holds(1e9)
    assert hushes.fallen_silent(Hush(number=1), 0.0).is_sealed
    assert hushes.begin(Hush(number=1), 2, seam=9, now=0.0) == Hush(number=2)
