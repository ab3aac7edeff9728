"""One connection, many askers: deadlines, disorder, and every way to lose the other end."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from reconciler.errors import Rejected, Unreachable
from reconciler.sidecar.casparcg import amcp
from reconciler.sidecar.casparcg.amcp import Clip, Stream
from reconciler.sidecar.casparcg.link import Link, connect
from tests.unit.sidecar.casparcg.peer import Answer, Peer, listening, obedient
from tests.waiting import eventually

PATIENCE = 10.0  # seconds; nothing here takes so long unless it is broken
SOON = 0.05  # seconds, for answers that must never come


@contextmanager
def linked(answer: Answer = obedient) -> Iterator[tuple[Link, Peer]]:
    with listening(answer) as peer:
        link = connect(peer.address, within=PATIENCE, phrase="phrase", osc_port=6299)
        try:
            yield link, peer
        finally:
            link.close()


def silent_to(verb: str) -> Answer:
    return lambda line: b"" if f" {verb} " in f" {line} " else obedient(line)


def drain(peer: Peer) -> list[str]:
    return [peer.lines.get_nowait() for _ in range(peer.lines.qsize())]


def test_a_connection_begins_with_the_lock_and_the_subscription() -> None:
    with linked() as (_, peer):
        assert drain(peer) == ["REQ q1 LOCK 1 ACQUIRE phrase", "REQ q2 OSC SUBSCRIBE 6299"]


def test_a_reply_comes_back_to_its_asker() -> None:
    with linked() as (link, _):
        reply = link.ask(amcp.play(10, Clip(name="a.mp4")), PATIENCE)

        assert (reply.code, reply.what, reply.ok) == (202, "PLAY OK", True)


def test_an_error_is_a_value() -> None:
    with linked(lambda line: obedient(line).replace(b"202 PLAY OK", b"404 PLAY FAILED")) as (
        link,
        _,
    ):
        reply = link.ask(amcp.play(10, Clip(name="a.mp4")), PATIENCE)

        assert (str(reply), reply.ok) == ("404 PLAY FAILED", False)


def test_replies_in_any_order_find_their_askers() -> None:
    held: list[str] = []

    def answer(line: str) -> bytes:
        if "LOADBG" not in line and "VERSION" not in line:
            return obedient(line)
        held.append(line)
        return b"" if len(held) < 2 else b"".join(obedient(each) for each in reversed(held))

    with linked(answer) as (link, _):
        replies: dict[str, str] = {}

        def ask(name: str, command: amcp.Command) -> None:
            replies[name] = link.ask(command, PATIENCE).what

        askers = [
            threading.Thread(target=ask, args=("load", amcp.loadbg(10, Clip(name="a.mp4")))),
            threading.Thread(target=ask, args=("version", amcp.version())),
        ]
        for asker in askers:
            asker.start()
        for asker in askers:
            asker.join()

        assert replies == {"load": "LOADBG OK", "version": "VERSION OK"}


def test_a_command_that_is_never_answered_costs_its_asker_alone() -> None:
    with linked(silent_to("CALL")) as (link, _):
        with pytest.raises(Unreachable, match="CALL 1-10 LENGTH: no answer in time"):
            link.ask(amcp.call(10, "LENGTH"), SOON)

        assert link.ask(amcp.version(), PATIENCE).ok


def test_an_answer_that_comes_too_late_is_given_to_nobody() -> None:
    with linked(silent_to("CALL")) as (link, peer):
        with pytest.raises(Unreachable):
            link.ask(amcp.call(10, "LENGTH"), SOON)
        peer.say(b"RES q3 201 CALL OK\r\n125\r\n")

        assert link.ask(amcp.version(), PATIENCE).what == "VERSION OK"
        assert link.late == 1


def test_a_ping_is_answered_by_its_own_token() -> None:
    with linked() as (link, peer):
        drain(peer)
        peer.say(b"PONG\r\nPONG ping99\r\n")

        has_come = link.ping()
        eventually(has_come)
        assert drain(peer) == ["PING ping3"]
        assert link.late == 2


def test_a_hung_engine_is_noticed_by_its_ping() -> None:
    with linked(silent_to("PING")) as (link, peer):
        has_come = link.ping()
        assert link.ask(amcp.version(), PATIENCE).what == "VERSION OK"
        assert not has_come()
        peer.hang_up()
        eventually(lambda: bool(link.ended))
        assert not has_come()
        with pytest.raises(Unreachable):
            link.ping()


def test_a_batch_is_one_write_and_many_replies() -> None:
    with linked() as (link, peer):
        drain(peer)
        replies = link.batch((amcp.pause(10), amcp.remove(700)), PATIENCE)

        assert [reply.what for reply in replies] == ["PAUSE OK", "REMOVE OK"]
        assert drain(peer) == [
            "REQ batch BEGIN",
            "REQ q3 PAUSE 1-10",
            "REQ q4 REMOVE 1-700",
            "REQ batch COMMIT",
        ]
        assert link.late == 0


def test_a_batch_of_one_is_a_command() -> None:
    with linked() as (link, peer):
        drain(peer)

        assert len(link.batch((amcp.pause(10),), PATIENCE)) == 1
        assert link.batch((), PATIENCE) == ()
        assert drain(peer) == ["REQ q3 PAUSE 1-10"]


def test_the_end_of_the_connection_frees_every_asker_at_once() -> None:
    told: list[str] = []
    with listening(silent_to("VERSION")) as peer:
        link = connect(peer.address, within=PATIENCE, phrase="p", closed=told.append)
        peer.answer = lambda _: _hang_up(peer)

        with pytest.raises(Unreachable, match="the engine closed the connection"):
            link.ask(amcp.version(), PATIENCE)
        with pytest.raises(Unreachable, match="the connection has ended"):
            link.ask(amcp.version(), PATIENCE)
        link.close()

    assert told == ["the engine closed the connection"]
    assert link.ended == "the engine closed the connection"


def _hang_up(peer: Peer) -> bytes:
    peer.hang_up()
    return b""


def test_its_owner_may_close_it_when_told_that_it_is_over() -> None:
    over = threading.Event()
    with listening() as peer:
        links: list[Link] = []

        def closed(_: str) -> None:
            links[0].close()
            over.set()

        links.append(connect(peer.address, within=PATIENCE, phrase="p", closed=closed))
        peer.hang_up()

        assert over.wait(PATIENCE)


def test_closing_twice_is_closing_once() -> None:
    told: list[str] = []
    with listening() as peer:
        link = connect(peer.address, within=PATIENCE, phrase="p", closed=told.append)
        link.close()
        link.close()

    assert told == ["closed"]


def test_a_reply_beyond_measure_ends_the_connection() -> None:
    with linked() as (link, peer):
        peer.answer = lambda _: b"x" * (5 << 20)

        with pytest.raises(Unreachable, match="a reply of more than"):
            link.ask(amcp.version(), PATIENCE)


def test_a_connection_that_takes_no_commands_is_over() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        ours.shutdown(socket.SHUT_WR)
        link = Link(ours)

        with pytest.raises(Unreachable, match="it takes no commands"):
            link.ask(amcp.version(), PATIENCE)
        link.close()

    assert link.ended.startswith("it takes no commands")


def test_somebody_else_holds_the_channel() -> None:
    def answer(line: str) -> bytes:
        return obedient(line).replace(b"202 LOCK DONE OK", b"503 LOCK ACQUIRE FAILED")

    with listening(answer) as peer, pytest.raises(Rejected, match="hold the channel's lock") as no:
        connect(peer.address, within=PATIENCE, phrase="geheim")

    assert "geheim" not in str(no.value)


def test_an_engine_that_accepts_and_never_answers_is_unreachable() -> None:
    with listening(lambda _: b"") as peer, pytest.raises(Unreachable):
        connect(peer.address, within=SOON, phrase="p")


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        address: tuple[str, int] = gone.getsockname()

    with pytest.raises(Unreachable, match="cannot connect"):
        connect(address, within=PATIENCE, phrase="p")


def test_an_address_is_not_told_by_a_failure() -> None:
    with (
        linked(silent_to("PLAY")) as (link, _),
        pytest.raises(Unreachable) as error,
    ):
        link.ask(amcp.play(10, Stream(url="rtmp://host/app/geheim")), SOON)

    assert "geheim" not in str(error.value)
    assert error.value.system == "casparcg"
