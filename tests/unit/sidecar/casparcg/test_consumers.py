"""Outputs of a lineup as consumers: one making for ADD and config, nothing secret in a path."""

from __future__ import annotations

import pytest

from reconciler.model.desired import DecklinkOutput, NdiOutput, Output, StreamOutput
from reconciler.model.ids import OutputName
from reconciler.model.text import Text
from reconciler.model.video import VideoFormat
from reconciler.plan.outputs import output_document
from reconciler.sidecar.casparcg.coding import Coding, arguments
from reconciler.sidecar.casparcg.consumers import Consumer, checksum, consumers_for
from reconciler.sidecar.casparcg.destinations import destination
from reconciler.sidecar.engine_port import WantedOutput
from reconciler.sidecar.spec import parse_outputs
from tests.unit.sidecar.casparcg import recordings

HD = VideoFormat.parse("1080p5000")
PAL = VideoFormat.parse("PAL")
CODED = arguments(Coding.programme(HD, None))


def wanted(type: str, url: str, name: str = "main", **options: object) -> WantedOutput:  # noqa: A002
    return WantedOutput(name=name, type=type, url=url, options=options)


def made(*outputs: WantedOutput, format: VideoFormat = HD) -> tuple[Consumer, ...]:  # noqa: A002
    found = consumers_for(outputs, format)
    assert found.refused == {}
    return found.wanted


def one(type: str, url: str, **options: object) -> Consumer:  # noqa: A002
    (consumer,) = made(WantedOutput(name="main", type=type, url=url, options=options))
    return consumer


def shown(consumer: Consumer) -> str:
    return consumer.add().line().decode().removesuffix("\r\n")


def test_the_engine_numbers_a_consumer_by_the_checksum_of_its_path() -> None:
    added = (recordings.FOLDER / "10-consumers-file-hls-udp-srt-rtmp.txt").read_text("utf-8")
    configured = recordings.FOLDER / "15-interlaced-units-cwd-locale-configured-consumer.txt"

    assert f"port_{100_000 + checksum('file1.mp4')}:ffmpeg" in added
    assert f"port_{100_000 + checksum('/srv/playout/out/hls/cfg.m3u8')}" in configured.read_text(
        "utf-8"
    )


def test_udp_leaves_in_whole_datagrams() -> None:
    consumer = one("udp", "udp://239.1.1.1:5004", ttl="4", interface="10.0.0.5")

    assert consumer.words == (
        "STREAM",
        "udp://239.1.1.1:5004?pkt_size=1316&ttl=4&localaddr=10.0.0.5",
        "-format",
        "mpegts",
        *CODED,
    )


def test_srt_has_its_secrets_in_options_and_not_in_its_path() -> None:
    consumer = one(
        "srt",
        "srt://mux.example:9001",
        latency_ms="200",
        passphrase="geheim-12345",
        streamid="#!::r=news",
    )

    assert consumer.words[:16] == (
        "STREAM", "srt://mux.example:9001?mode=caller", "-format", "mpegts",
        "-latency", "200000", "-connect_timeout", "2000",
        "-passphrase", "geheim-12345", "-enforced_encryption", "1",
        "-srt_streamid", "#!::r=news", "-codec:v", "libx264",
    )  # fmt: skip
    assert "geheim" not in repr(consumer) + str(consumer.add())


def test_what_an_srt_address_says_counts_unless_an_option_says_otherwise() -> None:
    to = destination(
        wanted("srt", "srt://[2001:db8::1]:9001?mode=listener&latency=80000&passphrase=geheim-123")
    )

    assert to.path == "srt://[2001:db8::1]:9001?mode=listener"
    assert to.options[2:6] == ("-latency", "80000", "-listen_timeout", "15000000")
    assert to.options[6:8] == ("-passphrase", "geheim-123")
    assert to.waits
    over = destination(wanted("srt", "srt://a:1?mode=listener&latency=80000", mode="caller"))
    assert (over.path, over.waits) == ("srt://a:1?mode=caller", False)


def test_rtmp_is_flv() -> None:
    assert one("rtmp", "rtmp://live.example/app/geheim").words[:4] == (
        "STREAM",
        "rtmp://live.example/app/geheim",
        "-format",
        "flv",
    )


def test_a_file_is_written_without_drops_and_deletes_the_one_before() -> None:
    consumer = one("file", "file:///srv/rec/day%201.ts")

    assert consumer.words[:4] == ("FILE", "/srv/rec/day 1.ts", "-format", "mpegts")
    assert shown(consumer).startswith(f'ADD 1-{consumer.port} FILE "/srv/rec/day 1.ts" -format')
    assert dict(consumer.element[1])["realtime"] == "false"
    assert consumer.overwrites == "/srv/rec/day 1.ts"


def test_hls_has_an_absolute_playlist_whose_numbers_only_grow() -> None:
    consumer = one("hls", "/srv/hls/news/")

    assert consumer.words[1] == "/srv/hls/news/index.m3u8"
    assert consumer.words[2:12] == (
        "-format", "hls", "-hls_time", "2", "-hls_list_size", "8",
        "-hls_flags", "delete_segments+program_date_time", "-hls_start_number_source", "epoch",
    )  # fmt: skip


def test_decklink_by_number() -> None:
    consumer = one("decklink", "decklink://2", keyer="internal", latency="low")

    assert shown(consumer) == "ADD 1-302 DECKLINK 2 INTERNAL_KEY LOW_LATENCY EMBEDDED_AUDIO"
    assert str(consumer.remove()) == "REMOVE 1-302"
    assert consumer.in_config
    assert consumer.element == (
        "decklink",
        (
            ("device", "2"),
            ("embedded-audio", "true"),
            ("latency", "low"),
            ("keyer", "internal"),
        ),
    )
    assert not consumer.counts_frames


def test_decklink_by_persistent_id_is_left_to_add() -> None:
    consumer = one("decklink", "decklink://2747401880", keyer="default")

    assert shown(consumer) == "ADD 1-700 DECKLINK 2747401880 EMBEDDED_AUDIO"
    assert not consumer.in_config


def test_a_second_ndi_cannot_be_in_the_config_since_the_engine_gives_both_one_port() -> None:
    first, second = made(wanted("ndi", "ndi://NEWS 24", "a"), wanted("ndi", "ndi://NEWS 24 B", "b"))

    assert shown(first) == 'ADD 1-900 NDI NAME "NEWS 24"'
    assert first.in_config
    assert (second.port, second.in_config) == (700, False)


def test_ndi_of_an_interlaced_channel_sends_fields() -> None:
    (consumer,) = made(wanted("ndi", "ndi://N"), format=PAL)

    assert consumer.words[-1] == "ALLOW_FIELDS"
    assert consumer.element == ("ndi", (("name", "N"), ("allow-fields", "true")))


def test_two_to_one_path_get_two_ports() -> None:
    first, second = made(
        wanted("udp", "udp://h:1", "a"), wanted("udp", "udp://h:1", "b"),
    )  # fmt: skip

    assert first.port != second.port
    assert (first.in_config, second.in_config) == (True, False)


def test_ports_do_not_depend_on_the_company() -> None:
    alone = one("udp", "udp://h:1")
    later = made(wanted("udp", "udp://h:2", "other"), wanted("udp", "udp://h:1"))[1]

    assert alone == later


@pytest.mark.parametrize(
    "output",
    [
        wanted("udp", "udp://239.1.1.1:5004"),
        wanted("srt", "srt://mux:9001", passphrase="geheim-12345"),
        wanted("rtmp", "rtmp://h/a/k"),
        wanted("file", "/srv/a.ts"),
        wanted("hls", "/srv/hls"),
    ],
)
def test_the_config_says_what_add_says(output: WantedOutput) -> None:
    (consumer,) = made(output)
    tag, children = consumer.element
    element = dict(children)

    assert tag == "ffmpeg"
    assert (element["path"], *element["args"].split(" ")) == consumer.words[1:]
    assert (element["realtime"] == "true") == (consumer.words[0] == "STREAM")


@pytest.mark.parametrize(
    "output",
    [
        wanted("udp", "udp://239.1.1.1"),
        wanted("udp", "udp://h:1 -f x"),
        wanted("udp", "udp://h:99999"),
        wanted("udp", "udp://h:1", interface="a b"),
        wanted("srt", "srt://h:1", mode="rendezvous"),
        wanted("srt", "srt://h:1", latency_ms="fast"),
        wanted("srt", "srt://h:1", passphrase="short"),
        wanted("srt", "srt://h:1", passphrase="long enough -metadata x"),
        wanted("srt", "srt://h:1", streamid="a b"),
        wanted("rtmp", "http://h/a"),
        wanted("file", "relative.ts"),
        wanted("file", "/srv/a:b.ts"),
        wanted("hls", "srt://h:1"),
        wanted("decklink", "decklink://abc"),
        wanted("decklink", "decklink://0"),
        wanted("decklink", "decklink://1", keyer="none"),
        wanted("ndi", "ndi://"),
        wanted("ndi", "ndi://allow_fields"),
        wanted("tape", "tape://1"),
    ],
)
def test_what_cannot_be_meant_is_refused_alone(output: WantedOutput) -> None:
    found = consumers_for((output, wanted("udp", "udp://h:1", "good")), HD)

    assert [each.name for each in found.wanted] == ["good"]
    assert found.refused["main"].startswith("output main: ")


def test_refusals_do_not_tell_addresses() -> None:
    found = consumers_for((wanted("rtmp", "rtmp:///geheim"), wanted("srt", "srt://geheim")), HD)

    assert "geheim" not in str(found.refused)


def test_options_all_have_the_stream_that_they_are_for() -> None:
    for coding in (Coding.programme(PAL, 3_000_000), Coding.preview(HD)):
        words = arguments(coding)
        flags, values = words[::2], words[1::2]

        assert all(flag.startswith("-") and flag[-2:] in {":v", ":a"} for flag in flags)
        assert not any(value.startswith("-") or " " in value for value in values)


def test_a_programme_as_it_is_coded() -> None:
    assert arguments(Coding.programme(VideoFormat.parse("720p2500"), 3_000_000)) == (
        "-codec:v", "libx264", "-preset:v", "veryfast", "-tune:v", "zerolatency",
        "-b:v", "3000000", "-maxrate:v", "3000000", "-bufsize:v", "3000000",
        "-g:v", "50", "-sc_threshold:v", "0", "-filter:v", "format=yuv420p",
        "-codec:a", "aac", "-b:a", "128000", "-filter:a", "pan=stereo|c0=c0|c1=c1",
    )  # fmt: skip


def test_an_interlaced_programme_is_woven() -> None:
    pal = arguments(Coding.programme(PAL, None))
    ntsc = arguments(Coding.programme(VideoFormat.parse("NTSC"), None))

    assert "interlace=scan=tff:lowpass=off,format=yuv420p" in pal
    assert "interlace=scan=bff:lowpass=off,format=yuv420p" in ntsc
    assert pal[pal.index("-flags:v") + 1] == "+ildct+ilme"
    assert pal[pal.index("-g:v") + 1] == "50"


def test_a_preview_is_small_and_halved() -> None:
    assert Coding.preview(HD).filters == (
        "fps=25/1",
        "scale=w=trunc(iw*sar*240/ih/2)*2:h=240",
        "setsar=1",
        "format=yuv420p",
    )
    assert Coding.preview(VideoFormat.parse("180p2500")).filters[0].endswith("h=180")


def test_the_preview_is_one_more_output() -> None:
    found = consumers_for((wanted("udp", "udp://h:1"),), HD, preview_folder="/srv/preview")

    assert [each.name for each in found.wanted] == ["main", "preview"]
    assert found.wanted[1].words[1] == "/srv/preview/index.m3u8"
    assert found.wanted[1].in_config


def test_every_output_of_a_lineup_can_be_made() -> None:
    name = OutputName
    outputs: tuple[Output, ...] = (
        StreamOutput(name=name("a"), type="udp", url=Text.plain("udp://h:1")),
        StreamOutput(
            name=name("b"),
            type="srt",
            url=Text.plain("srt://h:1"),
            options=(("latency_ms", "200"), ("mode", "listener")),
            passphrase=Text(shown="•••", value="geheim-12345"),
        ),
        StreamOutput(name=name("c"), type="rtmp", url=Text.plain("rtmp://h/a/k")),
        StreamOutput(name=name("d"), type="file", url=Text.plain("/srv/a.ts")),
        StreamOutput(name=name("e"), type="hls", url=Text.plain("/srv/h")),
        DecklinkOutput(name=name("f"), device=1),
        NdiOutput(name=name("g"), ndi_name="NEWS 24"),
    )
    found = consumers_for(parse_outputs(tuple(output_document(output) for output in outputs)), HD)

    assert found.refused == {}
    assert [each.kind for each in found.wanted] == [*["ffmpeg"] * 5, "decklink", "ndi"]
    assert len({each.port for each in found.wanted}) == 7
