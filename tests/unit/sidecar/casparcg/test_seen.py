"""Recorded states of a real engine, by OSC and by INFO, as the values that we judge."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from reconciler.sidecar.casparcg.osc_packets import State, Value
from reconciler.sidecar.casparcg.seen import (
    ConsumerSeen,
    LayerSeen,
    ProducerSeen,
    ServerSeen,
    TransitionSeen,
    from_info,
    from_osc,
)
from tests.unit.sidecar.casparcg import recordings

NOTHING = ProducerSeen()
LONG = ProducerSeen(
    producer="ffmpeg",
    name="long",
    path="/srv/playout/media/long.mp4",
    time=1.2,
    file_length=60.0,
    clip_length=60.0,
    has_streams=True,
)
QUEUED = ProducerSeen(
    producer="transition",
    name="clip2",
    path="/srv/playout/media/clip2.mp4",
    transition=TransitionSeen(kind="cut", frame=0, frames=0, producer="ffmpeg"),
)
CLIP3 = ProducerSeen(
    producer="ffmpeg",
    name="clip3",
    path="/srv/playout/media/clip3.mp4",
    time=2.0,
    file_length=5.0,
    clip_length=5.0,
    has_streams=True,
)


def server(*layers: LayerSeen, tag: int | None = None, **more: object) -> ServerSeen:
    plain = ServerSeen(
        time_tag=tag,
        format="720p2500",
        rate=Fraction(25),
        layers={layer.number: layer for layer in layers},
        consumers={},
    )
    return replace(plain, **more)  # type: ignore[arg-type]  # fields by name


def layer(
    foreground: ProducerSeen,
    background: ProducerSeen = NOTHING,
    *,
    paused: bool = False,
    left: int | None = None,
    number: int = 10,
) -> LayerSeen:
    return LayerSeen(
        number=number,
        foreground=foreground,
        background=background,
        paused=paused,
        frames_left=left,
    )


def mixing(time: float, frame: int) -> ProducerSeen:
    return replace(
        CLIP3,
        producer="transition",
        time=time,
        transition=TransitionSeen(kind="mix", frame=frame, frames=50, producer="ffmpeg"),
    )


SOUND = (189226502, 189226060, *([0] * 14))
LATER = (190578944, 190582497, *([0] * 14))
RECORDER = ConsumerSeen(port=700, consumer="ffmpeg", path="/srv/playout/out/osc.mp4", frame=0)


def test_the_recorded_bundles() -> None:
    assert [from_osc(state) for state in recordings.bundles("13-osc.txt")] == [
        server(tag=5271),
        server(layer(LONG), tag=5304),
        server(layer(replace(LONG, time=2.52), QUEUED, left=1437), tag=5337),
        server(layer(replace(LONG, time=2.56), QUEUED, left=1435, paused=True), tag=5370),
        server(layer(replace(LONG, time=3.96, loop=True), QUEUED, left=4294967196), tag=5406),
        server(layer(mixing(1.0, 27)), tag=5930),
        server(layer(mixing(1.16, 31)), tag=5934, consumers={700: RECORDER}, volume=SOUND),
        server(layer(CLIP3), tag=6037, volume=LATER),
    ]


def test_info_gives_the_same_values_as_osc() -> None:
    (told,) = recordings.states("13-osc.txt")

    assert from_info(told) == replace(from_osc(recordings.bundles("13-osc.txt")[6]), time_tag=None)


def test_info_of_a_playing_layer_with_one_queued() -> None:
    (told,) = recordings.states("04-playlist-loadbg-auto.txt")
    playing = replace(
        CLIP3, name="clip1", path="/srv/playout/media/clip1.mp4", time=0.84, clip_length=5.0
    )

    assert from_info(told) == server(layer(playing, QUEUED, left=104))


def test_layers_that_were_only_spoken_to_are_empty() -> None:
    seen = from_info(recordings.states("03-play-lifecycle.txt")[4])

    assert seen.layers[77] == layer(NOTHING, number=77)
    assert sorted(seen.layers) == [10, 77]


def test_an_interlaced_channel_counts_fields() -> None:
    (told,) = recordings.states("15-interlaced-units-cwd-locale-configured-consumer.txt")
    seen = from_info(told)

    assert (seen.format, seen.rate) == ("PAL", Fraction(50))
    assert seen.frames(seen.layers[10].foreground.time) == 25


@pytest.mark.parametrize("name", recordings.NAMES)
def test_every_recorded_state_is_read(name: str) -> None:
    for told in recordings.states(name):
        seen = from_info(told)

        assert seen.format
        assert seen.rate > 0


def test_what_never_ends_is_known_by_its_wrapped_count() -> None:
    looped = from_osc(recordings.bundles("13-osc.txt")[4]).layers[10]
    ending = from_osc(recordings.bundles("13-osc.txt")[2]).layers[10]

    assert looped.never_ends
    assert not ending.never_ends
    assert not layer(LONG).never_ends


def test_plain_is_neither_coming_nor_nothing() -> None:
    assert LONG.is_plain
    assert not QUEUED.is_plain
    assert not NOTHING.is_plain


def test_the_first_tick_has_an_empty_channel() -> None:
    seen = from_info('<?xml version="1.0" encoding="utf-8"?>\n<channel/>\n')

    assert seen == server(format="", rate=Fraction(0))
    assert seen.frames(1.0) == 0


def test_elements_without_text_say_nothing() -> None:
    told = "<channel><format>PAL</format><output><port/></output></channel>"

    assert from_info(told) == server(format="PAL", rate=Fraction(0))


def test_what_is_no_state_is_refused() -> None:
    with pytest.raises(ValueError, match="expected the engine's state"):
        from_info("1 720p2500 PLAYING")


def test_levels_are_in_decibels_of_full_scale() -> None:
    assert server(volume=SOUND).level_db[:3] == (-21.1, -21.1, -120.0)


def test_consumers_without_a_count_have_none() -> None:
    values: dict[str, tuple[Value, ...]] = {
        "/channel/1/output/port/301/consumer": ("decklink",),
        "/channel/1/output/port/301/decklink/index": (1,),
        "/channel/2/output/port/7/consumer": ("ffmpeg",),
    }
    seen = from_osc(State(time_tag=1, values=values))

    assert seen.consumers == {301: ConsumerSeen(port=301, consumer="decklink", path="", frame=None)}


def test_addresses_are_not_shown() -> None:
    live = ProducerSeen(name="rtmp://host/app/geheim", path="rtmp://host/app/geheim")
    sent = ConsumerSeen(port=1, consumer="ffmpeg", path="rtmp://host/app/geheim", frame=1)

    assert "geheim" not in repr(server(layer(live), consumers={1: sent}))
