"""What only the embedded engine promises of its outputs, its time line and its end."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

from tests.conformance.capture import Capture
from tests.conformance.checker import Report, check
from tests.conformance.coded import FAST, PAL
from tests.conformance.driver import Cue, Embedded
from tests.conformance.processes import children, is_alive, srt_receiver
from tests.conformance.suite import LEAD, Media
from tests.loopback import free_port

RATE = Fraction(25)
WRAP = Fraction(1 << 33, 90_000)  # seconds after which time stamps begin anew
GROUP = "239.255.77.1"


def udp_carries_what_the_file_does_and_nothing_while_the_gate_is_shut(
    folder: Path, media: Media
) -> None:
    with Capture() as capture:
        output = {"name": "udp", "type": "udp", "url": capture.url, "options": {}}
        with Embedded(folder=folder, extra_outputs=(output,)) as engine:
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


def multicast_leaves_by_the_interface_it_is_told(folder: Path, media: Media) -> None:
    """By address and by name; both groups get the same bytes, at the hops that were asked for."""
    with Capture(group=GROUP) as one, Capture(group=GROUP) as two:
        outputs = tuple(
            {"name": n, "type": "udp", "url": c.url, "options": {"interface": i, "ttl": 3}}
            for n, c, i in (("one", one, "127.0.0.1"), ("two", two, "lo"))
        )
        with Embedded(folder=folder, extra_outputs=outputs) as engine:
            at = engine.now() + LEAD
            engine.show(Cue(key="a", start=at, frames=30, path=media[PAL]))
            engine.wait_for(at + 50)
            engine.stop()
        assert one.hops == two.hops == {3}
        received = [capture.bytes() for capture in (one, two)]
    for part in received:
        report = check(part, rate=RATE)
        assert [run.brief for run in report.runs] == [(1, 0, 29)], report.describe()
        assert not report.faults, report.describe()


def a_killed_engine_is_back_on_the_same_time_line(folder: Path, media: Media) -> None:
    folders = [folder / "one", folder / "two"]
    for each in folders:
        each.mkdir()
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


def lines_that_cannot_be_meant_are_answered_and_survived(folder: Path, media: Media) -> None:
    del media
    with Embedded(folder=folder) as engine:
        engine.say(do="dance")
        engine.say(show="nothing")
        engine.say(do="show", serial=3, cues=[{"key": "x"}])
        engine.wait("three refusals", lambda: len(engine.seen("refused")) == 3, 5)
        engine.show()
        engine.wait(
            "the next serial", lambda: any(s["serial"] == 1 for s in engine.seen("status")), 5
        )
        engine.wait("a picture without any cue", lambda: bool(_sending(engine)), 5)
        sent = engine.now()
        engine.wait("some of it", lambda: engine.now() > sent + RATE, 5)
        report = check(engine.stop(), rate=RATE)
    assert set(report.between.values()) == {"other"}, "there is always a picture"


def at_its_end_it_takes_leave_and_leaves_nothing_behind(folder: Path, media: Media) -> None:
    """Far ends are told, a listener that waits is no fault, and no child outlives the engine."""
    called, waiting, quiet = (free_port(socket.SOCK_DGRAM) for _ in range(3))
    outputs = (
        {"name": "caller", "type": "srt", "url": f"srt://127.0.0.1:{called}"},
        {"name": "listener", "type": "srt", "url": f"srt://127.0.0.1:{waiting}?mode=listener"},
    )
    live = f"srt://127.0.0.1:{quiet}?mode=listener"
    with (
        srt_receiver(folder / "far.ts", called) as far,
        Embedded(folder=folder, extra_outputs=outputs) as engine,
    ):
        at = engine.now() + LEAD
        engine.show(
            Cue(key="a", start=at, frames=40, path=media[PAL]),
            Cue(key="live", start=at + 500, live=live),
        )
        engine.wait("sending", lambda: _output(engine, "caller")["state"] == "sending", 10)
        engine.wait("waiting", lambda: _output(engine, "listener")["state"] == "waiting", 10)
        assert _output(engine, "listener")["error"] is None
        engine.wait_for(at + 20)
        born = children(engine.pid)
        engine.stop()
        assert far.wait(2.5) == 0, "the far end was not told goodbye"
    assert len(born) == 3
    assert not [pid for pid in born if is_alive(pid)]


STORIES: tuple[Callable[[Path, Media], None], ...] = (
    udp_carries_what_the_file_does_and_nothing_while_the_gate_is_shut,
    multicast_leaves_by_the_interface_it_is_told,
    a_killed_engine_is_back_on_the_same_time_line,
    lines_that_cannot_be_meant_are_answered_and_survived,
    at_its_end_it_takes_leave_and_leaves_nothing_behind,
)


def _sending(engine: Embedded) -> object:
    return engine.seen("status")[-1]["sending"]


def _output(engine: Embedded, name: str) -> dict[str, object]:
    outputs = engine.seen("status")[-1]["outputs"] if engine.seen("status") else []
    assert isinstance(outputs, list)
    found: dict[str, object] = next((o for o in outputs if o["name"] == name), {"state": "none"})
    return found


def _zero(report: Report) -> float:
    """The time stamp that frame 0 of the first run has or would have."""
    run = report.runs[0]
    return report.shown[run.at].at - run.first / float(RATE)
