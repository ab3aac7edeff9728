"""Waiting for what another thread or process brings about, bounded."""

from __future__ import annotations

import time
from collections.abc import Callable


def eventually(wanted: Callable[[], object], *, within: float = 15.0) -> None:
    """Poll until it is so; fail with the clock's verdict otherwise."""
    deadline = time.monotonic() + within
    while not wanted():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.01)
