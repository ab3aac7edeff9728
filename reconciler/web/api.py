"""What the pages ask for: the overview every half second, the slower things every few seconds."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Blueprint, Response, jsonify, request

from reconciler.model.rundown import Rundown
from reconciler.model.video import FrameClock
from reconciler.web.passes import PassShown, Row, read_pass
from reconciler.web.reading import Reading, coming, millis
from reconciler.web.shelf import Shelved
from reconciler.web.site import project_of, sees, site, visible, visitor

api = Blueprint("api", __name__, url_prefix="/api")

_LATEST = 40  # as-run rows of all channels together
_RUNDOWN = 200  # events, unless asked otherwise
_MOST_EVENTS = 2_000
_TRUSTED = 5_000  # milliseconds; an older reading proves nothing


@api.get("/overview")
def overview() -> Response:
    """Every channel that the visitor may see (or one: `?channel=`), as read back a moment ago."""
    only = request.args.get("channel")
    who = visitor()
    deps, board, shelf = site().deps, site().board, site().shelf.first()
    shown = {name: one for name, one in board.look().items() if sees(name)}
    now = millis(deps.clock.now())
    return jsonify(
        now_ms=now,
        poll_ms=int(board.interval() * 1000),
        lineup={"label": deps.lineup_label(), "error": deps.lineup_error()},
        database={"error": shelf.error},
        channels=[
            {
                **_aged(one, now),
                "can_edit": who.may_edit(project_of(name)),
                **_notes(name, shelf),
            }
            for name, one in shown.items()
            if only in (None, name)
        ],
    )


@api.get("/plan")
def plan() -> Response:
    """The last pass: what it did or refused, what it held, and the impact on each channel."""
    return jsonify(_pass(read_pass(site().deps.plan())))


@api.get("/journal")
def journal() -> Response:
    """The newest audit lines that concern channels which the visitor may see."""
    limit = max(1, min(request.args.get("limit", 100, int), 1_000))
    return jsonify(_mine(site().deps.reports.journal_tail(limit)))


@api.get("/activity")
def activity() -> Response:
    """What changes slowly: plan and holds, alarms, the latest as-run rows, the journal."""
    shelf = site().shelf.first()
    site().board.look()
    rows: list[Row] = [
        {**row, "channel": name}
        for name, latest in shelf.asrun.items()
        if sees(name)
        for row in latest
    ]
    rows.sort(key=lambda row: str(row.get("started_at") or ""), reverse=True)
    return jsonify(
        now_ms=millis(site().deps.clock.now()),
        last_pass=_pass(shelf.last_pass),
        alarms=_mine(shelf.alarms),
        asrun=rows[:_LATEST],
        journal=_mine(shelf.journal),
        media=[row for row in shelf.media if _concerns(row)],
        error=shelf.error,
    )


@api.get("/channels/<asked>/rundown")
def rundown(asked: str) -> Response:
    """The event on air and those to come, as the sidecar holds them, live acts included."""
    found = visible(asked)
    reading = site().board.reading(found.name)
    remarks = site().shelf.first().last_pass.remarks.get(found.name, ())
    held = _held(reading)
    if held is None:
        return jsonify(events=[], until_ms=None, commit="", remarks=remarks)
    limit = max(1, min(request.args.get("limit", _RUNDOWN, int), _MOST_EVENTS))
    clock = FrameClock(held.rate)
    return jsonify(
        events=coming(held, clock.showing_at(site().deps.clock.now()), limit),
        until_ms=millis(clock.instant(held.end)),
        commit=held.commit,
        remarks=[_timed(remark, clock) for remark in remarks],
    )


def _held(reading: Reading | None) -> Rundown | None:
    if reading is None or reading.seen is None or reading.seen.answer is None:
        return None
    return site().board.rundowns.held(reading.seen, reading.seen.answer)


def _timed(remark: Row, clock: FrameClock) -> Row:
    frame = remark.get("frame")
    return {**remark, "at_ms": millis(clock.instant(frame)) if isinstance(frame, int) else None}


def _pass(last: PassShown) -> Row | None:
    """A pass without what concerns channels that the visitor may not see."""
    if last.at_ms is None:
        return None
    return {
        "at_ms": last.at_ms,
        "commit": last.commit,
        "label": last.label,
        "outcome": last.outcome,
        "digest": last.digest,
        "refused": last.refused,
        "actions": _mine(last.actions),
        "holds": _mine(last.holds),
        "impacts": {name: text for name, text in last.impacts.items() if sees(name)},
        "warnings": list(last.warnings) if visitor().admin else [],
    }


def _mine(rows: Iterable[Row]) -> list[Row]:
    return [row for row in rows if sees(row.get("channel"))]


def _concerns(copy: Row) -> bool:
    """Whether a copy is of an asset that some channel plays which the visitor may see."""
    names = copy.get("channels")
    return visitor().admin or (isinstance(names, list) and any(map(sees, names)))


def _aged(one: Row, now: int) -> Row:
    """What was read too long ago to be trusted says so."""
    read = one["read_ms"]
    age = now - read if isinstance(read, int) else 0
    if age <= max(_TRUSTED, 4_000 * site().board.interval()):
        return one
    why = f"it was read {age // 1000} s ago"
    return {**one, "tally": {"colour": "unread", "word": "NO ANSWER", "why": why}, "acts": []}


def _notes(name: str, shelf: Shelved) -> dict[str, object]:
    """What the database adds to a channel's live state."""
    last = shelf.last_pass
    return {
        "holds": [hold for hold in last.holds if hold["channel"] == name],
        "impact": last.impacts.get(name, "none"),
        "alarms": [alarm for alarm in shelf.alarms if alarm.get("channel") == name],
    }
