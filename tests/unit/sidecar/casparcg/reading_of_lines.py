"""How the engine takes a line apart, so that a test can say what it would read in ours.

Source: FACTS of the recordings, topic 08: quotes keep blanks, `\\"` is a quote, `\\\\` a backslash,
`\\n` a newline, any other pair is dropped; brackets keep blanks too.
"""

from __future__ import annotations

import re

TRANSITION = re.compile(
    r".*\b(VFADE|FADECUT|CUTFADE|CUT|PUSH|SLIDE|WIPE|MIX)\b\s*\d+", re.IGNORECASE | re.DOTALL
)
ESCAPED = {"\\": "\\", '"': '"', "n": "\n"}


def parameters(line: str) -> list[str]:
    """The parameters of one line."""
    found: list[str] = []
    word, quoted, depth, escape = "", False, 0, False
    for letter in line:
        if escape:
            word, escape = word + ESCAPED.get(letter, ""), False
        elif letter == "\\":
            escape = True
        elif letter == '"' and depth == 0:
            if quoted or word:
                found.append(word)
            word, quoted = "", not quoted
        elif letter == " " and not quoted and depth == 0:
            if word:
                found.append(word)
            word = ""
        else:
            depth += (letter == "(") - (letter == ")") if not quoted else 0
            word += letter
    return [*found, word] if word else found
