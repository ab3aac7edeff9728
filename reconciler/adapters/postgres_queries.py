"""Reads `state/queries.sql`: every statement by its name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from reconciler.adapters.shipped import shipped

_HEAD = re.compile(r"^-- name: (\w+)\n-- (.+)\n", re.MULTILINE)


def parse_queries(text: str) -> Mapping[str, bytes]:
    """Split named statements apart; raise `ValueError` for one without purpose, body or own name.

    Bytes, because psycopg refuses text that it cannot know to be free of foreign values.
    """
    heads = list(_HEAD.finditer(text))
    if len(heads) != len(re.findall(r"^-- name:", text, re.MULTILINE)):
        raise ValueError("every query needs `-- name: …` and, below it, one line of purpose")
    found: dict[str, bytes] = {}
    for head, after in zip(heads, [*heads[1:], None], strict=True):
        body = text[head.end() : after.start() if after else len(text)]
        statement, _, rest = body.partition(";\n")
        if not statement.strip() or any(
            line and not line.startswith("--") for line in rest.splitlines()
        ):
            raise ValueError(f"query {head[1]!r}: expected one statement ended by `;`")
        if head[1] in found:
            raise ValueError(f"query {head[1]!r} is there twice")
        found[head[1]] = statement.strip().encode()
    return found


@cache
def queries() -> Mapping[str, bytes]:
    """Every shipped statement, read once."""
    return parse_queries(shipped("state/queries.sql").read_text(encoding="utf-8"))
