"""YAML text -> plain maps, lists and texts; nothing is typed here, and no value is guessed at.

YAML 1.1 would turn `19:00:00` into 68400 and `no` into false, so every scalar stays the text that
was written. The events of libyaml are built up directly, which costs a third of what PyYAML's own
constructor takes; line numbers are looked up afterwards, only where there is a mistake to tell.
"""

from __future__ import annotations

import re
from typing import Any, NoReturn

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from reconciler.lineup.findings import Path, Step, shown

if not yaml.__with_libyaml__:  # pragma: no cover  # every wheel of PyYAML has it
    raise ImportError("PyYAML was built without libyaml; install the wheel: pip install PyYAML")

Event = Any  # PyYAML's stubs know neither a tag nor a mark for sure; each use below has checked

Raw = str | list["Raw"] | dict[str, "Raw"]

MAX_BYTES = 16 << 20  # a playlist of 100,000 items is half of it
MAX_DEPTH = 24  # the format needs seven
MAX_VALUES = 2_000_000  # after aliases are written out: an honest file stays far below

_MERGE = "<<"


class Mistake(Exception):  # it becomes a fault of the lineup, and is never shown itself
    """Text that cannot be read as YAML of ours: where, and why."""

    def __init__(self, line: int, problem: str, path: Path = ()) -> None:
        self.line = line
        self.problem = problem
        self.path = path
        super().__init__(problem)


def read_yaml(content: bytes) -> Raw | None:
    """Read one file; None when it holds nothing but comments. Raises `Mistake`."""
    text = _decode(content)
    builder = _Builder(text)
    try:
        return builder.document()
    except yaml.YAMLError as error:
        raise _mistake(error, text) from error


def _decode(content: bytes) -> str:
    if len(content) > MAX_BYTES:
        raise Mistake(0, f"expected at most {MAX_BYTES >> 20} MiB, found {len(content) >> 20} MiB")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        found = content[error.start]
        raise Mistake(line, f"expected UTF-8 text, found the byte 0x{found:02x}") from error


def _mistake(error: yaml.YAMLError, text: str) -> Mistake:
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 0
        return Mistake(line, _explain(str(error.problem or error.context), text, line))
    position = getattr(error, "position", 0)
    reason = getattr(error, "reason", "this is not YAML")
    line = text.encode().count(b"\n", 0, position) + 1
    return Mistake(line, f"expected YAML text, found a character that it cannot hold ({reason})")


def _explain(problem: str, text: str, line: int) -> str:
    lines = text.splitlines()
    written = lines[line - 1] if 0 < line <= len(lines) else ""
    if "\t" in written[: len(written) - len(written.lstrip())]:
        return "expected spaces at the start of the line, found a tab"
    if "{{" in written and not re.search(r"""["'].*\{\{""", written):
        return f'{problem}; a value with {{{{ … }}}} in it needs quotes: "{{{{ vars.x }}}}"'
    return f"this is not YAML: {problem}"


class _Builder:
    """Turn the events of one document into values, remembering what anchors stand for."""

    def __init__(self, text: str) -> None:
        self._next = yaml.CSafeLoader(text).get_event
        self._anchors: dict[str, tuple[Raw, int]] = {}
        self._values = 0

    def document(self) -> Raw | None:
        self._next()  # the stream's start
        event = self._next()
        if isinstance(event, StreamEndEvent):
            return None
        event = self._next()
        if isinstance(event, ScalarEvent) and not event.value and event.implicit[0]:
            return None
        value = self._value(event, 0, ())
        self._next()  # the document's end
        event = self._next()
        if isinstance(event, DocumentStartEvent):
            _fail(event, "expected one document in a file, found a second after `---`")
        return value

    def _value(self, event: Event, depth: int, path: Path) -> Raw:
        if isinstance(event, AliasEvent):
            return self._alias(event, path)
        if event.tag is not None:
            _fail(event, f"expected no tags, found `{_tag(event)}`: every value is text here", path)
        if depth > MAX_DEPTH:
            _fail(event, f"expected at most {MAX_DEPTH} levels of nesting", path)
        before = self._values
        self._count(event, 1)
        value = self._build(event, depth, path)
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, self._values - before)
        return value

    def _build(self, event: Event, depth: int, path: Path) -> Raw:
        if isinstance(event, ScalarEvent):
            return str(event.value)
        if isinstance(event, SequenceStartEvent):
            return self._list(depth + 1, path)
        return self._map(depth + 1, path)

    def _list(self, depth: int, path: Path) -> list[Raw]:
        values: list[Raw] = []
        while True:
            event = self._next()
            if event.__class__ is SequenceEndEvent:
                return values
            values.append(self._value(event, depth, (*path, len(values))))

    def _map(self, depth: int, path: Path) -> dict[str, Raw]:
        follow = self._next
        values: dict[str, Raw] = {}
        merged: list[Raw] = []
        while True:
            event = follow()
            if event.__class__ is MappingEndEvent:
                break
            key, style = _key(event, path)
            if key in values:
                _fail(event, "is written twice in this map", (*path, key))
            value = follow()
            if key == _MERGE and not style:
                merged.append(self._value(value, depth, (*path, key)))
            # The common case by far, without a call: a plain text.
            elif value.__class__ is ScalarEvent and value.tag is None and value.anchor is None:
                values[key] = value.value
                self._values += 1
            else:
                values[key] = self._value(value, depth, (*path, key))
        self._count(event, 0)
        return _merge(values, merged, event, path) if merged else values

    def _alias(self, event: AliasEvent, path: Path) -> Raw:
        if event.anchor not in self._anchors:
            _fail(event, f"expected an anchor `&{event.anchor}` before this alias", path)
        value, size = self._anchors[event.anchor]
        self._count(event, size)
        return value

    def _count(self, event: Event, more: int) -> None:
        self._values += more
        if self._values > MAX_VALUES:
            _fail(event, f"expected at most {MAX_VALUES:,} values with all aliases written out")


def _key(event: Event, path: Path) -> tuple[str, str]:
    if not isinstance(event, ScalarEvent):
        what = (
            "a key"
            if isinstance(event, AliasEvent)
            else "a key (a value with {{ … }} needs quotes)"
        )
        _fail(event, f"expected {what}, found a map, list or alias in its place", path)
    return str(event.value), str(event.style or "")


def _merge(values: dict[str, Raw], merged: list[Raw], event: Event, path: Path) -> dict[str, Raw]:
    result: dict[str, Raw] = {}
    for source in reversed([one for each in merged for one in _listed(each)]):
        if not isinstance(source, dict):
            _fail(event, f"expected a map to merge, found {shown(source)}", (*path, _MERGE))
        result.update(source)
    return result | values


def _listed(value: Raw) -> list[Raw]:
    return value if isinstance(value, list) else [value]


def _tag(event: Event) -> str:
    return str(event.tag).replace("tag:yaml.org,2002:", "!!")


def _fail(event: Event, problem: str, path: Path = ()) -> NoReturn:
    raise Mistake(event.start_mark.line + 1, problem, path)


def find_lines(content: bytes, paths: set[Path]) -> dict[Path, int]:
    """Look up on which line each path begins; a path that leads nowhere ends at what it reached."""
    root = yaml.compose(content.decode("utf-8-sig"), Loader=yaml.CSafeLoader)
    return {path: _line(root, path) for path in paths}


def _line(root: yaml.Node | None, path: Path) -> int:
    line = 0 if root is None else root.start_mark.line + 1
    if not path:
        return line
    node = root
    for step in path:
        found = _step(node, step)
        if found is None:
            break
        key, node = found
        line = key.start_mark.line + 1
    return line


def _step(node: yaml.Node | None, step: Step) -> tuple[yaml.Node, yaml.Node] | None:
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == step:
                return key, value
    return None
