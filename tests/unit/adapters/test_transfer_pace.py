from __future__ import annotations

from reconciler.adapters.transfer_pace import FIRST, MOST, Bucket, Pace, Share


def test_connections_are_added_while_they_bring_more() -> None:
    pace = Pace()
    for rate in (100, 150, 200, 300, 450, 900):
        pace.measured(rate)

    assert pace.hands == MOST


def test_one_that_brings_nothing_is_let_go_and_no_more_are_tried() -> None:
    pace = Pace()
    pace.measured(100)
    for _ in range(20):
        pace.measured(105)

    assert pace.hands == FIRST


def test_a_server_that_pushes_back_gets_half() -> None:
    pace = Pace()
    pace.pushed_back()
    assert pace.hands == FIRST // 2
    for _ in range(5):
        pace.pushed_back()
    assert pace.hands == 1


def spend(share: Share, seconds: float, chunk: int) -> int:
    """What one transfer gets in so many seconds, waiting as it is told."""
    now, got = 0.0, 0
    while now < seconds:
        got += chunk
        now += max(share.take(chunk, now), 1e-6)
    return got


def test_a_limited_line_gives_what_it_is_limited_to() -> None:
    share = Share(Bucket(1_000_000), left=1 << 40, due=None, now=0.0)

    assert 9_500_000 < spend(share, 10, 50_000) < 10_800_000


def test_without_a_limit_nobody_waits() -> None:
    assert Bucket(None).take(1 << 30, 0.0) == 0


def test_what_airs_soon_gets_what_it_needs_past_the_limit() -> None:
    bucket = Bucket(1_000_000)
    soon = Share(bucket, left=100_000_000, due=20, now=0.0)  # 10 MB/s are needed

    assert spend(soon, 10, 50_000) >= 100_000_000


def test_what_is_due_already_is_not_held_up() -> None:
    share = Share(Bucket(1_000), left=1_000_000, due=0, now=0.0)

    assert share.take(1_000_000, 1.0) == 0


def test_what_airs_soon_takes_from_what_airs_later() -> None:
    bucket = Bucket(1_000_000)
    soon = Share(bucket, left=50_000_000, due=10, now=0.0)
    later = Share(bucket, left=50_000_000, due=None, now=0.0)
    soon.take(5_000_000, 0.0)

    assert later.take(1, 0.0) > 4
