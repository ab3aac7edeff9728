"""In points, lengths, loops, seeks, transitions: FACTS 5, in channel units."""

from __future__ import annotations

import pytest

from tests.casparcg.rig import Rig

UNOPENED = 9223372036854775807


def shown_by(words: str, ticks: int = 40, mode: str = "720p2500") -> list[str]:
    rig = Rig(mode)
    rig.say(f"PLAY @ {words}")
    rig.run(ticks)
    return rig.story()[1:]


def test_in_and_length_name_exactly_these_frames() -> None:
    assert shown_by("a IN 25 LENGTH 10", 14) == ["a 25 x2", "a 26-34", "a 34 x2"]


def test_out_is_exclusive_and_counts_from_the_file() -> None:
    assert shown_by("a IN 25 OUT 35") == shown_by("a IN 25 LENGTH 10")


def test_seek_alone_is_the_in_point() -> None:
    assert shown_by("a SEEK 25 LENGTH 10") == shown_by("a IN 25 LENGTH 10")


def test_loop_starts_at_seek_once_then_at_in() -> None:
    assert shown_by("a SEEK 40 IN 25 OUT 50 LOOP", 50)[1:] == ["a 41-49", "a 25-49", "a 25-37"]


def test_units_are_channel_frames_whatever_the_file_has() -> None:
    rig = Rig()
    rig.say("PLAY @ fifty IN 25 LENGTH 3")
    rig.run(6)
    assert [picture.frame for picture in rig.shown[1:]] == [50, 50, 52, 54, 54]


def test_interlaced_channels_count_in_fields() -> None:
    rig = Rig("1080i5000")
    rig.say("PLAY @ a IN 25 LENGTH 50")
    rig.run(5)
    assert rig.call("CALL @ LENGTH") == 50
    assert rig.now("foreground/file/clip") == (0.5, 1.0)
    rig.say("PLAY @ a")
    rig.run(2)
    assert rig.call("CALL @ LENGTH") == 250


def test_interlaced_section_of_fifty_fields_lasts_one_second() -> None:
    rig = Rig("1080i5000")
    rig.say("PLAY @ a LENGTH 50")
    rig.run(10)
    rig.say("LOADBG @ b AUTO")
    rig.run(30)
    names = [picture.name for picture in rig.shown]
    assert 25 <= names.count("a") <= 27


def test_length_beyond_the_file_is_not_clamped_and_freezes_long() -> None:
    rig = Rig()
    rig.say("PLAY @ a IN 115 LENGTH 50")
    rig.run(5)
    rig.say("LOADBG @ b AUTO")
    rig.run(60)
    assert rig.shown[-1].name == "a"  # 62 frames after the start of a 50-frame section
    assert rig.now("foreground/frames_left") in range(15, 35)


def test_out_before_in_wraps_to_a_length_that_never_ends() -> None:
    rig = Rig()
    rig.say("PLAY @ a IN 100 OUT 50")
    rig.run(40)
    assert rig.now("foreground/file/clip") == (4.0, 171798689.84)


@pytest.mark.parametrize("words", ["PLAY @ a IN 500", "CALL @ SEEK 500"])
def test_place_past_the_end_is_black_for_ever(words: str) -> None:
    rig = Rig()
    rig.say("PLAY @ a")
    rig.run(5)
    rig.say(words)
    rig.run(5)
    rig.say("LOADBG @ b AUTO")
    rig.run(300)
    assert rig.shown[-1].kind == "black"
    assert rig.now("foreground/frames_left") == 124


def test_length_of_zero_shows_nothing_and_auto_goes_on() -> None:
    rig = Rig()
    rig.say("PLAY @ a LENGTH 0")
    rig.say("LOADBG @ b AUTO")
    rig.run(10)
    assert {picture.name for picture in rig.shown} == {"", "b"}


def test_truncated_file_freezes_twice_as_long_as_it_claims() -> None:
    rig = Rig()
    rig.say("PLAY @ cut")
    rig.run(5)
    rig.say("LOADBG @ b AUTO")
    rig.run(220)
    held = [picture for picture in rig.shown if picture.name == "cut" and picture.frame == 61]
    assert 120 <= len(held) <= 140


def test_still_takes_a_length_and_gives_one_less() -> None:
    rig = Rig()
    rig.say("PLAY @ still LENGTH 25")
    rig.say("LOADBG @ b AUTO")
    rig.run(40)
    assert "still x24" in rig.story()


def test_matroska_starts_one_frame_early() -> None:
    assert shown_by("film.mkv IN 30 LENGTH 20")[0] == "film 29 x2"


def test_transport_stream_holds_the_next_key_frame() -> None:
    assert shown_by("film.ts IN 30 LENGTH 20", 22)[0].startswith("film 50 x2")


def test_probe_tells_opened_unopened_negative_and_asked_lengths() -> None:
    rig = Rig()
    rig.say("PLAY @ long")
    wanted = {
        "a": 125,
        "a IN 25": 100,
        "a IN 25 LENGTH 50": 50,
        "bad": UNOPENED,
        "a IN 500": -375,
        "a LENGTH 500": 500,
        "film.ts": 126,
    }
    found = {}
    for words in wanted:
        rig.say(f"LOADBG @ {words}")
        rig.run(2)
        found[words] = rig.call("CALLBG @ LENGTH")
    assert found == wanted


def test_probe_of_a_slow_file_answers_when_it_has_opened() -> None:
    rig = Rig()
    rig.say("LOADBG @ slow")
    rig.run(5)
    assert rig.call("CALLBG @ LENGTH") == UNOPENED
    rig.run(10)
    assert rig.call("CALLBG @ LENGTH") == 125


@pytest.mark.parametrize("words", ["still", "EMPTY", "#FF0000"])
def test_probe_of_what_is_no_clip_is_never_answered(words: str) -> None:
    rig = Rig()
    rig.say(f"LOADBG @ {words}")
    assert rig.say("REQ 5 CALLBG @ LENGTH") == ""


@pytest.mark.parametrize("bad", ["SEEK abc", "FOO 1", "SEEK", "LOOP 2", "LOOP yes"])
def test_bad_call_is_never_answered_and_the_connection_goes_on(bad: str) -> None:
    rig = Rig()
    rig.say("PLAY @ a")
    rig.run(3)
    assert rig.say(f"REQ 7 CALL @ {bad}") == ""
    assert rig.say("PING") == "PONG"


def test_seek_near_the_end_brings_auto_forward() -> None:
    rig = Rig()
    rig.say("PLAY @ a")
    rig.run(10)
    rig.say("LOADBG @ b AUTO")
    assert rig.call("CALL @ SEEK 120") == 120
    rig.run(15)
    assert rig.shown[-1].name == "b"


def test_seek_words_name_their_places() -> None:
    rig = Rig()
    rig.say("PLAY @ a")
    rig.run(10)
    at = rig.shown[-1].frame
    assert rig.call("CALL @ SEEK REL 50") == at + 50
    assert (rig.call("CALL @ SEEK IN"), rig.call("CALL @ SEEK END -10")) == (0, 115)


@pytest.mark.parametrize(
    ("words", "begins"), [("MIX 25", 101), ("PUSH 12 LEFT", 114), ("VFADE 12", 120)]
)
def test_transition_by_auto_begins_before_the_end_under_both_clips(words: str, begins: int) -> None:
    rig = Rig()
    rig.say("PLAY @ a")
    rig.run(30)
    rig.say(f"LOADBG @ b {words} AUTO")
    while rig.now("foreground/producer") == "ffmpeg":
        rig.run()
    shown = rig.shown[-1]
    assert (shown.parts[0] if shown.parts else shown).frame == begins
    assert rig.now("foreground/transition/frame") == (1, int(words.split()[1]))


def test_name_of_a_file_can_act_as_a_command() -> None:
    rig = Rig()
    rig.say("PLAY @ long")
    rig.run(5)
    rig.say('LOADBG @ "mix 25.mp4"')
    assert rig.state() is not None
    rig.run(1)
    assert rig.now("background/transition/type") == "mix"
    rig.say("LOADBG @ AUTO")
    assert rig.layer.auto
    rig.say("LOADBG @ AUTO.mp4")
    assert not rig.layer.auto
    rig.say("PLAY @ empty")
    rig.run(1)
    assert rig.now("foreground/transition/producer") == "color"
