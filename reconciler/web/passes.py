"""The last pass, kept as JSON, turned into what pages show: lines, holds, impacts. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.model.records import PassSeen

Row = Mapping[str, object]

_ROUTINE = "collect_as_run"  # in nearly every pass, and news to nobody
_TOLD = 3  # changes of one rundown


@dataclass(frozen=True, slots=True, kw_only=True)
class PassShown:
    """A pass for screens; a hold or an action without a channel concerns the whole cluster."""

    at_ms: int | None = None
    commit: str = ""
    label: str = ""
    outcome: str = ""
    digest: str = ""
    refused: str = ""
    actions: tuple[Row, ...] = ()
    holds: tuple[Row, ...] = ()
    impacts: Mapping[str, str] = field(default_factory=dict)
    remarks: Mapping[str, tuple[Row, ...]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def read_pass(last: PassSeen | None) -> PassShown:
    """Read a kept pass; a document that is not one shows as a pass without parts."""
    if last is None:
        return PassShown()
    plan = _parsed(last.plan_json)
    notes = {str(note.get("channel", "")): note for note in _rows(plan.get("channels"))}
    return PassShown(
        at_ms=int(last.at.timestamp() * 1000),
        commit=last.commit,
        label=last.label,
        outcome=last.outcome,
        digest=str(plan.get("digest", "")),
        actions=tuple(
            _action(one) for one in _rows(plan.get("actions")) if one.get("do") != _ROUTINE
        ),
        refused=str(plan.get("refused") or ""),
        holds=tuple(_hold(one) for one in _rows(plan.get("holds"))),
        impacts={name: _impact(note.get("impact")) for name, note in notes.items()},
        remarks={name: _rows(note.get("remarks")) for name, note in notes.items()},
        warnings=tuple(str(text) for text in _list(plan.get("warnings"))),
    )


def _parsed(text: str) -> Row:
    try:
        plan = json.loads(text or "{}")
    except ValueError:
        return {}
    return plan if isinstance(plan, dict) else {}


def _list(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else ()


def _rows(value: object) -> tuple[Row, ...]:
    return tuple(one for one in _list(value) if isinstance(one, dict))


def _impact(value: object) -> str:
    if isinstance(value, dict):
        return str(value.get("text", value.get("kind", "none")))
    return str(value) if value else "none"


def _hold(one: Row) -> Row:
    return {key: one.get(key) or "" for key in ("channel", "what", "because", "until", "allow")}


def _action(one: Row) -> Row:
    """Turn one action into its name, where it acts, and why."""
    name = str(one.get("do") or "act")
    changes = [str(change.get("text", "")) for change in _rows(one.get("changes"))]
    detail = one.get("asset") or one.get("stored") or one.get("text") or "; ".join(changes[:_TOLD])
    return {
        "symbol": _symbol(name),
        "text": _words(name),
        "channel": str(one.get("channel") or ""),
        "node": str(one.get("node") or ""),
        "detail": str(detail or ""),
        "cause": str(one.get("cause") or ""),
    }


def _words(name: str) -> str:
    return name.replace("_", " ")


def _symbol(name: str) -> str:
    if name.startswith(("remove", "retire", "evict", "release")):
        return "-"
    if name.startswith("raise"):
        return "!"
    return "+" if name.startswith(("spawn", "stage", "add", "claim")) else "~"
