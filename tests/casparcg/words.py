"""One AMCP line taken apart: blanks, quotes, escapes, parentheses (FACTS 9.3), the address."""

from __future__ import annotations

import re
from dataclasses import dataclass

CHANNEL_COMMANDS = frozenset(
    {
        "LOAD",
        "LOADBG",
        "PLAY",
        "PAUSE",
        "RESUME",
        "STOP",
        "CLEAR",
        "CALL",
        "CALLBG",
        "SWAP",
        "ADD",
        "REMOVE",
        "SET",
        "MIXER",
        "CG",
        "LOCK",
    }
)
_ADDRESS = re.compile(r"(\d+)(?:-(\d*).*)?")


def split(line: str) -> list[str]:
    """The words of a line; an unclosed quote takes the rest, an unknown escape drops both signs."""
    words, word, begun = [], "", False
    quoted, depth = False, 0
    signs = iter(line)
    for sign in signs:
        if sign == "\\":
            word += {'"': '"', "\\": "\\", "n": "\n"}.get(next(signs, ""), "")
            begun = True
        elif sign == '"':
            quoted, begun = not quoted, True
        elif sign == " " and not quoted and depth == 0:
            if begun:
                words.append(word)
            word, begun = "", False
        else:
            depth += 0 if quoted else {"(": 1, ")": -1 if depth else 0}.get(sign, 0)
            word += sign
            begun = True
    return [*words, word] if begun else words


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A line understood as far as its first words; `layer` is nothing when none was written."""

    line: str
    request: str | None
    name: str
    words: tuple[str, ...]
    channel: int | None = None
    layer: int | None = None

    @property
    def rest(self) -> str:
        return " ".join(self.words)


def understand(line: str) -> Command:
    """Read a line: `REQ id`, the command's name, its channel and layer where it needs one."""
    words = split(line)
    if words and words[0] == "/":
        words = words[1:]
    request = None
    if words and words[0].upper() == "REQ":
        request, words = (words[1] if len(words) > 1 else ""), words[2:]
    name = words[0].upper() if words else ""
    rest = words[1:]
    if name not in CHANNEL_COMMANDS:
        return Command(line=line, request=request, name=name, words=tuple(rest))
    channel, layer = address(rest[0]) if rest else (None, None)
    if channel is not None:
        rest = rest[1:]
    return Command(
        line=line, request=request, name=name, words=tuple(rest), channel=channel, layer=layer
    )


def address(word: str) -> tuple[int | None, int | None]:
    """`1-10` taken apart; a malformed layer is layer 0, and `1-10-20` is layer 10."""
    match = _ADDRESS.fullmatch(word)
    if match is None:
        return None, None
    if match[2] is None:
        return int(match[1]), None
    return int(match[1]), int(match[2] or 0)
