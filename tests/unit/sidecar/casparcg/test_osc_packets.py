"""Packets of any split make the states that were sent; a broken one costs itself."""

from __future__ import annotations

import struct

import pytest

from reconciler.sidecar.casparcg.osc_packets import State, StateJoiner, Value, read_packet
from tests.unit.sidecar.casparcg import recordings
from tests.unit.sidecar.casparcg.osc_writer import packets, plain

SMALL: dict[str, tuple[Value, ...]] = {"/channel/1/format": ("PAL",)}
LARGE: dict[str, tuple[Value, ...]] = {
    f"/channel/1/stage/layer/{number}/foreground/file/name": ("x" * 40,) for number in range(60)
}
BRIMMING: dict[str, tuple[Value, ...]] = {
    "/channel/1/a": ("x" * 2000,),
    "/channel/1/b": ("y" * 40,),
}


def join(*parts: bytes) -> list[State]:
    joiner = StateJoiner()
    return [state for part in parts for state in joiner.feed(read_packet(part))]


def test_recorded_bundles_come_back_from_their_bytes() -> None:
    recorded = recordings.bundles("13-osc.txt")

    sent = [part for each in recorded for part in packets(each.time_tag, plain(each.values))]

    assert join(*sent) == list(recorded)
    assert len(recorded) == 8


def test_their_bytes_are_as_many_as_the_engine_sent() -> None:
    recorded = recordings.bundles("13-osc.txt")

    sizes = [len(b"".join(packets(1, plain(each.values)))) for each in recorded]

    assert sizes == list(recordings.bundle_sizes("13-osc.txt"))


def test_a_large_state_comes_in_several_packets() -> None:
    parts = packets(7, plain(LARGE))

    assert len(parts) > 1
    assert join(*parts) == [State(time_tag=7, values=LARGE)]


def test_the_next_tick_ends_one_whose_last_packet_was_lost_or_full() -> None:
    first, *_ = packets(7, plain(LARGE))

    found = join(first, *packets(8, plain(SMALL)))

    assert [state.time_tag for state in found] == [7, 8]
    assert found[0].values.items() < LARGE.items()
    assert found[1].values == SMALL


def fed(joiner: StateJoiner, tag: int, values: dict[str, tuple[Value, ...]]) -> list[int]:
    """The time tags of the states that are known once all packets of `tag` have come."""
    parts = packets(tag, plain(values))
    return [state.time_tag for part in parts for state in joiner.feed(read_packet(part))]


def test_a_full_packet_is_taken_with_its_own_tick_once_its_addresses_are_known() -> None:
    """Found with a background and an output of long names: every reading came a frame late."""
    joiner, full = StateJoiner(), BRIMMING
    assert len(packets(1, plain(full))) == 1
    assert [fed(joiner, tag, full) for tag in range(1, 6)] == [[], [1], [2, 3], [4], [5]]


def test_one_lost_packet_does_not_make_a_part_the_whole() -> None:
    joiner = StateJoiner()
    assert fed(joiner, 1, LARGE) == [1]
    first, *rest = (read_packet(part) for part in packets(2, plain(LARGE)))
    assert joiner.feed(first) == ()  # the others are lost
    assert rest
    assert fed(joiner, 3, LARGE) == [2, 3]
    assert fed(joiner, 4, LARGE) == [4]


def test_a_state_that_grew_behind_a_full_packet_is_told_again_whole() -> None:
    joiner, full = StateJoiner(), BRIMMING
    for tag in range(3):
        fed(joiner, tag, full)
    grown = full | {"/channel/1/c": ("z",)}
    parts = packets(3, plain(grown))
    states = [state for part in parts for state in joiner.feed(read_packet(part))]
    assert states[-1] == State(time_tag=3, values=grown)
    assert fed(joiner, 4, grown) == [4]


def test_an_engine_that_splits_sooner_is_found_out_by_its_first_continuation() -> None:
    ticks = [packets(tag, plain(LARGE), full=1200) for tag in (7, 8, 9)]
    found = join(*(part for tick in ticks for part in tick), *packets(10, plain(SMALL)))

    assert [state.time_tag for state in found if state.values == LARGE] == [7, 8, 9]
    assert {state.time_tag for state in found if state.values not in (LARGE, SMALL)} == {7}


def test_a_new_engine_whose_counter_meets_the_old_one_is_no_continuation() -> None:
    found = join(*packets(7, plain(SMALL)), *packets(7, plain(SMALL)))

    assert found == [State(time_tag=7, values=SMALL)] * 2


def test_gaps_are_no_matter() -> None:
    found = join(*packets(7, plain(SMALL)), *packets(11, plain(SMALL)))

    assert [state.time_tag for state in found] == [7, 11]


def test_all_types_that_the_engine_sends() -> None:
    values = {"/a": (("i", -1), ("h", 1 << 40), ("f", 0.5), ("d", 0.1), ("s", "é"), ("T", True))}

    (state,) = join(*packets(1, values))

    assert state.values == {"/a": (-1, 1 << 40, 0.5, 0.1, "é", True)}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"/a\0\0,\0\0\0",
        b"#bundle\0" + bytes(8) + struct.pack(">i", 400) + b"/a\0\0",
        b"#bundle\0" + bytes(8) + struct.pack(">i", 0),
        b"#bundle\0" + bytes(8) + struct.pack(">i", 8) + b"/a\0\0,i\0\0",
        b"#bundle\0" + bytes(8) + struct.pack(">i", 8) + b"/a\0\0,b\0\0",
        b"#bundle\0" + bytes(8) + struct.pack(">i", 4) + b"/abc",
        b"#bundle\0" + bytes(8) + b"\0",
    ],
)
def test_what_is_not_of_the_engine_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="OSC"):
        read_packet(data)
