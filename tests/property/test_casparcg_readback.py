"""Whatever is sent comes back as it was, or costs one packet; what counts frames is left alone."""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

from hypothesis import example, given
from hypothesis import strategies as st

from reconciler.model.video import VideoFormat
from reconciler.sidecar.casparcg.consumers import consumers_for
from reconciler.sidecar.casparcg.osc_packets import State, StateJoiner, Value, read_packet
from reconciler.sidecar.casparcg.replies import Reply, ReplyReader
from reconciler.sidecar.casparcg.seen import ConsumerSeen, ServerSeen, from_osc
from reconciler.sidecar.casparcg.watch import (
    BACK_OFF,
    GAP_MOST,
    OPENING_FOR,
    begin,
    is_due,
    look,
    started,
    state_of,
)
from reconciler.sidecar.engine_port import WantedOutput
from tests.unit.sidecar.casparcg.osc_writer import packets, plain

PARTS = st.sampled_from(
    [
        "format", "framerate", "stage", "layer", "10", "-1", "foreground", "background", "file",
        "time", "clip", "loop", "paused", "producer", "output", "port", "700", "consumer", "frame",
        "transition", "type", "frames_left", "mixer", "audio", "volume",
    ]
)  # fmt: skip
ADDRESSES = st.lists(PARTS, min_size=1, max_size=6).map(
    lambda parts: "/channel/1/" + "/".join(parts)
)
SURROGATES: tuple[Literal["Cs"]] = ("Cs",)
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=SURROGATES), max_size=90)
VALUES: st.SearchStrategy[Value] = st.one_of(
    TEXTS,
    st.integers(-(2**31), 2**31 - 1),
    st.booleans(),
    st.floats(width=32, allow_nan=False, allow_infinity=False),
)
STATES = st.dictionaries(ADDRESSES, st.lists(VALUES, max_size=3).map(tuple), max_size=60)
(STREAM,) = consumers_for(
    (WantedOutput(name="main", type="rtmp", url="rtmp://h/a/k"),), VideoFormat.parse("720p2500")
).wanted


@given(STATES)
def test_a_state_of_any_size_comes_back(values: dict[str, tuple[Value, ...]]) -> None:
    joiner = StateJoiner()
    found = [
        state
        for part in (*packets(7, plain(values)), *packets(8, {}))
        for state in joiner.feed(read_packet(part))
    ]

    assert found == [State(time_tag=7, values=values), State(time_tag=8, values={})]


@given(st.one_of(st.binary(max_size=200), st.binary(max_size=90).map(lambda b: b"#bundle\0" + b)))
def test_noise_is_refused_in_one_way(data: bytes) -> None:
    try:
        read_packet(data)
    except ValueError:
        return


@given(st.lists(st.binary(max_size=60), max_size=8))
def test_noise_never_stops_the_reader(parts: list[bytes]) -> None:
    reader = ReplyReader()
    for part in parts:
        reader.feed(part)
    found = [*reader.feed(b"\r\n\r\n\r\n"), *reader.feed(b"RES q1 202 PLAY OK\r\n")]

    assert found[-1] == Reply(code=202, what="PLAY OK", request="q1")


@given(st.dictionaries(ADDRESSES, st.lists(VALUES, max_size=3).map(tuple), max_size=40))
@example({"/channel/1/framerate": (25, 0)})
@example({"/channel/1/output/port/700/file/frame": (float("inf"),)})
def test_odd_states_are_read_or_refused(values: dict[str, tuple[Value, ...]]) -> None:
    try:
        from_osc(State(time_tag=1, values=values))
    except ValueError:
        return


def reading(at: float, frame: int | None) -> ServerSeen:
    seen = ConsumerSeen(port=STREAM.port, consumer="ffmpeg", path="", frame=frame)
    return ServerSeen(
        time_tag=round(at * 25),
        format="720p2500",
        rate=Fraction(25),
        layers={},
        consumers={STREAM.port: seen},
    )


@given(st.lists(st.floats(0.04, 0.9), min_size=3, max_size=40), st.booleans())
def test_what_rises_is_never_touched(pauses: list[float], list_moves: bool) -> None:  # noqa: FBT001
    watched, now = begin(STREAM, 0.0), 0.0
    for pause in pauses:
        now += pause
        watched = look(watched, reading(now, round(now * 25)), now, list_moves=list_moves)

        assert watched.alive
    assert state_of(watched, now).state == "sending"


@given(st.lists(st.floats(0.04, GAP_MOST), min_size=60, max_size=60), st.booleans())
def test_what_never_rises_is_started_again_and_again(
    pauses: list[float],
    list_moves: bool,  # noqa: FBT001
) -> None:
    watched, now, last_start = begin(STREAM, 0.0), 0.0, 0.0
    for pause in pauses:
        now += pause
        watched = look(watched, reading(now, None), now, list_moves=list_moves)
        if is_due(watched, now):
            watched, last_start = started(watched, now), now

        assert now - last_start <= max(OPENING_FOR) + max(BACK_OFF) + 2 * GAP_MOST
        assert state_of(watched, now).state in {"opening", "down"}
