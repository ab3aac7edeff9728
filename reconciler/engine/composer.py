"""One tick's picture and sound, made from what the director decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.engine.clock import SAMPLE_RATE, samples_before
from reconciler.engine.director import Hold, Look, Play, ShowSlate, Under
from reconciler.engine.picture import Sound, blend, crossfade, joined, silence, weave
from reconciler.engine.protocol import Clip, Cue, Freeze, Slate
from reconciler.engine.slate import DrawnSlate
from reconciler.engine.source import Grid, Pictures, StillSource, nothing
from reconciler.engine.timeline import position_at

if TYPE_CHECKING:
    import av

    from reconciler.engine.shelf import Shelf

_RAMP = SAMPLE_RATE * 5 // 1000  # samples; a harder cut in the sound is heard as a click


class Composer:
    """Ask the sources for a tick and put it together. Remembers what was shown last."""

    def __init__(self, grid: Grid, shelf: Shelf, *, title: str, slate: str | None) -> None:
        self._grid = grid
        self._shelf = shelf
        shape = grid.shape
        self._drawn = DrawnSlate(title, shape.width, shape.height, grid.rate)
        self._given = StillSource(slate, grid) if slate else None
        self._shown: Pictures = (nothing(shape),) * grid.per_tick
        self._under: Under | None = None
        self._beneath: Pictures = self._shown
        self._heard: Cue | None = None
        self.source_frame = 0

    def compose(self, look: Look, tick: int) -> tuple[av.VideoFrame, Sound]:
        """The picture and the samples of `tick`."""
        count = samples_before(tick + 1, self._grid.rate) - samples_before(tick, self._grid.rate)
        match look:
            case Hold():
                pictures, sound = self._held(self._shown), silence(count)
            case ShowSlate():
                pictures, sound = self._slate(tick), silence(count)
            case Play(cue=cue, position=position):
                pictures, sound = self._play(look, tick, count)
                self._note(cue, position)
        self._shown = pictures
        sound = self._soften(look, tick, sound)
        return (pictures[0] if len(pictures) == 1 else weave(*pictures)), sound

    def _play(self, look: Play, tick: int, count: int) -> tuple[Pictures, Sound]:
        over = self._of(look.cue, tick, self._shown)
        sound = self._sound_of(look.cue, tick, count)
        under = look.under
        if under is None:
            self._under = None
            return over, sound
        if self._under != under:
            self._under, self._beneath = under, self._held(self._shown)
        self._beneath = self._of(under.cue, tick, self._beneath)
        step = tick - under.begin
        share = (step + 1) / (under.frames + 1)
        pictures = tuple(
            blend(below, above, how=under.blend, share=share)
            for below, above in zip(self._beneath, over, strict=True)
        )
        below = self._sound_of(under.cue, tick, count)
        span = under.frames
        return pictures, crossfade(below, sound, begin=step / span, end=(step + 1) / span)

    def _of(self, cue: Cue | None, tick: int, last: Pictures) -> Pictures:
        if cue is None or isinstance(cue.source, Slate):
            return self._slate(tick)
        if isinstance(cue.source, Freeze):
            return self._held(last)
        source = self._shelf.source(cue)
        position = position_at(cue, tick)
        got = source.pictures(position) if source is not None else None
        if got is not None and not got:
            return self._slate(tick)  # sound alone
        return got or self._held(last)

    def _soften(self, look: Look, tick: int, sound: Sound) -> Sound:
        """Ramp the sound where something else is heard from this tick on."""
        before = self._heard
        self._heard = look.cue if isinstance(look, Play) else None
        is_mixed = isinstance(look, Play) and look.under is not None
        if is_mixed or _is_same(before, self._heard):
            return sound
        ramp = min(_RAMP, len(sound))
        return joined(self._sound_of(before, tick, ramp), sound, ramp)

    def _sound_of(self, cue: Cue | None, tick: int, count: int) -> Sound:
        source = self._shelf.source(cue) if cue is not None else None
        if cue is None or source is None:
            return silence(count)
        rate = self._grid.rate
        first = samples_before(tick, rate) - samples_before(cue.start, rate)
        if isinstance(cue.source, Clip):
            first += samples_before(cue.source.start, rate)
        return source.sound(first, count)

    def _slate(self, tick: int) -> Pictures:
        given = self._given.pictures(tick) if self._given is not None else None
        return given or (self._drawn.picture(tick),) * self._grid.per_tick

    def _held(self, pictures: Pictures) -> Pictures:
        """The same without motion between its fields."""
        return (pictures[-1],) * self._grid.per_tick

    def _note(self, cue: Cue, position: int) -> None:
        if not isinstance(cue.source, Freeze):
            self.source_frame = self._shelf.source_frame(cue, position)


def _is_same(one: Cue | None, other: Cue | None) -> bool:
    return one is other or (one is not None and other is not None and one.is_same_showing(other))
