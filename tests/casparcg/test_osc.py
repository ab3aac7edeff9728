"""OSC byte by byte: sizes, types, destinations as recorded in files 13 and 13b."""

from __future__ import annotations

import struct

from tests.casparcg.config import Setup
from tests.casparcg.osc import bundles, message
from tests.casparcg.producers import State
from tests.casparcg.rig import Rig


def decoded(packet: bytes) -> dict[str, list[object]]:
    """The messages of one bundle, by address."""
    assert packet.startswith(b"#bundle\0")
    at, found = 16, {}
    while at < len(packet):
        (size,) = struct.unpack_from(">i", packet, at)
        address, values = _message(packet[at + 4 : at + 4 + size])
        found[address] = values
        at += 4 + size
    return found


def _message(raw: bytes) -> tuple[str, list[object]]:
    address, at = _string(raw, 0)
    tags, at = _string(raw, at)
    values: list[object] = []
    for tag in tags[1:]:
        if tag == "s":
            text, at = _string(raw, at)
            values.append(text)
        elif tag in "TF":
            values.append(tag == "T")
        else:
            shape = {"i": ">i", "f": ">f", "h": ">q"}[tag]
            values.extend(struct.unpack_from(shape, raw, at))
            at += struct.calcsize(shape)
    return address, values


def _string(raw: bytes, at: int) -> tuple[str, int]:
    end = raw.index(b"\0", at)
    return raw[at:end].decode(), end + 4 - end % 4


def heard(rig: Rig, ticks: int) -> list[bytes]:
    rig.caspar.osc.clear()
    rig.run(ticks)
    return [packet for _, _, packet in rig.caspar.osc]


def subscribed() -> Rig:
    rig = Rig(setup=Setup(osc_to_clients=False))
    rig.say("OSC SUBSCRIBE 7000")
    rig.run(2)
    return rig


def test_idle_channel_sends_ninety_six_bytes_a_tick() -> None:
    assert [len(packet) for packet in heard(subscribed(), 25)] == [96] * 25


def test_time_tag_is_a_plain_counter() -> None:
    tags = [struct.unpack_from(">Q", packet, 8)[0] for packet in heard(subscribed(), 3)]
    assert tags == [tags[0], tags[0] + 1, tags[0] + 2]


def test_skipped_state_is_a_gap_in_the_time_tags() -> None:
    rig = subscribed()
    rig.caspar.osc_gaps.add(4)
    tags = [struct.unpack_from(">Q", packet, 8)[0] for packet in heard(rig, 3)]
    assert tags == [3, 5]


def test_tree_of_a_clip_with_auto_behind_it() -> None:
    rig = subscribed()
    rig.say("PLAY @ long")
    rig.say("LOADBG @ b AUTO")
    packet = heard(rig, 30)[-1]
    found = decoded(packet)
    base = "/channel/1/stage/layer/10/"
    assert len(found) == 22
    assert found[base + "foreground/frames_left"] == [1474]
    assert found[base + "foreground/file/streams/0/fps"] == [25, 1]
    assert found[base + "foreground/paused"] == [False]
    assert found[base + "background/file/time"] == [0.0, 0.0]
    assert found[base + "background/transition/direction"] == ["from_left"]


def test_types_are_those_of_the_recording() -> None:
    assert b",h\0\0" in message("/x/foreground/frames_left", 5)
    assert b",h\0\0" in message("/channel/1/output/port/700/file/frame", 5)
    assert b",ii\0" in message("/x/transition/frame", (1, 2))
    assert b",ff\0" in message("/x/file/time", (1.0, 2.0))
    assert b",T\0\0" in message("/x/loop", value=True)
    assert b"," + b"i" * 16 in message("/x/volume", (0,) * 16)


def test_sizes_are_those_of_the_recording() -> None:
    state: State = {
        "format": "720p2500",
        "framerate": (25, 1),
        "stage/layer/10/background/producer": "empty",
        "stage/layer/10/foreground/file/clip": (0.0, 60.0),
        "stage/layer/10/foreground/file/name": "long",
        "stage/layer/10/foreground/file/path": "/srv/playout/media/long.mp4",
        "stage/layer/10/foreground/file/streams/0/fps": (25, 1),
        "stage/layer/10/foreground/file/streams/1/fps": (0, 0),
        "stage/layer/10/foreground/file/time": (1.2, 60.0),
        "stage/layer/10/foreground/loop": False,
        "stage/layer/10/foreground/paused": False,
        "stage/layer/10/foreground/producer": "ffmpeg",
    }
    assert [len(packet) for packet in bundles("/channel/1", state, 5304)] == [748]


def test_large_state_is_split_with_one_time_tag() -> None:
    rig = subscribed()
    for layer in range(10, 15):
        rig.client.ask(f"PLAY 1-{layer} a")
    packets = heard(rig, 1) + heard(rig, 1)
    tags = [packet[8:16] for packet in packets]
    assert len(packets) > 2
    assert 2048 <= max(map(len, packets)) < 2048 + 512
    assert len(set(tags)) == 2


def test_interlaced_channel_sends_once_a_frame() -> None:
    rig = Rig(setup=Setup(modes=("PAL",), osc_to_clients=False))
    rig.say("OSC SUBSCRIBE 7000")
    rig.run(1)
    packets = heard(rig, 25)
    assert len(packets) == 25
    assert decoded(packets[-1])["/channel/1/framerate"] == [50, 1]


def test_default_is_one_copy_for_each_address_with_a_connection() -> None:
    rig = Rig()
    second = rig.caspar.connect()
    heard(rig, 3)
    assert [(host, port) for host, port, _ in rig.caspar.osc] == [("127.0.0.1", 6250)] * 3
    rig.caspar.disconnect(rig.client)
    assert len(heard(rig, 3)) == 3
    rig.caspar.disconnect(second)
    assert heard(rig, 3) == []


def test_private_port_lives_as_long_as_its_connection() -> None:
    rig = subscribed()
    assert len(heard(rig, 3)) == 3
    rig.say("OSC UNSUBSCRIBE 7000")
    assert heard(rig, 3) == []
    rig.say("OSC SUBSCRIBE 7000")
    rig.caspar.disconnect(rig.client)
    assert heard(rig, 3) == []


def test_osc_tells_of_the_tick_before() -> None:
    rig = subscribed()
    rig.say("PLAY @ a")
    first, second = heard(rig, 2)
    assert "/channel/1/stage/layer/10/foreground/producer" not in decoded(first)
    assert decoded(second)["/channel/1/stage/layer/10/foreground/producer"] == ["transition"]
