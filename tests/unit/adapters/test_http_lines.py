"""Kept connections: used again, replaced when closed, and never a second act by accident."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from reconciler.adapters.http_lines import Answer, Ask, LineError, Lines, _Talks
from tests.unit.adapters.http_server import SHUT, HttpServer

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with closing(HttpServer(lambda _: [OK])) as one:
        yield one


@pytest.fixture
def lines() -> Iterator[Lines]:
    with closing(Lines()) as some:
        yield some


def ask(lines: Lines, server: HttpServer, method: str = "GET", within: float = 5.0) -> Answer:
    return heard(lines, method, server.url("/a?b=1"), within)


def heard(lines: Lines, method: str, url: str, within: float) -> Answer:
    (answer,) = lines.ask_all([Ask(method=method, url=url, headers={})], within)
    if isinstance(answer, LineError):
        raise answer
    return answer


def test_one_connection_serves_many_questions(lines: Lines, server: HttpServer) -> None:
    answers = [ask(lines, server) for _ in range(3)]

    assert answers == [Answer(200, b"ok")] * 3
    assert [number for number, _ in server.heard] == [1, 1, 1]
    assert {head.split("\r\n")[0] for _, head in server.heard} == {"GET /a?b=1 HTTP/1.1"}


def test_a_connection_that_the_server_ends_is_not_kept(lines: Lines, server: HttpServer) -> None:
    server.reply = lambda _: [OK.replace(b"\r\nC", b"\r\nConnection: close\r\nC", 1)]
    ask(lines, server)
    ask(lines, server, "POST")

    assert [number for number, _ in server.heard] == [1, 2]


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_what_may_be_repeated_is_asked_again_on_a_new_connection(
    lines: Lines, server: HttpServer, method: str
) -> None:
    ask(lines, server)
    server.reply = lambda count: [SHUT if count == 2 else OK]

    assert ask(lines, server, method).is_success
    assert [number for number, _ in server.heard] == [1, 1, 2]


def test_an_answer_that_broke_off_is_not_asked_for_again(lines: Lines, server: HttpServer) -> None:
    ask(lines, server)
    server.reply = lambda _: [OK.removesuffix(b"k"), SHUT]

    with pytest.raises(LineError, match="ended 1 bytes early"):
        ask(lines, server)
    assert len(server.heard) == 2


def test_what_is_no_answer_is_told_and_its_line_closed(lines: Lines, server: HttpServer) -> None:
    server.reply = lambda count: [b"220 mail ready" if count == 1 else OK]

    with pytest.raises(LineError, match="expected an HTTP/1 answer, found b'220'"):
        ask(lines, server)
    assert ask(lines, server).is_success
    assert [number for number, _ in server.heard] == [1, 2]


def test_an_act_is_never_sent_twice(lines: Lines, server: HttpServer) -> None:
    ask(lines, server)
    server.reply = lambda count: [SHUT if count == 2 else OK]

    with pytest.raises(LineError):
        ask(lines, server, "POST")
    assert len(server.heard) == 2


def test_a_server_that_says_nothing_is_given_up(lines: Lines, server: HttpServer) -> None:
    server.reply = lambda _: []

    with pytest.raises(LineError, match="timed out"):
        ask(lines, server, within=0.05)
    assert len(server.heard) == 1


def test_nobody_there(lines: Lines) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    with pytest.raises(LineError, match="refused"):
        heard(lines, "GET", f"http://127.0.0.1:{port}/", 1.0)


@pytest.mark.parametrize(
    "url", ["", "ftp://x/", "http://", "http://h:port/", "https://h/", "http://h /"]
)
def test_an_address_that_is_none(lines: Lines, url: str) -> None:
    with pytest.raises(LineError):
        heard(lines, "GET", url, 1.0)


# ── many at once ─────────────────────────────────────────────────────────────────────────────────


def asks(*urls: str) -> list[Ask]:
    return [Ask(method="GET", url=url, headers={}) for url in urls]


def test_each_gets_its_own_answer_in_order(lines: Lines) -> None:
    with (
        closing(HttpServer(lambda _: [OK.replace(b"ok", b"11")])) as one,
        closing(HttpServer(lambda _: [OK.replace(b"ok", b"22")])) as other,
    ):
        for _ in range(2):  # over new connections, then over those kept
            told = lines.ask_all(asks(other.url(), one.url(), other.url()), 5.0)
            assert told == [Answer(200, b"22"), Answer(200, b"11"), Answer(200, b"22")]


def test_who_is_silent_costs_the_others_nothing(lines: Lines, server: HttpServer) -> None:
    with closing(HttpServer(lambda _: [])) as silent:
        told = lines.ask_all(asks(silent.url(), silent.url(), "nowhere", server.url()), 0.3)

    assert [type(each) for each in told] == [LineError, LineError, LineError, Answer]
    assert str(told[0]) == "timed out"


def test_an_answer_that_has_come_counts_though_it_is_read_late(
    lines: Lines, server: HttpServer
) -> None:
    ask(lines, server)
    talks = _Talks(lines)
    for number, one in enumerate(asks(server.url(), server.url())):
        talks.begin(number, one)
    time.sleep(0.2)  # long enough for both to have answered
    talks.attend(0.0)

    assert talks.found == {0: Answer(200, b"ok"), 1: Answer(200, b"ok")}


def test_a_long_question_and_a_long_answer_pass(lines: Lines, server: HttpServer) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n"
    server.reply = lambda _: [head + 3_000_000 * b"x"]
    one = Ask(method="PUT", url=server.url(), headers={}, body=b"\r\n\r\n" + 3_000_000 * b"y")

    (answer,) = lines.ask_all([one], 10.0)

    assert isinstance(answer, Answer)
    assert len(answer.content) == 3_000_000
