"""HTTP as bytes: every way in which an answer may come, in any pieces; and what is none."""

from __future__ import annotations

import pytest

from reconciler.adapters.http_text import BadAnswer, HungUp, Reader, question
from reconciler.errors import Rejected
from tests.http_answers import Whole, read

PLAIN = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\ncontent-LENGTH: 5\r\n\r\nhello"
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"4;note=1\r\nhell\r\n1 \r\no\r\n0\r\nLast: word\r\n\r\n"
)
OPEN = b"HTTP/1.1 200 OK\r\n\r\nhello"
INTERIM = b"HTTP/1.1 102 Processing\r\nX: y\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
FOLDED = PLAIN.replace(b"text/plain", b"text/plain;\r\n \tcharset=utf-8")
HELLO = Whole(200, b"hello", is_kept=True)
LAST = Whole(200, b"hello", is_kept=False)


@pytest.mark.parametrize(
    "text",
    [PLAIN, CHUNKED, CHUNKED.replace(b"Last: word\r\n", b""), INTERIM + PLAIN, FOLDED],
    ids=["length", "chunks", "no trailer", "interim", "folded"],
)
def test_an_answer_is_whole_with_its_last_byte_and_not_before(text: bytes) -> None:
    for end in range(len(text)):
        begun = [text[:end]] if end else []
        assert read(begun) is None
        with pytest.raises(BadAnswer, match="ended" if begun else "no answer"):
            read([*begun, b""])
    assert read([text]) == HELLO


@pytest.mark.parametrize(
    "text",
    [
        PLAIN.replace(b"\r\ncon", b"\r\nConnection: Close\r\ncon"),
        PLAIN.replace(b"\r\ncon", b"\r\nConnection: x-one\r\nConnection: two, close\r\ncon"),
        PLAIN.replace(b"1.1", b"1.0", 1),
        PLAIN.replace(b"1.1", b"1.0", 1).replace(b"\r\ncon", b"\r\nConnection: keep-alive\r\ncon"),
        CHUNKED.replace(b"\r\nTr", b"\r\nContent-Length: 5\r\nTr"),
        PLAIN + b"and more that nobody asked for",
    ],
    ids=["close", "close among others", "1.0", "1.0 that would stay", "framed twice", "more"],
)
def test_some_connections_carry_no_other_question(text: bytes) -> None:
    assert read([text]) == LAST


def test_a_word_that_only_begins_like_close_closes_nothing() -> None:
    assert read([PLAIN.replace(b"\r\ncon", b"\r\nConnection: closely\r\ncon")]) == HELLO


def test_without_a_length_the_end_of_the_connection_ends_it() -> None:
    assert read([OPEN]) is None
    assert read([OPEN, b""]) == LAST
    assert read([b"HTTP/1.1 200 OK\r\n\r\n", b""]) == Whole(200, b"", is_kept=False)


@pytest.mark.parametrize("status", [204, 304])
def test_some_answers_have_no_content(status: int) -> None:
    for field in ("Content-Length: 5", "Transfer-Encoding: chunked"):
        text = f"HTTP/1.1 {status} Nothing\r\n{field}\r\n\r\n".encode()
        assert read([text]) == Whole(status, b"", is_kept=True)


def test_a_length_told_twice_the_same_is_one() -> None:
    assert read([PLAIN.replace(b"\r\ncon", b"\r\nContent-Length: 5\r\ncon")]) == HELLO
    assert read([PLAIN.replace(b" 5", b" 5, 5")]) == HELLO


def test_the_head_tells_what_was_said_in_small_letters() -> None:
    reader = Reader()
    reader.feed(FOLDED.replace(b"\r\ncon", b"\r\nETag:\t'a'  \r\nEtag: b\r\nX-Empty:\r\ncon"))

    assert reader.head is not None
    assert (reader.head.status, reader.head.reason, reader.length) == (200, "OK", 5)
    assert reader.head.fields == {
        "content-type": "text/plain; charset=utf-8",
        "etag": "'a'",
        "x-empty": "",
        "content-length": "5",
    }


def test_content_may_be_put_past_the_reader() -> None:
    reader = Reader()
    reader.feed(PLAIN[:-3])
    assert reader.straight == 0, "what was fed comes first"
    assert reader.take(1) + reader.take(9) == b"he"
    assert reader.straight == 3
    reader.passed(2)
    assert (reader.straight, reader.is_whole) == (1, False)
    reader.passed(1)
    assert (reader.straight, reader.is_whole, reader.is_kept) == (0, True, True)


def test_nothing_past_the_reader_means_that_the_far_end_has_closed() -> None:
    cut, open_ended = Reader(), Reader()
    cut.feed(PLAIN.removesuffix(b"hello"))
    open_ended.feed(OPEN.removesuffix(b"hello"))

    with pytest.raises(BadAnswer, match="ended 5 bytes early"):
        cut.passed(0)
    open_ended.passed(0)
    assert open_ended.is_whole


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (b"SSH-2.0-OpenSSH\r\n", "expected an HTTP/1 answer, found b'SSH-2.0-OpenSSH'"),
        (b"HTTP/2 200\r\n\r\n", "expected an HTTP/1 answer"),
        (b"HTTP/1.1 OK\r\n\r\n", "expected an HTTP/1 answer"),
        (b"HTTP/1.1 099 Low\r\n\r\n", "expected an HTTP/1 answer"),
        (b"HTTP/1.1 200 OK\nContent-Length: 0\n\n", "expected an HTTP/1 answer"),
        (b"GET /a?signature=secret HTTP/1.1\r\n\r\n", "found b'GET'$"),
        (PLAIN.replace(b"/plain", b"\nplain"), "NAME: VALUE"),
        (PLAIN.replace(b"/plain", b"\0plain"), "NAME: VALUE"),
        (PLAIN.replace(b"Type:", b"Type :"), "NAME: VALUE"),
        (PLAIN.replace(b"Content-Type: ", b""), "NAME: VALUE"),
        (PLAIN.replace(b"OK\r\n", b"OK\r\n folded: from nothing\r\n"), "NAME: VALUE"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000, "of less than 64 KiB"),
        (PLAIN.replace(b"text", b"t" * 70_000), "of less than 64 KiB"),
        (INTERIM * 5 + PLAIN, "after 8 that go before one"),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", "change of protocol"),
        (PLAIN.replace(b"5", b"five"), "count of bytes, found 'five'"),
        (PLAIN.replace(b"5", b"-5"), "count of bytes"),
        (PLAIN.replace(b" 5", b" +5"), "count of bytes"),
        (PLAIN.replace(b" 5", b" 0_5"), "count of bytes"),
        (PLAIN.replace(b" 5", b""), "count of bytes"),
        (PLAIN.replace(b" 5", b" 5,"), "count of bytes"),
        (PLAIN.replace(b"\r\ncon", b"\r\nContent-Length: 6\r\ncon"), "count of bytes"),
        (PLAIN.replace(b" 5", b" 999999999999"), "at most 1000 bytes"),
        (CHUNKED.replace(b"chunked", b"gzip"), "no coding that was not asked for, found 'gzip'"),
        (CHUNKED.replace(b"chunked", b"chunked, chunked"), "no coding"),
        (CHUNKED.replace(b"1.1", b"1.0"), "no coding"),
        (CHUNKED.replace(b"4;", b"x;"), "size of a chunk"),
        (CHUNKED.replace(b"4;", b"-4;"), "size of a chunk"),
        (CHUNKED.replace(b"4;", b"0x4;"), "size of a chunk"),
        (CHUNKED.replace(b"4;", b";"), "size of a chunk"),
        (CHUNKED.replace(b"4;", b"3e9;") + b"x" * 1000, "at most 1000 bytes"),
        (CHUNKED.replace(b"hell\r\n", b"hell"), "line's end after a chunk"),
        (CHUNKED.replace(b"hell\r\n", b"hello\r\n"), "line's end after a chunk"),
        (CHUNKED.replace(b"Last: word", b"Last word"), "NAME: VALUE"),
        (CHUNKED.replace(b"Last: word", b"Last: w\r\n" * 9_000 + b"L:"), "64 KiB after the last"),
        (CHUNKED.replace(b"note=1", b"n" * 70_000), "of less than 64 KiB"),
        (OPEN + b"x" * 1_000, "at most 1000 bytes"),
    ],
)
def test_what_is_no_answer_is_told(text: bytes, match: str) -> None:
    with pytest.raises(BadAnswer, match=match):
        read([text, b""], most=1_000)


def test_what_nobody_can_make_an_answer_of_is_told_before_its_end() -> None:
    for text in (
        b"220 mail ready\r\n",
        b"HTTP/1.1 200 OK\nX: y\n\n",
        CHUNKED.partition(b"hell")[0] + b"hello!",
    ):
        with pytest.raises(BadAnswer, match="expected"):
            read([text])


def test_a_connection_closed_without_a_word_is_told_from_one_that_breaks_off() -> None:
    with pytest.raises(HungUp):
        read([b""])
    with pytest.raises(BadAnswer) as raised:
        read([INTERIM, b""])
    assert not isinstance(raised.value, HungUp)


def test_a_question_says_what_is_asked_and_how_long_it_is() -> None:
    asked = question("PUT", "n1:1", "/a?b=1", {"Authorization": "Bearer t"}, b"{}")
    assert asked == (
        b"PUT /a?b=1 HTTP/1.1\r\nHost: n1:1\r\nAccept-Encoding: identity\r\n"
        b"Authorization: Bearer t\r\nContent-Length: 2\r\n\r\n{}"
    )
    assert b"Content-Length" not in question("GET", "n1:1", "/", {})


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("/a\r\nX: y", "t"),
        ("/a b", "t"),
        ("/é", "t"),
        ("", "t"),
        ("/", "t\r\nX: y"),
        ("/", "\u2028"),
    ],
)
def test_a_question_cannot_hold_another(path: str, value: str) -> None:
    with pytest.raises(Rejected, match="plain characters"):
        question("GET", "n1:1", path, {"Authorization": value})
