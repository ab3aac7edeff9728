"""Keep running, out of sight, what will be on air once the picture is no longer stopped. Pure.

While the slate of a stop is on air, the rundown runs on beneath it. So does its clip here: on a
layer that is neither seen nor heard, at its frame. When it is asked for, the two layers change
places, and it is on air with the next picture; a file that had to be opened first would be so five
frames later.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from reconciler.model.desired import TransitionType
from reconciler.sidecar.casparcg import names
from reconciler.sidecar.casparcg.cueing import nearest
from reconciler.sidecar.casparcg.orders import Lower, Material, Swap, Under
from reconciler.sidecar.casparcg.state import Beneath, Wanted
from reconciler.sidecar.casparcg.step import SHOWS_WITHIN, Step
from reconciler.sidecar.engine_port import ClipSource, Cue

OPENS_IN_MOST = 50
COMES_WITHIN = Fraction(2)  # seconds in which it must be read back, else it is loaded again
SETTLES_IN = Fraction(1, 2)  # seconds from its loading after which its place is judged
TRIES = 3  # to get it to its very frame; then a frame off is good enough
AGAIN_AFTER = Fraction(10)  # seconds after which one that is further off is loaded again
NEAR = 3  # frames that it may be off and still be put on air
LEAST = Fraction(1)  # seconds of it that must be left
WANTED_FOR = Fraction(1, 2)  # seconds after which what nobody wants is taken away


def tend(step: Step) -> None:
    """Load what lies beneath, keep it at its frame, and take away what does not."""
    cue = _due(step)
    mine = step.memory.beneath
    if cue is None:
        _take_away(step)
        return
    step.told("beneath")
    if mine is None or not names.same_showing(mine.cue, cue):
        if not step.was_told("under", 1):
            _load(step, cue, Beneath(cue=cue))
        return
    _follow(step, mine)


def is_ready_for(step: Step, due: Cue | None) -> bool:
    """Whether what runs out of sight is `due`, at its frame."""
    mine, source = step.memory.beneath, due.source if due is not None else None
    if mine is None or due is None or not isinstance(source, ClipSource) or not mine.moves:
        return False
    if source.path not in step.wanted.lengths or source.loop != _clip_of(mine.cue).loop:
        return False
    if due.transition is not TransitionType.CUT or mine.frame is None:
        return False
    if not names.shows(mine.name, source.path):
        return False
    return abs(_off(step.wanted, due, mine.frame, mine.tick)) <= NEAR


def bring_up(step: Step, due: Cue | None) -> None:
    """Let it change places with what is on air."""
    mine = step.memory.beneath
    assert mine is not None  # noqa: S101  # the caller has looked
    step.unload()
    step.told("swap")
    step.orders.append(Swap())
    step.remember(beneath=None, known={**step.memory.known, mine.name: due})


def is_coming_up(step: Step) -> bool:
    """Whether the layers were told to change places, and nothing is seen of it yet."""
    return step.was_told("swap", step.memory.lag + SHOWS_WITHIN)


def _due(step: Step) -> Cue | None:
    """The clip that lies beneath, if it can be played, and will be for a while."""
    wanted = step.wanted
    at = step.tick + step.memory.opens_in
    cue = wanted.beneath.covering(at)
    if cue is None or is_coming_up(step) or not _can_play(wanted, cue, at):
        return None
    return None if names.cue_mark(cue) in step.memory.bad else cue


def _can_play(wanted: Wanted, cue: Cue, at: int) -> bool:
    source = cue.source
    if not isinstance(source, ClipSource) or source.path in wanted.problems:
        return False
    total = wanted.lengths.get(source.path)
    if total is None:
        return False
    if source.loop:
        return total > 1  # else nothing moves by which it could be told to be there
    return _where(wanted, cue, at) + wanted.frames(LEAST) < total


def _load(step: Step, cue: Cue, mine: Beneath) -> None:
    source = _clip_of(cue)
    number = step.memory.number + 1
    name = names.name_for(cue, source.path, number)
    at = max(cue.start, step.tick + step.memory.opens_in)
    begin = _where(step.wanted, cue, at)
    what = Material(name=name, path=source.path, in_frame=begin, loop=source.loop)
    step.told("under")
    step.orders.append(Under(what=what))
    mine = replace(mine, name=name, loaded_at=step.tick, tries=mine.tries + 1)
    step.remember(number=number, beneath=replace(mine, frame=None, moves=False, learned=False))


def _follow(step: Step, mine: Beneath) -> None:
    """See where it is; load it again where it is not there, or not where it should be."""
    under = step.layer.under
    since = step.tick - mine.loaded_at
    if under is None or under.name != mine.name or under.frame is None:
        if since > step.frames(COMES_WITHIN):
            _load(step, mine.cue, replace(mine, tries=0))
        return
    if step.tick == mine.tick:
        return  # the same reading, judged again
    moves = under.is_clip and mine.frame is not None and _goes_on(mine, under.frame)
    moved_at = step.tick if moves else mine.moved_at
    mine = replace(mine, tick=step.tick, frame=under.frame, moves=moves, moved_at=moved_at)
    step.remember(beneath=mine)
    if not moves:
        if min(since, step.tick - moved_at) > step.frames(COMES_WITHIN):
            _load(step, mine.cue, replace(mine, tries=0))
        return
    off = _off(step.wanted, mine.cue, under.frame, step.tick)
    if not mine.learned:
        opens_in = min(OPENS_IN_MOST, max(1, step.memory.opens_in - off))
        step.remember(opens_in=opens_in, beneath=replace(mine, learned=True))
    settles = mine.tries < TRIES and since > step.frames(SETTLES_IN)
    if (off and settles) or (abs(off) > 1 and since > step.frames(AGAIN_AFTER)):
        _load(step, mine.cue, mine)


def _take_away(step: Step) -> None:
    """Empty its layer, once nothing was wanted there for a while: it may be just about to go up."""
    if step.layer.under is None or step.was_told("beneath", step.frames(WANTED_FOR)):
        return
    if not step.was_told("lower", step.memory.lag + SHOWS_WITHIN):
        step.told("lower")
        step.orders.append(Lower())
    step.remember(beneath=None)


def _clip_of(cue: Cue) -> ClipSource:
    assert isinstance(cue.source, ClipSource)  # noqa: S101  # nothing else is loaded
    return cue.source


def _goes_on(mine: Beneath, frame: int) -> bool:
    """Whether a reading of `frame` after the last shows that it moves; a loop begins again."""
    assert mine.frame is not None  # noqa: S101  # the caller has looked
    return frame != mine.frame if _clip_of(mine.cue).loop else frame > mine.frame


def _where(wanted: Wanted, cue: Cue, tick: int) -> int:
    """The frame of the file at which it should be."""
    source = _clip_of(cue)
    frame = source.in_frame + tick - cue.start
    return frame % wanted.lengths[source.path] if source.loop else frame


def _off(wanted: Wanted, cue: Cue, frame: int, tick: int) -> int:
    """By how many frames it is ahead of its place."""
    source = _clip_of(cue)
    total = wanted.lengths[source.path] if source.loop else None
    return nearest(frame - _where(wanted, cue, tick), total)
