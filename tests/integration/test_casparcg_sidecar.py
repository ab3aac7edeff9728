"""A whole sidecar whose engine is the fake CasparCG: rundown, acts, as-run, deaths."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.casparcg_kit import FAKE, make_clip
from tests.unit.sidecar.rig import Rig, frame_now, from_now
from tests.unit.sidecar.situations import clip, event, rundown
from tests.waiting import eventually

pytestmark = [pytest.mark.media, pytest.mark.slow]

FILLER = clip("filler", material=100)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("clip") / "clip.mp4")


@pytest.fixture
def rig(tmp_path: Path, file: Path) -> Iterator[Rig]:
    made = Rig(tmp_path, engine=FAKE)
    for name in ("a", "b", "c", "d", "filler"):
        os.link(file, made.media / f"{name}.mp4")
    try:
        yield made
    finally:
        made.close()


def test_acts_are_read_back_and_accounted_for(rig: Rig) -> None:
    seen = rig.start(engine="casparcg")
    rig.load(seen, rundown(from_now("a b c d " * 10, frames=120, since=0)))
    rig.send(seen)
    rig.until(seen, lambda a: a.ready and a.on_air is not None, within=40)
    took: list[object] = []
    for act in ("pause", "resume", "skip", "stop", "play"):
        said = rig.client.transport(seen, act, {})
        took.append((act, said["latency_ms"], said["shown"]))
    print("acts with the fake CasparCG, in ms:", took)  # noqa: T201  # measured
    eventually(lambda: {"paused", "skipped"} <= {r.why for r in rig.rows(seen)})
    eventually(lambda: [r.kind for r in rig.rows(seen)].count("act") >= len(took))
    rows = rig.rows(seen)
    assert "engine" in {r.evidence for r in rows if r.kind == "programme"}
    assert all(r.start_error_ms is not None for r in rows if r.evidence == "engine")


def test_a_corrupt_file_is_replaced_before_its_time_and_the_as_run_says_so(rig: Rig) -> None:
    rig.have("bad", content='{"damaged": true}')
    seen = rig.start(engine="casparcg")
    start = frame_now() + 150
    events = (
        event("a", start, 75),
        event("bad", start + 75, 75),
        event("c", start + 150, 100),
    )
    rig.load(seen, rundown(events, filler=(FILLER,)))
    rig.send(seen)
    rig.until(seen, lambda a: a.on_air is not None and a.on_air.title == "C", within=40)
    eventually(lambda: {"bad", "filler"} <= {w for r in rig.rows(seen) for w in (r.event, r.kind)})
    rows = rig.rows(seen)
    bad = next(r for r in rows if r.event == "bad")
    assert (bad.why, bad.evidence) == ("failed", "none")
    assert any(r.kind == "filler" and abs(r.first_tick - start - 75) <= 1 for r in rows)
