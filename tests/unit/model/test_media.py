from __future__ import annotations

from datetime import timedelta

import pytest

from reconciler.model.media import TransferSeen, TransferStep, address_of


@pytest.mark.parametrize(
    ("pattern", "address"),
    [
        ("https://x.example/{asset}.mov", "https://x.example/50%25%20A%3F1.mov"),
        ("s3://media/{asset}.mov", "s3://media/50% A?1.mov"),
        ("media/{asset}.*", "media/50% A?1.*"),
    ],
)
def test_a_name_is_escaped_where_the_web_reads_it(pattern: str, address: str) -> None:
    assert address_of(pattern, "50% A?1") == address


def test_what_is_left_follows_from_the_rate() -> None:
    moving = TransferSeen(stored="a.mp4", size=1000, done=400, rate=100, step=TransferStep.FETCHING)
    resting = TransferSeen(stored="a.mp4", size=1000, done=400, rate=0, step=TransferStep.RESTING)

    assert moving.left == timedelta(seconds=6)
    assert resting.left is None
