"""Plain values -> the shapes of `files`, with every mistake put in an author's words.

A file with mistakes is typed a second time without its faulty parts, so that the checks that span
files can go on and all mistakes of a lineup are told together. What is so salvaged is only ever
checked, never put on air.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Annotated, Any, Generic, Literal, TypeVar, get_args, get_origin

from pydantic import BaseModel, Tag, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from reconciler.lineup.findings import Finding, Path, Step, either, expected, nearest
from reconciler.lineup.parse import Raw
from reconciler.lineup.scalars import Scalar

T = TypeVar("T")

_ROUNDS = 5  # each takes away what was faulty; what is still wrong then is left alone


@dataclass(frozen=True, slots=True)
class Typed(Generic[T]):
    """A file's value (None when nothing of it is usable), its mistakes, where lists were cut."""

    value: T | None
    findings: tuple[Finding, ...] = ()
    kept: Mapping[Path, tuple[int, ...]] = field(default_factory=dict)

    def authored(self, path: Path) -> Path:
        """The path in the file as written, for a path in `value`."""
        if not self.kept:
            return path
        walked: Path = ()
        for step in path:
            left = self.kept.get(walked)
            if isinstance(step, int) and left is not None and step < len(left):
                walked = (*walked, left[step])
            else:
                walked = (*walked, step)
        return walked


@lru_cache(maxsize=64)
def adapter(kind: Any) -> TypeAdapter[Any]:
    """The validator of one file's shape."""
    return TypeAdapter(kind)


def as_typed(kind: Any, raw: Raw, file: str, faulty: Iterable[Finding] = ()) -> Typed[Any]:
    """Type one file's plain value; `faulty` are mistakes already known, and left out of it."""
    known = {finding.path: finding for finding in faulty}
    if not known:
        try:
            return Typed(adapter(kind).validate_python(raw))
        except ValidationError as error:
            known = {each.path: each for each in _found(kind, error, file)}
    return _salvage(kind, raw, file, known)


def _salvage(kind: Any, raw: Raw, file: str, known: dict[Path, Finding]) -> Typed[Any]:
    cut = set(known)
    for _ in range(_ROUNDS):
        left, kept = _without(raw, cut)
        if left is None:
            break
        typed: Typed[Any] = Typed(None, (), kept)
        try:
            value = adapter(kind).validate_python(left)
        except ValidationError as error:
            for each in _found(kind, error, file):
                path = typed.authored(each.path)
                # Missing only because it was cut: then the map around it is of no use either.
                if path in cut:
                    cut.add(path[:-1])
                else:
                    cut.add(path)
                    known.setdefault(path, replace(each, path=path))
        else:
            return Typed(value, tuple(known.values()), kept)
    return Typed(None, tuple(known.values()))


def _found(kind: Any, error: ValidationError, file: str) -> Iterator[Finding]:
    for detail in error.errors(include_url=False):
        # A list with faulty items also counts as too short; the items have been told of.
        if detail["type"] == "too_short" and detail["input"]:
            continue
        path, at, owner = _trace(kind, detail["loc"])
        path, problem = _word(detail, path, at, owner)
        yield Finding(file, path, problem)


def _word(detail: ErrorDetails, path: Path, at: Any, owner: Any) -> tuple[Path, str]:
    found = detail["input"]
    match detail["type"]:
        case "extra_forbidden":
            known = _keys(owner)
            hint = nearest(str(path[-1]), known) or f"; expected {either(known)}"
            return path, f"unknown key{hint}"
        case "missing":
            what = _what(owner, str(path[-1]))
            return path, f"is missing; expected {what}" if what else "is missing"
        case "union_tag_invalid" | "union_tag_not_found" if isinstance(found, dict):
            return (*path, "type"), _type(found, [tag for _, tag in _options(at) if tag])
        case kind:
            return path, _PLAIN.get(kind, _map)(detail)


def _type(found: Mapping[str, Any], tags: list[str]) -> str:
    if "type" not in found:
        return f"is missing; expected {either(tags)}"
    return expected(either(tags), found["type"]) + nearest(str(found["type"]), tags)


def _map(detail: ErrorDetails) -> str:
    return expected("a map", detail["input"])


def _plain(detail: ErrorDetails) -> str:
    message = detail["msg"]
    if "found" in message:
        return message
    keys = detail["input"]
    if isinstance(keys, dict) and keys:
        return f"{message}, found {', '.join(f'`{key}`' for key in keys)}"
    return expected(message.removeprefix("expected "), keys)


_PLAIN: Mapping[str, Callable[[ErrorDetails], str]] = {
    "too_short": lambda _: "expected at least one, found none",
    "tuple_type": lambda detail: expected("a list", detail["input"]),
    "expected": _plain,
}


def _trace(kind: Any, loc: tuple[Step, ...]) -> tuple[Path, Any, Any]:
    """Follow pydantic's location: the path as authored, the type there, and the type it lies in."""
    path: Path = ()
    owner = at = kind
    for step in loc:
        if step == "[key]":
            continue
        options = _options(at)
        tagged = [option for option, tag in options if tag == step]
        if tagged and len(options) > 1:
            at = tagged[0]
            continue
        owner = options[0][0] if options else at
        at = _child(owner, step)
        path = (*path, step)
    return path, at, owner


def _options(kind: Any) -> list[tuple[Any, str]]:
    """The classes that a type may be, each with its tag in a tagged union."""
    if get_origin(kind) is Annotated:
        inner, *metadata = get_args(kind)
        tag = next((str(each.tag) for each in metadata if isinstance(each, Tag)), "")
        return [(option, tag or own) for option, own in _options(inner)]
    if get_origin(kind) in (tuple, None) or not _is_union(kind):
        return [(kind, _literal(kind))]
    return [one for each in get_args(kind) if each is not type(None) for one in _options(each)]


def _is_union(kind: Any) -> bool:
    return get_origin(kind) is not None and "Union" in str(get_origin(kind))


def _literal(kind: Any) -> str:
    if isinstance(kind, type) and issubclass(kind, BaseModel) and "type" in kind.model_fields:
        annotation = kind.model_fields["type"].annotation
        if get_origin(annotation) is Literal:
            return str(get_args(annotation)[0])
    return ""


def _child(kind: Any, step: Step) -> Any:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        for name, each in kind.model_fields.items():
            if step == (each.alias or name):
                return each.annotation
        return None
    arguments = get_args(kind)
    if not arguments:
        return None
    return arguments[0] if isinstance(step, int) else arguments[-1]


def _keys(kind: Any) -> list[str]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return [each.alias or name for name, each in kind.model_fields.items()]
    return []


def _what(kind: Any, key: str) -> str:
    if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
        return ""
    for name, each in kind.model_fields.items():
        if key == (each.alias or name):
            scalar = next((m for m in each.metadata if isinstance(m, Scalar)), None)
            return scalar.what if scalar else (each.description or "")
    return ""


def _without(raw: Raw, faulty: set[Path]) -> tuple[Raw | None, dict[Path, tuple[int, ...]]]:
    """Copy `raw` without its faulty parts; where lists lost items, which of them are left."""
    kept: dict[Path, tuple[int, ...]] = {}

    def copy(value: Raw, path: Path) -> Raw | None:
        if path in faulty:
            return None
        if isinstance(value, dict):
            return _map_without(value, path)
        if isinstance(value, list):
            pairs = [(i, copy(each, (*path, i))) for i, each in enumerate(value)]
            left = [(i, each) for i, each in pairs if each is not None]
            if len(left) < len(value):
                kept[path] = tuple(i for i, _ in left)
            return [each for _, each in left]
        return value

    def _map_without(value: dict[str, Raw], path: Path) -> Raw | None:
        # What is missing was found at a key that is not there: without it the map is of no use.
        if any(each[:-1] == path and each[-1] not in value for each in faulty):
            return None
        pairs = ((key, copy(each, (*path, key))) for key, each in value.items())
        return {key: each for key, each in pairs if each is not None}

    return copy(raw, ()), kept
