"""Digests that mean something: of one value, and of a plan.

A plan's digest tells whether two people look at the same decision. Instants of reading, ages and
routine as-run fetches are left out of it, so that a plan read at noon can be applied at a minute
past; a rundown counts by the lineup it was compiled from, since its window moves with the clock.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum
from fractions import Fraction
from functools import lru_cache
from hashlib import sha256

from reconciler.model.desired import DesiredNode
from reconciler.model.ids import ChannelName
from reconciler.model.text import Text
from reconciler.plan.actions import (
    Action,
    ChannelNote,
    CollectAsRun,
    Hold,
    LoadRundown,
    RemuxMedia,
    StageMedia,
)

_LEFT_OUT: Mapping[type, frozenset[str]] = {
    StageMedia: frozenset({"due"}),
    RemuxMedia: frozenset({"due"}),
    LoadRundown: frozenset({"digest", "rundown", "held"}),
}


def digest_of(value: object) -> str:
    """Sixteen hex digits of `value`'s canonical form; equal values, equal digest, for ever."""
    text = json.dumps(canonical(value), sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()[:16]


@lru_cache(maxsize=4096)
def node_digest(node: DesiredNode) -> str:
    """Digest of an inventory row's content."""
    return digest_of(node)


def plan_digest(
    actions: Iterable[Action], holds: Iterable[Hold], notes: Mapping[ChannelName, ChannelNote]
) -> str:
    """Digest of what a plan means, by content alone."""
    impacts = {name: note.impact for name, note in notes.items() if note.impact.kind != "none"}
    told = [_told(action) for action in actions if not isinstance(action, CollectAsRun)]
    return digest_of([told, list(holds), impacts])


def canonical(value: object) -> object:  # noqa: PLR0911  # one line per kind of value
    """Turn a value into JSON's own types, sorted where it has no order; secrets stay out."""
    match value:
        case None | bool() | int() | str():
            return value
        case Text():
            return [value.shown, value.mark]
        case Enum():
            return value.value
        case Fraction() | datetime() | date() | time() | timedelta():
            return str(value)
        case Mapping():
            return {str(key): canonical(item) for key, item in value.items()}
        case frozenset() | set():
            return sorted((canonical(item) for item in value), key=str)
        case tuple() | list():
            return [canonical(item) for item in value]
        case _ if is_dataclass(value):
            return _record(value, frozenset())
        case _:
            raise TypeError(f"no canonical form for {type(value).__name__}")


def _told(action: Action) -> object:
    return _record(action, _LEFT_OUT.get(type(action), frozenset()))


def _record(value: object, left_out: frozenset[str]) -> Mapping[str, object]:
    record: dict[str, object] = {"is": type(value).__name__}
    for item in fields(value):  # type: ignore[arg-type]  # callers hand in dataclasses only
        if item.name not in left_out:
            record[item.name] = canonical(getattr(value, item.name))
    return record
