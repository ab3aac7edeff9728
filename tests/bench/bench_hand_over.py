"""What a drain costs on each kind of output: `python -m tests.bench hand_over [--rounds N]`.

Two nodes on one machine, one channel with an output of each kind; the node that it is on is
drained, to and fro. Each far end is one that listens again at once when it is left. Every frame
carries its number, so what is missing or comes twice is read from the pictures; *silence* is what
passes between the last byte of the old connection and the first of the next. Beside it stands the
UDP output, whose receiver is never left. `--casparcg COMMAND` drains a channel of that engine, on
UDP alone.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path

import imageio_ffmpeg

from tests.chaos.test_stack_hand_over import SIDES, nodes
from tests.conformance.checker import check
from tests.loopback import free_port
from tests.stack import Stack, running_stack, until
from tests.stack_clips import CLIPS, RATE, XRAY, YANKEE, make_clips
from tests.stack_lineup import LONG, small
from tests.stack_proof import run_on
from tests.stack_receiver import OUTSET, gaps, whole_units

LOOP = XRAY.frames + YANKEE.frames  # the playlist, again and again
AHEAD = 400  # of a loop, what counts as missing; the rest came twice
AFTER = 150  # frames that are let pass after a hand-over
CHANNEL = """\
title: news
outputs:
  - {{name: udp, type: udp, url: "{udp}"}}
  - {{name: srt, type: srt, url: "{srt}"}}
  - {{name: rtmp, type: rtmp, url: "{rtmp}"}}
  - {{name: file, type: file, url: "file://{folder}/news.ts"}}
  - {{name: hls, type: hls, url: "file://{folder}/hls"}}
schedule: [{{playlist: news, loop: true}}]
"""
Bytes = tuple[float, bytes]


class FarEnd:
    """One that listens, and listens again when it is left; each take is one connection."""

    def __init__(self, *source: str) -> None:
        self.takes: list[list[Bytes]] = []
        self._source = source
        self._over = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        quiet = ("-hide_banner", "-nostdin", "-loglevel", "error")
        shape = "data" if "data" in self._source else "mpegts"
        target = ("-map", "0", "-c", "copy", "-flush_packets", "1", "-f", shape, "pipe:1")
        argv = [imageio_ffmpeg.get_ffmpeg_exe(), *quiet, *self._source, *target]
        while not self._over.is_set():
            with subprocess.Popen(
                argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            ) as self._child:
                self._listen(self._child)

    def _listen(self, child: subprocess.Popen[bytes]) -> None:
        assert child.stdout is not None
        take: list[Bytes] = []
        while data := os.read(child.stdout.fileno(), 1 << 16):
            if not take:
                self.takes.append(take)
            take.append((time.time(), data))

    def close(self) -> None:
        self._over.set()
        if self._child is not None:
            self._child.kill()
        self._thread.join()


class HlsPlayer:
    """One that reads the playlist again and again, and each segment as soon as it is listed."""

    def __init__(self, folder: Path) -> None:
        self.taken: list[tuple[float, str, bytes]] = []
        self._folder = folder
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._over.wait(0.02):
            known = {name for _, name, _ in self.taken}
            try:
                lines = (self._folder / "index.m3u8").read_text().splitlines()
                for name in (line for line in lines if line and not line.startswith("#")):
                    if name not in known:
                        data = (self._folder / name).read_bytes()
                        self.taken.append((time.time(), name, data))
            except OSError:
                continue

    def close(self) -> None:
        self._over.set()
        self._thread.join()


class Station:
    """The channel, and whoever receives it."""

    def __init__(self, stack: Stack, folder: Path, ends: Mapping[str, FarEnd]) -> None:
        self.stack, self.folder, self.ends = stack, folder, ends
        self.hls = HlsPlayer(folder / "hls") if ends else None

    def drain(self) -> dict[str, tuple[float, int]]:
        """Drain the node that the channel is on; silence in ms, frames missing (below 0: twice)."""
        side = next(side for side in SIDES if self.stack.running("news", side))
        marks = {name: len(end.takes) for name, end in self.ends.items()}
        begin, segments = (
            self.stack.receiver("news").mark(),
            len(self.hls.taken if self.hls else ()),
        )
        file = self.folder / "news.ts"
        written = file.stat().st_size if file.exists() else 0
        lines = nodes(away_from=side)
        if not self.ends:
            lines = lines.replace("process,", "process, engines: [casparcg],")
        self.stack.commit({"nodes.yaml": lines})
        until("handed over", lambda: not self.stack.running("news", side), 60)
        run_on(self.stack, "news", AFTER)

        datagrams = self.stack.receiver("news").taken(begin)
        stream = whole_units(b"".join(datagram.data for datagram in datagrams))
        found = {"udp": (1000 * max(gaps(datagrams)), _missing([_places(stream)[OUTSET:]]))}
        for name, end in self.ends.items():
            takes = [list(take) for take in end.takes[marks[name] - 1 :]]
            silences = [b[0][0] - a[-1][0] for a, b in pairwise(takes)]
            parts = [_places(b"".join(data for _, data in take)) for take in takes]
            found[name] = (1000 * sum(silences), _missing(parts))
        if self.hls is None:
            return found
        found["file"] = (0.0, _missing([_places(file.read_bytes()[written:])[OUTSET:]]))
        listed = self.hls.taken[max(0, segments - 2) :]
        waits = [b[0] - a[0] for a, b in pairwise(listed)]
        parts = [_places(data) for _, _, data in listed]
        found["hls"] = (1000 * max(waits), _missing(parts))
        return found


def _places(stream: bytes) -> list[int]:
    """Where in the loop each frame of a stream is, in its order."""
    try:
        report = check(stream, CLIPS, rate=RATE)
    except (OSError, IndexError, ValueError):
        return []
    coded = [one for one in report.shown if one.kind == "coded"]
    return [(0 if one.clip == XRAY.id else XRAY.frames) + one.number for one in coded]


def _missing(parts: Sequence[Sequence[int]]) -> int:
    """Frames that are missing where one part follows another, or within; below 0: come twice."""
    places = [place for part in parts for place in part]
    steps = [(b - a - 1) % LOOP for a, b in pairwise(places)]
    return sum(step if step < AHEAD else step - LOOP for step in steps)


@contextmanager
def caspar_station(folder: Path, command: str) -> Iterator[Station]:
    """A channel of CasparCG on air by UDP."""

    def files(stack: Stack) -> Mapping[str, str]:
        make_clips(stack.media)
        both = nodes(away_from="right").replace("process,", "process, engines: [casparcg],")
        return {
            **small(stack, "news", more="engine: casparcg\n"),
            "playlists/news.yaml": LONG,
            "nodes.yaml": both,
        }

    with running_stack(files, settings={"RECONCILE_CASPARCG": command}) as running:
        until("on air", lambda: running.sending("news"), 90)
        yield Station(running, folder, {})


@contextmanager
def station(folder: Path) -> Iterator[Station]:
    """A channel on air on every kind of output."""
    srt = f"srt://127.0.0.1:{free_port(socket.SOCK_DGRAM)}"
    rtmp = f"rtmp://127.0.0.1:{free_port(socket.SOCK_STREAM)}/live/news"

    def files(stack: Stack) -> Mapping[str, str]:
        make_clips(stack.media)
        urls = {"udp": stack.receiver("news").url, "srt": srt, "rtmp": rtmp, "folder": folder}
        return {
            **small(stack, "news"),
            "channels/news.yaml": CHANNEL.format(**urls),
            "playlists/news.yaml": LONG,
            "nodes.yaml": nodes(away_from="right"),
        }

    with ExitStack() as stack:
        ends = {
            "srt": FarEnd("-f", "data", "-i", f"{srt}?mode=listener"),
            "rtmp": FarEnd("-listen", "1", "-analyzeduration", "100000", "-f", "flv", "-i", rtmp),
        }
        for end in ends.values():
            stack.callback(end.close)
        running = stack.enter_context(running_stack(files))
        until("on air", lambda: running.sending("news"))
        found = Station(running, folder, ends)
        assert found.hls is not None
        hls = found.hls
        stack.callback(hls.close)
        until("every far end", lambda: all(end.takes for end in ends.values()))
        until("segments", lambda: len(hls.taken) > 1)
        yield found


def main(arguments: list[str]) -> None:
    """Drain to and fro, and print a row for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--casparcg", metavar="COMMAND")
    said = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="handover-"))
    try:
        made = caspar_station(folder, said.casparcg) if said.casparcg else station(folder)
        with made as found:
            sys.stdout.write("silence in ms (frames missing; below 0: twice)\n")
            for number in range(said.rounds):
                told = found.drain()
                cells = "  ".join(f"{k} {ms:.0f} ({frames})" for k, (ms, frames) in told.items())
                sys.stdout.write(f"{number + 1}: {cells}\n")
                sys.stdout.flush()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1:])
