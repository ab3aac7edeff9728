"""A port that hears: whole states with the time they came, whatever else arrives."""

from __future__ import annotations

import socket
import threading
import time
from queue import Queue

from reconciler.sidecar.casparcg.osc import OscListener
from reconciler.sidecar.casparcg.osc_packets import State, Value
from tests.unit.sidecar.casparcg.osc_writer import packets, plain

PATIENCE = 10.0
VALUES: dict[str, tuple[Value, ...]] = {
    f"/channel/1/output/port/{port}/file/path": ("x" * 60,) for port in range(60)
}


def test_states_are_heard_and_strange_packets_counted() -> None:
    heard: Queue[tuple[State, float]] = Queue()
    before = time.monotonic()
    listener = OscListener(lambda state, at: heard.put((state, at)))
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as engine:
            for packet in (b"hello", *packets(7, plain(VALUES))):
                engine.sendto(packet, ("127.0.0.1", listener.port))
            state, at = heard.get(timeout=PATIENCE)
    finally:
        listener.close()

    assert state == State(time_tag=7, values=VALUES)
    assert before <= at <= time.monotonic()
    assert listener.strange == 1


def test_nothing_is_told_after_the_end_and_the_port_is_free() -> None:
    heard: list[State] = []
    listener = OscListener(lambda state, _: heard.append(state))
    listener.close()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
        again.bind(("127.0.0.1", listener.port))

    assert heard == []


def test_who_is_told_may_end_it() -> None:
    over = threading.Event()
    heard: list[int] = []

    def told(state: State, _: float) -> None:
        heard.append(state.time_tag)
        listener.close()
        over.set()

    listener = OscListener(told)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as engine:
        for packet in (*packets(7, plain(VALUES)), *packets(8, plain(VALUES))):
            engine.sendto(packet, ("127.0.0.1", listener.port))
        assert over.wait(PATIENCE)

    assert heard == [7]


def test_two_listeners_have_ports_of_their_own() -> None:
    first, second = OscListener(lambda *_: None), OscListener(lambda *_: None)
    try:
        assert first.port != second.port
    finally:
        first.close()
        second.close()
