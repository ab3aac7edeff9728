"""Small moving pictures as live HLS, made when asked for: the previews of fake channels."""

from __future__ import annotations

import io
import threading
from fractions import Fraction
from functools import lru_cache
from typing import cast

import av
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.float32]
WIDTH, HEIGHT, RATE = 384, 216, 15
SECONDS = 2  # in a segment
_LOCK = threading.Lock()
_BARS = np.array(
    [(180, 180, 180), (180, 180, 16), (16, 180, 180), (16, 180, 16),
     (180, 16, 180), (180, 16, 16), (16, 16, 180)], dtype=np.float32,
)  # fmt: skip
_Y, _X = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)


def playlist(now: float, *, kept: int = 5) -> bytes:
    """The live playlist at `now` (seconds since the epoch); segments are named by their number."""
    last = int(now // SECONDS) - 1
    lines = [
        "#EXTM3U", "#EXT-X-VERSION:3", f"#EXT-X-TARGETDURATION:{SECONDS}",
        f"#EXT-X-MEDIA-SEQUENCE:{last - kept + 1}",
    ]  # fmt: skip
    for number in range(last - kept + 1, last + 1):
        lines += [f"#EXTINF:{SECONDS}.000,", f"seg-{number}.ts"]
    return ("\n".join(lines) + "\n").encode()


def segment(scene: int, number: int) -> bytes:
    """One segment of a scene; its timestamps follow those of the segment before."""
    with _LOCK:
        return _segment(scene % 5, number)


@lru_cache(maxsize=120)
def _segment(scene: int, number: int) -> bytes:
    target = io.BytesIO()
    with av.open(target, "w", format="mpegts") as out:
        stream = out.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.options = {"preset": "ultrafast", "tune": "zerolatency", "g": str(RATE * SECONDS)}
        for step in range(RATE * SECONDS):
            tick = (number % 10_000) * RATE * SECONDS + step
            frame = av.VideoFrame.from_ndarray(_picture(scene, tick / RATE), format="rgb24")
            frame.pts, frame.time_base = tick, Fraction(1, RATE)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return target.getvalue()


def _picture(scene: int, t: float) -> NDArray[np.uint8]:
    picture = (_sunset, _court, _bars, _studio, _zone)[scene](t)
    return np.clip(picture, 0, 255).astype(np.uint8)


def _bars(t: float) -> Picture:
    picture = _BARS[(_X * 7 / WIDTH).astype(int)]
    sweep = np.exp(-(((_X - (t * 90) % WIDTH) / 5) ** 2))[..., None]
    lower = (_Y > HEIGHT * 0.8)[..., None]
    ramp = np.repeat((_X / WIDTH * 235)[..., None], 3, axis=2)
    return cast("Picture", np.where(lower, ramp, picture) + 200 * sweep * lower)


def _sunset(t: float) -> Picture:
    height = _Y / HEIGHT
    sky = np.stack([40 + 200 * height, 50 + 70 * height, 110 - 50 * height], axis=2)
    x, y = WIDTH * (0.5 + 0.3 * np.sin(t / 6)), HEIGHT * 0.52
    sun = np.exp(-(((_X - x) ** 2 + (_Y - y) ** 2) / 900))[..., None]
    hills = HEIGHT * (0.68 + 0.07 * np.sin(_X / 45 + t / 3) + 0.04 * np.sin(_X / 17 - t / 5))
    land = (hills < _Y)[..., None]
    return np.where(land, np.array([22, 26, 34]), sky + sun * np.array([180, 150, 60]))


def _court(t: float) -> Picture:
    stripes = ((_X + 40 * np.sin(t / 4)) // 48 % 2)[..., None]
    grass = np.array([38, 104, 52]) + stripes * np.array([8, 16, 8])
    ring = np.abs(np.hypot(_X - WIDTH / 2 + 40 * np.sin(t / 4), _Y - HEIGHT / 2) - 48) < 1.5
    x, y = WIDTH * (0.5 + 0.42 * np.sin(t * 1.3)), HEIGHT * (0.5 + 0.36 * np.sin(t * 2.1))
    ball = (np.hypot(_X - x, _Y - y) < 5)[..., None]
    return np.where(ball, 245.0, np.where(ring[..., None], 220.0, grass))


def _studio(t: float) -> Picture:
    glow = 60 + 40 * np.sin(_X / 60 + t) * np.cos(_Y / 50 - t / 2)
    back = np.stack([glow * 0.25, glow * 0.55, glow * 1.3 + 30], axis=2)
    head = np.hypot(_X - WIDTH * 0.5, (_Y - HEIGHT * 0.42) * 0.9) < 30
    body = (np.hypot((_X - WIDTH * 0.5) * 0.8, _Y - HEIGHT * 1.02) < 84) & ~head
    picture = np.where(body[..., None], np.array([34, 38, 52]), back)
    picture = np.where(head[..., None], np.array([196, 152, 128]), picture)
    strap = ((_Y > HEIGHT * 0.8) & (_Y < HEIGHT * 0.92) & (_X < WIDTH * 0.9))[..., None]
    moving = (((_X + t * 60) // 14) % 5 > 1)[..., None] & ((_Y // 4) % 3 == 1)[..., None]
    return np.where(strap, np.where(moving, np.array([235, 235, 235]), [176, 28, 30]), picture)


def _zone(t: float) -> Picture:
    wave = np.cos(((_X - WIDTH / 2) ** 2 + (_Y - HEIGHT / 2) ** 2) / 420 - t * 3)
    grey = np.repeat((118 + 70 * wave)[..., None], 3, axis=2)
    return cast("Picture", grey * np.array([1.0, 0.97, 0.9]))
