from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.engine.events import Machine, OnAirSeen, Ready, Refused, Status, to_line
from reconciler.engine.protocol import (
    Blend,
    Clip,
    Configure,
    Cue,
    Freeze,
    Live,
    Outputs,
    OutputSpec,
    PreviewSpec,
    Quit,
    Send,
    Show,
    Slate,
    Still,
    Transition,
    parse_command,
)
from reconciler.errors import UsageError


def parse(**command: Any) -> Any:
    return parse_command(json.dumps(command))


def show(*cues: dict[str, Any]) -> Any:
    return parse(do="show", cues=list(cues))


A = {"key": "a", "start": 5, "frames": 3, "source": {"type": "slate"}}


def test_configure_is_read_whole() -> None:
    command = parse(
        do="configure",
        format="360p2500",
        slate={"path": "/s.png"},
        title="News 24",
        preset="superfast",
        bitrate=2_000_000,
        preview={"dir": "/p", "height": 240},
        sending=True,
        outputs=[{"name": "m", "type": "udp", "url": "udp://127.0.0.1:1", "options": {"ttl": 2}}],
    )
    assert isinstance(command, Configure)
    assert (command.format.height, command.slate, command.title) == (360, "/s.png", "News 24")
    assert (command.preset, command.bitrate, command.sending) == ("superfast", 2_000_000, True)
    assert command.preview == PreviewSpec(dir="/p", height=240)
    assert command.outputs == (
        OutputSpec(name="m", type="udp", url="udp://127.0.0.1:1", options={"ttl": 2}),
    )


def test_configure_needs_no_more_than_a_format() -> None:
    command = parse(do="configure", format="360p2500", slate=None, preset=None, preview=None)
    assert isinstance(command, Configure)
    assert (command.slate, command.preset, command.bitrate, command.preview) == (None,) * 4
    assert not command.sending


def test_show_reads_every_source_and_transition() -> None:
    sources = [
        {"type": "clip", "path": "/a", "in": 7, "loop": True},
        {"type": "live", "url": "udp://x:1"},
        {"type": "still", "path": "/p.png"},
        {"type": "slate"},
        {"type": "freeze"},
    ]
    cues = [{"key": str(n), "start": n, "frames": None, "source": s} for n, s in enumerate(sources)]
    cues[0]["transition"] = {"type": "wipe", "frames": 9}
    cues[1]["transition"] = {"type": "cut", "frames": 9}
    command = parse(do="show", serial=4, cues=cues)
    assert isinstance(command, Show)
    assert [cue.source for cue in command.cues] == [
        Clip(path="/a", start=7, loop=True),
        Live(url="udp://x:1"),
        Still(path="/p.png"),
        Slate(),
        Freeze(),
    ]
    assert command.cues[0].transition == Transition(blend=Blend.WIPE, frames=9)
    assert command.cues[1].transition == Transition()
    assert command.serial == 4


def test_the_other_commands() -> None:
    assert parse(do="quit") == Quit()
    assert parse(do="send", on=False) == Send(on=False)
    assert parse(do="outputs", outputs=[]) == Outputs(outputs=())


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ({"do": "dance"}, "expected configure, show, outputs, send or quit, found 'dance'"),
        ({}, "command.do: expected a text, found null"),
        ({"do": "send", "on": "yes"}, 'command.on: expected true or false, found "yes"'),
        ({"do": "configure", "format": "big"}, "command.format: expected a video format"),
        ({"do": "configure", "format": "360p2500", "preset": "slow"}, "one of ultrafast"),
        ({"do": "show", "cues": {}}, "command.cues: expected a list"),
        ({"do": "show", "cues": [{**A, "start": -1}]}, "cues[0].start: expected a whole number"),
        ({"do": "show", "cues": [{**A, "start": True}]}, "cues[0].start: expected a whole number"),
        ({"do": "show", "cues": [{**A, "frames": 0}]}, "cues[0].frames: expected at least 1"),
        ({"do": "show", "cues": [{**A, "source": {"type": "x"}}]}, "expected clip, live, still"),
        ({"do": "show", "cues": [{**A, "source": 3}]}, "cues[0].source: expected an object"),
        ({"do": "show", "cues": [A, {**A, "start": 9}]}, "expected keys that differ"),
        ({"do": "show", "cues": [A, {**A, "key": "b", "start": 7}]}, "inside 'a'"),
        ({"do": "outputs", "outputs": [{"name": "n", "type": "sdi", "url": "x"}]}, "one of file"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_was_expected(
    command: dict[str, Any], why: str
) -> None:
    with pytest.raises(UsageError) as refused:
        parse_command(json.dumps(command))
    assert why in str(refused.value)


def test_two_outputs_of_one_name_are_refused() -> None:
    output = {"name": "n", "type": "file", "url": "/x"}
    with pytest.raises(UsageError, match="names that differ"):
        parse(do="outputs", outputs=[output, output])


def test_same_showing_looks_at_key_start_and_source_only() -> None:
    one = Cue(key="a", start=1, frames=2, source=Slate())
    assert one.is_same_showing(Cue(key="a", start=1, frames=9, source=Slate()))
    assert not one.is_same_showing(Cue(key="a", start=2, frames=2, source=Slate()))


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_no_line_does_more_than_be_refused(line: str | bytes) -> None:
    with pytest.raises(UsageError):
        parse_command(line)


jsons = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(st.sampled_from(["configure", "show", "outputs", "send"]), jsons)
def test_no_member_of_any_type_raises_anything_else(do: str, value: object) -> None:
    command = {"do": do, "format": value, "cues": value, "outputs": value, "on": value}
    with contextlib.suppress(UsageError):
        parse_command(json.dumps(command))


def test_what_is_said_is_one_line_of_json() -> None:
    ready = Ready(machine=Machine(cores=2, score=0.9), preset="superfast")
    assert json.loads(to_line(ready)) == {
        "seen": "ready",
        "machine": {"cores": 2, "score": 0.9},
        "preset": "superfast",
    }
    status = Status(
        tick=1, wall="w", offset_ms=0.1, serial=2, sending=True, sending_since=1,
        sent_until=None, keeps_from=None, quiet=False, gate=3,
        on_air=OnAirSeen(key="k", start=1, source_frame=2, moving=True, since=3),
        cued=(), outputs=(), late=0, dropped=0, level_db=(-1.0, -2.0), preset="p", cpu=0.1,
    )  # fmt: skip
    said = json.loads(to_line(status))
    assert (said["on_air"]["key"], said["level_db"], said["cued"]) == ("k", [-1.0, -2.0], [])
    refused = to_line(Refused(why="no\nway", line="x"))
    assert refused.count(b"\n") == 1
    assert json.loads(refused)["why"] == "no\nway"
