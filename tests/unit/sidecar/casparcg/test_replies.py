"""Every reply that a real engine gave is read, in whatever pieces it comes."""

from __future__ import annotations

import pytest

from reconciler.sidecar.casparcg.replies import LONGEST, Reply, ReplyReader
from tests.unit.sidecar.casparcg import recordings


def read(data: bytes) -> tuple[Reply, ...]:
    reader = ReplyReader()
    replies = reader.feed(data)
    assert reader.strange == 0
    return replies


@pytest.mark.parametrize("name", recordings.NAMES)
def test_every_recorded_reply_is_read(name: str) -> None:
    reader = ReplyReader()

    replies = reader.feed(recordings.received(name))

    assert len(replies) == recordings.first_lines(name)
    assert reader.strange == 0
    assert not reader.is_waiting


def test_the_recordings_hold_every_shape() -> None:
    codes = {reply.code for name in recordings.NAMES for reply in read(recordings.received(name))}

    assert codes >= {0, 200, 201, 202, 400, 402, 403, 404, 501, 503}


def test_a_line_of_success() -> None:
    assert read(b"202 PLAY OK\r\n") == (Reply(code=202, what="PLAY OK"),)


def test_a_request_id_comes_back() -> None:
    assert read(b"RES 7 202 PLAY OK\r\n") == (Reply(code=202, what="PLAY OK", request="7"),)


def test_one_row_of_xml_with_bare_line_feeds() -> None:
    (reply,) = read(b"RES q1 201 INFO OK\r\n<?xml?>\n<channel>\n</channel>\n\r\n")

    assert reply == Reply(
        code=201, what="INFO OK", request="q1", rows=("<?xml?>\n<channel>\n</channel>\n",)
    )


def test_an_empty_list_and_the_next_reply() -> None:
    assert read(b"200 TLS OK\r\n\r\n202 CLEAR OK\r\n") == (
        Reply(code=200, what="TLS OK"),
        Reply(code=202, what="CLEAR OK"),
    )


def test_a_refused_line_comes_back_in_a_second_line() -> None:
    assert read(b"RES 9 400 ERROR\r\nREQ 9 FOO\r\n202 CLEAR OK\r\n") == (
        Reply(code=400, what="ERROR", request="9", echo="REQ 9 FOO"),
        Reply(code=202, what="CLEAR OK"),
    )


def test_a_row_that_looks_like_a_reply_is_a_row() -> None:
    (reply,) = read(b"201 DATA RETRIEVE OK\r\n404 PLAY FAILED\r\n")

    assert reply.rows == ("404 PLAY FAILED",)


def test_an_overflow_names_no_command() -> None:
    (reply,) = read(b"RES 130 504 QUEUE OVERFLOW\r\n")

    assert (reply.request, reply.code, reply.ok) == ("130", 504, False)


def test_pongs_with_and_without_a_token() -> None:
    bare, full = read(b"PONG\r\nPONG hello 42\r\n")

    assert bare.is_pong
    assert bare.rows == ()
    assert full.rows == ("hello 42",)


def test_a_strange_line_costs_only_itself() -> None:
    reader = ReplyReader()

    assert reader.feed(b"what?\r\n202 CLEAR OK\r\n") == (Reply(code=202, what="CLEAR OK"),)
    assert reader.strange == 1


def test_a_reply_without_end_ends_the_connection() -> None:
    with pytest.raises(ValueError, match="a reply of more than"):
        ReplyReader().feed(b"x" * (LONGEST + 1))


def test_an_endless_list_ends_the_connection() -> None:
    reader = ReplyReader()
    reader.feed(b"200 CLS OK\r\n")

    with pytest.raises(ValueError, match="a reply of more than"):
        reader.feed((b"x" * 1000 + b"\r\n") * (LONGEST // 1000 + 1))


def test_what_may_hold_a_secret_is_not_shown() -> None:
    (reply,) = read(b"400 ERROR\r\nADD 1-700 STREAM rtmp://host/app/key\r\n")

    assert "key" not in repr(reply) + str(reply)
