from __future__ import annotations

from reconciler.engine.protocol import Clip, Cue, Freeze, Live, Slate, Source
from reconciler.engine.timeline import OPEN_AT_MOST, Timeline, position_at


def cue(key: str, start: int, frames: int | None = None, source: Source | None = None) -> Cue:
    return Cue(key=key, start=start, frames=frames, source=source or Clip(path=f"/{key}"))


def opened(timeline: Timeline, tick: int, *failed: str) -> list[str]:
    return [c.key for c in timeline.to_open(tick, per_second=25, failed=failed)]


def test_cue_covers_its_frames_and_not_one_more() -> None:
    timeline = Timeline((cue("a", 10, 5), cue("b", 20)))
    shown = [timeline.covering(tick) for tick in (9, 10, 14, 15, 20, 99_999)]
    assert [c.key if c else None for c in shown] == [None, "a", "a", None, "b", "b"]


def test_open_end_lasts_until_the_next_start() -> None:
    a, b = cue("a", 0), cue("b", 7, 3)
    timeline = Timeline((a, b))
    assert (timeline.end_of(a), timeline.end_of(b)) == (7, 10)
    assert Timeline((a,)).end_of(a) is None


def test_two_playable_cues_are_opened_however_far_away() -> None:
    cues = tuple(cue(f"{n}", 100_000 * n, 1_000) for n in range(5))
    assert opened(Timeline(cues), 10) == ["0", "1", "2"]


def test_broken_cues_are_tried_again_but_not_counted() -> None:
    cues = tuple(cue(f"{n}", 100_000 * n, 1_000) for n in range(6))
    assert opened(Timeline(cues), 10, "1", "3") == ["0", "1", "2", "3", "4"]


def test_all_that_start_soon_are_opened_up_to_a_limit() -> None:
    cues = tuple(cue(f"{n}", 10 * n, 10) for n in range(20))
    assert opened(Timeline(cues), 5) == [f"{n}" for n in range(OPEN_AT_MOST)]


def test_slate_and_freeze_need_no_opening_and_past_cues_none_any_more() -> None:
    cues = (cue("a", 0, 10), cue("s", 10, 10, Slate()), cue("f", 20, 10, Freeze()), cue("b", 30))
    assert opened(Timeline(cues), 12) == ["b"]


def test_position_counts_from_the_in_point_or_from_the_start() -> None:
    clip = cue("a", 100, None, Clip(path="/a", start=40))
    assert position_at(clip, 105) == 45
    assert position_at(cue("l", 100, None, Live(url="udp://x:1")), 105) == 5
