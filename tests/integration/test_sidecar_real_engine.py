"""The sidecar with the engine that makes pictures: what is read back is the right frame."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.orders import nobody, order_of
from tests.unit.sidecar.hardships import a_frozen_sidecar_is_silent_by_its_leases_end
from tests.unit.sidecar.rig import Rig, assert_joined, frame_now, from_now
from tests.unit.sidecar.situations import event, rundown
from tests.waiting import eventually

pytestmark = [pytest.mark.media, pytest.mark.slow]

LONG = 1500  # frames: a minute


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    for number, name in enumerate("ab"):
        with av.open(str(folder / f"{name}.mp4"), "w") as out:
            video = out.add_stream("libx264", rate=Fraction(25), options={"preset": "ultrafast"})
            video.width, video.height, video.pix_fmt = 160, 96, "yuv420p"
            for frame in range(LONG):
                grey = np.full((96, 160, 3), (number * 90 + frame) % 256, dtype=np.uint8)
                for packet in video.encode(av.VideoFrame.from_ndarray(grey, format="rgb24")):
                    out.mux(packet)
            for packet in video.encode(None):
                out.mux(packet)
    return folder


@pytest.fixture
def rig(tmp_path: Path, clips: Path) -> Iterator[Rig]:
    made = Rig(tmp_path, engine=None)
    for path in clips.iterdir():
        made.node.stage(order_of(path, stored=path.name), nobody)
    yield made
    made.close()


def test_a_killed_engine_shows_the_right_frame_again(rig: Rig) -> None:
    seen = rig.start(preview=True)
    events = from_now("a b", frames=LONG)
    rig.client.grant(seen, None)
    rig.load(seen, rundown(events))
    rig.until(seen, lambda a: a.on_air is not None and a.sending, within=40)
    engine = rig.folder(seen).engine_pid()
    assert engine is not None
    killed_at = frame_now()

    os.kill(engine, signal.SIGKILL)

    answer = rig.until(
        seen, lambda a: a.engine_restarts == 1 and a.on_air is not None and a.sending, within=30
    )
    print("engine back after, in frames:", frame_now() - killed_at)  # noqa: T201  # measured
    assert_joined(answer, events)
    raw = rig.client.raw_status(seen)["on_air"]
    assert isinstance(raw, dict)
    assert abs(raw["source_frame"] - raw["position"]) <= 5
    preview = rig.folder(seen).path / "preview" / "index.m3u8"
    eventually(preview.is_file, within=20)


def test_a_frozen_sidecar_is_silent_by_its_leases_end(rig: Rig) -> None:
    a_frozen_sidecar_is_silent_by_its_leases_end(rig, 6)


def test_acts_are_read_back_from_the_engine(rig: Rig) -> None:
    seen = rig.start()
    rig.load(seen, rundown(from_now("a b", frames=LONG)))
    rig.until(seen, lambda a: a.ready, within=40)
    took: list[object] = []
    for act in ("pause", "resume", "skip", "stop", "play"):
        said = rig.client.transport(seen, act, {})
        took.append((act, said["latency_ms"], said["shown"]))
    print("acts with the real engine, in ms:", took)  # noqa: T201  # measured
    rig.until(seen, lambda a: a.on_air is not None and a.on_air.title == "B")
    items = [
        {"id": "1", "asset_id": "A", "media_path": "/media/a.mp4", "in_point": 2, "out_point": 4},
        {"id": "2", "asset_id": "X", "media_path": "absent.mp4"},
    ]
    listed = rig.client.load_playlist(seen, {"loop": False, "items": items})
    assert (listed["shown"], listed["transport"]) == (True, "list")
    assert list(listed["left_out"]) == ["2"]
    rig.until(seen, lambda a: a.on_air is not None and a.on_air.title == "B")


def test_joins_and_evidence_are_exact(rig: Rig) -> None:
    seen = rig.start()
    rig.load(seen, rundown(from_now("a", frames=LONG)))
    rig.send(seen)
    rig.until(seen, lambda a: a.ready, within=40)
    held = rig.client.held_rundown(seen)
    assert held is not None
    on_air = next(e for e in held.events if e.start <= frame_now() < e.end)
    start = frame_now() + 75
    row = (
        replace(on_air, frames=start - on_air.start),
        *(event(f"{n}/{i}", start + i * 30, 30) for i, n in enumerate("abab")),
        event("b/9", start + 120, 500),
    )
    rig.load(seen, rundown(row))

    eventually(lambda: len([r for r in rig.rows(seen) if "/" in r.event]) >= 4, within=20)
    rows = [r for r in rig.rows(seen) if "/" in r.event][:4]
    assert [r.start_error_frames for r in rows] == [0, 0, 0, 0]
    assert all(abs(r.start_error_ms or 0) <= 40 and r.start_error_ms is not None for r in rows)
    assert [(r.first_source_frame, r.last_source_frame) for r in rows] == [(0, 29)] * 4
    assert [r.first_tick for r in rows] == [start + i * 30 for i in range(4)]
    assert {r.why for r in rows} == {"end"}
