"""Recordings without exchanges: OSC tick by tick (13), the skipped clip (17), the soak (19)."""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import pairwise

import pytest

from tests.casparcg.caspar import FakeCaspar
from tests.casparcg.config import Setup
from tests.casparcg.film import Luck
from tests.casparcg.media import Table
from tests.casparcg.producers import State, Value
from tests.casparcg.shelf import CLIPS, MEDIA
from tests.casparcg.transcript import FOLDER

BASE = "stage/layer/10/"
TICK = re.compile(
    r"t=[\d.]+ foreground producer=\['(?P<producer>\w+)'\] file/time=\[(?P<time>[\d.]+), [\d.]+\] "
    r"transition/frame=(?P<frame>None|\[\d+, \d+\]) \| background producer=\['(?P<behind>\w+)'\]"
    r"(?: frames_left=(?P<left>None|\[\d+\]) path=\['(?P<path>[^']+)'\])?"
)
SKIPPED = re.compile(r"(\d+) ms: (\d)/8")
TRIALS = 8


class Stage:
    """The recorder's media and a channel without consumers, with every tick's state at hand."""

    def __init__(self, luck: Luck | None = None) -> None:
        self.caspar = FakeCaspar(Table(CLIPS, root=MEDIA), Setup(media=MEDIA, osc_to_clients=False))
        if luck is not None:
            self.caspar.machine.choose_luck = lambda: luck
        self.client = self.caspar.connect()
        self.states: list[State] = []

    def say(self, line: str) -> None:
        assert self.client.ask(line).startswith(b"202"), line

    def run(self, ticks: int) -> None:
        for _ in range(ticks):
            self.caspar.advance()
            self.states.append(self.caspar.channel().told)


def recorded(heading: str) -> list[tuple[object, ...]]:
    """The ticks noted in file 13 under `heading`, up to the next command."""
    text = (FOLDER / "13-osc.txt").read_text(encoding="utf-8")
    part = text.partition(heading)[2].partition(" -- ---")[0].partition("... around")[0]
    return [_noted(match) for match in TICK.finditer(part)]


def _noted(match: re.Match[str]) -> tuple[object, ...]:
    frame = match["frame"]
    left = match["left"]
    return (
        match["producer"],
        round(float(match["time"]), 4),
        None if frame == "None" else tuple(int(word) for word in frame.strip("[]").split(", ")),
        match["behind"],
        None if left in {None, "None"} else int(left.strip("[]")),
        match["path"],
    )


def _told(state: State, *, with_path: bool) -> tuple[object, ...]:
    time: Value = state.get(f"{BASE}foreground/file/time", (0.0, 0.0))
    assert isinstance(time, tuple)
    return (
        state.get(f"{BASE}foreground/producer"),
        round(float(time[0]), 4),
        state.get(f"{BASE}foreground/transition/frame"),
        state.get(f"{BASE}background/producer"),
        state.get(f"{BASE}foreground/frames_left"),
        state.get(f"{BASE}foreground/file/path") if with_path else None,
    )


@pytest.mark.parametrize(
    ("heading", "background", "least"),
    [
        ("frame by frame around an AUTO switch clip1 -> clip2", "clip2 AUTO", 12),
        ("frame by frame around an AUTO switch with MIX 25", "clip2 MIX 25 AUTO", 34),
    ],
)
def test_switch_is_told_tick_by_tick_as_recorded(heading: str, background: str, least: int) -> None:
    wanted = recorded(heading)
    stage = Stage()
    stage.say("PLAY 1-10 clip1")
    stage.run(27)
    stage.say(f"LOADBG 1-10 {background}")
    stage.run(135)
    told = [_told(state, with_path=True) for state in stage.states]
    begins = told.index(wanted[0])
    assert len(wanted) >= least
    assert told[begins : begins + len(wanted)] == wanted


def test_first_ticks_of_a_clip_are_told_as_recorded() -> None:
    wanted = recorded("producer during PLAY of clip1 (first 6 frames)")
    stage = Stage(Luck(stutter=0))
    stage.say("PLAY 1-10 clip1")
    stage.run(10)
    told = [_told(state, with_path=False) for state in stage.states if len(state) > 2]
    assert len(wanted) == 8
    assert told[:8] == wanted


def skip_rows() -> list[tuple[str, dict[int, int]]]:
    """What was played, and after how many ms how many of eight were skipped."""
    path = FOLDER / "17-auto-skips-a-clip-with-an-in-point.txt"
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        words, counts = line.partition("-- ")[2].partition("skipped after")[::2]
        if SKIPPED.search(counts):
            rows.append((words.strip(), {int(ms): int(n) for ms, n in SKIPPED.findall(counts)}))
    return rows


@pytest.mark.parametrize(("words", "counts"), skip_rows())
def test_clip_is_skipped_about_as_often_as_recorded(words: str, counts: dict[int, int]) -> None:
    found = {
        ms: sum(_is_skipped(words, ms, Fraction(trial * 5, 1000)) for trial in range(TRIALS))
        for ms in counts
    }
    allowed = {ms: 1 if count in {0, TRIALS} else 3 for ms, count in counts.items()}
    assert all(abs(found[ms] - counts[ms]) <= allowed[ms] for ms in counts), (found, counts)


def _is_skipped(words: str, ms: int, phase: Fraction) -> bool:
    """One trial: replies took 6 and 5 ms, and the look came 500 ms later."""
    stage = Stage()
    caspar = stage.caspar
    caspar.start_at(Fraction(0), phase=phase)
    caspar.advance_to(1 + Fraction(6, 1000))
    stage.say(f"PLAY 1-10 {words}")
    caspar.advance_to(caspar.now + Fraction(ms + 5, 1000))
    stage.say("LOADBG 1-10 clip3 AUTO")
    caspar.advance_to(caspar.now + Fraction(1, 2))
    return caspar.channel().layers[10].foreground.state()["file/name"] == "clip3"


def test_soak_of_three_hundred_switches_loses_nothing() -> None:
    stage = Stage()
    clips = [("clip1", 25), ("clip50", 50), ("clip2997", 60), ("clip24", 0), ("bframes", 75)]
    starts: list[tuple[str, int]] = []
    name, at = clips[0]
    stage.say(f"PLAY 1-10 {name} IN {at} LENGTH 25")
    for tick in range(25 * 302):
        stage.run(1)
        state = stage.states[-1]
        time = state.get(f"{BASE}foreground/file/time")
        confirmed = state.get(f"{BASE}foreground/producer") == "ffmpeg" and isinstance(time, tuple)
        if not confirmed or state.get(f"{BASE}background/producer") != "empty":
            continue
        on_air = str(state[f"{BASE}foreground/file/name"])
        if starts and starts[-1][0] == on_air:
            continue
        starts.append((on_air, tick))
        name, at = clips[len(starts) % len(clips)]
        stage.say(f"LOADBG 1-10 {name} IN {at} LENGTH 25 AUTO")
    assert [name for name, _ in starts[:300]] == [name for name, _ in clips * 60]
    ticks = [tick for _, tick in starts[1:301]]
    assert {after - before for before, after in pairwise(ticks)} == {25}
    assert not any(picture.frozen for picture in stage.caspar.channel().shown[5:7000])
