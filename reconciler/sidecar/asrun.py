"""One row of what went out, as the spool keeps it and the wire carries it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import datetime

from reconciler.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolRow:
    """One showing, or one thing that should have been shown; frames as the engine told them.

    `kind` is programme, alternate (`error` says instead of what, and why), filler, slate, live or
    act; `evidence` engine, partial or none (`output`
    is for whoever watches it); `why` end, skipped, cut, paused, failed, stopped, crash, missed or
    silent (from its beginning, or from its end on, it was shown inside and nothing left).
    `start_error_ms` is when its first frame began on the wall's clock, less its time; None where
    nothing was seen to begin.
    """

    event: str
    title: str
    asset: str
    playlist: str
    item: str
    kind: str
    started_at: datetime
    ended_at: datetime | None
    first_tick: int
    last_tick: int
    first_source_frame: int
    last_source_frame: int
    start_error_frames: int
    evidence: str
    why: str
    error: str = ""
    start_error_ms: int | None = None

    def to_wire(self) -> dict[str, object]:
        """Write it as JSON values."""
        wire: dict[str, object] = asdict(self)
        wire["started_at"] = self.started_at.isoformat()
        wire["ended_at"] = self.ended_at.isoformat() if self.ended_at else None
        return wire


def silent_or(row: SpoolRow, why: str) -> str:
    """Why a row ended: silent if nothing of it ever left, unless it failed."""
    return "silent" if row.evidence == "none" and why != "failed" else why


def row_from_wire(wire: object) -> SpoolRow:
    """Read what `to_wire` wrote, ignoring other members; raise `UsageError` otherwise."""
    if not isinstance(wire, dict):
        raise UsageError(f"as-run row: expected an object, found {type(wire).__name__}")
    try:
        wire = {"start_error_ms": None, **wire}  # rows of an older sidecar have none
        values = {each.name: wire[each.name] for each in fields(SpoolRow)}
        values["started_at"] = datetime.fromisoformat(values["started_at"])
        if values["ended_at"] is not None:
            values["ended_at"] = datetime.fromisoformat(values["ended_at"])
        return SpoolRow(**values)
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"as-run row: {error!r}") from error
