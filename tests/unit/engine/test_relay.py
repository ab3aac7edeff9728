"""What a relay keeps while nobody listens, and what it says to whom."""

from __future__ import annotations

import json

import pytest

from reconciler.engine.protocol import OutputSpec
from reconciler.engine.relay import Relay
from reconciler.engine.relay_launch import make_launch, receive_srt
from reconciler.engine.relay_queue import SPAN, ChunkQueue


def taken(queue: ChunkQueue) -> list[bytes]:
    found = []
    while (chunk := queue.take()) is not None:
        found.append(chunk)
    return found


def test_nothing_is_kept_before_the_first_key_frame() -> None:
    queue = ChunkQueue()
    queue.flow(fresh=True)
    queue.put(b"p", is_key=False, now=0)
    assert not queue
    queue.put(b"K", is_key=True, now=0)
    queue.put(b"q", is_key=False, now=0)
    assert taken(queue) == [b"K", b"q"]


def test_while_nobody_is_connected_only_the_newest_picture_group_is_kept() -> None:
    queue = ChunkQueue()
    for chunk in (b"K1", b"a", b"K2", b"b"):
        queue.put(chunk, is_key=chunk.startswith(b"K"), now=0)
    queue.flow(fresh=False)
    queue.put(b"c", is_key=False, now=0)
    assert taken(queue) == [b"K2", b"b", b"c"]


def test_a_fresh_start_forgets_what_was_made_before_the_connection() -> None:
    queue = ChunkQueue()
    queue.put(b"K1", is_key=True, now=0)
    queue.flow(fresh=True)
    queue.put(b"a", is_key=False, now=0)
    queue.put(b"K2", is_key=True, now=0)
    assert taken(queue) == [b"K2"]


def test_overflow_drops_everything_up_to_the_next_key_frame() -> None:
    queue = ChunkQueue()
    queue.flow(fresh=True)
    queue.put(b"K1", is_key=True, now=0)
    queue.put(b"a", is_key=False, now=SPAN / 2)
    queue.put(b"b", is_key=False, now=SPAN * 1.1)
    assert not queue
    queue.put(b"c", is_key=False, now=SPAN * 1.2)
    queue.put(b"K2", is_key=True, now=SPAN * 1.3)
    assert (taken(queue), queue.overflows) == ([b"K2"], 1)


def test_overflow_at_a_key_frame_begins_with_it() -> None:
    queue = ChunkQueue()
    queue.flow(fresh=True)
    queue.put(b"K1", is_key=True, now=0)
    queue.put(b"K2", is_key=True, now=SPAN * 2)
    assert taken(queue) == [b"K2"]


def test_idle_is_told_since_the_last_offer() -> None:
    queue = ChunkQueue()
    assert queue.idle_for(5) == float("inf")
    queue.put(b"p", is_key=False, now=5)
    assert queue.idle_for(7) == 2
    queue.forget()
    assert queue.idle_for(7) == float("inf")


SECRET = "correct horse"  # a space, so that an address would quote it


def test_srt_secrets_are_in_the_order_only() -> None:
    launch = make_launch(
        "srt", f"srt://far.example:9001?streamid={SECRET}", {"passphrase": SECRET, "latency_ms": 80}
    )
    order = json.dumps(dict(launch.order))
    assert SECRET in order
    assert '"80000"' in order
    assert launch.address == "srt://far.example:9001"
    assert SECRET not in repr(launch)
    assert launch.redact(f"cannot open {SECRET} or correct%20horse") == "cannot open *** or ***"


def test_srt_that_comes_in_has_its_options_before_the_address() -> None:
    launch = receive_srt(f"srt://:9001?mode=listener&latency_ms=80&passphrase={SECRET}")
    argv = launch.order["exec"]
    assert isinstance(argv, list)
    options = argv[: argv.index("-i")]
    assert options[options.index("-mode") + 1] == "listener"
    assert options[options.index("-latency") + 1] == "80000"
    assert options[options.index("-passphrase") + 1] == SECRET
    assert argv[argv.index("-i") + 1] == "srt://:9001"
    assert argv[-1] == "pipe:1"
    assert launch.waits_for_caller
    assert SECRET not in repr(launch)


def test_rtmp_key_is_hidden_and_the_application_is_not() -> None:
    launch = make_launch("rtmp", "rtmp://user:pw@live.example/app/KEY-1?token=t0k", {})
    assert launch.address == "rtmp://live.example:1935/app/***"
    said = launch.redact("no route to rtmp://user:pw@live.example/app/KEY-1?token=t0k (KEY-1, t0k)")
    assert not any(secret in said for secret in ("KEY-1", "pw", "token=t0k"))
    assert "KEY-1" not in repr(launch)


@pytest.mark.parametrize(
    ("kind", "url", "options", "what"),
    [
        ("srt", "udp://h:1", {}, "srt://host:port"),
        ("srt", "srt://h", {}, "srt://host:port"),
        ("srt", "srt://h:1", {"mode": "server"}, "caller or listener"),
        ("srt", "srt://h:1", {"passphrase": "short"}, "10 to 64"),
        ("srt", "srt://h:1", {"latency_ms": "long"}, "milliseconds"),
        ("rtmp", "http://h/app", {}, "rtmp://host"),
        ("udp", "udp://h:1", {}, "srt or rtmp"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    kind: str, url: str, options: dict[str, str], what: str
) -> None:
    with pytest.raises(ValueError, match=what) as refused:
        make_launch(kind, url, options)
    assert "short" not in str(refused.value)


def test_a_relay_to_which_nothing_is_offered_starts_no_child() -> None:
    relay = Relay(OutputSpec(name="main", type="srt", url="srt://127.0.0.1:9"))
    state = relay.state()
    relay.close()
    relay.close()
    assert relay.wait_closed(5)
    assert (state.state, state.bytes, state.error, state.restarts) == ("silent", 0, None, 0)
    relay.offer(b"late", True)  # noqa: FBT003  # the engine's sink shape
