"""What a sidecar on CasparCG has to keep to, point by point (as the recordings' own checklist)."""

from __future__ import annotations

import json
import re
import sys
import time
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from reconciler.sidecar.casparcg.airing import observe
from reconciler.sidecar.casparcg.names import name_for
from reconciler.sidecar.casparcg.orders import Load, Over
from reconciler.sidecar.casparcg.server import Server
from reconciler.sidecar.casparcg.state import Airing, Coming, Layer, Memory, Wanted
from reconciler.sidecar.casparcg.stuck import find_stuck
from reconciler.sidecar.casparcg.timeline import Timeline
from reconciler.sidecar.engine_port import Began, ClipSource, Cue, Evidence
from tests.casparcg.media import Clip
from tests.unit.sidecar.casparcg.model import Model, Run
from tests.unit.sidecar.casparcg.virtual import SLATE, ZERO, Virtual
from tests.unit.sidecar.situations import spec
from tests.waiting import eventually

RATE = Fraction(25)


def clip(key: str, start: int, frames: int, begin: int = 0) -> Cue:
    source = ClipSource(path=f"/library/{key}.mp4", in_frame=begin)
    return Cue(key=key, start=ZERO + start, frames=frames, source=source)


def story(*cues: Cue, mode: str = "720p2500", **files: Clip) -> Virtual:
    plain = {name: Clip(frames=500) for name in "abc"}
    return Virtual({f"/library/{n}.mp4": c for n, c in (plain | files).items()}, cues, mode)


def test_1_after_a_lost_connection_what_plays_is_read_and_left_alone() -> None:
    it = story(clip("a", 20, 200))
    it.until(60)
    before = [line for line in it.log if " PLAY " in line or " LOADBG " in line]
    it.hang_up()
    it.until(70)
    it.call()
    it.until(110)
    assert [line for line in it.log if " PLAY " in line or " LOADBG " in line] == before
    assert it.pictures(20, 110) == [("a", number) for number in range(90)]


def test_2_times_are_the_channels_own_units_fields_where_it_is_interlaced() -> None:
    it = story(clip("a", 20, 50, begin=10), mode="1080i5000")
    it.until(40)
    assert any(re.search(r"LOADBG 1-10 \S+ IN 20$", line) for line in it.log)
    assert any(line.endswith("CALLBG 1-10 LENGTH 100") for line in it.log)


def test_3_names_are_safe_and_unique_and_lengths_end_with_the_file() -> None:
    it = story(clip("a", 20, 50), clip("Ab/c é", 70, 50), clip("b", 120, 50, begin=470))
    it.library["/library/Ab/c é.mp4"] = Clip(frames=500)
    it.until(160)
    names = re.findall(r"LOADBG 1-10 (\S+\.\S+)", "\n".join(it.log))
    assert len(names) == len(set(names)) == 4
    assert all(re.fullmatch(r"[a-z0-9_-]+\.[a-z0-9]+", name) for name in names)
    lengths = re.findall(r"LENGTH (\d+)$", "\n".join(it.log), re.MULTILINE)
    assert max(int(length) for length in lengths) <= 50
    assert not any(line.endswith("LENGTH 50") for line in it.log if "120:" in line[:5])


def test_4_a_clip_that_never_opens_is_known_well_before_its_time() -> None:
    it = story(clip("a", 20, 100), clip("x", 120, 50), x=Clip(damage="unreadable"))
    it.until(75)
    assert it.failed == ["x"]


def test_5_auto_is_queued_only_behind_what_was_seen_to_play() -> None:
    it = story(*(clip("abc"[n % 3], 20 + n * 50, 50, begin=5) for n in range(6)))
    it.until(330)
    ticks = [int(line.split(":")[0]) for line in it.log if line.endswith(" AUTO")]
    starts = [at for _, at, _ in it.began]
    assert len(ticks) >= 5
    for tick in ticks:
        behind = max(start for start in starts if start < tick)
        assert behind + 1 <= tick <= behind + 6
    assert [key for key, *_ in it.began] == ["a", "b", "c"] * 2


CUE = clip("a", 0, 500)
NAME = name_for(CUE, "/library/a.mp4", 1)


def _layer(**changes: object) -> Layer:
    plain = Layer(
        tick=ZERO + 100,
        name=NAME,
        producer="ffmpeg",
        frame=100,
        length=500,
        total=500,
        count=100,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # names of fields


def _memory(**changes: object) -> Memory:
    airing = Airing(
        cue=CUE,
        name=NAME,
        first_tick=ZERO,
        first_source=0,
        tick=ZERO + 99,
        source=99,
        end=ZERO + 500,
        changed_at=ZERO + 99,
    )
    return Memory(airing=replace(airing, **changes), known={NAME: CUE})  # type: ignore[arg-type]  # names of fields


def _coming(since: int) -> Memory:
    coming = Coming(name=NAME, since=ZERO + since, frame=None, adopted=False)
    return Memory(coming=coming, known={NAME: CUE})


@pytest.mark.parametrize(
    ("layer", "memory", "stuck"),
    [
        pytest.param(_layer(), _memory(), False, id="it plays"),
        pytest.param(_layer(), _memory(changed_at=ZERO + 70), True, id="time stands still"),
        pytest.param(_layer(paused=True), _memory(changed_at=ZERO), False, id="it is paused"),
        pytest.param(_layer(producer="transition"), _coming(99), False, id="it is coming"),
        pytest.param(_layer(producer="transition"), _coming(60), True, id="it never comes"),
        pytest.param(_layer(), _memory(drags=2), True, id="its clock drags past its data"),
        pytest.param(_layer(frame=80, length=80, total=80), _memory(), True, id="it is short"),
        pytest.param(_layer(frame=80, length=80), _memory(), False, id="it was asked for less"),
    ],
)
def test_6_each_silent_state_is_told(layer: Layer, memory: Memory, stuck: bool) -> None:  # noqa: FBT001  # a column of the table
    wanted = Wanted(timeline=Timeline([CUE]), rate=RATE, slate=SLATE)
    assert (find_stuck(wanted, layer, memory) is not None) is stuck


@pytest.mark.parametrize("in_frame", [0, 6])
def test_4_a_picture_that_was_sought_late_begins_when_it_is_seen_to_come(in_frame: int) -> None:
    """As read back of a server 2.5.0: a transition at 0 for 17 ticks, then frame 7 of the clip."""
    memory = Memory(known={NAME: CUE}, has_read=True)
    told: list[Evidence] = []
    for tick in range(18):
        stands = _layer(producer="transition", tick=ZERO + tick, frame=0, in_frame=in_frame)
        moves = _layer(tick=ZERO + tick, frame=7, in_frame=in_frame)
        memory, more = observe(moves if tick == 17 else stands, Timeline([CUE]), memory)
        told += more
    (began,) = told
    assert isinstance(began, Began)
    assert (began.tick, began.source_frame) == (ZERO + 16, 6)


def test_6_an_auto_that_will_never_fire_is_replaced_by_a_take() -> None:
    it = Run(Model({"/library/a.mp4": 500, "/library/b.mp4": 500}), [clip("a", 20, 60)])
    it.cues = [clip("a", 20, 60), clip("b", 80, 50)]
    it.until(40)
    assert it.model.front is not None
    it.model.front.length = 400  # as if the length had wrapped
    it.until(135)
    assert [key for key, *_ in it.began] == ["a", "b"]
    assert abs(it.began[1][1] - 80) <= 1


def test_7_the_way_out_of_a_stuck_state_is_to_play_what_can_be_played() -> None:
    it = Run(Model({"/library/a.mp4": 500}), [clip("a", 20, 400)])
    it.until(60)
    for _ in range(40):
        assert it.model.front is not None
        it.model.front.frame = 40
        it.turn()
    over = it.orders(Over)
    assert isinstance(over[-1], Over)
    assert over[-1].what.path.endswith("slate.png")
    assert it.failed == ["a"]
    assert it.orders(Load)


REPORT = """
import json, os, sys
from pathlib import Path
config = Path(sys.argv[1])
told = {"cwd": os.listdir("."), "lang": os.environ.get("LC_ALL"), "config": config.read_text(),
        "mode": oct(config.stat().st_mode & 0o777)}
Path(config.parent, "told.json").write_text(json.dumps(told))
"""


def test_8_it_is_started_in_an_empty_folder_with_utf8_and_a_config_nobody_else_reads(
    tmp_path: Path,
) -> None:
    server = Server(replace(spec(tmp_path), engine_command=(sys.executable, "-c", REPORT)))
    (tmp_path / "engine" / "run").mkdir(parents=True)
    (tmp_path / "engine" / "run" / "clip.mp4").touch()
    server.start(())
    server.go()
    told = tmp_path / "engine" / "told.json"
    eventually(told.exists)
    eventually(lambda: server.ended() != "")
    said = json.loads(told.read_text())
    server.end(tidily=False)
    assert said["cwd"] == []
    assert said["lang"] == "C.UTF-8"
    assert said["mode"] == "0o600"
    assert f"<port>{server.port}</port>" in said["config"]
    assert server.phrase in said["config"]


def test_8_what_an_earlier_life_left_running_is_ended_first(tmp_path: Path) -> None:
    sleeper = (sys.executable, "-c", "import time; time.sleep(60)")
    one = Server(replace(spec(tmp_path), engine_command=sleeper))
    one.start(())
    other = Server(replace(spec(tmp_path), engine_command=sleeper))
    begun = time.monotonic()
    other.start(())
    assert one.ended() != ""
    assert time.monotonic() - begun < 30
    one.end(tidily=False)
    other.end(tidily=False)
