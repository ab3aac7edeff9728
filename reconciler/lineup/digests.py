"""Digests of resolved values: the same in every process, and blind to what a secret is."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from datetime import date, time, timedelta
from enum import Enum
from fractions import Fraction
from hashlib import sha256
from operator import attrgetter
from typing import Any

from reconciler.model.text import Text
from reconciler.model.video import VideoFormat

_MICROSECOND = timedelta(microseconds=1)
Writer = Callable[[Any], Any]


def digest(value: object) -> str:
    """Digest any value of the model; 16 hex digits."""
    written = json.dumps(plain(value), separators=(",", ":"), ensure_ascii=True)
    return sha256(written.encode()).hexdigest()[:16]


def plain(value: object) -> Any:
    """Write a value as lists and texts, in one way: sets sorted, maps sorted by key."""
    kind = value.__class__
    writer = _WRITERS.get(kind)
    if writer is None:
        writer = _WRITERS[kind] = _writer(kind)
    return writer(value)


def _same(value: object) -> object:
    return value


def _list(value: Any) -> list[Any]:
    return [plain(each) for each in value]


def _writer(kind: type[Any]) -> Writer:
    """Choose once for each class how its values are written."""
    if dataclasses.is_dataclass(kind):
        return _fields(kind)
    for base, writer in _BASES:
        if issubclass(kind, base):
            return writer
    raise TypeError(f"no digest of a {kind.__name__}")


def _fields(kind: type[Any]) -> Writer:
    names = [field.name for field in dataclasses.fields(kind)]
    # One more than needed, so that a class of one field, too, gives a tuple.
    fields = attrgetter("__class__", *names)
    label = kind.__name__

    def write(value: object) -> list[Any]:
        own = fields(value)[1:]
        return [label, *[each if each.__class__ in _PLAIN else plain(each) for each in own]]

    return write


_BASES: tuple[tuple[type[Any], Writer], ...] = (
    (Enum, lambda value: str(value.value)),
    (date, lambda value: value.isoformat()),
    (time, lambda value: value.isoformat()),
    (Fraction, str),
    (tuple, _list),
    (Mapping, lambda value: [[key, plain(value[key])] for key in sorted(value)]),
    (frozenset, lambda value: sorted((plain(each) for each in value), key=str)),
)
_PLAIN = frozenset({str, int, bool, type(None)})
_WRITERS: dict[type[Any], Writer] = {
    str: _same,
    int: _same,
    bool: _same,
    type(None): _same,
    tuple: _list,
    list: _list,
    timedelta: lambda value: f"{value // _MICROSECOND}us",
    # What may be shown, and the mark of what may not: never the value itself.
    Text: lambda value: ["text", value.shown, value.mark],
    VideoFormat: lambda value: value.name,
}
