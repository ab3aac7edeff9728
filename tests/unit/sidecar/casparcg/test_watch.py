"""An output sends while its frames rise; all else is started anew, patiently, for ever."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

from reconciler.model.video import VideoFormat
from reconciler.sidecar.casparcg.consumers import Consumer, consumers_for
from reconciler.sidecar.casparcg.destinations import CONNECT_MS
from reconciler.sidecar.casparcg.seen import ConsumerSeen, ServerSeen
from reconciler.sidecar.casparcg.watch import (
    BACK_OFF,
    FROZEN_FOR,
    OPENING_FOR,
    UNLISTED_FOR,
    WELL_AFTER,
    Watched,
    begin,
    is_due,
    is_moving,
    look,
    started,
    state_of,
)
from reconciler.sidecar.engine_port import OutputState, WantedOutput
from tests.unit.sidecar.casparcg import recordings

RATE = 25
PORTS = re.compile(r"\[ *([\d.]+)\] -- (?:ports: |\+[\d.]+ s )?\[('port_.*)\]")


def consumer(type: str = "rtmp", url: str = "rtmp://h/a/k", **options: object) -> Consumer:  # noqa: A002
    output = WantedOutput(name="main", type=type, url=url, options=options)
    (made,) = consumers_for((output,), VideoFormat.parse("720p2500")).wanted
    return made


STREAM = consumer()
LISTENER = consumer("srt", "srt://h:1", mode="listener")
DECKLINK = consumer("decklink", "decklink://1")


def seen(port: int, frame: int | None, at: float, *, kind: str = "ffmpeg") -> ServerSeen:
    listed = {port: ConsumerSeen(port=port, consumer=kind, path="", frame=frame)}
    return reading(at, listed)


def reading(at: float, listed: dict[int, ConsumerSeen]) -> ServerSeen:
    return ServerSeen(
        time_tag=round(at * RATE),
        format="720p2500",
        rate=Fraction(RATE),
        layers={},
        consumers=listed,
    )


def counted(watched: Watched, *frames: tuple[float, int | None], fresh: bool = True) -> Watched:
    for at, frame in frames:
        watched = look(watched, seen(watched.consumer.port, frame, at), at, list_moves=fresh)
    return watched


def mute(after: float, until: float) -> list[tuple[float, None]]:
    """Looks every tenth of a second that find no count."""
    return [
        (round(after + step / 10, 1), None) for step in range(1, round((until - after) * 10) + 1)
    ]


def unlisted(watched: Watched, at: float) -> Watched:
    return look(watched, reading(at, {}), at, list_moves=True)


def sending(at: float = 1.0) -> Watched:
    return counted(begin(STREAM, 0.0), (at - 0.04, 1), (at, 2))


def state(watched: Watched, at: float) -> tuple[str, str]:
    found = state_of(watched, at)
    return found.state, found.error


def test_listed_is_opening_and_only_a_rise_is_sending() -> None:
    opening = counted(begin(STREAM, 0.0), (0.1, None), (0.2, 0))
    risen = counted(opening, (0.24, 1))

    assert state(opening, 0.2) == ("opening", "")
    assert state(risen, 0.24) == ("sending", "")
    assert is_moving(risen, 0.3)
    assert not is_moving(opening, 0.3)


def test_a_frozen_count_is_the_end_of_a_stream() -> None:
    slow = counted(sending(), (1.4, 2), (1.9, 2))
    dead = counted(slow, (2.0, 2))

    assert slow.alive
    assert state(dead, 2.0) == ("down", "its frames stand still: the far end is gone")
    assert is_due(dead, 2.0)


def test_a_channel_that_stood_still_says_nothing_of_its_outputs() -> None:
    burst = [(5.0 + step / 200, 2) for step in range(50)]  # it catches up, much faster than real

    assert counted(sending(), *burst).alive
    assert not counted(sending(), *burst, (5.5, 2), (6.0, 2)).alive


def test_the_stall_of_a_first_picture_is_no_slow_far_end() -> None:
    fresh = counted(begin(STREAM, 0.0), (0.04, 0), (2.6, 0), (2.61, 0))

    assert fresh.alive
    assert state(counted(fresh, (2.7, 1)), 2.7) == ("sending", "")


def test_a_channel_that_does_not_tick_opens_nothing_however_long_it_takes() -> None:
    fresh = begin(STREAM, 0.0)
    for step in range(50):  # a reading every tenth of a second, of a tick every second
        standing = replace(reading(0.0, {}), time_tag=100 + step // 10)
        fresh = look(fresh, standing, step / 10, list_moves=True)

    assert fresh.alive
    assert fresh.age < UNLISTED_FOR


def test_one_that_vanishes_was_dropped() -> None:
    dead = unlisted(sending(), 1.04)

    assert state(dead, 1.04) == ("down", "the engine dropped it")


def test_one_that_was_just_told_need_not_be_listed() -> None:
    fresh = unlisted(begin(STREAM, 0.0), 0.3)
    dead = unlisted(fresh, UNLISTED_FOR)

    assert fresh.alive
    assert state(dead, UNLISTED_FOR) == ("down", "it could not be opened")


def test_a_far_end_that_hangs_is_left_sooner_than_a_slow_one_is_given_up() -> None:
    patient = counted(begin(STREAM, 0.0), *mute(0.0, 2.4))
    dead = counted(patient, (2.5, None))
    again = counted(started(dead, 10.0), *mute(10.0, 14.9))

    assert patient.alive
    assert state(dead, 3.0)[1] == "no answer from the far end in 2.5 s"
    assert again.alive
    assert not counted(again, (15.0, None)).alive


def test_a_sole_output_that_may_be_listed_of_old_is_tried_often() -> None:
    watched, patience, now = begin(STREAM, 0.0), [], 0.0
    for _ in range(9):
        begun = now
        while watched.alive:
            now += 0.5
            watched = counted(watched, (now, None), fresh=False)
        patience.append(now - begun)
        watched = started(watched, now)

    assert patience == [*[OPENING_FOR[0]] * 7, OPENING_FOR[-1], OPENING_FOR[0]]


def test_a_count_that_begins_and_stops_at_once_is_no_sending() -> None:
    stuck = counted(begin(STREAM, 0.0), (0.1, 0), *[(at, 0) for at, _ in mute(0.1, 2.5)])

    assert not stuck.alive


def test_what_an_earlier_life_counted_is_nothing_after_a_start() -> None:
    dead = counted(sending(), (1.5, 2), (2.0, 2))
    anew = started(dead, 3.0)
    stale = counted(anew, (3.04, 2), (3.08, 2))

    assert state(stale, 3.08) == ("opening", "its frames stand still: the far end is gone")
    assert state(counted(stale, (3.12, 0), (3.16, 1)), 3.16) == ("sending", "")
    assert anew.restarts == 1


def test_back_off_grows_to_a_short_end_and_starts_are_told() -> None:
    watched, pauses, now = begin(STREAM, 0.0), [], 0.0
    for _ in range(8):
        now += 10.0
        watched = unlisted(unlisted(watched, now - 5.0), now)
        pauses.append(round(watched.retry_at - now, 3))
        assert is_due(watched, watched.retry_at)
        assert pauses[-1] == 0 or not is_due(watched, now)
        watched = started(watched, now + 2.0)

    assert pauses == [*BACK_OFF, BACK_OFF[-1], BACK_OFF[-1], BACK_OFF[-1]]
    assert state_of(unlisted(unlisted(watched, now + 8), now + 9), now + 9) == OutputState(
        name="main",
        state="down",
        error="it could not be opened; started anew 8 times",
        restarts=8,
    )


def test_after_a_long_time_well_a_death_is_the_first_again() -> None:
    flapping = replace(sending(), deaths=4)
    well = counted(flapping, (1.0 + WELL_AFTER, 900))

    assert unlisted(flapping, 2.0).deaths == 5
    assert unlisted(well, 40.0).deaths == 1


def test_a_caller_has_given_up_before_its_successor_is_made() -> None:
    assert min(OPENING_FOR) > CONNECT_MS / 1000


def test_a_listener_waits_as_long_as_it_takes() -> None:
    waiting = counted(begin(LISTENER, 0.0), *mute(0.0, 100.0))
    anew = unlisted(waiting, 101.0)

    assert state(waiting, 100.0) == ("waiting", "")
    assert is_due(anew, 101.0)
    assert state(anew, 101.0) == ("waiting", "")
    assert state(counted(started(anew, 101.0), (102.0, 0), (102.04, 1)), 102.04)[0] == "sending"


def test_a_listener_whose_port_is_taken_says_so_and_is_not_begun_all_the_time() -> None:
    watched = begin(LISTENER, 0.0)
    starts = []
    for step in range(1, 200):
        at = step / 10
        if is_due(watched, at):
            watched = started(watched, at)
            starts.append(at)
        watched = unlisted(watched, at)
    assert state(watched, 20.0) == ("waiting", "its port is taken; it listens once that is free")
    assert len(starts) <= 12
    assert state(counted(started(watched, 20.0), *mute(20.0, 21.0)), 21.0) == ("waiting", "")


def test_a_device_is_listed_and_no_more_is_said() -> None:
    def listed(*, list_moves: bool) -> Watched:
        found = seen(DECKLINK.port, None, 1.0, kind="decklink")
        return look(begin(DECKLINK, 0.0), found, 1.0, list_moves=list_moves)

    assert state(begin(DECKLINK, 0.0), 0.0) == ("opening", "")
    assert state(listed(list_moves=True), 1.0) == (
        "sending",
        "not proven: the engine counts no frames of decklink, it is listed",
    )
    assert state(listed(list_moves=False), 1.0)[1].endswith("listed, perhaps of old")
    assert state(unlisted(listed(list_moves=True), 2.0), 2.0)[0] == "down"


def test_another_consumer_on_its_port_is_not_it() -> None:
    taken = begin(DECKLINK, 0.0)
    for at in (0.5, 1.0):
        taken = look(taken, seen(DECKLINK.port, 5, at), at, list_moves=True)

    assert not taken.alive


def test_what_is_dead_is_not_judged_again() -> None:
    dead = unlisted(sending(), 2.0)

    assert counted(dead, (2.1, 900)) == dead


# ── recordings ───────────────────────────────────────────────────────────────────────────────────


def recorded(name: str, port: int, begin_at: float, end_at: float) -> Iterator[tuple[float, int]]:
    """What a real engine counted on `port` in a stretch of a recording, by its seconds."""
    for line in (recordings.FOLDER / name).read_text("utf-8").splitlines():
        match = PORTS.match(line)
        if match is None or not begin_at <= float(match[1]) <= end_at:
            continue
        frames = dict(re.findall(r"port_(\d+)[ =](?:frame=)?(\d+)", match[2]))
        yield float(match[1]), int(frames[str(port)])


def lost_after(name: str, port: int, begin_at: float, end_at: float) -> tuple[float, float]:
    """Seconds from the last frame until it was noticed, and between two looks at most."""
    readings = list(recorded(name, port, begin_at, end_at))
    times = [at for at, _ in readings]
    watched = begin(STREAM, times[0] - 0.5)
    last = times[0]
    for (at, frame), before in zip(readings, (None, *readings), strict=False):
        last = at if before is not None and frame > before[1] else last
        watched = counted(watched, (at, frame))
        if not watched.alive:
            return at - last, max(b - a for a, b in pairwise(times))
    raise AssertionError("never noticed")


def test_recorded_losses_are_noticed_at_the_first_look_after_a_second() -> None:
    for name, begin_at, end_at, port in (
        ("10b-stream-failures-and-stalls.txt", 2.7, 8.7, 803),
        ("10b-stream-failures-and-stalls.txt", 11.2, 17.2, 802),
        ("20-late-checks.txt", 7.8, 18.4, 802),
        ("20-late-checks.txt", 25.5, 36.0, 802),
    ):
        noticed, apart = lost_after(name, port, begin_at, end_at)

        assert FROZEN_FOR <= noticed <= FROZEN_FOR + apart


def test_a_recorded_recorder_beside_them_is_never_suspected() -> None:
    watched = begin(STREAM, 2.0)
    for at, frame in recorded("10b-stream-failures-and-stalls.txt", 700, 2.7, 8.7):
        watched = counted(watched, (at, frame))
        assert watched.alive

    assert state(watched, 8.7) == ("sending", "")
