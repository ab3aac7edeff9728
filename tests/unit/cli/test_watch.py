from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

from reconciler.cli.exits import DONE
from tests.builders import channel, lineup
from tests.fakes_world import FakeWorld
from tests.unit.cli.conftest import Run
from tests.waiting import eventually

DEADLINE = 20.0


def test_watch_puts_on_air_tells_each_act_and_ends_tidily_when_told(
    run: Run, on: Callable[[FakeWorld], FakeWorld], tmp_path: Path
) -> None:
    world = on(FakeWorld(lineup(channel("news", fence=None))))
    world.lineup.paths = (tmp_path,)

    def tell_it() -> None:
        try:
            eventually(lambda: world.on_air() == ["news"])
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    teller = threading.Thread(target=tell_it)
    teller.start()
    said = run("watch")
    teller.join(DEADLINE)
    assert (said.code, said.out) == (DONE, "")
    assert world.on_air() == ["news"], "ending it disturbs nothing"
    lines = [line.split(" ", 2) for line in said.err.splitlines()]
    assert {level for _, level, _ in lines} == {"INFO"}
    acts = [text.split()[0] for _, _, text in lines if text.startswith("action=")]
    assert [act for act in acts if act != "action=StageMedia"] == [
        "action=WriteNode",
        "action=WriteChannel",
        "action=SpawnSidecar",
        "action=LoadRundown",
        "action=GrantLease",
    ]
