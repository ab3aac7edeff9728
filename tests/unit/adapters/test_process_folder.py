from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.adapters.process_folder import ProcessFolder
from reconciler.sidecar.disk import GUARD_FILE, read_json, write_json
from reconciler.sidecar.proc import start_time
from reconciler.sidecar.spec import SPEC_FILE

PATIENCE = 10.0
# It has looked whether it may just before the word comes, and begins a sidecar just after it.
LATE_GUARD = """
import json, pathlib, subprocess, sys, time
folder = pathlib.Path(sys.argv[1])
while not (folder / "ending").exists():
    time.sleep(0.01)
time.sleep(0.3)
sleeps = [sys.executable, "-c", "import time; time.sleep(60)"]
child = subprocess.Popen(sleeps, start_new_session=True)
began = int(pathlib.Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[19])
(folder / "pid.json").write_text(json.dumps({"pid": child.pid, "started": began}))
"""


@pytest.fixture
def guard(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    (tmp_path / SPEC_FILE).write_text("{}")
    child = subprocess.Popen([sys.executable, "-c", LATE_GUARD, str(tmp_path)])
    write_json(tmp_path / GUARD_FILE, {"pid": child.pid, "started": start_time(child.pid)})
    yield child
    child.kill()
    child.wait()


def test_a_sidecar_that_a_guard_began_in_that_moment_is_ended_too(
    tmp_path: Path, guard: subprocess.Popen[bytes]
) -> None:
    assert ProcessFolder(tmp_path).stop(PATIENCE)
    begun = read_json(tmp_path / "pid.json")
    assert isinstance(begun, dict), "it was begun, and known"
    assert start_time(guard.pid) is None
    assert not ProcessFolder(tmp_path).is_running()


def test_a_frozen_guard_does_not_keep_a_sidecar_from_being_stopped(
    tmp_path: Path, guard: subprocess.Popen[bytes]
) -> None:
    guard.send_signal(signal.SIGSTOP)
    assert ProcessFolder(tmp_path).stop(PATIENCE)
    assert start_time(guard.pid) is None
