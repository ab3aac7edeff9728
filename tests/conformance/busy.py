"""Whether an engine of a story said that the machine was too busy for every picture.

A story is told in one thread, and begins and ends its engines there; so it is noted by thread.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping


class _Said(threading.local):
    too_busy = False


_said = _Said()


def forget() -> None:
    """A story begins."""
    _said.too_busy = False


def note(status: Mapping[str, object]) -> None:
    """Take down what an engine last said of itself: that it left pictures out, or came late."""
    _said.too_busy = _said.too_busy or bool(status.get("dropped") or status.get("late"))


def too_busy() -> bool:
    """Whether one of them said so since the story began."""
    return _said.too_busy
