"""Where an event joins the next: how much of it lies beneath that one's transition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from reconciler.model.rundown import Event


def joined(events: Sequence[Event]) -> tuple[Event, ...]:
    """Let each event's `lap` be its successor's transition; the last one's stays as it is."""
    found = list(events)
    for number, (event, following) in enumerate(pairwise(events)):
        if event.lap != following.transition.frames:
            found[number] = replace(event, lap=following.transition.frames)
    return tuple(found)
