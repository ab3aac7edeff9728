"""A process to be killed while it stages one file: `python -m tests.stage_child URL SIZE MEDIA`."""

from __future__ import annotations

import sys
from pathlib import Path

from reconciler.adapters.media_files import MediaFolder
from reconciler.adapters.transfer import Line
from reconciler.model.orders import StageOrder


def main(url: str, size: str, media: str) -> None:
    """Stage what is at `url` as a.mp4."""
    order = StageOrder(
        stored="a.mp4",
        uri="https://store.example/a.bin",
        size=int(size),
        content="etag-0123456789abcdef",
        address=lambda: url,
    )
    MediaFolder(Path(media), Line()).stage(order, lambda _done, _total: None)


if __name__ == "__main__":
    main(*sys.argv[1:])
