"""Orders for a node's media, in one line: a file of this machine under a name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from reconciler.model.orders import StageOrder


def nobody(_done: int, _total: int) -> None:
    """Progress that nobody watches."""


def order_of(
    source: Path,
    size: int | None = None,
    stored: str = "a.mp4",
    *,
    uri: str = "",
    address: Callable[[], str] | None = None,
    sha256: str | None = None,
) -> StageOrder:
    """Stage `source`, as large as it is unless told otherwise."""
    where = uri or source.as_uri()
    return StageOrder(
        stored=stored,
        uri=where,
        size=source.stat().st_size if size is None else size,
        content=stored,
        address=address or (lambda: where),
        sha256=sha256,
    )
