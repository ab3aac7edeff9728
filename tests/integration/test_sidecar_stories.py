"""A sidecar as a process, its engine a child without video: deaths, leases, acts, as-run."""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from reconciler.errors import Rejected, Unreachable
from reconciler.model.observed import Life, SidecarSeen
from reconciler.rundown.wire import digest, to_wire
from reconciler.sidecar.disk import write_json
from reconciler.sidecar.proc import start_time
from tests.unit.sidecar.rig import FILLER, Rig, assert_joined, frame_now, from_now
from tests.unit.sidecar.situations import clip, event, rundown
from tests.waiting import eventually


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    made.have("a", "b", "c", "d", "filler")
    yield made
    made.close()


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Rig, SidecarSeen]]:
    """A sidecar that several tests ask, and none disturbs."""
    made = Rig(tmp_path_factory.mktemp("calm"))
    made.have("a", "b")
    yield made, made.start()
    made.close()


def ask(rig: Rig, seen: SidecarSeen, path: str, *, token: str | None = None) -> httpx.Response:
    given = rig.node.secrets_of(seen) if token is None else token
    return httpx.get(seen.url + path, headers={"Authorization": f"Bearer {given}"})


def test_a_killed_sidecar_takes_its_engine_along_and_a_successor_joins(rig: Rig) -> None:
    events = from_now("a b c", frames=2000)
    first = rig.start(epoch=1)
    rig.load(first, rundown(events))
    rig.send(first)
    rig.until_noted(first, "A")
    engine = rig.folder(first).engine_pid()

    rig.kill(first)

    assert engine is not None
    assert start_time(engine) is None
    assert rig.again(first).life is Life.DEAD
    second = rig.start(epoch=2)
    rig.load(second, rundown(events))
    answer = rig.until_on_air(second, "A")
    assert_joined(answer, events)
    assert answer.on_air is not None
    assert abs(answer.on_air.source_frame - (answer.tick - events[0].start)) <= 5
    crashed = rig.node.spooled(first)[-1]
    assert (crashed.event, crashed.why, crashed.evidence) == ("a", "crash", "partial")


def test_in_the_same_folder_it_goes_on_alone(rig: Rig) -> None:
    start = frame_now()
    events = (event("a", start, 25), event("b", start + 25, 10), event("c", start + 35, 4000))
    seen = rig.start()
    rig.client.grant(seen, None)
    rig.load(seen, rundown(events))
    rig.until(seen, lambda a: a.on_air is not None)
    rig.kill(seen)
    eventually(lambda: frame_now() > start + 40)

    again = rig.start()

    answer = rig.until_on_air(again, "C")
    assert_joined(answer, events)
    rig.until(again, lambda a: a.sending)
    eventually(lambda: len({row.event for row in rig.rows(again)}) >= 1)


def test_what_was_missed_while_down_has_a_row_each(rig: Rig) -> None:
    start = frame_now()
    events = tuple(event(n, start + 75 + i * 6, 6) for i, n in enumerate(("b", "c", "d")))
    seen = rig.start()
    rig.load(seen, rundown((event("a", start, 75), *events, event("a/2", start + 93, 4000))))
    rig.send(seen)
    rig.until_noted(seen, "A")
    rig.kill(seen)
    eventually(lambda: frame_now() > start + 93)

    again = rig.start()

    eventually(lambda: {"a", "b", "c", "d"} <= {row.event for row in rig.rows(again)})
    rows = {row.event: row for row in rig.rows(again)}
    assert (rows["a"].why, rows["a"].evidence) == ("crash", "partial")
    for name in ("b", "c", "d"):
        assert (rows[name].why, rows[name].evidence) == ("missed", "none")
    assert rows["b"].first_tick == start + 75


def test_a_killed_engine_is_back_on_the_right_frame(rig: Rig) -> None:
    events = from_now("a b", frames=4000)
    seen = rig.start()
    rig.load(seen, rundown(events))
    rig.send(seen)
    rig.until_on_air(seen, "A")
    engine = rig.folder(seen).engine_pid()
    assert engine is not None

    os.kill(engine, signal.SIGKILL)

    answer = rig.until(
        seen, lambda a: a.engine_restarts == 1 and a.on_air is not None and a.sending, within=5
    )
    assert_joined(answer, events)
    assert answer.on_air is not None
    assert abs(answer.on_air.source_frame - (answer.tick - events[0].start)) <= 5
    eventually(lambda: ("a", "crash") in {(row.event, row.why) for row in rig.rows(seen)})


def test_a_stopped_engine_is_not_on_air_and_is_replaced(rig: Rig) -> None:
    seen = rig.start()
    rig.load(seen, rundown(from_now("a", frames=4000)))
    rig.until_on_air(seen, "A")
    engine = rig.folder(seen).engine_pid()
    assert engine is not None

    os.kill(engine, signal.SIGSTOP)

    rig.until(seen, lambda a: a.on_air is None and bool(a.faults))
    rig.until(seen, lambda a: a.engine_restarts == 1 and a.on_air is not None)


def test_kills_at_random_moments_lose_and_double_nothing(rig: Rig) -> None:
    chance = random.Random(7)  # noqa: S311  # a test's own dice
    start = frame_now()
    events = tuple(event(f"a/{n}", start + n * 10, 10) for n in range(2000))
    seen = rig.start()
    rig.load(seen, rundown(events))
    pulled: list[tuple[str, int, str]] = []
    for _ in range(5):
        deadline = time.monotonic() + chance.uniform(0.1, 0.6)
        while time.monotonic() < deadline:
            try:
                rows = rig.rows(seen)
                pulled += [(row.spool, row.seq, row.event) for row in rows]
                if rows and chance.random() < 0.8:
                    rig.client.acknowledge(seen, rows[-1].seq)
            except Unreachable:
                break
        rig.kill(seen)
        seen = rig.start()
    rig.node.retire(seen.channel, seen.epoch)
    last = [(row.spool, row.seq, row.event) for row in rig.node.spooled(seen)]

    stored = dict.fromkeys([*pulled, *last])
    numbers = sorted(seq for _, seq, _ in stored)
    assert len({(spool, seq) for spool, seq, _ in stored}) == len(stored)
    assert numbers == list(range(1, len(numbers) + 1))
    due = [int(name.partition("/")[2]) for _, _, name in stored if name.startswith("a/")]
    assert sorted(set(due)) == list(range(min(due), max(due) + 1))


def test_missing_and_damaged_media_are_replaced_and_said(rig: Rig) -> None:
    (rig.media / "c.mp4").write_text('{"damaged": true}')
    (rig.media / "d.mp4").unlink()
    seen = rig.start()
    start = frame_now()
    events = tuple(event(n, start + i * 25, 25) for i, n in enumerate(("a", "c", "d", "b")))
    rig.load(seen, rundown(events, filler=(FILLER,)))

    said = rig.until(seen, lambda a: len([f for f in a.faults if "replaced" in f]) == 2).faults
    assert any("C at" in fault and "damaged" in fault for fault in said)
    assert any("D at" in fault and "not staged" in fault for fault in said)
    rig.until_on_air(seen, "FILLER")
    rig.until_on_air(seen, "B")
    eventually(lambda: {"c", "d"} <= {row.event for row in rig.rows(seen)})
    eventually(lambda: [row.kind for row in rig.rows(seen)].count("filler") > 1)
    rows = rig.rows(seen)
    assert {r.why for r in rows if r.event in {"c", "d"}} == {"failed"}
    assert [r.kind for r in rows if r.kind == "filler"] == ["filler", "filler"]


def test_when_the_rundown_runs_out_there_is_filler_then_slate(rig: Rig) -> None:
    seen = rig.start()
    rig.load(seen, rundown(from_now("a", frames=60), filler=(FILLER,)))
    rig.until_on_air(seen, "FILLER")
    (rig.media / "filler.mp4").unlink()

    status = rig.until(seen, lambda a: a.on_air is None and a.engine == "running")
    assert any("run out" in fault for fault in status.faults)
    raw = rig.client.raw_status(seen)
    on_air = raw["on_air"]
    assert isinstance(on_air, dict)
    assert on_air["kind"] == "slate"


def test_a_lease_that_lapses_silences_and_a_renewal_gives_it_back(rig: Rig) -> None:
    seen = rig.start()
    rig.load(seen, rundown(from_now("a", frames=4000)))
    rig.until(seen, lambda a: a.ready)
    rig.client.grant(rig.again(seen), timedelta(seconds=1.5))
    rig.until(seen, lambda a: a.sending)
    silent = rig.until(seen, lambda a: not a.sending)
    assert silent.on_air is not None
    rig.client.grant(rig.again(seen), timedelta(seconds=30))
    rig.until(seen, lambda a: a.sending)


def test_a_grant_counts_from_the_clock_that_it_echoes(rig: Rig) -> None:
    seen = rig.start()
    rig.load(seen, rundown(from_now("a", frames=4000)))
    answer = rig.until(seen, lambda a: a.ready)
    rig.until(seen, lambda a: a.clock_ms > answer.clock_ms + 300)

    assert rig.client.grant(replace(seen, answer=answer), timedelta(seconds=0.3))

    assert rig.client.status(seen).lease_left == timedelta(0)
    assert not rig.client.status(seen).sending


def test_a_grant_that_was_asked_of_another_life_gives_no_right(rig: Rig) -> None:
    seen = rig.start()
    rig.load(seen, rundown(from_now("a", frames=4000)))
    answer = rig.until(seen, lambda a: a.ready)
    before = replace(answer, clock_ms=answer.clock_ms - 60_000)

    assert not rig.client.grant(replace(seen, answer=before), timedelta(seconds=90))

    assert rig.client.status(seen).lease_left is None
    assert not rig.client.status(seen).sending


def test_the_fence_is_remembered_after_a_death(rig: Rig) -> None:
    seen = rig.start()
    rig.client.grant(seen, None)
    rig.client.silence(seen, 9)
    rig.kill(seen)

    again = rig.start()

    with pytest.raises(Rejected, match="met epoch 9"):
        rig.client.grant(again, None)
    assert rig.client.status(again).lease_epoch == 9


def test_live_acts_are_shown_soon_and_outlive_a_death(rig: Rig) -> None:
    events = from_now("a b c d", frames=1000)
    seen = rig.start()
    rig.load(seen, rundown(events))
    rig.send(seen)
    rig.until_on_air(seen, "A")
    took: dict[str, object] = {}
    for act in ("skip", "pause", "resume", "skip", "pause"):
        said = rig.client.transport(seen, act, {})
        assert said["shown"], said
        took[act] = said["latency_ms"]
    print("acts took, in ms:", took)  # noqa: T201  # a measurement, not a verdict
    frozen = rig.client.raw_status(seen)["on_air"]
    assert isinstance(frozen, dict)
    assert frozen["moving"] is False

    rig.kill(seen)
    again = rig.start()

    answer = rig.until(again, lambda a: a.on_air is not None)
    assert (answer.transport, answer.acts_seq) == ("paused", 5)
    eventually(lambda: len([r for r in rig.rows(again) if r.title == "skip"]) == 2)
    rows = rig.rows(again)
    assert [r.why for r in rows if r.event == "a" and r.kind == "programme"] == ["skipped"]
    assert "paused" in {r.why for r in rows if r.event == "b"}


def test_a_stop_shows_slate_and_the_rundown_is_joined_again(rig: Rig) -> None:
    events = from_now("a b", frames=4000)
    seen = rig.start()
    rig.load(seen, rundown(events))
    rig.until_on_air(seen, "A")

    rig.client.transport(seen, "stop", {})
    assert rig.client.status(seen).on_air is None
    rig.client.transport(seen, "play", {})

    answer = rig.until(seen, lambda a: a.on_air is not None)
    assert answer.on_air is not None
    assert abs(answer.on_air.source_frame - (answer.tick - events[0].start)) <= 5


def test_a_corrupt_rundown_is_refused_and_the_old_one_stays(calm: tuple[Rig, SidecarSeen]) -> None:
    rig, seen = calm
    held = rundown(from_now("a b"))
    rig.load(seen, held)
    headers = {"Authorization": f"Bearer {rig.node.secrets_of(seen)}"}
    wire = to_wire(held)
    bad = [
        {"epoch": 1, "digest": "x", "rundown": {**wire, "events": wire["events"][1:]}},  # type: ignore[index]  # a list
        {"epoch": 1, "digest": "x", "rundown": {**wire, "rate": "banana"}},
        {"epoch": 1, "digest": "x", "rundown": "nothing"},
        {"epoch": 1, "rundown": wire},
        {"epoch": "1", "digest": "x", "rundown": wire},
        [],
    ]
    for body in bad:
        answer = httpx.put(seen.url + "/rundown", json=body, headers=headers)
        assert answer.status_code == 400, body
        assert answer.json()["error"]
    assert httpx.put(seen.url + "/rundown", content=b"{", headers=headers).status_code == 400
    old = httpx.put(
        seen.url + "/rundown", json={"epoch": 0, "digest": "x", "rundown": wire}, headers=headers
    )
    assert old.status_code == 409
    assert rig.client.status(seen).rundown_digest == digest(held)


def test_damaged_memory_does_not_keep_it_from_starting(rig: Rig) -> None:
    seen = rig.start()
    rig.load(seen, rundown(from_now("a")))
    rig.kill(seen)
    folder = rig.folder(seen).path
    for name in ("rundown.json", "acts.json", "lease.json", "outputs.json"):
        (folder / name).write_text('{"digest": 7, "rundown": []')

    again = rig.start()

    assert rig.client.status(again).rundown_digest == ""


def test_everything_but_healthz_needs_the_token(calm: tuple[Rig, SidecarSeen]) -> None:
    rig, seen = calm

    assert httpx.get(seen.url + "/healthz").json() == {"ok": True, "channel": "news"}
    for path in ("/status", "/metrics", "/rundown", "/asrun", "/preview/index.m3u8", "/nowhere"):
        assert httpx.get(seen.url + path).status_code == 401, path
        assert ask(rig, seen, path, token="wrong").status_code == 401, path
    assert ask(rig, seen, "/nowhere").json()["error"]
    assert ask(rig, seen, "/asrun?after=x").status_code == 400


def test_the_preview_serves_its_own_files_and_no_others(calm: tuple[Rig, SidecarSeen]) -> None:
    rig, seen = calm
    preview = rig.folder(seen).path / "preview"
    preview.mkdir(exist_ok=True)
    (preview / "index.m3u8").write_text("#EXTM3U\n")
    (preview / "7.ts").write_bytes(b"G" * 188)

    index = ask(rig, seen, "/preview/index.m3u8")
    assert index.headers["Content-Type"] == "application/vnd.apple.mpegurl"
    assert index.headers["Cache-Control"] == "no-cache"
    assert ask(rig, seen, "/preview/7.ts").headers["Content-Type"] == "video/mp2t"
    for path in ("../spec.json", "..%2fspec.json", "%2e%2e/spec.json", "spec.json", ".hidden.ts"):
        assert ask(rig, seen, f"/preview/{path}").status_code == 404, path


def test_metrics_speak_prometheus(rig: Rig) -> None:
    output = {"name": "main", "type": "srt", "url": "srt://127.0.0.1:5999?mode=listener"}
    seen = rig.start(outputs=[output])
    (rig.folder(seen).path / "engine-uncalled").touch()
    rig.client.grant(seen, None)
    answer = rig.until(seen, lambda a: [o.state for o in a.outputs] == ["waiting"])
    assert not [fault for fault in answer.faults if "output" in fault]
    text = ask(rig, seen, "/metrics").text

    assert "# TYPE playout_running gauge" in text
    assert 'playout_epoch{channel="news"} 1' in text
    state = 'playout_output_state{channel="news",output="main",state='
    assert f'{state}"waiting"}} 1' in text
    assert f'{state}"down"}} 0' in text
    assert "# TYPE playout_output_bytes_total counter" in text


def test_a_sigterm_ends_it_within_three_seconds_tidily(rig: Rig) -> None:
    seen = rig.start()
    rig.load(seen, rundown(from_now("a", frames=4000)))
    rig.send(seen)
    rig.until_on_air(seen, "A")
    pid = rig.folder(seen).pid()
    assert pid is not None

    os.kill(pid, signal.SIGTERM)

    eventually(lambda: not rig.folder(seen).is_running(), within=3)
    log = (rig.folder(seen).path / "sidecar.log").read_text()
    assert log.rstrip().endswith("ended")
    row = rig.node.spooled(seen)[-1]
    assert (row.event, row.why, row.evidence) == ("a", "stopped", "engine")


def test_a_spool_that_another_holds_is_said_and_the_picture_goes_on(rig: Rig) -> None:
    start = frame_now()
    events = tuple(event(f"a/{n}", start + n * 10, 10) for n in range(500))
    seen = rig.start()
    rig.load(seen, rundown(events))
    rig.until(seen, lambda a: a.on_air is not None)
    spool = rig.folder(seen).path / "spool.sqlite"
    blocker = sqlite3.connect(spool, isolation_level=None)
    blocker.execute("begin immediate")
    try:
        rig.until(seen, lambda a: any("as-run cannot be written" in f for f in a.faults))
        assert rig.client.status(seen).on_air is not None
    finally:
        blocker.execute("rollback")
        blocker.close()
    rig.until(seen, lambda a: not any("as-run" in f for f in a.faults))
    eventually(lambda: len(rig.rows(seen)) >= 2)
    shown = [row for row in rig.rows(seen) if row.why != "missed"]
    ticks = [(row.first_tick, row.last_tick) for row in shown]
    assert all(b[0] == a[1] + 1 for a, b in itertools.pairwise(ticks))


def test_a_wrong_start_document_is_told_and_ends(rig: Rig) -> None:
    with pytest.raises(Rejected, match=r"spec\.format: expected a video format"):
        rig.start(format="banana")


def test_secrets_stay_out_of_logs_and_faults(rig: Rig) -> None:
    secret = "hunter2-passphrase"
    output = {"name": "m", "type": "srt", "url": f"srt://h:1?passphrase={secret}", "digest": "d"}
    seen = rig.start(outputs=[output])
    rig.until(seen, lambda a: len(a.outputs) == 1)
    token = rig.node.secrets_of(seen)

    said = json.dumps(rig.client.raw_status(seen)) + ask(rig, seen, "/metrics").text
    log = (rig.folder(seen).path / "sidecar.log").read_text()
    assert secret not in said + log
    assert token not in said + log
    assert (rig.folder(seen).path / "spec.json").stat().st_mode & 0o777 == 0o600


def test_a_foreign_process_with_its_number_is_not_taken_for_it(rig: Rig) -> None:
    seen = rig.start()
    rig.kill(seen)
    write_json(rig.folder(seen).path / "pid.json", {"pid": os.getpid(), "started": 1})

    assert rig.again(seen).life is Life.DEAD
    rig.node.retire(seen.channel, seen.epoch)


def test_a_corrupt_clip_is_replaced_by_its_alternate_and_the_asrun_says_so(rig: Rig) -> None:
    start = frame_now()
    broken = replace(event("b", start + 50, 75), alternate=clip("c", material=50))
    events = (event("a", start, 50), broken, event("d", start + 125, 4000))
    rig.have("b", content=json.dumps({"damaged": True}))
    seen = rig.start()
    rig.load(seen, rundown(events, filler=(FILLER,)))
    rig.send(seen)
    rig.until_on_air(seen, "D")

    eventually(lambda: {"alternate", "filler"} <= {row.kind for row in rig.rows(seen)})
    rows = {row.kind: row for row in rig.rows(seen) if row.kind != "programme"}
    spare = rows["alternate"]
    assert (spare.playlist, spare.item, spare.asset) == ("base", "b", "C")
    assert spare.error.startswith("instead of asset B: ")
    assert spare.last_tick - spare.first_tick < 50
    eventually(lambda: any(row.event == "b" for row in rig.rows(seen)))
    (failed,) = [row for row in rig.rows(seen) if row.event == "b"]
    assert failed.why == "failed"
    assert failed.error
