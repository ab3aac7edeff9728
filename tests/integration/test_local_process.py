"""Sidecars as processes of this machine: races, disobedience, remains."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reconciler.adapters.local_process import LocalNode
from reconciler.errors import Rejected
from reconciler.model.ids import NodeName
from reconciler.model.observed import Life
from tests.contract.test_nodes import NEWS, start_of
from tests.unit.sidecar.rig import Rig
from tests.unit.sidecar.situations import FAKE_ENGINE


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.close()


def sidecar_processes(folder: Path) -> list[int]:
    found: list[int] = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"reconciler.sidecar" in words and str(folder).encode() in words:
            found.append(int(path.parent.name))
    return found


def test_two_reconcilers_that_race_start_one_sidecar(tmp_path: Path) -> None:
    nodes = [LocalNode(NodeName("n1"), tmp_path / "n1", engine_command=FAKE_ENGINE) for _ in "ab"]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda i: nodes[i % 2].spawn(start_of()), range(4)))

    assert len({(seen.url, seen.handle) for seen in found}) == 1
    assert len(sidecar_processes(Path(found[0].handle))) == 1
    nodes[0].retire(NEWS, 1)


def test_a_sidecar_is_started_without_our_keys(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RECONCILE_SECRET_ARCHIVE", "AWS_SECRET_ACCESS_KEY", "RECONCILE_DATABASE_URL"):
        monkeypatch.setenv(name, "not-for-sidecars")
    seen = rig.start()

    (pid,) = sidecar_processes(Path(seen.handle))
    told = Path(f"/proc/{pid}/environ").read_bytes()
    assert b"PATH=" in told
    assert b"not-for-sidecars" not in told


def test_a_second_sidecar_in_a_folder_gives_up(rig: Rig) -> None:
    seen = rig.start()
    second = subprocess.run(
        [sys.executable, "-m", "reconciler.sidecar", "--folder", seen.handle],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert second.returncode == 75
    assert "another sidecar runs here" in second.stderr
    assert rig.again(seen).life is Life.RUNNING


def test_one_that_does_not_obey_is_killed_with_its_engine(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.adapters.local_process.OBEYS_WITHIN", 1.0)
    seen = rig.start()
    folder = rig.folder(seen)
    pid = folder.pid()
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)

    rig.node.retire(seen.channel, seen.epoch)

    assert folder.pid() is None
    assert folder.engine_pid() is None
    assert rig.again(seen).life is Life.DEAD


def test_it_outlives_the_reconciler_that_started_it(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from tests.contract.test_nodes import start_of\n"
        "from reconciler.adapters.local_process import LocalNode\n"
        "from tests.unit.sidecar.situations import FAKE_ENGINE\n"
        "LocalNode('n1', Path(sys.argv[1]), engine_command=FAKE_ENGINE).spawn(start_of())\n"
    )
    root = Path(__file__).resolve().parents[2]
    subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "n1")], check=True, cwd=root, timeout=60
    )
    node = LocalNode(NodeName("n1"), tmp_path / "n1")

    (seen,) = node.look()[1]
    assert (seen.life, seen.epoch, seen.fingerprint) == (Life.RUNNING, 1, "f1")
    node.retire(NEWS, 1)


def test_the_logs_of_the_last_one_are_kept(rig: Rig) -> None:
    seen = rig.start()
    rig.node.retire(seen.channel, seen.epoch)
    rig.node.forget(seen.channel, seen.epoch)

    kept = Path(seen.handle).parent / ".last"
    assert "ended" in (kept / "sidecar.log").read_text()
    assert rig.node.look()[1] == ()


def test_a_folder_without_a_start_document_is_no_sidecar(rig: Rig) -> None:
    (rig.node.folder / "sidecars" / "news" / "3").mkdir(parents=True)

    assert rig.node.look()[1] == ()
    assert rig.start(epoch=3).life is Life.RUNNING


def test_a_damaged_start_document_is_found_dead_and_can_be_removed(rig: Rig) -> None:
    folder = rig.node.folder / "sidecars" / "news" / "3"
    folder.mkdir(parents=True)
    (folder / "spec.json").write_text("{")

    (seen,) = rig.node.look()[1]
    assert (seen.channel, seen.epoch, seen.life) == ("news", 3, Life.DEAD)
    rig.node.retire(seen.channel, seen.epoch)
    rig.node.forget(seen.channel, seen.epoch)
    assert rig.node.look()[1] == ()


def test_a_channel_name_stays_inside(rig: Rig) -> None:
    with pytest.raises(Rejected, match="channel name"):
        rig.node.spawn(start_of("../up"))
