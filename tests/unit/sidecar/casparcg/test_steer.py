"""The steering against a layer that behaves as the recordings do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.model.desired import TransitionType
from reconciler.sidecar.casparcg.orders import (
    Lengthen,
    Load,
    Over,
    Pause,
    Probe,
    Resume,
    Take,
    Unload,
)
from reconciler.sidecar.engine_port import Cue, FreezeSource, LiveSource, SlateSource, StillSource
from tests.unit.sidecar.casparcg.model import SLATE, ZERO, Model, Run, clip, frames

FILES = {f"/media/{name}.mp4": 500 for name in "abcde"} | {"/media/bad.mp4": None}


def run(*cues: Cue, **files: int | None) -> Run:
    named = {f"/media/{name}.mp4": length for name, length in files.items()}
    return Run(Model({**FILES, **named, SLATE: None}), cues)


def freeze(start: int, frames: int | None) -> Cue:
    return Cue(key="freeze", start=ZERO + start, frames=frames, source=FreezeSource())


def mixed(cue: Cue, frames: int, kind: TransitionType = TransitionType.MIX) -> Cue:
    return replace(cue, transition=kind, transition_frames=frames)


def test_it_boots_into_the_slate_and_there_is_no_black_after_it() -> None:
    story = run(clip("a", 20, 50))
    story.until(90)
    kinds = [name for name, _ in story.shown(4, 90)]
    assert kinds == ["slate"] * 16 + ["a"] * 50 + ["slate"] * 20


def test_cues_join_without_a_frame_missing_or_twice() -> None:
    story = run(clip("a", 20, 50), clip("b", 70, 50, begin=10), clip("c", 120, 50, begin=100))
    story.until(175)
    assert story.shown(20, 170) == [
        *frames("a", 0, 50),
        *frames("b", 10, 60),
        *frames("c", 100, 150),
    ]
    assert story.began == [("a", 20, 0), ("b", 70, 10), ("c", 120, 100)]
    assert story.ended == [("a", 20, 69, "end"), ("b", 70, 119, "end"), ("c", 120, 169, "end")]


def test_the_same_file_twice_in_a_row_is_two_events() -> None:
    story = run(clip("one", 20, 40, path="/media/a.mp4"), clip("two", 60, 40, path="/media/a.mp4"))
    story.until(110)
    assert story.shown(20, 100) == [*frames("a", 0, 40), *frames("a", 0, 40)]
    assert story.began == [("one", 20, 0), ("two", 60, 0)]


def test_what_is_due_already_is_joined_at_its_present_frame() -> None:
    story = run(clip("a", -100, 200), clip("b", 100, 50))
    story.until(160)
    shown = [each for each in story.shown(0, 150) if each[0] != "slate"]
    first = shown[2] if shown[0][0] == "black" else shown[0]
    begin = first[1] - 100
    assert story.shown(begin, 150) == [*frames("a", begin + 100, 200), *frames("b", 0, 50)]
    assert begin < 20


def test_skip_takes_what_is_loaded_at_once_at_the_frame_it_should_be_at() -> None:
    story = run(clip("a", 20, 200), clip("b", 220, 100))
    story.until(60)
    story.cues = (clip("b2", 63, 100, path="/media/b.mp4"),)
    story.until(100)
    assert story.shown(55, 100) == [*frames("a", 35, 43), *frames("b", 0, 37)]
    assert story.began[-1] == ("b2", 63, 0)
    assert story.ended[-1] == ("a", 20, 62, "replaced")
    assert len(story.orders(Load)) == 3  # the slate's, and one of each clip


def test_a_late_start_is_made_good_at_the_next_join() -> None:
    story = run(clip("a", -100, 200), clip("b", 100, 50))
    story.model.opens_in = 14  # too slow for the first frame that was aimed at
    story.until(160)
    assert ("b", 100, 0) in story.began
    assert story.shown(60, 150) == [*frames("a", 160, 200), *frames("b", 0, 50)]


def test_a_start_that_is_off_by_a_frame_is_made_good_at_the_next_join() -> None:
    story = run(clip("a", 20, 60), clip("b", 80, 50))
    story.model.lag = 3  # one tick slower than usual, which the first take shows
    story.until(135)
    assert ("a", 21, 0) in story.began
    assert story.orders(Lengthen) == [Lengthen(59)]
    assert story.shown(80, 130) == frames("b", 0, 50)
    assert story.memory.lag == 3


def test_a_changed_end_of_what_is_on_moves_the_join_with_it() -> None:
    story = run(clip("a", 20, 200), clip("b", 220, 50))
    story.until(80)
    story.cues = (clip("a", 20, 100), clip("c", 120, 50))
    story.until(180)
    assert story.shown(20, 170) == [*frames("a", 0, 100), *frames("c", 0, 50)]
    assert story.ended[0] == ("a", 20, 119, "end")


def test_a_cue_that_is_prolonged_plays_on() -> None:
    story = run(clip("a", 20, 60), clip("b", 80, 50))
    story.until(40)
    story.cues = (clip("a", 20, 160), clip("b", 180, 50))
    story.until(235)
    assert story.shown(20, 230) == [*frames("a", 0, 160), *frames("b", 0, 50)]


@pytest.mark.parametrize("kind", [TransitionType.MIX, TransitionType.WIPE])
def test_both_sides_of_a_transition_go_on_beneath_it(kind: TransitionType) -> None:
    story = run(clip("a", 20, 50), mixed(clip("b", 70, 60), 12, kind), clip("c", 130, 30))
    story.until(165)
    load = story.orders(Load)
    assert [o.what.length for o in load if isinstance(o, Load)][:3] == [61, 60, 30]
    assert story.shown(70, 160) == [*frames("b", 0, 60), *frames("c", 0, 30)]
    assert ("b", 70, 0) in story.began
    assert ("a", 20, 69, "end") in story.ended


def test_a_transition_from_the_last_frames_of_a_file_is_taken_by_command() -> None:
    story = run(clip("a", 20, 50, path="/media/s.mp4"), mixed(clip("b", 70, 60), 12), s=50)
    story.until(140)
    assert story.shown(70, 130) == frames("b", 0, 60)
    behind = [
        o for o in story.orders(Load) if isinstance(o, Load) and o.what.path.endswith("b.mp4")
    ]
    assert [o.auto for o in behind] == [False]


def test_freeze_holds_the_picture_and_the_next_frame_follows() -> None:
    story = run(
        clip("a", 20, 35), freeze(55, 25), clip("a2", 80, 35, path="/media/a.mp4", begin=35)
    )
    story.until(120)
    assert story.shown(20, 115) == [
        *frames("a", 0, 35),
        *[("a", 34)] * 25,
        *frames("a", 35, 70),
    ]
    assert [key for key, _, _ in story.began] == ["a", "freeze", "a2"]
    assert story.orders(Pause)
    assert not story.orders(Resume)


def test_a_freeze_that_is_called_off_is_left_for_where_the_picture_would_be() -> None:
    story = run(clip("a", 20, 35), freeze(55, None))
    story.until(60)
    story.cues = (clip("a", 20, 200),)
    story.until(120)
    assert story.shown(118, 119) == [("a", 98)]


def test_a_pause_of_unknown_length_is_resumed_with_the_next_frame_and_what_waits_behind() -> None:
    story = run(clip("a", 20, 100), clip("b", 120, 50))
    story.until(50)
    story.cues = (clip("a", 20, 33), freeze(53, None))
    story.until(70)
    before = len(story.orders(Load))
    assert before == 2  # one of each clip
    story.cues = (freeze(53, 20), clip("a2", 73, 67, path="/media/a.mp4", begin=33))
    story.cues = (*story.cues, clip("b2", 140, 50, path="/media/b.mp4"))
    story.turn()
    story.until(80)
    assert len(story.orders(Load)) == before, "what waits behind is what it was"
    story.until(195)
    assert story.shown(20, 190) == [
        *frames("a", 0, 33),
        *[("a", 32)] * 20,
        *frames("a", 33, 100),
        *frames("b", 0, 50),
    ]
    assert [key for key, _, _ in story.began] == ["a", "freeze", "a2", "b2"]


def test_what_somebody_else_paused_goes_on() -> None:
    story = run(clip("a", 20, 400))
    story.until(60)
    story.model.paused = True
    story.until(64)
    assert story.orders(Resume)
    story.until(140)
    (shown,) = story.shown(139, 140)
    assert 110 <= shown[1] <= 119


def test_a_still_and_a_slate_are_taken_at_their_frame_and_left_at_the_next() -> None:
    picture = Cue(key="p", start=ZERO + 50, frames=30, source=StillSource(path="/media/p.png"))
    slate = Cue(key="s", start=ZERO + 80, frames=20, source=SlateSource())
    story = run(clip("a", 20, 30), picture, slate, clip("b", 100, 20))
    story.model.files = {**story.model.files, "/media/p.png": None}
    story.until(125)
    kinds = [name for name, _ in story.shown(20, 120)]
    assert kinds == ["a"] * 30 + ["p"] * 30 + ["slate"] * 20 + ["b"] * 20
    assert [each[:2] for each in story.began] == [("a", 20), ("p", 50), ("s", 80), ("b", 100)]


def test_a_loop_goes_round_and_is_left_at_the_next_start() -> None:
    story = run(
        clip("a", 20, 60, path="/media/l.mp4", begin=10, loop=True), clip("b", 80, 30), l=25
    )
    story.until(115)
    numbers = [number for _, number in story.shown(20, 80)]
    assert numbers == [(10 + place) % 25 for place in range(60)]
    assert story.shown(80, 110) == frames("b", 0, 30)


def test_a_live_input_is_shown_and_told_once_it_moves() -> None:
    live = Cue(
        key="live", start=ZERO + 60, frames=50, source=LiveSource(url="srt://127.0.0.1:9001")
    )
    story = run(clip("a", 20, 40), live, clip("b", 110, 30))
    story.until(145)
    assert ("live", 60, 0) in [(key, at, source) for key, at, source in story.began]
    assert story.shown(110, 140) == frames("b", 0, 30)


def test_a_broken_file_is_known_before_its_time_and_the_next_is_on_time() -> None:
    story = run(clip("a", 20, 100), clip("bad", 120, 50), clip("c", 170, 50))
    story.until(80)
    assert story.failed == ["bad"]
    story.until(225)
    assert story.shown(20, 120) == frames("a", 0, 100)
    assert story.shown(170, 220) == frames("c", 0, 50)
    assert "black" not in [name for name, _ in story.shown(4, 225)]


def test_a_file_that_is_not_there_leaves_no_earlier_clip_cued() -> None:
    story = run(clip("a", 20, 100), clip("gone", 120, 50), clip("c", 170, 50))
    story.until(40)
    assert story.failed == ["gone"]
    story.until(225)
    names = [name for name, _ in story.shown(120, 170)]
    assert "gone" not in names
    assert "c" not in names
    assert story.shown(170, 220) == frames("c", 0, 50)


def test_what_somebody_found_broken_is_told_without_loading_it() -> None:
    story = run(clip("a", 20, 100), clip("b", 120, 50))
    story.problems = {"/media/b.mp4": "it is truncated"}
    story.until(10)
    assert story.failed == ["b"]
    assert "/media/b.mp4" not in [o.what.path for o in story.orders(Load) if isinstance(o, Load)]


def test_a_file_that_is_shorter_than_promised_is_told_and_the_next_is_on_time() -> None:
    story = run(clip("a", 20, 100, path="/media/s.mp4"), clip("b", 120, 50), s=60)
    story.knows_lengths = True
    story.until(175)
    assert [each for each in story.ended if each[0] == "a"] == [("a", 20, 79, "short")]
    assert [key for key, _, _ in story.began] == ["a", "b"]
    assert story.shown(120, 170) == frames("b", 0, 50)


def test_a_picture_that_stands_still_is_played_over() -> None:
    story = run(clip("a", 20, 200), clip("b", 220, 50))
    story.until(60)
    stuck = story.model.front
    assert stuck is not None
    for _ in range(40):
        stuck.frame = 40
        story.turn()
    assert story.failed == ["a"]
    assert story.orders(Over)
    story.until(275)
    assert story.shown(220, 270) == frames("b", 0, 50)


def test_a_picture_far_from_its_place_is_cut_back_to_it() -> None:
    story = run(clip("a", 20, 300), clip("b", 320, 50))
    story.until(60)
    assert story.model.front is not None
    story.model.front.frame += 60
    story.until(200)
    assert story.shown(150, 200) == frames("a", 130, 180)
    assert [key for key, _, _ in story.began] == ["a"]


def test_a_missed_auto_is_taken_by_command() -> None:
    story = run(clip("a", 20, 50), clip("b", 70, 50))
    story.until(68)
    story.model.auto = False  # as after a STOP and PLAY by somebody else
    story.until(125)
    kinds = [name for name, _ in story.shown(70, 120)]
    assert kinds[8:] == ["b"] * 42


def test_a_background_that_is_gone_is_loaded_again() -> None:
    story = run(clip("a", 20, 80), clip("b", 100, 50))
    story.until(50)
    story.model.back = None
    story.until(155)
    assert story.shown(100, 150) == frames("b", 0, 50)


@pytest.mark.parametrize("at", range(2, 210, 7))
def test_whatever_it_forgets_the_right_event_is_on_air(at: int) -> None:
    cues = (clip("a", 20, 60), clip("b", 80, 60, begin=30), clip("c", 140, 60))
    story = run(*cues)
    story.until(at)
    story.forget()
    story.until(at + 30)
    story.until(215)
    due = {20 + i: ("a", i) for i in range(60)}
    due |= {80 + i: ("b", 30 + i) for i in range(60)}
    due |= {140 + i: ("c", i) for i in range(60)}
    for frame in range(max(20, at + 20), 200):
        (shown,) = story.shown(frame, frame + 1)
        assert shown == due[frame], (at, frame)


@pytest.mark.parametrize("at", range(2, 210, 9))
def test_an_engine_that_begins_anew_is_back_at_the_right_frame(at: int) -> None:
    cues = (clip("a", 20, 60), clip("b", 80, 60, begin=30), clip("c", 140, 60))
    story = run(*cues)
    story.until(at)
    story.model.front = story.model.back = None
    story.model.auto = story.model.paused = False
    story.forget()
    story.until(215)
    for frame in range(max(20, at + 25), 200):
        (shown,) = story.shown(frame, frame + 1)
        first = 20 if frame < 80 else 80 if frame < 140 else 140
        begin = 30 if first == 80 else 0
        assert shown[1] == begin + frame - first, (at, frame, shown)


def test_no_order_is_repeated_while_nothing_changes() -> None:
    story = run(clip("a", 20, 1000), clip("b", 1020, 50), a=2000)
    story.until(400)
    before = len(story.model.log)
    story.until(500)
    assert story.model.log[before:] == []
    assert len(story.orders(Take)) == 1
    assert len(story.orders(Probe)) <= 3
    assert len(story.orders(Unload)) <= 2


def test_three_hundred_short_events_with_in_points() -> None:
    files = {f"f{i}": 200 for i in range(7)}
    cues = [
        clip(f"e{i}", 25 + i * 25, 25, path=f"/media/f{i % 7}.mp4", begin=(i * 13) % 100)
        for i in range(300)
    ]
    story = run(*cues, **files)
    story.until(25 + 300 * 25 + 5)
    for i in range(300):
        begin = (i * 13) % 100
        assert story.shown(25 + i * 25, 50 + i * 25) == frames(f"f{i % 7}", begin, begin + 25)
    assert story.model.skipped == []
    assert story.memory.late == 0
    assert len(story.began) == 300


def live(key: str, start: int, count: int | None, url: str = "srt://127.0.0.1:9001") -> Cue:
    return Cue(key=key, start=ZERO + start, frames=count, source=LiveSource(url=url))


def test_a_live_picture_that_is_lost_gives_way_to_the_slate_and_is_called_again() -> None:
    story = run(live("live", 20, None))
    story.until(60)
    for _ in range(150):
        if story.model.front is not None and story.model.front.what.is_live:
            story.model.front.frame = 5
        story.turn()
    assert story.orders(Over)
    assert story.failed == []
    before = len(story.orders(Load))
    story.until(500)
    assert len(story.orders(Load)) > before
    assert story.shown(499, 500)[0][0] == ""  # the live picture, which has no file


def test_one_live_input_through_two_events_is_not_called_twice() -> None:
    story = run(live("one", 20, 60), live("two", 80, 60), clip("a", 140, 40))
    story.until(185)
    calls = [o for o in story.orders(Load) if isinstance(o, Load) and o.what.is_live]
    assert len(calls) == 1
    assert [(key, at) for key, at, _ in story.began] == [("one", 20), ("two", 80), ("a", 140)]
    assert story.shown(140, 180) == frames("a", 0, 40)


def test_a_freeze_with_nothing_to_hold_is_the_slate() -> None:
    story = run(freeze(-10, 40), clip("a", 30, 40))
    story.until(75)
    assert {name for name, _ in story.shown(4, 29)} == {"slate"}
    assert story.shown(32, 70) == frames("a", 2, 40)


def test_a_clip_that_would_be_joined_behind_its_end_is_told() -> None:
    story = run(clip("a", -100, 400, path="/media/s.mp4"), clip("b", 300, 40), s=60)
    story.until(60)
    assert story.failed == ["a"]
    assert story.shown(59, 60)[0][0] == "slate"


def test_an_order_of_which_nothing_is_seen_is_given_again() -> None:
    story = run(clip("a", 20, 400))
    story.until(17)
    story.turn()
    story.model._coming.clear()  # as if the connection had swallowed it
    story.until(60)
    assert len(story.orders(Take)) >= 2
    (shown,) = story.shown(59, 60)
    assert shown == ("a", 39)


def test_a_file_found_playing_near_its_place_is_taken_for_the_cue_that_is_due() -> None:
    story = run(clip("a", 20, 400))
    story.until(60)
    story.cues = (clip("another key", 21, 400, path="/media/a.mp4"),)
    story.forget()
    takes = len(story.orders(Take))
    story.until(100)
    assert ("another key", 20, 0) in story.began
    assert len(story.orders(Take)) == takes
    assert story.shown(60, 100) == frames("a", 40, 80)


def test_a_foreground_that_cannot_be_prolonged_is_left_by_command() -> None:
    story = run(clip("a", 20, 50, path="/media/s.mp4"), clip("b", 70, 50), s=55)
    story.until(40)
    story.cues = (clip("a", 20, 80, path="/media/s.mp4"), clip("b", 100, 50))
    story.until(155)
    assert story.shown(104, 150) == frames("b", 4, 50)


def test_what_failed_is_tried_again_after_a_while() -> None:
    story = run(clip("a", 20, 2000, path="/media/l.mp4"), clip("bad", 2020, 50), l=3000)
    story.until(1340)
    assert story.failed == ["bad"]
    story.model.files = {**story.model.files, "/media/bad.mp4": 500}
    story.until(2075)
    assert story.shown(2020, 2070) == frames("bad", 0, 50)


def test_a_count_that_swings_for_a_moment_moves_no_end() -> None:
    story = run(clip("a", 20, 300), clip("b", 320, 50))
    story.until(100)
    for shift in (5, 0, -3, 0):
        story.shift = shift
        story.until(story.model.tick - ZERO + 6)
    story.until(375)
    assert story.orders(Lengthen) == []
    assert story.shown(20, 370) == [*frames("a", 0, 300), *frames("b", 0, 50)]


def test_a_count_that_has_moved_for_good_moves_the_end_once() -> None:
    story = run(clip("a", 20, 300), clip("b", 320, 50))
    story.until(100)
    story.shift = 2
    story.until(375)
    assert story.orders(Lengthen) == [Lengthen(298)]
    assert story.shown(20, 368) == [*frames("a", 0, 298), *frames("b", 0, 50)]


def test_nothing_goes_on_past_its_end_while_a_broken_file_is_waited_for() -> None:
    story = run(clip("a", 20, 50), clip("bad", 70, 80), clip("b", 150, 50))
    story.until(68)
    story.problems = {"/media/bad.mp4": "it holds nothing"}
    story.until(205)
    assert story.orders(Lengthen) == []
    assert max(number for name, number in story.shown(20, 200) if name == "a") <= 50
    assert story.shown(150, 200) == frames("b", 0, 50)


def test_a_file_that_is_known_to_be_broken_is_told_once_and_never_loaded() -> None:
    story = run(clip("a", 20, 1300), clip("bad", 1320, 50), clip("b", 1370, 50), a=2000)
    story.problems = {"/media/bad.mp4": "it holds nothing"}
    story.until(1400)
    assert story.failed == ["bad"]
    loaded = [order.what.path for order in story.orders(Load) if isinstance(order, Load)]
    assert "/media/bad.mp4" not in loaded


def test_what_the_engine_could_not_open_is_tried_again_but_told_once() -> None:
    story = run(clip("bad", 20, 2000))
    story.until(1200)
    tried = [order for order in story.orders(Load) if isinstance(order, Load)]
    assert story.failed == ["bad"]
    assert sum(order.what.path == "/media/bad.mp4" for order in tried) >= 3


def test_a_clip_that_is_too_short_ends_once() -> None:
    story = run(clip("a", 20, 100), clip("b", 120, 50), a=50)
    story.until(175)
    assert [each[0] for each in story.began] == ["a", "b"]
    assert [(key, why) for key, *_, why in story.ended] == [("a", "short"), ("b", "end")]


def test_a_clip_as_long_as_its_cue_is_not_short_because_the_channel_ran_ahead() -> None:
    story = run(clip("a", 20, 100), clip("b", 120, 50), a=100)
    story.until(60)
    story.shift = -10  # a stall was caught up in a burst: the engine is ten ticks further
    story.until(200)
    assert ("a", 20, 119, "end") in story.ended or ("a", 20, 118, "end") in story.ended
    assert [why for *_, why in story.ended if why == "short"] == []
    assert "slate" not in {name for name, _ in story.shown(20, 170)}
    assert [key for key, *_ in story.began] == ["a", "b"]
