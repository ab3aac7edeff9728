from __future__ import annotations

from datetime import timedelta

from reconciler.model.media import TransferSeen, TransferStep


def test_what_is_left_follows_from_the_rate() -> None:
    moving = TransferSeen(stored="a.mp4", size=1000, done=400, rate=100, step=TransferStep.FETCHING)
    resting = TransferSeen(stored="a.mp4", size=1000, done=400, rate=0, step=TransferStep.RESTING)

    assert moving.left == timedelta(seconds=6)
    assert resting.left is None
