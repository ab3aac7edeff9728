"""What should have been on air and was not: one row each, so that as-run has no holes. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from reconciler.model.video import FrameClock
from reconciler.sidecar.asrun import SpoolRow
from reconciler.sidecar.player import Failure
from reconciler.sidecar.rows import blank
from reconciler.sidecar.showing import Showing

MOST_AT_ONCE = 5_000  # rows for one stretch of down time; a day of twenty-second events


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """What to account for: showings that begin from `since` on and end in (`after`, `until`].

    What began before `since` is accounted for by the row that it was on air with.
    """

    since: int
    after: int
    until: int
    rate: Fraction


def missed(
    showings: Sequence[Showing],
    stretch: Stretch,
    failed: Mapping[str, Failure],
    *,
    has_begun: Callable[[str], bool],
) -> tuple[SpoolRow, ...]:
    """One row for each event that ended in `stretch` and never began; failed ones say why."""
    rows: list[SpoolRow] = []
    for showing in _ended(showings, stretch):
        if has_begun(showing.event.id):
            continue
        failure = failed.get(showing.key)
        rows.append(_row(showing, stretch.rate, failure))
        if len(rows) >= MOST_AT_ONCE:
            break
    return tuple(rows)


def _ended(showings: Sequence[Showing], stretch: Stretch) -> Iterator[Showing]:
    for showing in showings:
        if showing.end > stretch.until:
            return
        if showing.end > stretch.after and showing.start >= stretch.since and not showing.frozen:
            yield showing


def _row(showing: Showing, rate: Fraction, failure: Failure | None) -> SpoolRow:
    clock = FrameClock(rate)
    return replace(
        blank(showing),
        started_at=clock.instant(showing.start),
        ended_at=clock.instant(showing.end),
        last_tick=showing.end - 1,
        first_source_frame=showing.in_frame,
        last_source_frame=showing.in_frame,
        why="missed" if failure is None else "failed",
        error=showing.event.instead if failure is None else failure.why,
    )
