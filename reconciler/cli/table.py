"""Rows of text as columns that line up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(rows: Iterable[Sequence[str]]) -> list[str]:
    """One line per row; each column as wide as its widest cell. All rows are of equal length."""
    cells = [list(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]


def cut(text: str, width: int) -> str:
    """`text` in at most `width` characters, its end marked where some are left out."""
    return text if len(text) <= width else f"{text[: width - 1]}…"
