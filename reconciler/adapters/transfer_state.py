"""How far a transfer has come, in a small file beside it that any process may read."""

from __future__ import annotations

import contextlib
import json
from collections import deque
from pathlib import Path

from reconciler.model.media import TransferSeen, TransferStep
from reconciler.sidecar.disk import read_json

_PAUSE = 0.5  # seconds between two words
_WINDOW = 4.0  # seconds that a rate is told over


class State:
    """What is told of one transfer; only ever a hint, so it is not synced."""

    def __init__(self, path: Path, stored: str, size: int) -> None:
        self._path = path
        self._stored = stored
        self._size = size
        self._points: deque[tuple[float, int]] = deque()
        self._step = TransferStep.FETCHING

    def tell(self, done: int, step: TransferStep, now: float) -> None:
        """Tell that `done` bytes are fetched, or verified."""
        if step is not self._step:
            self._points.clear()
            self._step = step
        if self._points and now - self._points[-1][0] < _PAUSE:
            return
        self._points.append((now, done))
        while now - self._points[0][0] > _WINDOW and len(self._points) > 1:
            self._points.popleft()
        since, before = self._points[0]
        rate = int((done - before) / (now - since)) if now > since else 0
        told = {
            "stored": self._stored,
            "size": self._size,
            "done": done,
            "rate": max(0, rate),
            "step": step.value,
        }
        fresh = self._path.with_suffix(".state.new")
        with contextlib.suppress(OSError):  # nothing depends on it
            fresh.write_text(json.dumps(told), encoding="utf-8")
            fresh.replace(self._path)


def read_state(path: Path, *, is_moving: bool) -> TransferSeen | None:
    """What was told last; None where nothing can be read."""
    told = read_json(path)
    if not isinstance(told, dict):
        return None
    try:
        step = TransferStep(told["step"]) if is_moving else TransferStep.RESTING
        return TransferSeen(
            stored=str(told["stored"]),
            size=int(told["size"]),
            done=int(told["done"]),
            rate=int(told["rate"]) if is_moving else 0,
            step=step,
        )
    except (KeyError, ValueError, TypeError):
        return None
