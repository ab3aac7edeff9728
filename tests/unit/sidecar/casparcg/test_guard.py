"""The guard asks the engine itself, which takes the commands of one piece in any order."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence

from reconciler.sidecar.casparcg import guard
from tests.casparcg.caspar import FakeCaspar
from tests.casparcg.media import Table
from tests.casparcg.server import Server

PORTS = (700, 701, 702)
PATIENT = 30.0  # seconds, so that no busy machine is taken for an engine that does not obey


def test_outputs_are_ended_though_another_holds_the_lock() -> None:
    engine = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    caspar = FakeCaspar(Table())
    try:
        with Server(caspar) as server:
            with server.locked():
                sidecar = caspar.connect()
                assert sidecar.ask("LOCK 1 ACQUIRE phrase").startswith(b"202")
                for port in PORTS:
                    assert sidecar.ask(f"ADD 1-{port} FILE /r/{port}.ts").startswith(b"202")
            watched = {
                "pid": engine.pid,
                "started": guard._start_time(engine.pid),
                "port": server.port,
                "phrase": "phrase",
                "ports": PORTS,
            }
            it = guard.Guard()
            it.take(json.dumps({**watched, "until": time.monotonic() - 1}).encode())
            it.act(within=PATIENT)
            with server.locked():
                assert caspar.channel().consumers == {}
        assert engine.poll() is None, "an engine that obeys is let live"
    finally:
        engine.kill()
        engine.wait()


def test_what_was_refused_is_asked_again_and_nothing_else() -> None:
    answers = [[202, 503, 404], [503], [202]]
    asked: list[Sequence[str]] = []

    def ask(commands: Sequence[str]) -> list[int]:
        asked.append(commands)
        return answers.pop(0)

    guard.free(PORTS, ask)
    assert asked == [
        ["REMOVE 1-700", "REMOVE 1-701", "REMOVE 1-702"],
        ["REMOVE 1-701"],
        ["REMOVE 1-701"],
    ]
