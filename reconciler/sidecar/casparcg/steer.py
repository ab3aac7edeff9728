"""The same absolute time line, turned into what CasparCG can be told. Pure.

`steer` is called with each reading of the layer: wanted cues, reading and memory in; orders, memory
and evidence out. It is level-triggered: it compares what should be on the air, and behind it, with
what is read back, and orders what differs. An order is never believed; it is given again when its
effect does not show. Rules and figures are those of recordings of CasparCG 2.5.0.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from reconciler.sidecar.casparcg import beneath, names
from reconciler.sidecar.casparcg.adopting import adopt_back
from reconciler.sidecar.casparcg.airing import ended, observe, recognise
from reconciler.sidecar.casparcg.cueing import SETTLE, fires_at, nearest
from reconciler.sidecar.casparcg.orders import (
    Order,
    Pause,
    Resume,
    Seek,
)
from reconciler.sidecar.casparcg.state import Back, Bad, Layer, Memory, Wanted
from reconciler.sidecar.casparcg.step import SHOWS_WITHIN, Step
from reconciler.sidecar.casparcg.stuck import find_stuck
from reconciler.sidecar.casparcg.timeline import FOREVER
from reconciler.sidecar.engine_port import (
    ClipSource,
    Cue,
    Evidence,
    FreezeSource,
    LiveSource,
)

AHEAD = Fraction(3600)  # seconds before its start from which on a file is loaded behind what is on:
# soon, for a skip may come at any time, and what waits there is on air with the next frame
LIVE_AHEAD = Fraction(8)  # a live input is called no sooner: it costs its sender a connection
JOIN_LEAD = Fraction(1, 4)  # seconds before a start in which what is on, or waits, is let be for it
JOIN_IN = Fraction(1, 8)  # seconds from loading a cue that is due already to its first picture
CUT_AT = Fraction(1, 2)  # seconds that a picture may be off before it is cut to its place
PATIENCE = Fraction(1)  # seconds that the last picture stands for a cue that failed, before slate
SEEK_TICKS = 2  # that a background needs to have its picture after it was sought
RESUMES_NEAR = 3  # frames that a held picture may be off to go on as it is
LAST_CALL = Fraction(1)  # seconds before AUTO fires in which its moment is moved in any case
LATE_BY_ACT = Fraction(1, 6)  # seconds that an event begun by an act may lack at its end: to seek
# in it first would cost the act as much again
LATE_AUTO = 3  # ticks after which AUTO has missed its moment
LAST_FRAMES = 5  # of a cue that are not worth joining


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Orders to be carried out in this order, what to remember, and what became known."""

    orders: tuple[Order, ...]
    memory: Memory
    evidence: tuple[Evidence, ...]


def steer(wanted: Wanted, layer: Layer, memory: Memory, *, again: bool = False) -> Verdict:
    """Compare one reading with what is wanted, and decide what to order.

    `again`: the reading was judged before, by another time line.
    """
    evidence: tuple[Evidence, ...] = ()
    if not memory.has_read:
        memory = replace(memory, back=adopt_back(wanted, layer))
    if not again:
        memory, evidence = observe(layer, wanted.timeline, memory)
    step = _Judgement(wanted, layer, replace(memory, has_read=True))
    step.is_fresh = not again
    step.evidence.extend(evidence)
    step.decide()
    return Verdict(orders=tuple(step.orders), memory=step.memory, evidence=tuple(step.evidence))


class _Judgement(Step):
    """One decision, in the order in which it is made."""

    # ── the order of judgement ───────────────────────────────────────────────────────────────────

    def decide(self) -> None:
        self.tell_problems()
        self.forgive()
        self._get_unstuck()
        self._decide_on_air()
        beneath.tend(self)

    def _decide_on_air(self) -> None:
        due = self.wanted.timeline.covering(self.here)
        if due is not None and isinstance(due.source, FreezeSource):
            self._freeze()
            return
        due, bad = self._playable(due)
        if not self.layer.is_empty and (self._is_on(due) or self._goes_on_as(due)):
            self._go_on(due)
        elif due is None and bad is None and self._is_moment():
            self._prepare()  # no slate for the blink of an eye
        elif bad is not None and self.tick < bad.since + self.frames(PATIENCE):
            self._prepare()  # the last picture stands while something better is being found
        else:
            self._bring(due)

    def _get_unstuck(self) -> None:
        """The way out of every stuck state: play the slate over it, and say what failed."""
        stuck = find_stuck(self.wanted, self.layer, self.memory)
        if stuck is None:
            return
        airing = self.memory.airing
        if stuck.short and airing is not None:
            self.evidence += ended(airing, self.tick - 1, "short", stuck.why)
            self.remember(airing=None, spent=self.layer.name)
        if stuck.cue is not None:
            self.fail(stuck.cue, stuck.why, tell=not stuck.short)
        if not stuck.short and not self.was_told("escape", self.frames(PATIENCE)):
            self.told("escape")
            self.show_slate()

    def _playable(self, cue: Cue | None) -> tuple[Cue | None, Bad | None]:
        """The cue, or the slate in its place if it is known that it cannot be played."""
        bad = self.memory.bad.get(names.cue_mark(cue)) if cue is not None else None
        return (None, bad) if bad is not None else (cue, None)

    def _is_moment(self) -> bool:
        """Whether what is planned next begins so soon that the picture had better stand."""
        start, _ = self.wanted.timeline.after(self.here)
        return not self.layer.is_empty and start <= self.here + self.frames(JOIN_LEAD)

    def _is_on(self, due: Cue | None) -> bool:
        """Whether the foreground is for `due`, and not held for a freeze instead."""
        airing = self.memory.airing
        held = airing.cue if airing is not None and self.layer.paused else None
        if held is not None and isinstance(held.source, FreezeSource):
            return False
        shown = recognise(self.layer, self.wanted.timeline, self.memory)
        return shown.ours and names.same_showing(shown.cue, due)

    def _goes_on_as(self, due: Cue | None) -> bool:
        """Whether a live picture that is on already simply becomes the next cue."""
        if due is None or not isinstance(due.source, LiveSource):
            return False
        if self.layer.name != due.source.url:
            return False
        if self.tick >= due.start:
            self.remember(known={**self.memory.known, self.layer.name: due})
        return True

    # ── what is due is on ────────────────────────────────────────────────────────────────────────

    def _go_on(self, due: Cue | None) -> None:
        if self.layer.paused:
            self.once("resume", Resume())
            return
        if self._is_far_off(due):
            self._bring(due, again=True)
            return
        self._prepare()

    def _is_far_off(self, due: Cue | None) -> bool:
        """Whether the picture is, and stays, so far from its place that only a cut helps."""
        off = self._off_by(due)
        if off is None or abs(off) <= self.frames(CUT_AT):
            if self.memory.off_since is not None:
                self.remember(off_since=None)
            return False
        since = self.memory.off_since
        if since is None:
            self.remember(off_since=self.tick)
            return False
        return self.tick - since >= self.frames(PATIENCE)

    def _off_by(self, due: Cue | None) -> int | None:
        if due is None or not isinstance(due.source, ClipSource) or due.source.loop:
            return None
        if self.layer.frame is None or not self.layer.is_clip or self.memory.coming is not None:
            return None
        return self.layer.frame - (due.source.in_frame + self.tick - due.start)

    def _prepare(self) -> None:
        """See to it that what comes next is in the background, and how it gets on air."""
        start, following = self.wanted.timeline.after(self.here)
        cue, _ = self._playable(following)
        source = cue.source if cue is not None else None
        ahead = LIVE_AHEAD if isinstance(source, LiveSource) else AHEAD
        same_live = isinstance(source, LiveSource) and source.url == self.layer.name
        if isinstance(source, FreezeSource):
            self._let_wait(start)
        elif start - self.tick > self.frames(ahead) or same_live:
            self.unload()
        elif self._is_behind(cue, start):
            self._tend(start)
        elif self._is_the_same(cue):
            self._rename(cue, start)
        elif self._is_near(cue, start) or self._comes_up(cue, start):
            pass  # it is taken for it when its time comes
        elif self.memory.coming is None:
            self.load(cue, start)

    def _is_the_same(self, cue: Cue | None) -> bool:
        """Whether what waits behind is `cue` under an older start: an act has moved it."""
        back = self.memory.back
        if back is None or cue is None or not isinstance(cue.source, ClipSource) or not back.ready:
            return False
        asked = (cue.source.path, cue.source.in_frame, cue.source.loop, cue.transition_frames)
        what = back.what
        same = asked == (what.path, what.in_frame, what.loop, what.blend_frames)
        return same and not self.wanted.timeline.has(back.cue)

    def _rename(self, cue: Cue | None, start: int) -> None:
        """Let what waits behind be for `cue` from now on."""
        back = self.memory.back
        if back is not None:
            known = {**self.memory.known, back.what.name: cue}
            self.remember(known=known, back=replace(back, cue=cue, take_at=start))

    def _let_wait(self, start: int) -> None:
        """Leave behind what a freeze at `start` stops in time, and nothing else."""
        back = self.memory.back
        fires = fires_at(self.layer, back.what.blend_frames) if back is not None else None
        if back is None or (back.auto and fires is not None and fires <= start):
            self.unload()

    def _is_near(self, cue: Cue | None, start: int) -> bool:
        """Whether `cue` is so near that what waits in the background had better be taken for it."""
        back = self.memory.back
        if back is None or start > self.here + self.frames(JOIN_LEAD):
            return False
        return self._ahead(back, cue) is not None

    def _comes_up(self, cue: Cue | None, start: int) -> bool:
        is_soon = start <= self.here + self.frames(JOIN_LEAD)
        return is_soon and beneath.is_ready_for(self, cue)

    def _is_behind(self, cue: Cue | None, start: int) -> bool:
        back = self.memory.back
        if back is None or back.take_at != start or not names.same_showing(back.cue, cue):
            return False
        frames = cue.transition_frames if cue is not None else 0
        return back.what.blend_frames == frames

    def _tend(self, start: int) -> None:
        """Ask whether the background has opened; keep its AUTO on time."""
        back = self.memory.back
        assert back is not None  # noqa: S101  # the caller has looked
        if self.is_lost(back):
            self.remember(back=None)
        elif not back.ready:
            self.ask(back)
        elif not back.trimmed and back.what.length is not None:
            self.trim(back)
        elif back.auto and not self.was_told("length", self.memory.lag + SHOWS_WITHIN):
            self._keep_auto(back, start)

    def _keep_auto(self, back: Back, start: int) -> None:
        fires = fires_at(self.layer, back.what.blend_frames)
        if fires == start or self.memory.coming is not None:
            return
        soon = start if fires is None else min(start, fires)
        if soon - self.tick > self.frames(LAST_CALL) and not self.is_steady():
            return  # by the next look it may lie elsewhere
        if self.make_end(back.what, start):
            return
        if fires is not None and self.tick <= fires and abs(fires - start) < LATE_AUTO:
            return  # too late to move it; loading it again would cost more than it is off
        if start - self.tick > self.memory.lag:
            self.load(back.cue, start)

    # ── what is due is not on ────────────────────────────────────────────────────────────────────

    def _bring(self, due: Cue | None, *, again: bool = False) -> None:
        """Get what is due on air: from the background if it is there, else by way of it."""
        if self.layer.is_empty and not self.was_told("escape", self.memory.lag + SHOWS_WITHIN):
            self.told("escape")
            self.show_slate()
        if due is None and self.was_told("escape", self.memory.lag + SHOWS_WITHIN):
            return  # it is under way
        if beneath.is_coming_up(self):
            return
        back = self.memory.back
        if back is not None and self.is_lost(back):
            self.remember(back=None)
            back = None
        if back is not None and names.same_showing(back.cue, due):
            self._arrive(back, due)
        elif self._resumes(due, self.here):
            self.remember(known={**self.memory.known, self.layer.name: due})
            self.once("resume", Resume())
        elif back is not None and not again and self._ahead(back, due) is not None:
            self._become(back, due)
        elif not again and beneath.is_ready_for(self, due):
            beneath.bring_up(self, due)
        else:
            self._join(due)

    def _arrive(self, back: Back, due: Cue | None, *, late_most: int = 1) -> None:
        """Take it at its frame, unless AUTO does; `late_most`: frames late that are not sought."""
        if back.taken_at is not None:
            if self.tick > back.taken_at + self.memory.lag + SHOWS_WITHIN:
                self.remember(back=replace(back, taken_at=None))
            return
        fires = fires_at(self.layer, back.what.blend_frames)
        by_itself = back.auto and fires is not None and fires <= back.take_at + LATE_AUTO
        if by_itself and self.tick <= back.take_at + LATE_AUTO:
            return
        if not back.ready:
            self.ask(back)
            return
        self.trim(back)
        late = self.here - back.take_at
        moves = due is not None and isinstance(due.source, ClipSource) and not due.source.loop
        if late > self.frames(CUT_AT) and moves:
            self._join(due)
        elif late > late_most and moves and not back.sought:
            self._seek(self.memory.back or back, late)
        elif late >= 0:
            self.take(self.memory.back or back)

    def _ahead(self, back: Back, cue: Cue | None) -> int | None:
        """By how much `cue` should be further than what waits in the background, if that is it.

        So a skip is seen at once: the next event was loaded for its old time, by another name.
        """
        if cue is None or not isinstance(cue.source, ClipSource) or not back.ready:
            return None
        if (cue.source.loop, cue.source.path) != (back.what.loop, back.what.path):
            return None
        ahead = cue.source.in_frame - back.what.in_frame + max(0, self.here - cue.start)
        is_it = -1 <= ahead <= self.frames(CUT_AT) and not self.wanted.timeline.has(back.cue)
        return ahead if is_it else None

    def _become(self, back: Back, due: Cue | None) -> None:
        """Take what waits in the background for what is due."""
        late = max(0, self._ahead(back, due) or 0)
        self.remember(
            known={**self.memory.known, back.what.name: due},
            back=replace(back, cue=due, take_at=self.here - late),
        )
        self._arrive(self.memory.back or back, due, late_most=self.frames(LATE_BY_ACT))

    def _seek(self, back: Back, late: int) -> None:
        """Have a background that comes late begin where it should be by then."""
        begin = back.what.in_frame + late + SEEK_TICKS
        self.orders.append(Seek(begin))
        self.remember(
            back=replace(
                back,
                what=replace(back.what, in_frame=begin),
                take_at=self.here + SEEK_TICKS,
                sought=True,
                auto=False,
            )
        )

    def _join(self, due: Cue | None) -> None:
        """Load what is due so that it begins at a frame that can be reached."""
        source = due.source if due is not None else None
        lead = self.frames(JOIN_IN) if isinstance(source, ClipSource) else 0
        start = due.start if due is not None else self.here
        at = max(start, self.here + lead)
        end = self.wanted.timeline.end_of(due) if due is not None else None
        if end is not None and at > max(start, end - LAST_FRAMES):
            self._prepare()
            return
        self.load(due, at)
        back = self.memory.back
        if lead == 0 and back is not None and at <= self.here and not self.layer.is_empty:
            self.take(back)

    def _freeze(self) -> None:
        """Hold the picture that is on; have ready what comes after."""
        back = self.memory.back
        if self.layer.is_empty:
            self._bring(None)
            return
        self.holds = True
        start, following = self.wanted.timeline.after(self.here)
        if not self.layer.paused:
            self.once("pause", Pause())
        if start >= FOREVER or self._resumes(following, start):
            return  # what waits behind waits with it, AUTO or not
        if back is not None and back.auto:
            self.unload()
        self._prepare()

    def _resumes(self, due: Cue | None, at: int) -> bool:
        """Whether the picture that stands is what is due: then it simply goes on."""
        airing = self.memory.airing
        if due is None or not isinstance(due.source, ClipSource) or not self.layer.paused:
            return False
        if airing is None or airing.name != self.layer.name or self.layer.frame is None:
            return False
        if not names.shows(self.layer.name, due.source.path) or due.source.loop != self.layer.loop:
            return False
        off = self.layer.frame + 1 - (due.source.in_frame + at - due.start)
        if self.layer.loop:
            return abs(nearest(off, self.layer.total)) <= RESUMES_NEAR
        left = self.layer.in_frame + self.layer.length - self.layer.frame
        return abs(off) <= RESUMES_NEAR and left > SETTLE  # else its end is where it stands
