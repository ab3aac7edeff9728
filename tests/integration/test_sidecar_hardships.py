"""A sidecar that is frozen, has a full disk, takes over after a gap, or is started the old way."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from reconciler.rundown.wire import digest
from reconciler.sidecar.disk import read_json
from tests.strict import unable
from tests.unit.sidecar.hardships import a_frozen_sidecar_is_silent_by_its_leases_end
from tests.unit.sidecar.rig import Rig, frame_now
from tests.unit.sidecar.situations import event, rundown
from tests.waiting import eventually

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    made.have("a", "b", "c", "d", "filler")
    yield made
    made.close()


def test_a_frozen_sidecar_is_silent_by_its_leases_end(rig: Rig) -> None:
    a_frozen_sidecar_is_silent_by_its_leases_end(rig, 2.5)


# ── a full disk ──────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def cramped(tmp_path: Path) -> Iterator[Rig]:
    """A rig whose sidecars have a disk of their own, of two megabytes."""
    disk = tmp_path / "n1" / "sidecars"
    disk.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        unable(f"no small disk to be had here: {done.stderr.strip()}")
    try:
        made = Rig(tmp_path)
        made.have("a", "b", "filler")
        yield made
        made.close()
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def fill(ballast: Path) -> None:
    with contextlib.suppress(OSError), ballast.open("ab", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)


def test_on_a_full_disk_the_picture_goes_on_and_the_rows_come_later(cramped: Rig) -> None:
    rig = cramped
    start = frame_now()
    events = tuple(event(f"a/{n}", start + n * 10, 10) for n in range(1000))
    seen = rig.start()
    rig.client.grant(seen, None)
    first = rundown(events)
    rig.load(seen, first)
    rig.until(seen, lambda a: a.sending and a.on_air is not None)
    eventually(lambda: len(rig.rows(seen)) >= 1)
    ballast = rig.folder(seen).path.parent / "ballast"
    fill(ballast)

    full = rig.until(seen, lambda a: any("as-run cannot be written" in f for f in a.faults))
    assert full.sending
    second = replace(first, commit="beef")
    rig.load(seen, second)
    said = rig.client.transport(seen, "skip", {})
    assert (said["ok"], said["shown"]) == (True, True)
    answer = rig.client.status(seen)
    assert (answer.rundown_digest, answer.sending) == (digest(second), True)
    assert [f for f in answer.faults if f.startswith("not kept on disk: acts.json, rundown.json")]
    eventually(lambda: frame_now() > answer.tick + 25)
    ballast.unlink()

    rig.until(seen, lambda a: not any("disk" in f or "as-run" in f for f in a.faults))
    rows = [row for row in rig.rows(seen) if row.kind == "programme"]
    assert len(rows) > 4
    assert all(b.first_tick == a.last_tick + 1 for a, b in itertools.pairwise(rows))
    kept = read_json(rig.folder(seen).path / "rundown.json")
    assert isinstance(kept, dict)
    assert kept["digest"] == digest(second)


# ── a gap before it began ────────────────────────────────────────────────────────────────────────


def test_what_nobody_sent_before_it_began_is_missed_once(rig: Rig) -> None:
    start = frame_now() - 1000
    events = (
        event("a", start, 700),  # on air at the predecessor's end: the row is the predecessor's
        event("b", start + 700, 100),
        event("c", start + 800, 150),
        event("d", start + 950, 4000),
    )
    seen = rig.start(epoch=2, previous_until=start + 690)
    rig.client.grant(seen, None)
    rig.load(seen, rundown(events))
    eventually(lambda: {row.event for row in rig.rows(seen)} >= {"b", "c"})
    rig.until_noted(seen, "D")
    rig.kill(seen)

    again = rig.start(epoch=2, previous_until=start + 690)
    rig.load(again, replace(rundown(events), commit="beef"))
    rig.until_noted(again, "D")

    missed = [row for row in rig.rows(again) if row.why == "missed"]
    assert [(r.event, r.first_tick, r.last_tick, r.evidence) for r in missed] == [
        ("b", start + 700, start + 799, "none"),
        ("c", start + 800, start + 949, "none"),
    ]


def test_without_a_predecessor_nothing_was_missed(rig: Rig) -> None:
    start = frame_now() - 1000
    seen = rig.start()
    rig.client.grant(seen, None)
    rig.load(seen, rundown((event("a", start, 950), event("d", start + 950, 4000))))
    rig.until_noted(seen, "D")
    pulled = rig.rows(seen)

    assert [row for row in pulled if row.why == "missed"] == []


# ── started as older node agents do ──────────────────────────────────────────────────────────────


def test_the_older_environment_starts_it(tmp_path: Path) -> None:
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "CHANNEL_ID": "6f1e",
        "OUTPUT_TYPE": "udp",
        "OUTPUT_CONFIG": '{"host": "127.0.0.1", "port": 5999}',
        "VIDEO_FORMAT": "424x240p2500",
        "PORT": "0",
        "MEDIA_ROOT": str(tmp_path / "media"),
    }
    command = [sys.executable, "-m", "reconciler.sidecar"]
    endpoint = tmp_path / "endpoint.json"
    tokens: list[str] = []
    for _ in range(2):
        child = subprocess.Popen(command, cwd=tmp_path, env=env, stderr=subprocess.DEVNULL)
        try:
            eventually(endpoint.is_file, within=30)
            spec = json.loads((tmp_path / "spec.json").read_text())
            tokens.append(spec["token"])
            port = json.loads(endpoint.read_text())["port"]
            headers = {"Authorization": f"Bearer {spec['token']}"}
            status = httpx.get(f"http://127.0.0.1:{port}/status", headers=headers).json()
        finally:
            child.terminate()
            child.wait(20)
        assert (status["channel"], status["format"]) == ("6f1e", "424x240p2500")
        assert (status["sending"], [o["name"] for o in status["outputs"]]) == (False, ["main"])
        assert status["preview"] == "/preview/index.m3u8"
    assert tokens[0] == tokens[1]
    assert (tmp_path / "spec.json").stat().st_mode & 0o777 == 0o600


def test_a_start_document_wins_where_a_folder_is_named(rig: Rig, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "CHANNEL_ID": "6f1e", "PORT": "0"}
    seen = rig.start()
    rig.node.retire(seen.channel, seen.epoch)
    child = subprocess.Popen(
        [sys.executable, "-m", "reconciler.sidecar", "--folder", seen.handle],
        cwd=tmp_path,
        env=environment,
        stderr=subprocess.DEVNULL,
    )
    try:
        eventually(lambda: rig.folder(seen).url() != "", within=30)
        assert httpx.get(rig.folder(seen).url() + "/healthz").json()["channel"] == "news"
    finally:
        child.terminate()
        child.wait(20)


def test_without_any_start_document_it_says_so(tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if name != "CHANNEL_ID"}
    done = subprocess.run(
        [sys.executable, "-m", "reconciler.sidecar"],
        cwd=tmp_path,
        env={**env, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert done.returncode == 64
    assert "spec.json: cannot be read" in done.stderr
