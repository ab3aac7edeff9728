"""One decision in the making: what it orders, how the memory changes, what becomes known. Pure.

The acts that `steer.py` chooses from. None believes that it worked: each is remembered with its
tick, so that it is given again when nothing is seen of it.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from reconciler.sidecar.casparcg import names
from reconciler.sidecar.casparcg.cueing import (
    PastTheEndError,
    can_be,
    fires_at,
    material_for,
    may_auto,
    section_until,
    time_needed,
)
from reconciler.sidecar.casparcg.orders import (
    Lengthen,
    Load,
    Material,
    Order,
    Over,
    Probe,
    Take,
    Trim,
    Unload,
)
from reconciler.sidecar.casparcg.state import BAD_KNOWN, Back, Bad, Layer, Memory, Wanted
from reconciler.sidecar.engine_port import Cue, Evidence, Failed, LiveSource

OPEN_WITHIN = Fraction(3, 2)  # seconds in which a file must open
PROBE_EVERY = Fraction(1, 30)  # seconds between two looks whether it did: an act may wait for it
RETRY_AFTER = Fraction(15)  # seconds after which a cue that failed is tried again
LIVE_RETRY_AFTER = Fraction(5)
KNOWN_AHEAD = Fraction(60)  # seconds before its start from which on a broken file is told
STEADY_FOR = Fraction(1, 2)  # seconds without a leap of the engine's count before it is counted on
SHOWS_WITHIN = 4  # ticks more than usual after which an order is given again


class Step:
    """One reading, what is wanted, and the answer so far."""

    def __init__(self, wanted: Wanted, layer: Layer, memory: Memory) -> None:
        self.wanted = wanted
        self.layer = layer
        self.memory = memory
        self.orders: list[Order] = []
        self.evidence: list[Evidence] = []
        self.tick = layer.tick
        self.is_fresh = True  # the reading was not judged before
        self.holds = False  # the picture is to stand, so its end must put nothing on air
        self.here = layer.tick + memory.lag  # the first frame that an order can still reach

    # ── acts ─────────────────────────────────────────────────────────────────────────────────────

    def load(self, cue: Cue | None, at: int) -> None:
        """Load `cue` to be on air from frame `at`; by AUTO if that will be on time."""
        if self.was_told("load", 1):
            return
        number = self.memory.number + 1
        try:
            what = material_for(cue, at, number, self.wanted)
        except PastTheEndError:
            assert cue is not None  # noqa: S101  # only a file can be over
            self.fail(cue, "the clip ends before this position")
            return
        self.unload()
        auto = self._may_auto(cue, at, what)
        self.orders.append(Load(what=what, auto=auto))
        ready = what.still or what.is_live
        if not ready:
            self.orders.append(Probe())
        self.told("load")
        self.remember(
            number=number,
            known={**self.memory.known, what.name: cue} if not what.is_live else self.memory.known,
            back=Back(
                cue=cue,
                what=what,
                auto=auto,
                take_at=at,
                loaded_at=self.tick,
                ready=ready,
                probed_at=self.tick,
            ),
        )

    def _may_auto(self, cue: Cue | None, at: int, what: Material) -> bool:
        if (
            self.holds
            or self.memory.coming is not None
            or what.is_live
            or (cue is not None and at != cue.start)
        ):
            return False
        needed = time_needed(self.layer, what, self.wanted.rate)
        if not may_auto(self.layer, self.memory.airing, at - self.tick, needed):
            return False
        if fires_at(self.layer, what.blend_frames) == at:
            return True
        return self.make_end(what, at)

    def trim(self, back: Back) -> None:
        """Have what is loaded end at its time, now that it is known to have opened."""
        length = back.what.length
        if back.trimmed or not back.ready or length is None:
            return
        self.remember(back=replace(back, trimmed=True))
        if back.left is not None and length < back.left:
            self.orders.append(Trim(length))

    def show_slate(self) -> None:
        """Put the slate over whatever is on: it can always be shown."""
        number = self.memory.number + 1
        what = material_for(None, self.tick, number, self.wanted)
        self.orders.append(Over(what=what))
        self.remember(number=number, known={**self.memory.known, what.name: None})

    def unload(self) -> None:
        """Empty the background: a load that fails would leave there what was loaded before."""
        if self.memory.back is not None or self.layer.back != "empty":
            if self.memory.back is None and self.was_told("unload", SHOWS_WITHIN):
                return
            self.told("unload")
            self.orders.append(Unload())
            self.remember(back=None)

    def ask(self, back: Back) -> None:
        """Look again whether it has opened, up to a limit, at which it was looked at, too."""
        if back.probed_at - back.loaded_at > self.frames(OPEN_WITHIN):
            if back.cue is not None:
                self.fail(back.cue, "the engine cannot open it")
            self.unload()
        elif self.tick - back.probed_at >= self.frames(PROBE_EVERY):
            self.orders.append(Probe())
            self.remember(back=replace(back, probed_at=self.tick))

    def is_lost(self, back: Back) -> bool:
        """Whether the background should be there by now, and is not."""
        if self.tick <= back.loaded_at + self.memory.lag + SHOWS_WITHIN:
            return False
        return self.layer.back == "empty"

    def fail(self, cue: Cue, why: str, *, tell: bool = True) -> None:
        """Remember that a cue cannot be played, and tell it once."""
        mark = names.cue_mark(cue)
        live = isinstance(cue.source, LiveSource)
        if mark in self.memory.bad:
            return
        since = self.tick
        if live:  # it may come back at any time; the slate stands in, and it is called again
            since -= self.frames(RETRY_AFTER) - self.frames(LIVE_RETRY_AFTER)
        self.remember(bad={**self.memory.bad, mark: Bad(why, since)})
        if tell and not live and mark not in self.memory.failed:
            self.remember(failed=(*self.memory.failed, mark)[-BAD_KNOWN:])
            self.evidence.append(Failed(key=cue.key, error=why))

    def tell_problems(self) -> None:
        """Tell files that are known to be broken, before their time."""
        if not self.wanted.problems:
            return
        until = self.tick + self.frames(KNOWN_AHEAD)
        for cue in self.wanted.timeline.cues:
            if cue.start > until:
                return
            why = self.wanted.problems.get(names.path_of(cue, ""))
            if why is not None and not self._moves(cue):
                self.fail(cue, why)

    def _moves(self, cue: Cue) -> bool:
        """Whether the engine is seen playing it, whatever others think of its file."""
        airing = self.memory.airing
        return airing is not None and airing.moving and names.same_showing(airing.cue, cue)

    def forgive(self) -> None:
        """What failed a while ago is tried again, unless its file is known to be broken."""
        bad = self.memory.bad
        if not bad:
            return
        old = self.tick - self.frames(RETRY_AFTER)
        kept = {mark: each for mark, each in bad.items() if each.since > old}
        if len(kept) == len(bad):
            return
        broken = self._broken()
        kept = {mark: each for mark, each in bad.items() if mark in kept or mark in broken}
        if len(kept) != len(bad):
            self.remember(bad=kept)

    def _broken(self) -> set[str]:
        problems = self.wanted.problems
        cues = self.wanted.timeline.cues if problems else ()
        return {names.cue_mark(cue) for cue in cues if names.path_of(cue, "") in problems}

    def make_end(self, what: Material, start: int) -> bool:
        """Change the foreground's length so that AUTO fires at `start`, if that can be done.

        Never so that it goes on past its own end: what was to follow it is only being waited for.
        """
        if self._is_past_its_end(start):
            return False
        section = section_until(self.layer, start, what)
        if section is None or not can_be(self.layer, section, self._total_on_air()):
            return False
        self.told("length")
        self.orders.append(Lengthen(section))
        return True

    def _is_past_its_end(self, start: int) -> bool:
        airing, timeline = self.memory.airing, self.wanted.timeline
        end = timeline.end_of(airing.cue) if airing is not None else None
        return end is not None and start > end

    def is_steady(self) -> bool:
        """Whether the engine's count has kept its place for a while."""
        return self.tick - self.memory.grid[1] >= self.frames(STEADY_FOR)

    def _total_on_air(self) -> int | None:
        airing = self.memory.airing
        cue = airing.cue if airing is not None else None
        return self.wanted.lengths.get(names.path_of(cue, self.wanted.slate), self.layer.total)

    def take(self, back: Back) -> None:
        """Put the background on air."""
        timed = self.is_fresh and not self.orders
        self.remember(back=replace(back, taken_at=self.tick, timed=timed))
        self.orders.append(Take())

    # ── words ────────────────────────────────────────────────────────────────────────────────────

    def frames(self, seconds: Fraction) -> int:
        """Whole frames in `seconds`."""
        return self.wanted.frames(seconds)

    def remember(self, **changes: object) -> None:
        """Change the memory that the next reading is judged with."""
        self.memory = replace(self.memory, **changes)  # type: ignore[arg-type]  # names of fields

    def told(self, kind: str) -> None:
        """Note that an order of `kind` was given now."""
        self.remember(told_at={**self.memory.told_at, kind: self.tick})

    def was_told(self, kind: str, within: int) -> bool:
        """Whether an order of `kind` was given in the last `within` ticks."""
        at = self.memory.told_at.get(kind)
        return at is not None and self.tick - at < within

    def once(self, kind: str, order: Order) -> None:
        """Give an order, and again only if nothing is seen of it."""
        if not self.was_told(kind, self.memory.lag + SHOWS_WITHIN):
            self.told(kind)
            self.orders.append(order)
