"""The effective rundown as showings: what was planned, bent by live acts. Pure.

`reconciler.rundown.retime` does the bending; `Bender` does it again only when it must.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.model.rundown import Act, ResumeAct, Rundown
from reconciler.rundown.retime import retime
from reconciler.sidecar.showing import Showing


@dataclass(frozen=True, slots=True, kw_only=True)
class Bent:
    """Showings in order, without holes; what the transport does; the rundown that they make.

    `held` is what the next compile goes on from. It all stays true up to frame `until` (None:
    until there is another act or rundown).
    """

    showings: tuple[Showing, ...] = ()
    transport: str = "playing"
    rundown: Rundown | None = None
    held: Rundown | None = None
    until: int | None = None

    def at(self, frame: int) -> Showing | None:
        """The showing that is due at `frame`."""
        place = bisect_right(self.showings, frame, key=lambda s: s.start) - 1
        if place < 0 or frame >= self.showings[place].end:
            return None
        return self.showings[place]


def bend(rundown: Rundown | None, acts: Sequence[Act], now: int) -> Bent:
    """Bend `rundown` by the acts that it does not contain yet, as of frame `now`."""
    if rundown is None:
        return Bent()
    effective = retime(rundown, acts, now)
    return Bent(
        showings=tuple(Showing(event=event) for event in effective.rundown.events),
        transport=effective.mode.value,
        rundown=effective.rundown,
        held=effective.held,
        until=effective.until,
    )


class Bender:
    """Remembers the last bending for as long as it stays true, and goes on from what is over in it.

    So an act costs the same, however many came before it.
    """

    def __init__(self) -> None:
        self._made_of: tuple[Rundown | None, tuple[Act, ...]] | None = None
        self._bent = Bent()
        self._beneath: tuple[Bent, tuple[Showing, ...]] | None = None

    def bend(self, rundown: Rundown | None, acts: tuple[Act, ...], now: int) -> Bent:
        """Bend as `bend` does; cheap while nothing has changed."""
        until = self._bent.until
        known = self._made_of
        same = known is not None and known[0] is rundown and known[1] is acts
        if not same or (until is not None and now >= until):
            goes_on = known is not None and known[0] is rundown
            self._bent = bend(self._bent.held if goes_on else rundown, acts, now)
            self._made_of = (rundown, acts)
        return self._bent

    def beneath(self, now: int) -> tuple[Showing, ...]:
        """What a stop hides, as it would be shown if one went on at frame `now`, or later.

        The rundown runs on beneath it, so it stays the same for as long as nothing is bent anew.
        """
        if self._bent.transport != "stopped" or self._made_of is None:
            return ()
        if self._beneath is None or self._beneath[0] is not self._bent:
            acts = self._made_of[1]
            seq = max((act.seq for act in acts), default=0) + 1
            goes_on = (*acts, ResumeAct(seq=seq, at=now))
            self._beneath = (self._bent, bend(self._bent.held, goes_on, now).showings)
        return self._beneath[1]
