"""Commands as the engine wants them, and what is refused before it can be misread."""

from __future__ import annotations

import pytest

from reconciler.errors import UsageError
from reconciler.sidecar.casparcg import amcp
from reconciler.sidecar.casparcg.amcp import (
    Clip,
    Colour,
    Command,
    DeckLinkInput,
    Empty,
    Stream,
    Transition,
)
from tests.unit.sidecar.casparcg import recordings

MIX = Transition(kind="MIX", frames=25)


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (amcp.play(10), "PLAY 1-10"),
        (amcp.play(10, Clip(name="a.mp4")), "PLAY 1-10 a.mp4"),
        (
            amcp.play(10, Clip(name="a.mp4", in_frame=25, length=10), MIX),
            "PLAY 1-10 a.mp4 IN 25 LENGTH 10 MIX 25",
        ),
        (amcp.play(10, Clip(name="d/a.mp4", loop=True)), "PLAY 1-10 d/a.mp4 LOOP"),
        (amcp.play(10, Colour(argb="ff00ff00")), "PLAY 1-10 #FF00FF00"),
        (amcp.play(10, DeckLinkInput(device=2)), "PLAY 1-10 DECKLINK DEVICE 2"),
        (amcp.play(10, Stream(url="srt://h:1?x=(1)")), 'PLAY 1-10 "srt://h:1?x=(1)"'),
        (
            amcp.play(10, Empty(), Transition(kind="PUSH", frames=5, direction="LEFT")),
            "PLAY 1-10 EMPTY PUSH 5 LINEAR LEFT",
        ),
        (amcp.load(10, Clip(name="a.mp4")), "LOAD 1-10 a.mp4"),
        (amcp.load(10), "LOAD 1-10"),
        (
            amcp.loadbg(10, Clip(name="a.mp4"), auto=True, transition=MIX),
            "LOADBG 1-10 a.mp4 MIX 25 AUTO",
        ),
        (amcp.loadbg_empty(10), "LOADBG 1-10 EMPTY"),
        (amcp.pause(10), "PAUSE 1-10"),
        (amcp.resume(10), "RESUME 1-10"),
        (amcp.stop(10), "STOP 1-10"),
        (amcp.clear(10), "CLEAR 1-10"),
        (amcp.clear(), "CLEAR 1"),
        (amcp.call(10, "SEEK", 40), "CALL 1-10 SEEK 40"),
        (amcp.call(10, "REL", -5), "CALL 1-10 REL -5"),
        (amcp.call(10, "LOOP", 0), "CALL 1-10 LOOP 0"),
        (amcp.callbg(10, "LENGTH"), "CALLBG 1-10 LENGTH"),
        (amcp.volume(10, 0.5), "MIXER 1-10 VOLUME 0.5"),
        (amcp.opacity(11, 1), "MIXER 1-11 OPACITY 1"),
        (amcp.swap(10, 9), "SWAP 1-10 1-9"),
        (amcp.mixer_clear(10), "MIXER 1-10 CLEAR"),
        (
            amcp.add(800, ("STREAM", "/srv/my out/x.m3u8", "-format", "hls")),
            'ADD 1-800 STREAM "/srv/my out/x.m3u8" -format hls',
        ),
        (amcp.remove(800), "REMOVE 1-800"),
        (amcp.version(), "VERSION"),
        (amcp.info(), "INFO"),
        (amcp.info_channel(), "INFO 1"),
        (amcp.ping(), "PING"),
        (amcp.ping("a1"), "PING a1"),
        (amcp.osc_subscribe(6299), "OSC SUBSCRIBE 6299"),
        (amcp.lock("phrase"), "LOCK 1 ACQUIRE phrase"),
        (amcp.unlock(), "LOCK 1 RELEASE"),
        (amcp.kill(), "KILL"),
        (amcp.begin(), "BEGIN"),
        (amcp.commit(), "COMMIT"),
    ],
)
def test_a_command_as_bytes(command: Command, line: str) -> None:
    assert command.line() == f"{line}\r\n".encode()
    assert command.line("q7") == f"REQ q7 {line}\r\n".encode()


@pytest.mark.parametrize(
    "recorded",
    [
        "PLAY 1-10 clip1 IN 25 LENGTH 10",
        "LOADBG 1-10 clip2 MIX 25 AUTO",
        "LOADBG 1-10 EMPTY",
        "CALLBG 1-10 LENGTH",
        "REMOVE 1-802",
        "OSC SUBSCRIBE 6299",
        "LOCK 1 ACQUIRE phrase1",
        "MIXER 1-10 OPACITY 0.5",
        "PLAY 1-10 #FF00FF00 MIX 10",
        "CALL 1-10 LOOP 0",
    ],
)
def test_these_forms_were_taken_by_a_real_engine(recorded: str) -> None:
    assert any(f"{recorded}\r\n".encode() in recordings.sent(name) for name in recordings.NAMES)


@pytest.mark.parametrize(
    "name",
    [
        "clip1", "AUTO", "Clip.mp4", "mix 25.mp4", "../a.mp4", "/a.mp4", "a//b.mp4", "é.mp4",
        "a.b.mp4", "a.mp4 LOOP", "a.mp4\r\nKILL", "", ".mp4", "a" * 252 + ".mp4",
    ],
)  # fmt: skip
def test_a_name_that_might_be_read_otherwise_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="staged name"):
        amcp.play(10, Clip(name=name))


def test_sections_that_never_end_are_refused() -> None:
    for clip in (Clip(name="a.mp4", length=0), Clip(name="a.mp4", in_frame=-1)):
        with pytest.raises(UsageError):
            amcp.play(10, clip)


def test_calls_that_would_never_be_answered_are_refused() -> None:
    for setting, value in (("SEEK", None), ("REL", None), ("FOO", 1), ("LOOP", 2)):
        with pytest.raises(UsageError):
            amcp.call(10, setting, value)


def test_other_things_that_cannot_be_meant() -> None:
    refused = (
        lambda: amcp.play(-1),
        lambda: amcp.play(10, Colour(argb="red")),
        lambda: amcp.play(10, DeckLinkInput(device=0)),
        lambda: amcp.play(10, Stream(url="not an address")),
        lambda: amcp.play(10, Empty(), Transition(kind="AUTO", frames=5)),
        lambda: amcp.play(10, Empty(), Transition(kind="MIX", frames=0)),
        lambda: amcp.play(10, Empty(), Transition(kind="MIX", frames=5, direction="UP")),
        lambda: amcp.volume(10, 1.5),
        lambda: amcp.add(700, ()),
        lambda: amcp.remove(-1),
        lambda: amcp.osc_subscribe(0),
        lambda: amcp.ping("a\nb"),
        lambda: Command(words=("PLAY 1-10",)),
        lambda: amcp.info().line("two words"),
    )
    for make in refused:
        with pytest.raises(UsageError):
            make()


def test_secrets_are_sent_and_not_shown() -> None:
    for command in (
        amcp.play(10, Stream(url="rtmp://host/app/geheim")),
        amcp.add(700, ("STREAM", "rtmp://host/app/geheim")),
        amcp.lock("geheim"),
    ):
        assert b"geheim" in command.line()
        assert "geheim" not in repr(command) + str(command)
    assert str(amcp.lock("geheim")) == "LOCK 1 ACQUIRE …"
    assert str(amcp.play(10, Clip(name="a.mp4"))) == "PLAY 1-10 a.mp4"
