"""Assets and their copies as a table: where each is, how far it has come, when it is due. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reconciler.cli.table import cut, table
from reconciler.model.copies import CopyState, size_text
from reconciler.model.ids import AssetId
from reconciler.model.media import AssetFact, Catalogue
from reconciler.report.phrases import span_text
from reconciler.rundown.harm import known_of

_HEADER = ("asset", "node", "state", "size", "length", "loudness", "due")
_NAME = 28  # characters of a house number
_BAR = 12  # cells of a progress bar
_WIDTH = 100

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One asset on one node; `node` is empty for an asset that is nowhere and due nowhere."""

    asset: str
    node: str = ""
    state: str = ""
    size: int = 0
    done: int = 0
    seconds: float | None = None
    loudness: float | None = None
    due_at: str | None = None
    eta_at: str | None = None
    media_path: str = ""
    asked_by: str = ""
    problem: str = ""


def lines_of(
    wanted: Iterable[AssetId],
    copies: Iterable[Row],
    catalogue: Catalogue,
    due: Mapping[str, datetime],
    *,
    all_copies: bool,
) -> tuple[Line, ...]:
    """What there is of `wanted`, what is due first; `all_copies`: and of files that nobody wants.

    `due` is when a stored name airs next.
    """
    names = set(wanted)
    found: list[Line] = []
    seen: set[str] = set()
    for copy in copies:
        asset = str(copy["asset"] or "")
        if asset in names or all_copies:
            seen.add(asset)
            found.append(_of_copy(asset, copy, catalogue.get(AssetId(asset)), due))
    found += [_of_fact(name, catalogue.get(name)) for name in sorted(names) if name not in seen]
    return tuple(sorted(found, key=_order))


def _of_copy(asset: str, copy: Row, fact: AssetFact | None, due: Mapping[str, datetime]) -> Line:
    stored = str(copy["media_path"])
    airs = due.get(stored)
    length = copy["duration_ms"]
    return Line(
        asset=asset or stored,
        node=str(copy["node"]),
        state=str(copy["media_status"]),
        size=int(copy["size"]),
        done=int(copy["done"]),
        seconds=None if length is None else length / 1000,
        loudness=copy["loudness"],
        due_at=airs.isoformat() if airs is not None else copy["due_at"],
        eta_at=copy["eta_at"],
        media_path=stored,
        asked_by=str(copy["asked_by"]),
        problem=str(copy["error"] or (_of(fact) if fact is not None else "")),
    )


def _of(fact: AssetFact) -> str:
    return fact.problem or known_of(fact)


def _of_fact(asset: AssetId, fact: AssetFact | None) -> Line:
    if fact is None:
        return Line(asset=asset, state=CopyState.ERROR.value, problem="nothing is known of it")
    return Line(
        asset=asset,
        state=CopyState.ERROR.value if fact.problem else "",
        size=fact.size,
        seconds=float(fact.duration) if fact.duration is not None else None,
        problem=_of(fact),
    )


def _order(line: Line) -> tuple[bool, str, str, str]:
    return line.due_at is None, line.due_at or "", line.asset, line.node


def told(lines: Sequence[Line], now: datetime, *, bars: bool) -> Iterator[str]:
    """The table, with what is wrong beneath each line; `bars` for a terminal."""
    if not lines:
        return
    rows = table([_HEADER, *(_cells(line, now, bars=bars) for line in lines)])
    if bars and max(map(len, rows)) > _WIDTH:
        rows = table([_HEADER, *(_cells(line, now, bars=False) for line in lines)])
    rows = [cut(row, _WIDTH) for row in rows]
    yield rows[0]
    for row, line in zip(rows[1:], lines, strict=True):
        yield row
        if line.problem:
            yield cut(f"  ! {line.problem}", _WIDTH)
        if line.asked_by:
            yield cut(f"  ~ a new copy was asked for by {line.asked_by}", _WIDTH)


def _cells(line: Line, now: datetime, *, bars: bool) -> tuple[str, ...]:
    return (
        cut(line.asset, _NAME),
        line.node,
        _state(line, now, bars=bars),
        size_text(line.size) if line.size else "",
        _length(line.seconds),
        "" if line.loudness is None else f"{line.loudness:.1f} LUFS",
        _when(line.due_at, now),
    )


def _state(line: Line, now: datetime, *, bars: bool) -> str:
    """The older system's word; beside it, of what is under way, how far and how long still."""
    under_way = line.state == CopyState.STAGING.value or line.eta_at is not None
    if not under_way or not line.size:
        return line.state
    part = min(line.done / line.size, 1.0)
    bar = f" {'━' * round(part * _BAR)}{'─' * (_BAR - round(part * _BAR))}" if bars else ""
    left = ""
    if line.eta_at is not None:
        seconds = max(round((datetime.fromisoformat(line.eta_at) - now).total_seconds()), 0)
        left = f", {span_text(seconds)} left"
    return f"{line.state}{bar} {part:.0%}{left}"


def _length(seconds: float | None) -> str:
    if seconds is None:
        return ""
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"


def _when(due_at: str | None, now: datetime) -> str:
    if due_at is None:
        return ""
    seconds = round((datetime.fromisoformat(due_at) - now).total_seconds())
    return f"in {span_text(seconds)}" if seconds > 0 else "now"
