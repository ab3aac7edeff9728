"""Whether a newer rundown leaves alone what is on air.

A rundown is compiled from a reading that is some moments old. On a slow machine those moments can
be longer than the freeze window: what was still to come then is on air now. Such a rundown came
too late; the next compile starts from what is on air by then.
"""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.model.rundown import Event, EventKind, Live, Material
from reconciler.rundown.timeline import number_at


def first_disturbed(
    before: tuple[Event, ...], after: tuple[Event, ...], frames: Iterable[int]
) -> int | None:
    """The first of `frames` at which `after` would show something else than `before` does.

    None where it leaves them alone. Slate, and time that `before` does not cover, may always be
    replaced. Both are contiguous and in order.
    """
    for frame in frames:
        shown, wanted = _at(before, frame), _at(after, frame)
        if shown is None or shown.kind is EventKind.SLATE:
            continue
        if wanted is None or not _is_same(shown, wanted):
            return frame
    return None


def _at(events: tuple[Event, ...], frame: int) -> Event | None:
    number = number_at(events, frame)
    return None if number is None else events[number]


def _is_same(shown: Event, wanted: Event) -> bool:
    """Start and material; the end may still move, it is guarded by the frames that are asked."""
    return shown.start == wanted.start and _plain(shown.material) == _plain(wanted.material)


def _plain(material: Material) -> object:
    """A live source by its name: its address is nothing that the audience sees."""
    return material.name if isinstance(material, Live) else material
