"""Streams that come in: SRT both ways, RTMP, HLS; lost, found again, and the slate meanwhile."""

from __future__ import annotations

import functools
import http.server
import socket
import threading
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

from tests.conformance.checker import Report, check
from tests.conformance.coded import PAL
from tests.conformance.driver import Cue, Embedded
from tests.conformance.processes import ffmpeg, sender
from tests.conformance.suite import Media
from tests.loopback import free_port

RATE = Fraction(25)
PHRASE = "ten or more letters"
ENOUGH = 60  # frames in step, one by one


def live_by_srt_is_lost_and_found_again(folder: Path, media: Media) -> None:
    """We listen, with a passphrase; the sender dies and another one calls."""
    port = free_port(socket.SOCK_DGRAM)
    options = "mode=listener&latency_ms=80&passphrase=" + PHRASE.replace(" ", "%20")
    target = ("-f", "mpegts", "-pkt_size", "1316", "-passphrase", PHRASE)
    with Embedded(folder=folder) as engine:
        engine.show(Cue(key="live", start=engine.now(), live=f"srt://127.0.0.1:{port}?{options}"))
        for _ in range(2):
            with sender(media[PAL], *target, f"srt://127.0.0.1:{port}"):
                _wait_moving(engine, moving=True)
                engine.wait_for(engine.now() + ENOUGH + 10)
                assert PHRASE not in _arguments(engine.pid)
            _wait_moving(engine, moving=False)
            engine.wait("the loss to be noticed", lambda: "127.0.0.1" in _error(engine), 10)
        report = check(engine.stop(), rate=RATE)
    _expect_live(report, at_least=2)
    assert report.shown[-1].kind == "other", "the slate is shown while nothing comes"
    assert abs(report.offsets[PAL.id]) < 25, report.describe()


def live_by_srt_we_call(folder: Path, media: Media) -> None:
    """The far end listens; before it does, the slate is shown and the reason is told."""
    port = free_port(socket.SOCK_DGRAM)
    with Embedded(folder=folder) as engine:
        engine.show(Cue(key="live", start=engine.now(), live=f"srt://127.0.0.1:{port}"))
        engine.wait("the reason", lambda: "no answer" in _error(engine), 12)
        with sender(media[PAL], "-f", "mpegts", f"srt://127.0.0.1:{port}?mode=listener"):
            _wait_moving(engine, moving=True)
            engine.wait_for(engine.now() + ENOUGH + 10)
            report = check(engine.stop(), rate=RATE)
    _expect_live(report, at_least=1)


def live_by_rtmp(folder: Path, media: Media) -> None:
    port = free_port(socket.SOCK_STREAM)
    url = f"rtmp://127.0.0.1:{port}/live/one"
    with (
        sender(media[PAL], "-f", "flv", "-listen", "1", url),
        Embedded(folder=folder) as engine,
    ):
        engine.show(Cue(key="live", start=engine.now(), live=url))
        _wait_moving(engine, moving=True)
        engine.wait_for(engine.now() + ENOUGH + 10)
        report = check(engine.stop(), rate=RATE)
    _expect_live(report, at_least=1)


def live_by_hls_which_comes_in_bursts(folder: Path, media: Media) -> None:
    web = folder / "web"
    web.mkdir()
    handler = functools.partial(_Quiet, directory=str(web))
    pieces = ("-hls_time", "2", "-hls_list_size", "5", "-hls_flags", "delete_segments")
    with (
        http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server,
        ffmpeg("-re", "-stream_loop", "-1", "-i", str(media[PAL]), "-c", "copy",
               "-f", "hls", *pieces, str(web / "index.m3u8")),
        Embedded(folder=folder) as engine,
    ):  # fmt: skip
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/index.m3u8"
        engine.show(Cue(key="live", start=engine.now(), live=url))
        _wait_moving(engine, moving=True)
        engine.wait_for(engine.now() + 2 * ENOUGH)
        report = check(engine.stop(), rate=RATE)
        server.shutdown()
    _expect_live(report, at_least=1)


STORIES: tuple[Callable[[Path, Media], None], ...] = (
    live_by_srt_is_lost_and_found_again,
    live_by_srt_we_call,
    live_by_hls_which_comes_in_bursts,
    live_by_rtmp,
)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name there
        """Say nothing."""


def _expect_live(report: Report, *, at_least: int) -> None:
    """So many spells of a picture that moves frame by frame; at a loss it may be held or leap."""
    moved = sum(run.steps[1] for run in report.runs)
    assert moved >= at_least * ENOUGH, report.describe()
    leaps = [fault for fault in report.faults if "missing" in fault]
    assert len(leaps) <= at_least + 1, report.describe()


def _wait_moving(engine: Embedded, *, moving: bool) -> None:
    what = "a moving picture" if moving else "its loss"
    engine.wait(what, lambda: _is_moving(engine) is moving, 25)


def _is_moving(engine: Embedded) -> bool:
    seen = engine.seen("status")
    on_air = seen[-1]["on_air"] if seen else None
    return isinstance(on_air, dict) and on_air["moving"] is True


def _error(engine: Embedded) -> str:
    seen = engine.seen("status")
    cued = seen[-1]["cued"] if seen else None
    return str(cued[0]["error"]) if isinstance(cued, list) and cued else ""


def _arguments(parent: int) -> str:
    from tests.conformance.processes import children

    every = [Path(f"/proc/{pid}/cmdline") for pid in children(parent)]
    return "\n".join(one.read_text(errors="replace") for one in every if one.exists())
