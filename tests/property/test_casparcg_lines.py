"""Whatever an argument holds, a line is one command with those arguments; replies survive cuts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reconciler.errors import UsageError
from reconciler.sidecar.casparcg import amcp
from reconciler.sidecar.casparcg.amcp import Clip, Command, Stream, Transition
from reconciler.sidecar.casparcg.replies import Reply, ReplyReader
from tests.unit.sidecar.casparcg import recordings
from tests.unit.sidecar.casparcg.reading_of_lines import TRANSITION, parameters

KEYWORDS = frozenset(
    {
        "AUTO", "LOOP", "IN", "OUT", "SEEK", "LENGTH", "MIX", "CUT", "PUSH", "SLIDE", "WIPE",
        "STING", "FILTER", "VF", "AF", "CLEAR_ON_404", "EMPTY", "ROUTE", "DECKLINK", "SEEKABLE",
    }
)  # fmt: skip
NASTY = st.sampled_from(
    [
        "mix 25.mp4", "AUTO", "LOOP", "EMPTY", "#FF000000", 'a" AUTO', "a\r\nKILL", "a\\", "\\",
        '"', "(", ")", "a\x00b", "..", "../a.mp4", "/etc/passwd", "cut 3.mp4", "é.mp4",
        "a.mp4 LOOP", "route://1-10", "[HTML]", "a\u2028b.mp4",
    ]
)  # fmt: skip
ANYTHING = st.one_of(NASTY, st.text(max_size=40))
LETTERS = st.characters(exclude_categories=("C", "Z"), include_characters=' "\\()')
PRINTABLE = st.text(LETTERS, min_size=1, max_size=40)


def read_back(command: Command) -> list[str]:
    line = command.line("q1").decode()
    assert line.endswith("\r\n")
    assert "\r" not in line[:-2]
    assert "\n" not in line[:-2]
    return parameters(line[:-2])


@given(st.lists(PRINTABLE, max_size=6))
@example(['a" AUTO "', "\\", "(", ")", "a b"])
def test_arguments_arrive_as_they_are_and_nothing_else(arguments: list[str]) -> None:
    command = Command(words=("ADD", "1-700"), arguments=tuple(arguments))

    assert read_back(command) == ["REQ", "q1", "ADD", "1-700", *arguments]


@given(ANYTHING)
def test_what_cannot_be_in_a_line_is_refused(text: str) -> None:
    if text and text.isprintable():
        assert read_back(Command(words=("PING",), arguments=(text,)))[-1] == text
    else:
        with pytest.raises(UsageError):
            Command(words=("PING",), arguments=(text,))


@given(ANYTHING)
def test_no_name_of_a_clip_is_read_as_anything_else(name: str) -> None:
    try:
        command = amcp.loadbg(10, Clip(name=name), auto=True)
    except UsageError:
        return
    found = read_back(command)

    assert found == ["REQ", "q1", "LOADBG", "1-10", name, "AUTO"]
    assert name.upper() not in KEYWORDS
    assert TRANSITION.match(" ".join(found[4:])) is None


@given(st.from_regex(r"[a-z0-9_-]{1,20}\.(mp4|mov|png)", fullmatch=True))
@example("auto.mp4")
@example("mix-25.mp4")
def test_every_staged_name_is_taken(name: str) -> None:
    command = amcp.play(
        10,
        Clip(name=name, in_frame=25, length=50, loop=True),
        Transition(kind="MIX", frames=12),
    )

    assert read_back(command)[4:] == [
        name, "IN", "25", "LENGTH", "50", "LOOP", "MIX", "12",
    ]  # fmt: skip


@given(ANYTHING)
def test_an_address_is_one_parameter_or_refused(text: str) -> None:
    url = f"srt://{text}"
    try:
        command = amcp.play(10, Stream(url=url))
    except UsageError:
        assert re.search(r"\s", url) or not url.isprintable() or url == "srt://"
        return
    found = read_back(command)

    assert found == ["REQ", "q1", "PLAY", "1-10", url]
    assert TRANSITION.match(" ".join(found[4:])) is None


REPLIES = st.sampled_from(
    [
        b"202 PLAY OK\r\n",
        b"RES q1 202 LOADBG OK\r\n",
        b"RES 130 504 QUEUE OVERFLOW\r\n",
        b"402  ERROR\r\n",
        b"PONG\r\n",
        b"PONG ping12\r\n",
        b"400 ERROR\r\nPLAY \xc3\xa9\xe2\x80\x93\r\n",
        b"400 ERROR\r\n\r\n",
        b"400 ERROR\r\nVERSION\n\r\n",
        b"201 CALL OK\r\n9223372036854775807\r\n",
        b'201 INFO OK\r\n<?xml version="1.0"?>\n<channel>\n</channel>\n\r\n',
        b"200 INFO OK\r\n1 720p2500 PLAYING\r\n2 PAL PLAYING\r\n\r\n",
        b"200 TLS OK\r\n\r\n",
    ]
)


@given(st.lists(REPLIES, max_size=12), st.lists(st.integers(0, 400), max_size=20))
def test_replies_are_the_same_however_they_are_cut(parts: list[bytes], cuts: list[int]) -> None:
    whole = b"".join(parts)

    assert read(pieces(whole, cuts)) == read([whole])
    assert len(read([whole])) == len(parts)


@pytest.mark.parametrize("name", recordings.NAMES)
def test_recorded_replies_are_the_same_byte_by_byte(name: str) -> None:
    whole = recordings.received(name)

    assert read([whole[at : at + 1] for at in range(len(whole))]) == read([whole])


def pieces(whole: bytes, cuts: list[int]) -> list[bytes]:
    marks = [0, *sorted(min(cut, len(whole)) for cut in cuts), len(whole)]
    return [whole[begin:end] for begin, end in pairwise(marks)]


def read(parts: Sequence[bytes]) -> list[Reply]:
    reader = ReplyReader()
    return [reply for part in parts for reply in reader.feed(part)]
