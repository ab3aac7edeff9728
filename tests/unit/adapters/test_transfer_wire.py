"""One connection, byte for byte: how an answer is framed, kept, refused."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from reconciler.adapters.http_place import parts_of
from reconciler.adapters.http_text import BadAnswer, HungUp
from reconciler.adapters.transfer_http import Connections, NoRanges, Patience, Replaced, Wanted
from reconciler.adapters.transfer_wire import Wire
from reconciler.errors import Rejected, Unreachable
from tests.strict import missing
from tests.unit.adapters.http_server import SHUT, HttpServer, scripted

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def wire_to(server: HttpServer) -> Wire:
    return Wire(parts_of(server.url())[0], 2.0)


def asked(wire: Wire) -> bytes:
    wire.ask("/a", {})
    return taken(wire)


def taken(wire: Wire, room: int = 4096) -> bytes:
    body, view = b"", memoryview(bytearray(room))
    while count := wire.take(view):
        body += view[:count]
    return body


def wanted(url: str, size: int = 5, extent: tuple[int, int] | None = None) -> Wanted:
    return Wanted(url=url, headers={}, size=size, etag=None, extent=extent)


@pytest.fixture
def connections() -> Connections:
    return Connections(Patience(stall=2.0))


@pytest.mark.parametrize("room", [1, 3, 4096])
@pytest.mark.parametrize(
    ("pieces", "body"),
    [
        ([OK], b"hello"),
        ([bytes([one]) for one in OK], b"hello"),
        ([CHUNKED, b"5\r\nhello\r\n", b"1;a=b\r\n!\r\n0\r\nSome: field\r\n\r\n"], b"hello!"),
        ([bytes([one]) for one in CHUNKED + b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"], b"hello"),
        ([b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + OK], b"hello"),
        ([b"HTTP/1.1 204 No Content\r\n\r\n"], b""),
        ([b"HTTP/1.1 200\r\ncontent-LENGTH:0\r\n\r\n"], b""),
    ],
    ids=["length", "length in bytes", "chunks", "chunks in bytes", "hints", "204", "nothing"],
)
def test_a_body_is_taken_to_its_end_and_the_connection_serves_again(
    pieces: list[bytes], body: bytes, room: int
) -> None:
    with closing(scripted(pieces, [OK])) as server, closing(wire_to(server)) as wire:
        wire.ask("/a", {"Range": "bytes=0-4"})

        assert taken(wire, room) == body
        assert wire.is_spent
        assert wire.ask("/b", {}).status == 200
        assert taken(wire) == b"hello"
    assert [number for number, _ in server.heard] == [1, 1]
    assert server.heard[0][1] == (
        f"GET /a HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nAccept-Encoding: identity\r\n"
        "Range: bytes=0-4\r\n\r\n"
    )


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\n\r\nhello",
    ],
    ids=["close", "1.0", "without a length"],
)
def test_a_connection_that_ends_with_its_answer_is_not_used_again(answer: bytes) -> None:
    with closing(scripted([answer, SHUT])) as server, closing(wire_to(server)) as wire:
        wire.ask("/a", {})

        assert taken(wire) == b"hello"
        assert not wire.is_spent


@pytest.mark.parametrize(
    ("answer", "match"),
    [
        (b"220 ready\r\n\r\n", "expected an HTTP/1 answer, found b'220'"),
        (b"HTTP/1.1 200 OK\r\nContent-Le", "ended early"),
        (OK[:-2], "ended 2 bytes early"),
        (CHUNKED + b"9\r\nhello", "ended 4 bytes early"),
    ],
    ids=["greeting", "cut head", "cut", "cut chunk"],
)
def test_what_is_no_answer_is_refused(answer: bytes, match: str) -> None:
    with (
        closing(scripted([answer, SHUT])) as server,
        closing(wire_to(server)) as wire,
    ):
        with pytest.raises(BadAnswer, match=match):
            asked(wire)
        assert not wire.is_spent


def test_a_server_that_hangs_up_without_a_word_is_told_from_one_that_breaks_off() -> None:
    with (
        closing(scripted([SHUT])) as server,
        closing(wire_to(server)) as wire,
        pytest.raises(HungUp),
    ):
        wire.ask("/a", {})


def test_a_header_cannot_be_made_to_hold_another() -> None:
    with (
        closing(scripted([OK])) as server,
        closing(wire_to(server)) as wire,
        pytest.raises(Rejected),
    ):
        wire.ask("/a", {"If-Match": '"x"\r\nHost: other'})
    assert server.heard == []


def test_a_connection_closed_while_idle_is_replaced(connections: Connections) -> None:
    with closing(scripted([OK, SHUT], [OK])) as server:
        assert connections.read_whole(wanted(server.url())) == b"hello"
        assert connections.read_whole(wanted(server.url())) == b"hello"
    assert [number for number, _ in server.heard] in ([1, 2], [1, 1, 2])


def test_a_redirection_is_followed_on_the_same_connection(connections: Connections) -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: /b?c\r\nContent-Length: 3\r\n\r\nsee"
    with closing(scripted([moved], [OK])) as server:
        assert connections.read_whole(wanted(server.url("/a"))) == b"hello"
    assert [(number, said.split()[1]) for number, said in server.heard] == [(1, "/a"), (1, "/b?c")]


def test_redirections_end(connections: Connections) -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: /a\r\nContent-Length: 0\r\n\r\n"
    with (
        closing(scripted(*[[moved]] * 9)) as server,
        pytest.raises(Rejected, match="more than 4 redirections"),
    ):
        connections.read_whole(wanted(server.url()))


@pytest.mark.parametrize(
    ("answer", "error", "match"),
    [
        (
            CHUNKED + b"6\r\nhello!\r\n0\r\n\r\n",
            Replaced,
            "expected 5 bytes in all, more were sent",
        ),
        (CHUNKED + b"4\r\nhell\r\n0\r\n\r\n", Unreachable, "the answer ended 1 bytes early"),
        (b"HTTP/1.1 200 OK\r\n\r\nhello!", Replaced, "expected 5 bytes in all, more were sent"),
        (b"HTTP/1.1 200 OK\r\n\r\nhell", Unreachable, "the answer ended 1 bytes early"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", Unreachable, "ended 1 bytes early"),
    ],
    ids=["longer chunks", "shorter chunks", "longer", "shorter", "cut"],
)
def test_a_whole_file_of_another_size_is_not_taken(
    connections: Connections, answer: bytes, error: type[Exception], match: str
) -> None:
    with closing(scripted([answer, SHUT])) as server, pytest.raises(error, match=match):
        connections.read_whole(wanted(server.url()))


@pytest.mark.parametrize(
    "answer", [CHUNKED + b"5\r\nhello\r\n0\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\nhello"]
)
def test_a_whole_file_without_a_length_is_taken(connections: Connections, answer: bytes) -> None:
    with closing(scripted([answer, SHUT])) as server:
        assert connections.read_whole(wanted(server.url())) == b"hello"


def test_a_whole_file_where_a_part_was_wanted_means_no_ranges(connections: Connections) -> None:
    with (
        closing(scripted([OK])) as server,
        pytest.raises(NoRanges),
        connections.read(wanted(server.url(), extent=(0, 2))),
    ):
        pass


def test_a_silent_server_is_given_up() -> None:
    with closing(scripted([OK[:-2]])) as server, pytest.raises(Unreachable, match="no answer in"):
        Connections(Patience(stall=0.1)).read_whole(wanted(server.url()))


def test_a_server_that_cannot_prove_its_name_is_not_asked(
    connections: Connections, tmp_path: Path
) -> None:
    if shutil.which("openssl") is None:
        missing("openssl, which makes the certificate,")
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    argv = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"]
    subprocess.run([*argv, "-keyout", key, "-out", cert], check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(cert, key)
    with closing(scripted([OK], tls=tls)) as server:
        with pytest.raises(Unreachable, match="certificate verify failed"):
            connections.read_whole(wanted(server.url(scheme="https")))
        assert server.heard == []
