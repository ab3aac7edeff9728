"""A channel's state as INFO's XML and as OSC's messages: one tree, two spellings (FACTS 3)."""

from __future__ import annotations

from xml.sax.saxutils import escape

from tests.casparcg.producers import State, Value

WIDE = frozenset({"frames_left", "frame"})  # 64-bit where they are single numbers
Node = dict[str, "Node | list[str]"]
HEAD = '<?xml version="1.0" encoding="utf-8"?>\n'


def channel_xml(state: State) -> str:
    """The reply row of `INFO 1`: bare line feeds inside, as the real server sends it."""
    root: Node = {}
    for path in sorted(state):
        _put(root, path.split("/"), texts(state[path]))
    return document("channel", root)


def document(name: str, root: Node) -> str:
    """An XML document as the server prints it: three blanks a step, one element a line."""
    return HEAD + "\n".join(_element(name, root, 0)) + "\n"


def texts(value: Value) -> list[str]:
    return [_text(one) for one in (value if isinstance(value, tuple) else (value,))]


def _text(value: str | float) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.17g}" if isinstance(value, float) else str(value)


def _put(node: Node, parts: list[str], value: list[str]) -> None:
    name, *rest = parts
    if not rest:
        node[name] = value
        return
    below = node.setdefault(name, {})
    if isinstance(below, list):
        return
    if name == "streams":  # the real tree has one more level here
        inner = below.setdefault("file", {})
        below = inner if isinstance(inner, dict) else below
    if rest[0].isdecimal():
        rest[0] = f"{name}_{rest[0]}"
    _put(below, rest, value)


def _element(name: str, value: Node | list[str], depth: int) -> list[str]:
    blank = "   " * depth
    if isinstance(value, list):
        return [f"{blank}<{name}>{escape(one)}</{name}>" for one in value]
    if not value:
        return [f"{blank}<{name}/>"]
    inside = [line for key, below in value.items() for line in _element(key, below, depth + 1)]
    return [f"{blank}<{name}>", *inside, f"{blank}</{name}>"]
