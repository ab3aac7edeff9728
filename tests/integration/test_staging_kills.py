"""A staging process killed at ten random moments: little is fetched twice, nothing half is seen."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.web_source import WebSource

SIZE = int(os.environ.get("RECONCILE_KILLS_MIB", "48")) << 20
RATE = max(32_000_000, SIZE // 12)  # bytes per second, so that ten kills find it in the middle
KILLS = 10
LONG = 90.0  # seconds; only a test that fails waits so long


@contextmanager
def watched(media: Path) -> Iterator[set[tuple[str, int]]]:
    """Every name that can ever be seen in the folder, with its size."""
    seen: set[tuple[str, int]] = set()
    stop = threading.Event()

    def look() -> None:
        while not stop.wait(0.005):
            for path in media.glob("[!.]*"):
                seen.add((path.name, path.stat().st_size))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join()


def start(source: WebSource, media: Path) -> subprocess.Popen[bytes]:
    argv = [sys.executable, "-m", "tests.stage_child", source.address("/a.bin"), str(SIZE)]
    return subprocess.Popen([*argv, str(media)])


def sent_at_least(source: WebSource, count: int, child: subprocess.Popen[bytes]) -> None:
    """Wait until the server has sent so much."""
    pause = threading.Event()
    for _ in range(int(LONG / 0.002)):
        if source.sent >= count or child.poll() is not None:
            return
        pause.wait(0.002)
    pytest.fail(f"only {source.sent} of {count} bytes were sent in {LONG:g} s")


def test_ten_kills_cost_less_than_a_tenth(tmp_path: Path) -> None:
    body = os.urandom(SIZE)
    media = tmp_path / "media"
    media.mkdir()
    moments = sorted(random.sample(range(SIZE // 100, SIZE * 95 // 100), KILLS))
    with WebSource({"/a.bin": body}, rate=RATE) as source, watched(media) as seen:
        killed = 0
        for moment in moments:
            child = start(source, media)
            sent_at_least(source, moment, child)
            child.send_signal(signal.SIGKILL)
            killed += child.wait() == -signal.SIGKILL
            assert not (media / "a.mp4").exists()
        last = start(source, media)
        assert last.wait(LONG) == 0

    assert killed == KILLS, moments
    assert hashlib.sha256((media / "a.mp4").read_bytes()).digest() == hashlib.sha256(body).digest()
    sys.stdout.write(f"{source.sent / SIZE:.4f} of {SIZE} bytes were sent\n")
    assert source.sent <= SIZE * 1.1, (source.sent / SIZE, moments)
    assert seen <= {("a.mp4", SIZE)}
    assert sorted(path.suffix for path in (media / ".content").iterdir()) == ["", "", ""]
