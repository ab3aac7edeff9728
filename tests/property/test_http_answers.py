"""However an answer is cut, it reads the same; and as h11 reads it, which is older than ours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import h11
from hypothesis import given
from hypothesis import strategies as st

from reconciler.adapters.http_text import BadAnswer
from tests.http_answers import Whole, read

Outcome = Whole | Literal["more must come", "no answer"]
MOST = 4096
ENDS = st.sampled_from([[], [b""]])  # the connection stays, or is closed

TOKENS = st.text("abcXYZ-_.!~09", min_size=1, max_size=8).map(lambda name: f"x{name}")
WORDS = st.text('!"a~\xa1\xff:;,=', max_size=5)
VALUES = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", " ", "\t "]),
    st.lists(WORDS, max_size=3).map("  ".join),
    st.sampled_from(["", "\r\n folded", "\r\n\t  and\r\n more"]),
    st.sampled_from(["", " ", "\t"]),
)
FIELDS = st.lists(st.builds("{}:{}\r\n".format, TOKENS, VALUES), max_size=4).map("".join)
KEEPING = st.sampled_from(["", "Connection: close\r\n", "Connection: Keep-Alive\r\n"])
CONTENT = st.binary(max_size=60)


def chunk(content: bytes, note: str) -> bytes:
    return f"{len(content):x}{note}\r\n".encode() + content + b"\r\n"


NOTES = st.sampled_from(["", ";note=1", ';a="b c"', " "])
CHUNKS = st.lists(st.builds(chunk, st.binary(min_size=1, max_size=40), NOTES), max_size=4)
PLAIN_FIELDS = st.lists(st.builds("{}: {}\r\n".format, TOKENS, st.just("y")), max_size=2)
INTERIM = st.builds(
    "HTTP/1.1 {} Wait\r\n{}\r\n".format, st.sampled_from([100, 102, 103]), FIELDS
).map(str.encode)  # fmt: skip
STATUS = st.sampled_from([200, 204, 206, 304, 404, 503, 599])
REASONS = st.sampled_from(["", " ", " OK", " Not any more"])


def of_length(content: bytes) -> tuple[str, bytes]:
    return f"content-Length: {len(content)}\r\n", content


def of_chunks(chunks: list[bytes], last: list[str]) -> tuple[str, bytes]:
    end = f"0\r\n{''.join(last)}\r\n".encode()
    return "Transfer-Encoding: Chunked\r\n", b"".join(chunks) + end


BODIES = st.one_of(
    CONTENT.map(of_length),
    st.builds(of_chunks, CHUNKS, PLAIN_FIELDS),
    CONTENT.map(lambda content: ("", content)),
)


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    """A well-formed answer, and perhaps something after it."""
    framing, body = draw(BODIES)
    minor = 1 if "Transfer" in framing else draw(st.sampled_from([1, 1, 0]))  # RFC 9112, 6.1
    first = f"HTTP/1.{minor} {draw(STATUS)}{draw(REASONS)}\r\n"
    head = first + draw(FIELDS) + framing + draw(KEEPING) + "\r\n"
    before = b"".join(draw(st.lists(INTERIM, max_size=2)))
    return before + head.encode("latin-1") + body


@st.composite
def spoilt(draw: st.DrawFn) -> bytes:
    """An answer in which some bytes are missing, or others stand."""
    text = bytearray(draw(answers()))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(text)))
        text[at : at + draw(st.integers(0, 3))] = draw(
            st.sampled_from(
                [b"", b"\r", b"\n", b"\r\n", b" ", b"\t", b"\0", b":", b",", b"0", b"-"]
            )
        )
    return bytes(text)


@st.composite
def pieces(draw: st.DrawFn, texts: st.SearchStrategy[bytes]) -> list[bytes]:
    """An answer, cut anywhere."""
    text = draw(texts)
    cuts = sorted(draw(st.sets(st.integers(1, max(1, len(text) - 1)), max_size=12)))
    return [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True) if a < b]


def ours(fed: Sequence[bytes], room: int = MOST) -> Outcome:
    try:
        return read(fed, MOST, room) or "more must come"
    except BadAnswer:
        return "no answer"


def peers(fed: Sequence[bytes]) -> Outcome:
    peer = h11.Connection(h11.CLIENT, max_incomplete_event_size=1 << 16)
    peer.send(h11.Request(method="GET", target="/", headers=[("Host", "here")]))
    peer.send(h11.EndOfMessage())
    status, content = 0, b""
    try:
        for piece in fed:
            peer.receive_data(piece)
        while True:
            match peer.next_event():
                case h11.Response() as head:
                    status = head.status_code
                case h11.Data(data=some):
                    content += some
                case h11.EndOfMessage():
                    is_kept = peer.their_state is h11.DONE and peer.trailing_data == (b"", False)
                    return Whole(status, content, is_kept)
                case h11.InformationalResponse():
                    continue
                case _:
                    return "more must come"
    except h11.RemoteProtocolError:
        return "no answer"


@given(pieces(answers() | spoilt()), ENDS, st.integers(1, 50))
def test_an_answer_reads_the_same_in_any_pieces(
    fed: list[bytes], end: list[bytes], room: int
) -> None:
    assert ours([*fed, *end], room) == ours([b"".join(fed), *end] if fed else end)


@given(answers(), ENDS)
def test_what_is_well_formed_reads_as_by_h11(text: bytes, end: list[bytes]) -> None:
    assert ours([text, *end]) == peers([text, *end])


@given(spoilt())
def test_what_we_take_though_it_is_spoilt_h11_takes_alike(text: bytes) -> None:
    found = ours([text, b""] if text else [b""])

    if isinstance(found, Whole):
        assert found == peers([text, b""])
