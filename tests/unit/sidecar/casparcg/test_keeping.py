"""The engine is started again whatever ended its last life."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from reconciler.sidecar.casparcg.engine import CasparEngine
from reconciler.sidecar.engine_port import WantedOutput
from tests.unit.sidecar.situations import spec

NEVER = (sys.executable, "-c", "")  # a program that ends at once


def test_a_disk_that_fails_ends_a_life_of_the_engine_and_not_its_keeping(tmp_path: Path) -> None:
    wall = tmp_path / "wall"
    wall.write_text("a file, where a folder is wanted")
    wanted = replace(
        spec(tmp_path),
        engine="casparcg",
        engine_command=NEVER,
        preview=True,
        preview_folder=wall / "preview",
    )
    engine = CasparEngine(wanted, ())
    try:
        seen = engine.await_seen(lambda seen: seen.restarts >= 2, 15)
    finally:
        engine.close()
    assert seen.restarts >= 2
    assert seen.engine == "restarting"


def test_outputs_are_wanted_though_there_is_no_place_for_a_preview(tmp_path: Path) -> None:
    wall = tmp_path / "wall"
    wall.write_text("a file, where a folder is wanted")
    wanted = replace(
        spec(tmp_path),
        engine="casparcg",
        engine_command=NEVER,
        preview=True,
        preview_folder=wall / "preview",
    )
    main = WantedOutput(name="main", type="udp", url="udp://127.0.0.1:5004")
    engine = CasparEngine(wanted, (main,))
    try:
        seen = engine.await_seen(lambda seen: seen.restarts >= 1, 15)
        made = engine._sending
        made.open = True
        due = [each.name for each in made.due()]
    finally:
        engine.close()
    assert "ended with 0" in seen.error, "the disk is not why it ended"
    assert due == ["main"]
