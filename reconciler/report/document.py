"""A plan as JSON: a stable shape for programs. `version` changes when a field changes its meaning.

Secrets cannot be in it: outputs are told by what anyone may read, rundowns by their extent.
"""

from __future__ import annotations

from dataclasses import fields

from reconciler.model.rundown import Rundown
from reconciler.model.video import FrameClock
from reconciler.plan.actions import Action, AddOutput, ChannelNote, Hold, LoadRundown, Plan
from reconciler.plan.digest import canonical
from reconciler.plan.outputs import output_digest, output_type, shown_address
from reconciler.report.changes import Change, changes

VERSION = 1


def document(plan: Plan) -> dict[str, object]:
    """Everything a plan says."""
    return {
        "version": VERSION,
        "commit": plan.commit,
        "label": plan.label,
        "taken_at": plan.taken_at.isoformat() if plan.taken_at is not None else None,
        "digest": plan.digest,
        "on_air": plan.on_air,
        "is_empty": plan.is_empty,
        "is_routine": plan.is_routine,
        "refused": plan.refused,
        "interrupted": list(plan.interrupted),
        "warnings": list(plan.warnings),
        "actions": [_action(action, plan) for action in plan.actions],
        "holds": [_hold(hold) for hold in plan.holds],
        "channels": [_note(plan.notes[name]) for name in sorted(plan.notes)],
    }


def _action(action: Action, plan: Plan) -> dict[str, object]:
    told: dict[str, object] = {"do": _snake(type(action).__name__)}
    for item in fields(action):
        value = getattr(action, item.name)
        if not isinstance(value, Rundown) and item.name != "held":
            told[item.name] = canonical(value)
    match action:
        case AddOutput():
            told["output"] = {
                "name": action.output.name,
                "type": output_type(action.output),
                "address": shown_address(action.output),
                "digest": output_digest(action.output),
            }
        case LoadRundown():
            told |= _rundown(action, plan.notes[action.channel].timezone)
        case _:
            pass
    return told


def _rundown(action: LoadRundown, timezone: str) -> dict[str, object]:
    clock, first = FrameClock(action.rundown.rate), action.first_change
    found: tuple[Change, ...] = ()
    if action.held is not None and first is not None:
        found = changes(action.held, action.rundown, since=first, timezone=timezone)
    return {
        "events": len(action.rundown.events),
        "start": clock.instant(action.rundown.start).isoformat(),
        "end": clock.instant(action.rundown.end).isoformat(),
        "first_change_at": clock.instant(first).isoformat() if first is not None else None,
        "changes": [{"symbol": c.symbol, "text": c.text} for c in found],
    }


def _hold(hold: Hold) -> dict[str, object]:
    return {
        "channel": hold.channel,
        "what": hold.what,
        "because": hold.because,
        "until": hold.until.isoformat() if hold.until is not None else None,
        "allow": hold.allow,
    }


def _note(note: ChannelNote) -> dict[str, object]:
    impact = note.impact
    return {
        "channel": note.channel,
        "timezone": note.timezone,
        "impact": {
            "kind": impact.kind,
            "at": impact.at.isoformat() if impact.at is not None else None,
            "text": impact.text,
        },
        "placement": [
            {"node": v.node, "chosen": v.chosen, "because": v.because} for v in note.placement
        ],
        "remarks": [
            {"frame": r.frame, "kind": r.kind_name, "text": r.text, "event": r.event}
            for r in note.remarks
        ],
    }


def _snake(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")
