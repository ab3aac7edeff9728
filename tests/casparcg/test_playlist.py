"""The playlist flow and its traps, each as FACTS 4 and the recordings have it, in virtual time."""

from __future__ import annotations

from tests.casparcg.rig import Rig


def playing(clip: str = "a", ticks: int = 25) -> Rig:
    rig = Rig()
    rig.say(f"PLAY @ {clip}")
    rig.run(ticks)
    return rig


def test_auto_joins_without_gap_or_repeat() -> None:
    rig = playing()
    rig.say("LOADBG @ b AUTO")
    rig.run(150)
    assert rig.story() == ["black x1", "a 0 x2", "a 1-124", "b 0-47"]


def test_played_clip_shows_its_first_picture_twice() -> None:
    assert playing(ticks=10).story() == ["black x1", "a 0 x2", "a 1-7"]


def test_play_over_a_clip_lets_the_old_one_go_on_until_the_new_one_is_ready() -> None:
    rig = playing(ticks=13)
    rig.say("PLAY @ b")
    rig.run(5)
    assert rig.story() == ["black x1", "a 0 x2", "a 1-11", "b 0 x2", "b 1-2"]


def test_skip_to_a_loaded_background_is_a_clean_cut() -> None:
    rig = playing()
    rig.say("LOADBG @ b")
    rig.run(25)
    rig.say("PLAY @")
    rig.run(3)
    assert rig.story() == ["black x1", "a 0 x2", "a 1-47", "b 0-2"]


def test_missing_name_leaves_background_and_auto_in_place() -> None:
    rig = playing()
    rig.say("LOADBG @ b AUTO")
    assert rig.say("LOADBG @ nosuch AUTO") == "404 LOADBG FAILED"
    rig.run(125)
    assert rig.layer.foreground.state()["file/name"] == "b"


def test_auto_on_an_empty_layer_airs_at_once() -> None:
    rig = Rig()
    rig.say("LOADBG @ a AUTO")
    rig.run(5)
    assert rig.story() == ["black x1", "a 0 x2", "a 1-2"]


def test_auto_on_an_ended_clip_airs_at_once() -> None:
    rig = playing(ticks=140)
    rig.say("LOADBG @ b AUTO")
    rig.run(4)
    assert rig.story()[-2:] == ["b 0 x2", "b 1 x1"]


def test_ended_clip_freezes_unpaused_with_time_at_its_end() -> None:
    rig = playing(ticks=140)
    assert (rig.now("foreground/file/time"), rig.now("foreground/paused")) == ((5.0, 5.0), False)
    assert rig.now("foreground/producer") == "ffmpeg"
    assert rig.shown[-1].frozen


def test_background_without_auto_waits_for_ever() -> None:
    rig = playing()
    rig.say("LOADBG @ b")
    rig.run(300)
    assert rig.layer.foreground.state()["file/name"] == "a"


def test_clip_with_an_in_point_is_skipped_when_auto_comes_before_its_first_picture() -> None:
    rig = Rig()
    rig.say("PLAY @ a IN 60")
    rig.say("LOADBG @ b AUTO")
    rig.run(10)
    assert not any(picture.name == "a" for picture in rig.shown)
    assert rig.shown[-1].name == "b"


def test_the_same_two_ticks_later_plays_the_clip_to_its_end() -> None:
    rig = Rig()
    rig.say("PLAY @ a IN 60")
    rig.run(3)
    rig.say("LOADBG @ b AUTO")
    rig.run(80)
    assert "a 61-124" in rig.story()


def test_long_gop_needs_longer_before_auto_may_come() -> None:
    rig = Rig()
    rig.say("PLAY @ deep IN 60")
    rig.run(5)
    rig.say("LOADBG @ b AUTO")
    rig.run(10)
    assert rig.layer.foreground.state()["file/name"] == "b"


def test_in_point_of_zero_is_never_skipped() -> None:
    rig = Rig()
    rig.say("PLAY @ a")
    rig.say("LOADBG @ b AUTO")
    rig.run(140)
    assert "a 1-124" in rig.story()


def test_auto_behind_a_loop_never_fires_and_frames_left_wraps() -> None:
    rig = playing("a LOOP", ticks=25)
    rig.say("LOADBG @ b AUTO")
    rig.run(3)
    assert rig.now("foreground/frames_left") == 4294967295 - 25
    rig.run(500)
    assert rig.layer.foreground.state()["file/name"] == "a"


def test_ending_the_loop_lets_auto_fire() -> None:
    rig = playing("a LOOP")
    rig.say("LOADBG @ b AUTO")
    assert rig.say("CALL @ LOOP 0") == "201 CALL OK\r\n0"
    rig.run(130)
    assert rig.layer.foreground.state()["file/name"] == "b"


def test_auto_behind_a_file_that_never_opens_never_fires() -> None:
    rig = playing("bad")
    rig.say("LOADBG @ b AUTO")
    rig.run(300)
    assert rig.now("foreground/producer") == "transition"
    assert rig.now("foreground/frames_left") == 4294967294


def test_play_of_a_good_clip_gets_out_of_the_stuck_state() -> None:
    rig = playing("bad")
    rig.say("PLAY @ b")
    rig.run(5)
    assert rig.shown[-1].name == "b"


def test_unreadable_file_is_accepted_and_the_old_clip_plays_on() -> None:
    rig = playing()
    assert rig.say("PLAY @ bad") == "202 PLAY OK"
    rig.run(20)
    assert rig.shown[-1].name == "a"
    assert not rig.shown[-1].frozen
    assert rig.now("foreground/file/name") == "bad"
    assert rig.now("foreground/file/time") == (0.0, 0.0)


def test_unreadable_file_behind_auto_freezes_the_old_clip() -> None:
    rig = playing()
    rig.say("LOADBG @ bad AUTO")
    rig.run(300)
    assert (rig.shown[-1].name, rig.shown[-1].frame, rig.shown[-1].frozen) == ("a", 124, True)


def test_pause_holds_auto_and_resume_loses_nothing() -> None:
    rig = playing()
    rig.say("LOADBG @ b AUTO")
    rig.say("PAUSE @")
    rig.run(200)
    assert rig.now("foreground/paused") is True
    rig.say("RESUME @")
    rig.run(110)
    assert rig.story()[2:] == ["a 1-22", "a 22 x200", "a 23-124", "b 0-7"]


def test_stop_keeps_the_background_and_play_airs_it() -> None:
    rig = playing()
    rig.say("LOADBG @ b AUTO")
    rig.say("STOP @")
    rig.run(200)
    assert (rig.now("foreground/producer"), rig.now("background/producer")) == (
        "empty",
        "transition",
    )
    rig.say("PLAY @")
    rig.run(3)
    assert rig.shown[-1].name == "b"


def test_loadbg_empty_unqueues_and_auto_goes_to_black() -> None:
    rig = playing()
    rig.say("LOADBG @ EMPTY AUTO")
    rig.run(125)
    assert rig.now("foreground/producer") == "color"
    assert rig.shown[-1].kind == "black"


def test_load_stands_on_the_first_picture_until_play() -> None:
    rig = Rig()
    rig.say("LOAD @ a")
    rig.run(20)
    assert (rig.now("foreground/producer"), rig.now("foreground/paused")) == ("ffmpeg", True)
    rig.say("PLAY @")
    rig.run(2)
    assert rig.story()[1:] == ["a 0 x19", "a 1-2"]


def test_the_switch_shows_as_one_tick_of_transition_with_an_empty_background() -> None:
    rig = playing(ticks=50)
    rig.say("LOADBG @ b AUTO")
    seen = []
    for _ in range(90):
        rig.run()
        seen.append((rig.now("foreground/file/name"), rig.now("foreground/producer")))
    assert seen.count(("b", "transition")) == 1
    assert rig.now("background/producer") == "empty"


def test_background_tells_a_snapshot_with_times_of_zero() -> None:
    rig = playing()
    rig.say("LOADBG @ b IN 25")
    rig.run(10)
    assert rig.now("background/file/time") == rig.now("background/file/clip") == (0.0, 0.0)
    assert rig.now("background/producer") == "transition"


def test_late_auto_at_the_very_end_freezes_but_is_never_black() -> None:
    rig = playing(ticks=127)
    rig.say("LOADBG @ b AUTO")
    rig.run(6)
    assert "black" not in [picture.kind for picture in rig.shown[2:]]
    assert rig.story()[3:] == ["a 124 x1", "b 0 x2", "b 1-3"]


def test_set_mode_clears_the_layers() -> None:
    rig = playing()
    assert rig.say("SET 1 MODE 1080i5000") == "202 SET MODE OK"
    rig.run(2)
    assert rig.state() == {"format": "1080i5000", "framerate": (50, 1)}


def test_clear_removes_the_layer() -> None:
    rig = playing()
    rig.say("CLEAR @")
    rig.run(2)
    assert rig.now("foreground/producer") is None
