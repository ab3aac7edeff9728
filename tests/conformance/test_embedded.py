"""The embedded engine under the conformance suite, and what only it promises."""

from __future__ import annotations

import signal
from fractions import Fraction
from pathlib import Path

import pytest

from tests.conformance.capture import Capture
from tests.conformance.checker import Report, check
from tests.conformance.coded import FAST, PAL
from tests.conformance.driver import Cue, Embedded
from tests.conformance.suite import LEAD, SCENARIOS, Media, Scenario

pytestmark = [pytest.mark.media, pytest.mark.slow]

RATE = Fraction(25)
WRAP = Fraction(1 << 33, 90_000)  # seconds after which time stamps begin anew


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_embedded_engine(scenario: Scenario, tmp_path: Path, media: Media) -> None:
    with Embedded(folder=tmp_path) as engine:
        scenario(engine, media)


def test_udp_carries_what_the_file_does_and_nothing_while_the_gate_is_shut(
    tmp_path: Path, media: Media
) -> None:
    with Capture() as capture:
        output = {"name": "udp", "type": "udp", "url": capture.url, "options": {}}
        with Embedded(folder=tmp_path, extra_outputs=(output,)) as engine:
            at = engine.now() + LEAD
            engine.show(
                Cue(key="a", start=at, frames=50, path=media[PAL]),
                Cue(key="b", start=at + 50, frames=90, path=media[FAST]),
            )
            engine.wait_for(at + 70)
            engine.say(do="send", on=False)
            engine.wait("the gate to shut", lambda: _sending(engine) is False, 5)
            engine.wait_for(engine.now() + 10)
            before = capture.datagrams
            first = capture.bytes()
            engine.wait_for(engine.now() + 15)
            assert capture.datagrams == before
            engine.say(do="send", on=True)
            engine.wait_for(at + 145)
            engine.stop()
        second = capture.bytes(before)
        sizes = capture.sizes

    report, again = (check(part, rate=RATE) for part in (first, second))
    assert report.runs[0].brief == (1, 0, 49), report.describe()
    assert not report.faults, report.describe()
    assert abs(report.offsets[1]) < 6
    assert again.runs[0].last == 178, again.describe()
    assert not again.faults, again.describe()
    assert max(sizes) == 1316
    assert all(size % 188 == 0 for size in sizes)


def test_killed_engine_is_back_on_the_same_time_line(tmp_path: Path, media: Media) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    with Embedded(folder=folders[0]) as engine:
        at = engine.now() + LEAD
        cue = Cue(key="a", start=at, frames=240, path=media[PAL])
        engine.show(cue)
        engine.wait_for(at + 35)
        engine.end_with(signal.SIGKILL)
    with Embedded(folder=folders[1]) as engine:
        engine.show(cue)
        engine.wait("the picture", lambda: bool(engine.seen("began")), 10)
        engine.wait_for(engine.now() + 25)
        engine.stop()

    one, two = (check(folder / "out.ts", rate=RATE) for folder in folders)
    assert one.runs[0].first == 0, one.describe()
    assert two.runs[0].first > 35, two.describe()
    assert len(two.runs) == 1, two.describe()
    shift = (_zero(two) - _zero(one)) % float(WRAP)
    assert min(shift, float(WRAP) - shift) < 0.001, "frame n does not have time stamp n"
    epoch = float(at / RATE % WRAP)
    late = (_zero(one) - epoch) % float(WRAP)
    assert late < 2.0, "time stamps do not come from the clock on the wall"


def test_lines_that_cannot_be_meant_are_answered_and_survived(tmp_path: Path) -> None:
    with Embedded(folder=tmp_path) as engine:
        engine.say(do="dance")
        engine.say(show="nothing")
        engine.say(do="show", serial=3, cues=[{"key": "x"}])
        engine.wait("three refusals", lambda: len(engine.seen("refused")) == 3, 5)
        engine.show()
        engine.wait(
            "the next serial", lambda: any(s["serial"] == 1 for s in engine.seen("status")), 5
        )
        report = check(engine.stop(), rate=RATE)
    assert set(report.between.values()) == {"other"}, "there is always a picture"


def _sending(engine: Embedded) -> object:
    return engine.seen("status")[-1]["sending"]


def _zero(report: Report) -> float:
    """The time stamp that frame 0 of the first run has or would have."""
    run = report.runs[0]
    return report.shown[run.at].at - run.first / float(RATE)
