"""HTTP as bytes: every way in which an answer may come, in any pieces; and what is none."""

from __future__ import annotations

import pytest

from reconciler.adapters.http_text import Answer, LineError, Whole, question, whole

PLAIN = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\ncontent-LENGTH: 5\r\n\r\nhello"
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"3;note=1\r\nhel\r\n2\r\nlo\r\n0\r\nLast: word\r\n\r\n"
)
INTERIM = b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + PLAIN
HELLO = Whole(Answer(200, b"hello"), closes=False)


@pytest.mark.parametrize("text", [PLAIN, CHUNKED, CHUNKED.replace(b"Last: word\r\n", b""), INTERIM])
def test_an_answer_is_whole_with_its_last_byte_and_not_before(text: bytes) -> None:
    assert [whole(text[:end], ended=False) for end in range(len(text))] == [None] * len(text)
    assert whole(text, ended=False) == HELLO


@pytest.mark.parametrize(
    "text",
    [
        PLAIN.replace(b"\r\ncon", b"\r\nConnection: Close\r\ncon"),
        PLAIN.replace(b"1.1", b"1.0", 1),
        PLAIN + b"and more that nobody asked for",
    ],
)
def test_some_connections_carry_no_other_question(text: bytes) -> None:
    assert whole(text, ended=False) == Whole(Answer(200, b"hello"), closes=True)


def test_without_a_length_the_end_of_the_connection_ends_it() -> None:
    text = b"HTTP/1.1 200 OK\r\n\r\nhello"
    assert whole(text, ended=False) is None
    assert whole(text, ended=True) == Whole(Answer(200, b"hello"), closes=True)
    assert whole(PLAIN[:-1], ended=True) is None, "cut short"


@pytest.mark.parametrize("status", [204, 304])
def test_some_answers_have_no_content(status: int) -> None:
    text = f"HTTP/1.1 {status} Nothing\r\nContent-Length: 5\r\n\r\n".encode()
    assert whole(text, ended=False) == Whole(Answer(status, b""), closes=False)


@pytest.mark.parametrize(
    "text",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        PLAIN.replace(b"5", b"five"),
        PLAIN.replace(b"5", b"-5"),
        PLAIN.replace(b" 5", b" 999999999999"),
        CHUNKED.replace(b"3;", b"x;"),
        CHUNKED.replace(b"3;", b"fffffffff;"),
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000,
    ],
)
def test_what_is_no_answer_is_told(text: bytes) -> None:
    with pytest.raises(LineError):
        whole(text, ended=False)


def test_a_question_says_what_is_asked_and_how_long_it_is() -> None:
    asked = question("PUT", "n1:1", "/a?b=1", {"Authorization": "Bearer t"}, b"{}")
    assert asked == (
        b"PUT /a?b=1 HTTP/1.1\r\nHost: n1:1\r\nAccept-Encoding: identity\r\n"
        b"Authorization: Bearer t\r\nContent-Length: 2\r\n\r\n{}"
    )
    assert b"Content-Length" not in question("GET", "n1:1", "/", {}, None)


@pytest.mark.parametrize(
    ("path", "value"), [("/a\r\nX: y", "t"), ("/a b", "t"), ("/é", "t"), ("/", "t\r\nX: y")]
)
def test_a_question_cannot_hold_another(path: str, value: str) -> None:
    with pytest.raises(LineError, match="plain characters"):
        question("GET", "n1:1", path, {"Authorization": value}, None)
