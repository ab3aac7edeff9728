"""What to load for a cue: which frames of its file, for how long, and whether by AUTO. Pure.

AUTO puts the next on air with the very frame after the last, which no command could. But it counts
on the foreground's end: where that does not fall on the next cue's start, the foreground is made
longer or shorter first; where there is no end, or too little time, the next is taken by command.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import PurePath

from reconciler.model.desired import TransitionType
from reconciler.sidecar.casparcg import names
from reconciler.sidecar.casparcg.orders import Material
from reconciler.sidecar.casparcg.state import Airing, Layer, Wanted
from reconciler.sidecar.engine_port import ClipSource, Cue, FreezeSource, LiveSource

MOVING = frozenset({".mp4", ".mov", ".mkv", ".mxf", ".ts", ".avi", ".webm"})  # a slate may be one
AUTO_BEFORE = Fraction(1)  # seconds before the foreground's end in which AUTO must be queued
AUTO_BEFORE_SEEK = Fraction(2)  # where the next begins inside its file: it may be a long GOP's
SETTLE = 12  # frames of the foreground that must be left to change its length


class PastTheEndError(Exception):
    """The cue's file is over at the frame at which it should be joined."""


def material_for(cue: Cue | None, at: int, number: int, wanted: Wanted) -> Material:
    """What to load to have `cue` on air from frame `at` on; None is the slate.

    Raises `PastTheEndError` when the file is known to end before that.
    """
    path = names.path_of(cue, wanted.slate)
    source = cue.source if cue is not None else None
    if isinstance(source, LiveSource):
        what = Material(name=source.url, path="")
    elif isinstance(source, ClipSource):
        assert cue is not None  # noqa: S101  # it has a source
        what = _section(cue, source, at, number=number, wanted=wanted)
    else:
        still = PurePath(path).suffix.lower() not in MOVING
        name = names.name_for(cue, path, number)
        what = Material(name=name, path=path, still=still, loop=not still)
    return _blended(what, cue, at)


def fires_at(layer: Layer, blend_frames: int) -> int | None:
    """The tick at which AUTO would put the next on air; None: never.

    A transition begins one frame later than its length before the end (recordings, 07).
    """
    end = layer.ends_at
    return None if end is None else end - max(0, blend_frames - 1)


def may_auto(layer: Layer, airing: Airing | None, left: int, needed: int) -> bool:
    """Whether the foreground is confirmed, has an end, and leaves enough time before it."""
    if airing is None or airing.name != layer.name or layer.paused:
        return False
    if airing.cue is None or not isinstance(airing.cue.source, ClipSource):
        return False
    return layer.ends_at is not None and left >= needed


def time_needed(layer: Layer, what: Material, rate: Fraction) -> int:
    """Frames before the foreground's end in which AUTO must be queued: half of a short one."""
    seconds = AUTO_BEFORE_SEEK if what.in_frame else AUTO_BEFORE
    return min(round(seconds * rate), layer.length // 2)


def section_until(layer: Layer, start: int, what: Material) -> int | None:
    """How long the foreground's section must be for AUTO to fire at `start`; None: it has none."""
    if layer.frame is None or layer.ends_at is None:
        return None
    began = layer.tick - (layer.frame - layer.in_frame)
    return start + max(0, what.blend_frames - 1) - began


def nearest(off: int, total: int | None) -> int:
    """`off` frames by the shorter way round a loop of `total`; None: it is no loop."""
    return (off + total // 2) % total - total // 2 if total else off


def can_be(layer: Layer, section: int, total: int | None) -> bool:
    """Whether the foreground can be made `section` frames long, of a file of `total`."""
    assert layer.frame is not None  # noqa: S101  # a section has a position
    if section < layer.frame - layer.in_frame + SETTLE:
        return False
    return section <= layer.length if total is None else layer.in_frame + section <= total


def _section(cue: Cue, source: ClipSource, at: int, *, number: int, wanted: Wanted) -> Material:
    total = wanted.lengths.get(source.path)
    begin = source.in_frame + at - cue.start
    name = names.name_for(cue, source.path, number)
    if source.loop:
        begin = begin % total if total else begin
        return Material(name=name, path=source.path, in_frame=begin, loop=True)
    if total is not None and begin >= total:
        raise PastTheEndError
    end = wanted.timeline.end_of(cue)
    length = None if end is None else end - at + _overlap(wanted, end)
    if length is not None and total is not None:
        length = min(length, total - begin)
    return Material(name=name, path=source.path, in_frame=begin, length=length)


def _overlap(wanted: Wanted, end: int) -> int:
    """Frames that a cue goes on under the transition into the one that begins at `end`."""
    following = wanted.timeline.covering(end)
    if following is None or following.transition is TransitionType.CUT:
        return 0
    if following.start != end or isinstance(following.source, FreezeSource):
        return 0
    return max(0, following.transition_frames - 1)


def _blended(what: Material, cue: Cue | None, at: int) -> Material:
    if cue is None or cue.transition is TransitionType.CUT or at != cue.start:
        return what
    return replace(what, blend=cue.transition, blend_frames=cue.transition_frames)
