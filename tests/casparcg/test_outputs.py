"""Consumers that ADD accepts and that die, freeze or wait (FACTS 7)."""

from __future__ import annotations

from fractions import Fraction

import pytest

from tests.casparcg.config import OutputSetup, Setup
from tests.casparcg.rig import Rig

GOOD = "-format mpegts -codec:v libx264 -codec:a aac"
SRT = "srt://127.0.0.1:9001?mode=caller"
RTMP = "rtmp://127.0.0.1/live/one"


def added(rig: Rig, words: str) -> None:
    assert rig.say(f"ADD 1-800 {words}") == "202 ADD OK"
    rig.run(3)


def frames(rig: Rig, port: int = 800) -> object:
    return rig.state().get(f"output/port/{port}/file/frame")


@pytest.mark.parametrize(
    "words",
    [
        "FILE x.mp4 -codec:v nosuch",
        "FILE x.mp4 -filter:v nosuch",
        "STREAM /out/x.xyz",
        "FILE /proc/none/x.mp4",
    ],
)
def test_wrong_words_are_accepted_and_the_port_is_gone(words: str) -> None:
    rig = Rig()
    added(rig, words)
    assert rig.say("REMOVE 1-800") == "404 REMOVE FAILED"


def test_refused_stream_is_gone_within_a_frame() -> None:
    rig = Rig()
    rig.caspar.far_ends.set(RTMP, "refuses")
    added(rig, f"STREAM {RTMP} {GOOD}")
    assert rig.caspar.channel().consumers == {}


def test_srt_without_a_listener_waits_three_seconds() -> None:
    rig = Rig()
    rig.caspar.far_ends.set(SRT, "absent")
    added(rig, f"STREAM {SRT} {GOOD}")
    rig.run(60)
    assert (list(rig.caspar.channel().consumers), frames(rig)) == ([800], None)
    rig.run(20)
    assert rig.caspar.channel().consumers == {}


def test_far_end_that_never_answers_is_listed_for_ever_without_a_frame() -> None:
    rig = Rig()
    rig.caspar.far_ends.set(RTMP, "mute")
    added(rig, f"STREAM {RTMP} {GOOD}")
    rig.run(500)
    assert (list(rig.caspar.channel().consumers), frames(rig)) == ([800], None)


def test_lost_far_end_stays_listed_with_its_frame_frozen_until_removed_and_added() -> None:
    rig = Rig()
    rig.say("ADD 1-700 FILE anchor.mp4")
    added(rig, f"STREAM {SRT} {GOOD}")
    rig.caspar.far_ends.lose(SRT, after=1.0)
    rig.run(40)
    frozen, other = frames(rig), frames(rig, 700)
    rig.run(25)
    assert (frames(rig), frames(rig, 700)) == (frozen, int(str(other)) + 25)
    rig.caspar.far_ends.set(SRT, "listens")
    rig.run(25)
    assert frames(rig) == frozen  # it does not come back by itself
    assert rig.say("REMOVE 1-800") == "202 REMOVE OK"
    added(rig, f"STREAM {SRT} {GOOD}")
    assert frames(rig) == 2


def test_output_part_goes_stale_when_the_last_consumer_is_removed() -> None:
    rig = Rig()
    added(rig, "FILE x.mp4")
    last = frames(rig)
    rig.say("REMOVE 1-800")
    rig.run(50)
    assert (frames(rig), rig.caspar.channel().consumers) == (last, {})


def test_relative_playlist_dies_at_its_first_segment() -> None:
    rig = Rig()
    added(rig, f"STREAM rel/x.m3u8 {GOOD}")
    rig.run(100)
    assert int(str(frames(rig))) < 60


def test_first_picture_of_an_added_consumer_is_what_was_mixed_last() -> None:
    rig = Rig()
    rig.say("PLAY @ a")
    added(rig, "FILE x.mp4")
    rig.say("REMOVE 1-800")
    rig.run(50)
    added(rig, "FILE y.mp4")
    first, second = rig.caspar.channel().consumers[800].got[:2]
    assert (first.frame < 5, second.frame > 40) == (True, True)


def test_config_starts_its_consumers_with_the_channel() -> None:
    output = OutputSetup(kind="stream", path="/out/cfg.m3u8", arguments="-format hls")
    rig = Rig(setup=Setup(outputs=((output,),)))
    rig.run(10)
    assert len(rig.caspar.channel().consumers) == 1


def test_devices_are_there_only_when_the_machine_has_them() -> None:
    rig = Rig()
    assert rig.say("ADD 1 DECKLINK 1") == "403 ADD FAILED"
    assert rig.say("ADD 1 NDI") == "404 ADD FAILED"
    rig.caspar.machine.decklinks, rig.caspar.machine.ndi = frozenset({1}), True
    assert rig.say("ADD 1 DECKLINK 1") == rig.say("ADD 1 NDI") == "202 ADD OK"


def test_mixer_that_cannot_keep_up_slows_the_whole_channel() -> None:
    rig = Rig()
    rig.caspar.slowness = Fraction(2)
    rig.run(50)
    assert rig.caspar.channel().ticks == 25
