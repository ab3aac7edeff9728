"""The wanted picture: what should be shown for the next while, as cues. Pure.

`want` is level-triggered: from the showings of the effective rundown, the frame that it is now,
what is staged and what has failed, it makes the whole timeline again; equal input, equal cues. An
event that cannot be played is known before its time: its alternate takes its place, then filler,
then slate. Past the rundown's end it is filler, then slate. Every frame is covered: there is always
a picture.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import assert_never

from reconciler.model.desired import TransitionType
from reconciler.model.ids import EventId
from reconciler.model.rundown import Clip, Event, EventKind, Frozen, Live, SlatePicture
from reconciler.sidecar.engine_port import (
    ClipSource,
    Cue,
    FreezeSource,
    LiveSource,
    SlateSource,
    Source,
    StillSource,
)
from reconciler.sidecar.showing import Showing

AHEAD = 60  # seconds that the engine is told of; it opens what comes within ten
STEP = 10  # seconds by which that window moves, so that it is not told anew at every look
AT_LEAST = 4  # coming cues, however long the present one lasts
AT_MOST = 400  # cues; a window of very short events is told in parts
HELD = Fraction(1, 2)  # seconds; a slate as short as this would flash: the picture before is held
RETRY_AHEAD = 15  # seconds before its start up to which a failed cue is tried again


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a showing cannot be played, and since which frame that is known.

    `missing` means that its file was not there; it heals when the file is.
    """

    known_at: int
    why: str
    missing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What the player decides on besides the rundown. `failed` is keyed by cue key.

    `since` is where coverage begins when there is no rundown at all.
    """

    now: int
    rate: Fraction
    media_root: Path
    present: frozenset[str]
    since: int
    failed: Mapping[str, Failure] = field(default_factory=dict)
    filler: tuple[Clip, ...] = ()
    slate: Clip | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What should be shown. `shown` says what each cue's key means.

    `replaced` are showings that something else stands in for, and why.
    """

    cues: tuple[Cue, ...] = ()
    shown: Mapping[str, Showing] = field(default_factory=dict)
    replaced: tuple[tuple[Showing, Failure], ...] = ()

    def at(self, frame: int) -> Cue | None:
        """The cue that covers `frame`."""
        for cue in self.cues:
            if cue.start <= frame and (cue.frames is None or frame < cue.start + cue.frames):
                return cue
        return None


def want(showings: Sequence[Showing], now: Situation) -> Picture:
    """Make the timeline from the cue that is on at `now.now` for the next while."""
    replaced: list[tuple[Showing, Failure]] = []
    cues: list[Cue] = []
    shown: dict[str, Showing] = {}
    for part in _parts(showings, now, replaced):
        if part.end <= now.now and not _lies_beneath(part, showings, now.now):
            continue
        cues.append(_cue(part, now))
        shown[part.key] = part
        if _is_enough(cues, now):
            break
    return Picture(cues=tuple(cues), shown=shown, replaced=tuple(replaced))


def horizon(now: int, rate: Fraction) -> int:
    """The frame up to which cues are made; it moves in steps."""
    step = round(STEP * rate)
    return (now // step) * step + round((AHEAD + STEP) * rate)


def _window(showings: Sequence[Showing], now: Situation) -> Iterator[Showing]:
    """Showings from the one before the present on, then what closes the time after the last."""
    first = max(0, bisect_right(showings, now.now, key=lambda s: s.start) - 2)
    if showings and now.now < showings[0].start:
        yield _gap(now.since, showings[0].start)
    yield from showings[first:]
    yield _gap(showings[-1].end if showings else now.since, None)


def _is_enough(cues: Sequence[Cue], now: Situation) -> bool:
    last = cues[-1]
    if last.frames is None or len(cues) >= AT_MOST:
        return True
    coming = sum(1 for cue in cues if cue.start > now.now)
    return coming >= AT_LEAST and last.start + last.frames >= horizon(now.now, now.rate)


def _gap(start: int, end: int | None) -> Showing:
    """Time that nothing is planned for."""
    return Showing(
        event=Event(
            id=EventId(f"gap@{start}"),
            start=start,
            frames=_long(start, end),
            kind=EventKind.SLATE,
            material=SlatePicture(),
            title="slate",
        ),
        gap=True,
    )


def _long(start: int, end: int | None) -> int:
    return (1 << 40) if end is None else max(1, end - start)


def _parts(
    showings: Sequence[Showing], now: Situation, replaced: list[tuple[Showing, Failure]]
) -> Iterator[Showing]:
    """Every showing of the window itself, or what takes its place."""
    for showing in _window(showings, now):
        failure = None if showing.gap else _failure(showing, now)
        if showing.gap:
            yield from _fill(showing.start, showing.end, now, instead_of=None)
        elif failure is None:
            yield showing
        else:
            replaced.append((showing, failure))
            start = max(showing.start, failure.known_at)
            for spare in _alternate(showing, start, failure, now):
                yield spare
                start = spare.end
            yield from _fill(start, showing.end, now, instead_of=showing.event)


def _alternate(showing: Showing, start: int, failure: Failure, now: Situation) -> Iterator[Showing]:
    """The asset that the item names for this case, as long as it lasts and does not fail too."""
    event, clip = showing.event, showing.event.alternate
    if clip is None or clip.stored not in now.present:
        return
    end = showing.end if clip.material is None else min(showing.end, start + clip.material)
    bad = now.failed.get(f"file:{clip.stored}")
    if bad is not None:
        end = min(end, bad.known_at)
    if start < end:
        asset = event.material.asset if isinstance(event.material, Clip) else event.item
        yield Showing(
            event=Event(
                id=EventId(f"alternate@{start}"),
                start=start,
                frames=end - start,
                kind=EventKind.FILLER,
                material=clip,
                title=clip.asset,
                playlist=event.playlist,
                item=event.item,
                nominal=clip.material or end - start,
                instead=f"instead of asset {asset}: {failure.why}",
            )
        )


def _failure(showing: Showing, now: Situation) -> Failure | None:
    """What keeps a showing from being played, as it is known now."""
    if showing.frozen:
        return None
    known = now.failed.get(showing.key)
    material = showing.event.material
    if isinstance(material, Clip) and material.stored not in now.present:
        if known is not None and known.missing:
            return known
        return Failure(
            known_at=now.now, why=f"{material.asset} is not staged on this node", missing=True
        )
    if known is None or known.missing:
        return None
    again = known.known_at < now.now - round(AHEAD * now.rate)
    if again and showing.start > now.now + round(RETRY_AHEAD * now.rate):
        return None
    return known


def _fill(start: int, end: int, now: Situation, *, instead_of: Event | None) -> Iterator[Showing]:
    """Filler in turn from `start` on, or slate; far-off rounds are reckoned, not walked.

    Every filler keeps its slot, playable or not, so that one that fails moves no other.
    """
    if not any(_is_usable(clip, now) for clip in now.filler):
        if start < end:
            yield _slate(start, end - start, instead_of)
        return
    around = sum(_lasts(clip, now) for clip in now.filler)
    at = start + max(0, (min(now.now, end) - start) // around) * around
    until = min(end, horizon(now.now, now.rate))
    while at < until:
        for clip in now.filler:
            slot_end = min(at + _lasts(clip, now), end)
            if at < slot_end:
                yield from _slot(clip, at, slot_end, now=now, instead_of=instead_of)
            at = slot_end


def _slot(
    clip: Clip, at: int, end: int, *, now: Situation, instead_of: Event | None
) -> Iterator[Showing]:
    """One filler, or the playable ones in turn for as long as it would last."""
    if _is_usable(clip, now):
        yield _stand_in(clip, at, end - at, instead_of)
        return
    usable = [other for other in now.filler if _is_usable(other, now)]
    failure = now.failed.get(f"file:{clip.stored}")
    at = at if failure is None else max(at, min(failure.known_at, end))
    for number in range(end - at):
        other = usable[number % len(usable)]
        length = min(_lasts(other, now), end - at)
        if length <= 0:
            return
        yield _stand_in(other, at, length, instead_of)
        at += length


def _is_usable(clip: Clip, now: Situation) -> bool:
    return clip.stored in now.present and f"file:{clip.stored}" not in now.failed


def _lasts(clip: Clip, now: Situation) -> int:
    """How long one filler is shown; a still stays for ten seconds."""
    return round(STEP * now.rate) if clip.material is None else max(1, clip.material)


def _stand_in(clip: Clip, start: int, frames: int, instead_of: Event | None) -> Showing:
    event = Event(
        id=EventId(f"filler@{start}"),
        start=start,
        frames=frames,
        kind=EventKind.FILLER,
        material=clip,
        title=clip.asset,
        item=instead_of.id if instead_of is not None else "",
        nominal=clip.material or frames,
    )
    return Showing(event=event)


def _slate(start: int, frames: int, instead_of: Event | None) -> Showing:
    event = Event(
        id=EventId(f"slate@{start}"),
        start=start,
        frames=frames,
        kind=EventKind.SLATE,
        material=SlatePicture(),
        title="slate",
        item=instead_of.id if instead_of is not None else "",
    )
    return Showing(event=event)


def _lies_beneath(part: Showing, showings: Sequence[Showing], now: int) -> bool:
    """Whether a past showing is still seen, under the transition into the present one."""
    following = bisect_right(showings, now, key=lambda s: s.start) - 1
    if following < 0:
        return False
    present = showings[following]
    joining = present.start + present.event.transition.frames
    return part.end == present.start and now < joining


def _cue(showing: Showing, now: Situation) -> Cue:
    transition = showing.event.transition
    return Cue(
        key=showing.key,
        start=showing.start,
        frames=showing.frames if showing.frames < _long(0, None) else None,
        source=_source(showing, now),
        transition=transition.type if transition.frames else TransitionType.CUT,
        transition_frames=min(transition.frames, showing.frames),
    )


def _source(showing: Showing, now: Situation) -> Source:
    material = showing.event.material
    match material:
        case Clip():
            path = str(now.media_root / material.stored)
            if material.material is None:
                return StillSource(path=path)
            return ClipSource(path=path, in_frame=showing.in_frame, loop=material.loop)
        case Live():
            return LiveSource(url=material.url)
        case SlatePicture():
            is_flash = showing.frames <= HELD * now.rate
            return FreezeSource() if is_flash else _slate_source(now)
        case Frozen():
            return FreezeSource()
        case _:
            assert_never(material)


def _slate_source(now: Situation) -> Source:
    """The rundown's slate where it is staged, else the one the engine was started with."""
    slate = now.slate
    if slate is None or slate.stored not in now.present or f"slate:{slate.stored}" in now.failed:
        return SlateSource()
    path = str(now.media_root / slate.stored)
    if slate.material is None:
        return StillSource(path=path)
    return ClipSource(path=path, in_frame=slate.in_frame, loop=True)
