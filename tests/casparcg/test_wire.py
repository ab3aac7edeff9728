"""AMCP as bytes: framing, ids, queues, batches, locks (FACTS 2)."""

from __future__ import annotations

import pytest

from tests.casparcg.caspar import FakeCaspar
from tests.casparcg.config import Setup
from tests.casparcg.rig import Rig


def test_line_feed_alone_ends_nothing_and_is_echoed() -> None:
    client = Rig().client
    client.send(b"VERSION\n")
    assert client.received() == b""
    client.send(b"\r\n")
    assert client.received() == b"400 ERROR\r\nVERSION\n\r\n"


def test_command_in_two_pieces_and_two_in_one() -> None:
    client = Rig().client
    client.send(b"PI")
    client.send(b"NG a\r\nPING b\r\n")
    assert client.received() == b"PONG a\r\nPONG b\r\n"


def test_half_a_line_and_a_disconnect_do_nothing() -> None:
    rig = Rig()
    rig.client.send(b"PLAY 1-10 a")
    rig.caspar.disconnect(rig.client)
    rig.run(3)
    assert rig.caspar.channel().layers == {}


def test_replies_of_the_general_queue_overtake_those_of_a_channel() -> None:
    client = Rig().client
    client.send(b"REQ 1 LOADBG 1-10 a\r\nREQ 2 VERSION\r\nREQ 3 PING\r\n")
    heads = [line.split()[:3] for line in client.received().split(b"\r\n") if b"RES" in line]
    assert heads == [[b"RES", b"3", b"400"], [b"RES", b"2", b"201"], [b"RES", b"1", b"202"]]


def test_queue_overflows_without_a_name() -> None:
    client = Rig().client
    client.send(b"".join(b"REQ %d LOADBG 1-10 a\r\n" % number for number in range(200)))
    replies = client.received().split(b"\r\n")
    assert replies[0] == b"RES 130 504 QUEUE OVERFLOW"
    assert sum(b"202 LOADBG OK" in reply for reply in replies) == 130


def test_batch_answers_each_and_then_itself_with_the_id_of_begin() -> None:
    client = Rig().client
    client.send(b"REQ b1 BEGIN\r\nREQ c1 PLAY 1-10 a\r\nREQ c2 PLAY 1-11 no\r\nREQ b2 COMMIT\r\n")
    assert client.received().split(b"\r\n")[:3] == [
        b"RES c1 202 PLAY OK",
        b"RES c2 404 PLAY FAILED",
        b"RES b1 202 COMMIT PARTIAL",
    ]


@pytest.mark.parametrize("lines", ["BEGIN\r\nCOMMIT\r\n", "BEGIN\r\nPLAY 1-10 a\r\nDISCARD\r\n"])
def test_empty_and_discarded_batches_are_never_answered(lines: str) -> None:
    rig = Rig()
    rig.client.send(lines.encode())
    assert rig.client.received() == b""
    assert rig.caspar.channel().layers == {}


def test_lock_shuts_others_out_of_everything_on_the_channel() -> None:
    rig = Rig()
    other = rig.caspar.connect()
    assert rig.client.ask("LOCK 1 ACQUIRE us") == b"202 LOCK ACQUIRE OK\r\n"
    assert other.ask("INFO 1") == b"503 INFO FAILED\r\n"
    assert other.ask("PLAY 1-10 a") == b"503 PLAY FAILED\r\n"
    assert other.ask("VERSION").startswith(b"201")
    assert other.ask("LOCK 1 ACQUIRE them") == b"503 LOCK ACQUIRE FAILED\r\n"
    assert rig.say("PLAY @ a") == "202 PLAY OK"


def test_lock_goes_with_the_connection_that_held_it() -> None:
    rig = Rig()
    other = rig.caspar.connect()
    rig.client.ask("LOCK 1 ACQUIRE us")
    rig.caspar.disconnect(rig.client)
    assert other.ask("PLAY 1-10 a") == b"202 PLAY OK\r\n"


def test_playback_and_auto_survive_the_client() -> None:
    rig = Rig()
    rig.say("PLAY @ a")
    rig.say("LOADBG @ b AUTO")
    rig.caspar.disconnect(rig.client)
    rig.run(140)
    assert rig.shown[-1].name == "b"


@pytest.mark.parametrize(("command", "code"), [("KILL", 0), ("RESTART", 5)])
def test_kill_and_restart_answer_close_and_tell_by_exit_code(command: str, code: int) -> None:
    rig = Rig()
    assert rig.say(command) == f"202 {command} OK"
    assert (rig.caspar.machine.exit_code, rig.client.closed) == (code, True)
    with pytest.raises(ConnectionRefusedError):
        rig.caspar.connect()


def test_start_refuses_for_its_delay_and_comes_up_empty() -> None:
    rig = Rig()
    rig.say("PLAY @ a")
    rig.caspar.boot_seconds = 0.6
    rig.caspar.crash()
    rig.caspar.boot()
    with pytest.raises(ConnectionRefusedError):
        rig.caspar.connect()
    rig.run(16)
    assert rig.caspar.connect().ask("INFO 1").count(b"layer") == 0


def test_hung_server_answers_late_and_catches_up_in_a_burst() -> None:
    rig = Rig()
    rig.caspar.hang()
    assert rig.say("PING") == ""
    rig.run(50)
    assert rig.caspar.channel().ticks == 0
    rig.caspar.wake()
    rig.run(1)
    assert (rig.client.received(), rig.caspar.channel().ticks) == (b"PONG\r\n", 51)


def test_foreign_letters_jam_a_connection_without_a_utf8_locale() -> None:
    rig = Rig()
    rig.caspar.machine.utf8 = False
    assert rig.say("FOO \u00e9") == ""
    assert rig.say("PING") == ""
    assert rig.caspar.connect().ask("PING") == b"PONG\r\n"


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("PLAY 2-10 a", "400 ERROR\r\nPLAY 2-10 a"),
        ("INFO 2", "200 INFO OK\r\n1 720p2500 PLAYING\r\n"),
        ("PLAY 1-10 nosuch", "404 PLAY FAILED"),
        ("PLAY 1-10 a SEEK abc", "403 PLAY FAILED"),
        ("PLAY 1-10 a LENGTH", "403 PLAY FAILED"),
        ("PLAY 1-10 a MIX abc", "202 PLAY OK"),
        ("CALL 1-10 SEEK 5", "202 CALL OK"),
        ("REQ", "402  ERROR"),
        ("CLS", "501 CLS FAILED"),
        ("OSC SUBSCRIBE x", "403 OSC SUBSCRIBE BAD PORT"),
        ('PLAY 1-10 "A.MP4"', "202 PLAY OK"),
        ("PLAY 1-10 mix 25", "404 PLAY FAILED"),
    ],
)
def test_codes_say_what_they_say(line: str, reply: str) -> None:
    assert Rig().client.ask(line) == f"{reply}\r\n".encode()


def test_working_directory_is_searched_before_the_media_folder() -> None:
    rig = Rig(setup=Setup(working="/run/"))
    rig.table.put("/run/a.mp4", rig.table.clip("/media/a.mp4"))
    rig.say("PLAY @ a")
    assert rig.layer.foreground.state()["file/path"] == "/run/a.mp4"


def test_two_channels_have_clocks_of_their_own() -> None:
    rig = Rig(setup=Setup(modes=("720p5000", "PAL")))
    rig.run(100)
    caspar: FakeCaspar = rig.caspar
    assert (caspar.channel(1).ticks, caspar.channel(2).ticks) == (100, 50)
