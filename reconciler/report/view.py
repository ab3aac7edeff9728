"""A plan as templates see it: headline, then groups of lines, all decided and worded.

Groups: channels by name, those that the audience notices first; then the inventory; then media.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from reconciler.model.ids import ChannelName
from reconciler.plan.actions import (
    Action,
    ChannelNote,
    ClearAlarm,
    CollectAsRun,
    EvictMedia,
    Hold,
    LoadRundown,
    Plan,
    RaiseAlarm,
    RemoveNode,
    RemuxMedia,
    RetireSidecar,
    SpawnSidecar,
    StageMedia,
    WriteNode,
    WriteRecorder,
)
from reconciler.plan.impact import local
from reconciler.plan.safety import FLAG
from reconciler.report.changes import MOST, changes
from reconciler.report.phrases import phrase

_SYMBOLS = {"+": "create", "~": "change", "±": "replace", "-": "retire", "·": "hold", "!": "alarm"}
_REMARKS = 5  # of one channel
_FILES = 20  # of one plan
_VERDICTS = 6  # of one placement


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line: its symbol and kind (for colours), its text, why, and lines that belong to it."""

    symbol: str
    text: str
    why: str = ""
    inner: tuple[Line, ...] = ()

    @property
    def kind(self) -> str:
        """A word for the symbol."""
        return _SYMBOLS.get(self.symbol, "note")


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What belongs together; `impact` is empty for what is no channel."""

    name: str
    impact: str
    kind: str  # none, at, now
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A whole plan, worded."""

    headline: str
    is_quiet: bool  # the headline says all
    refused: str
    allow: str
    warnings: tuple[str, ...]
    groups: tuple[Group, ...]
    digest: str
    label: str


def view(plan: Plan) -> View:
    """Word a plan."""
    quiet = plan.is_routine and not plan.holds
    return View(
        headline=_headline(plan),
        is_quiet=quiet,
        refused=plan.refused,
        allow=f"reconcile --only {plan.digest[:6]} {FLAG}" if plan.refused else "",
        warnings=plan.warnings,
        groups=() if quiet else _groups(plan),
        digest=plan.digest,
        label=plan.label,
    )


def _headline(plan: Plan) -> str:
    on_air = _count(plan.on_air, "channel")
    if plan.is_routine:
        held = f", {_count(len(plan.holds), 'hold')}" if plan.holds else ""
        return f"nothing to do: {on_air} on air{held}, lineup {plan.label}"
    acts = _count(len(plan.actions), "action")
    held = f", {_count(len(plan.holds), 'hold')}" if plan.holds else ""
    return f"plan {plan.digest[:6]}: {acts}{held}, {on_air} on air, lineup {plan.label}"


def _groups(plan: Plan) -> tuple[Group, ...]:
    own: dict[ChannelName, list[Action]] = {}
    rows: list[Action] = []
    media: list[Action] = []
    for action in plan.actions:
        match action:
            case WriteNode() | RemoveNode() | WriteRecorder():
                rows.append(action)
            case StageMedia() | RemuxMedia() | EvictMedia():
                media.append(action)
            case _:
                own.setdefault(action.channel, []).append(action)
    holds: dict[ChannelName | None, list[Hold]] = {}
    for hold in plan.holds:
        holds.setdefault(hold.channel, []).append(hold)
    names = own.keys() | {name for name in holds if name is not None}
    channels = [
        _channel(plan.notes[n], own.get(n, []), holds.get(n, []), plan.taken_at)
        for n in sorted(names)
    ]
    return (
        *sorted(channels, key=lambda g: ("now", "at", "none").index(g.kind)),
        *_other("inventory", rows, holds.get(None, [])),
        *_other("media", media, []),
    )


def _channel(
    note: ChannelNote, actions: Sequence[Action], holds: Sequence[Hold], now: datetime | None
) -> Group:
    replaced = any(isinstance(a, RetireSidecar) for a in actions)
    lines = [_line(a, note, replaced=replaced) for a in actions if not _is_small(a, actions)]
    return Group(
        name=note.channel,
        impact=note.impact.text,
        kind=note.impact.kind,
        lines=(*lines, *(_hold(h, note.timezone, now) for h in holds), *_remarks(note, actions)),
    )


def _is_small(action: Action, actions: Sequence[Action]) -> bool:
    """Fetching as-run rows is told of only where it is all there is."""
    return isinstance(action, CollectAsRun) and len(actions) > 1


def _other(name: str, actions: Sequence[Action], holds: Sequence[Hold]) -> tuple[Group, ...]:
    if not actions and not holds:
        return ()
    lines = [Line(symbol=s, text=t, why=a.cause.value) for a in actions for s, t in (phrase(a),)]
    told = (*_cut(lines, _FILES), *(_hold(h, "UTC", None) for h in holds))
    return (Group(name=name, impact="", kind="none", lines=told),)


def _line(action: Action, note: ChannelNote, *, replaced: bool) -> Line:
    symbol, text = phrase(action)
    inner: tuple[Line, ...] = ()
    match action:
        case SpawnSidecar():
            symbol = "±" if replaced or action.counts_as_restart else symbol
            inner = _verdicts(note)
        case LoadRundown():
            inner = _rundown(action, note.timezone)
        case _:
            pass
    why = "" if isinstance(action, RaiseAlarm | ClearAlarm) else action.cause.value
    return Line(symbol=symbol, text=text, why=why, inner=inner)


def _verdicts(note: ChannelNote) -> tuple[Line, ...]:
    told = sorted(note.placement, key=lambda v: not v.chosen)
    lines = [Line(symbol=" ", text=f"{v.node}: {v.because}") for v in told]
    return _cut(lines, _VERDICTS) if len(lines) > 1 else ()


def _rundown(action: LoadRundown, timezone: str) -> tuple[Line, ...]:
    if action.held is None or action.first_change is None:
        return ()
    found = changes(action.held, action.rundown, since=action.first_change, timezone=timezone)
    return _cut([Line(symbol=c.symbol, text=c.text) for c in found], MOST)


def _hold(hold: Hold, timezone: str, now: datetime | None) -> Line:
    until = ""
    if hold.until is not None:
        clock = local(hold.until, now or hold.until, timezone)
        until = f" until {clock if clock.count(':') > 1 else f'{clock}:00'}"
    inner = (Line(symbol=" ", text=f"to allow it: {hold.allow}"),) if hold.allow else ()
    return Line(symbol="·", text=f"{hold.what} held{until}: {hold.because}", inner=inner)


def _remarks(note: ChannelNote, actions: Iterable[Action]) -> tuple[Line, ...]:
    """What a new rundown will do that its author may not want; each begins with its local time."""
    if not any(isinstance(action, LoadRundown) for action in actions):
        return ()
    return _cut([Line(symbol="!", text=remark.text) for remark in note.remarks], _REMARKS)


def _cut(lines: Sequence[Line], most: int) -> tuple[Line, ...]:
    if len(lines) <= most:
        return tuple(lines)
    return (*lines[:most], Line(symbol=" ", text=f"… and {len(lines) - most} more"))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
