"""What an engine is started with is, byte for byte, what is kept under `tests/renders/`."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from xml.etree import ElementTree as ET

import pytest
from jinja2 import DictLoader

from reconciler.errors import UsageError
from reconciler.model.video import VideoFormat
from reconciler.sidecar.casparcg.config import (
    CONFIG,
    DOCKERFILE,
    EngineConfig,
    Folders,
    Image,
    render_config,
    render_dockerfile,
    rendered_digest,
)
from reconciler.sidecar.casparcg.consumers import consumers_for
from reconciler.sidecar.casparcg.modes import cadence, mode_of, units
from reconciler.sidecar.casparcg.shipped import engine_templates
from reconciler.sidecar.engine_port import WantedOutput
from tests.renders.cases import KEPT, rendered

TEMPLATES = engine_templates()
HD = VideoFormat.parse("1080p5000")
PLAIN = EngineConfig(
    format=HD,
    folders=Folders(media="/m", log="/l", data="/d", template="/t"),
    amcp_port=5250,
    lock_phrase="abcdef0123456789",
)
IMAGE = Image(base="casparcg:2.5.0")


@pytest.mark.parametrize("name", sorted(rendered()))
def test_renders_are_as_kept(name: str) -> None:
    assert rendered()[name].encode() == (KEPT / name).read_bytes()


def test_nothing_is_kept_that_is_not_rendered() -> None:
    assert {path.name for path in KEPT.iterdir()} == set(rendered())


@pytest.mark.parametrize("name", [name for name in sorted(rendered()) if name.endswith(".config")])
def test_a_config_is_xml_that_says_what_was_meant(name: str) -> None:
    root = ET.fromstring(rendered()[name])  # noqa: S314  # made two lines above

    assert root.tag == "configuration"
    assert root.findtext("controllers/tcp/protocol") == "AMCP"
    assert root.findtext("osc/disable-send-to-amcp-clients") == "true"
    assert root.find("osc/predefined-clients") is None
    assert root.findtext("lock-clear-phrase") == "abcdef0123456789"


def test_an_element_comes_back_as_it_was_made() -> None:
    outputs = (
        WantedOutput(name="a", type="rtmp", url="rtmp://h/a/k?x=1&y=<2>"),
        WantedOutput(name="b", type="ndi", url='ndi://"A" & <B>'),
    )
    consumers = consumers_for(outputs, HD).wanted
    root = ET.fromstring(render_config(replace(PLAIN, consumers=consumers), TEMPLATES))  # noqa: S314
    found = root.find("channels/channel/consumers")
    assert found is not None

    assert [(each.tag, tuple((child.tag, child.text) for child in each)) for each in found] == [
        consumer.element for consumer in consumers
    ]


def test_only_what_the_engine_gives_its_own_port_is_in_the_config() -> None:
    outputs = (
        WantedOutput(name="a", type="ndi", url="ndi://A"),
        WantedOutput(name="b", type="ndi", url="ndi://B"),
    )
    text = render_config(replace(PLAIN, consumers=consumers_for(outputs, HD).wanted), TEMPLATES)

    assert "<name>A</name>" in text
    assert "<name>B</name>" not in text


@pytest.mark.parametrize(
    ("format", "mode"),
    [
        ("1080i5000", "1080i5000"),
        ("PAL", "PAL"),
        ("576i5000", "PAL"),
        ("486i5994", "NTSC"),
        ("1920x1080p2500", "1080p2500"),
        ("2160p5994", "2160p5994"),
        ("360p2500", "360p2500"),
        ("424x240p2500", "424x240p2500"),
    ],
)
def test_a_format_by_the_name_that_the_engine_has_for_it(format: str, mode: str) -> None:  # noqa: A002
    assert mode_of(VideoFormat.parse(format)).name == mode


def test_a_custom_mode_is_exact() -> None:
    assert mode_of(VideoFormat.parse("360p2997")).custom == (
        ("id", "360p2997"),
        ("width", "640"),
        ("height", "360"),
        ("time-scale", "30000"),
        ("duration", "1001"),
        ("cadence", "1601,1602,1601,1602,1602"),
    )
    assert mode_of(HD).custom == ()


@pytest.mark.parametrize(
    "rate", [Fraction(25), Fraction(24000, 1001), Fraction(60000, 1001), Fraction(1250, 100)]
)
def test_samples_add_up(rate: Fraction) -> None:
    found = cadence(rate)

    assert sum(found) * rate == 48_000 * len(found)


def test_an_interlaced_format_that_the_engine_lacks_is_refused() -> None:
    with pytest.raises(UsageError, match="CasparCG's interlaced formats"):
        mode_of(VideoFormat.parse("720i5000"))


def test_units_are_fields_where_there_are_fields() -> None:
    assert units(VideoFormat.parse("1080i5000")) == 50
    assert units(VideoFormat.parse("1080p5000")) == 50
    assert units(VideoFormat.parse("720p2500")) == 25


@pytest.mark.parametrize(
    "wrong",
    [
        replace(PLAIN, log_level="loud"),
        replace(PLAIN, lock_phrase=""),
        replace(PLAIN, lock_phrase="<secret>secret"),
        replace(PLAIN, folders=replace(PLAIN.folders, media="media")),
        replace(PLAIN, folders=replace(PLAIN.folders, log="/l\n")),
    ],
)
def test_a_config_that_cannot_be_meant_is_refused(wrong: EngineConfig) -> None:
    with pytest.raises(UsageError):
        render_config(wrong, TEMPLATES)


@pytest.mark.parametrize(
    "wrong",
    [
        Image(base=""),
        Image(base="a b"),
        Image(base="a\nRUN x"),
        Image(base="a", engine="casparcg"),
        Image(base="a", libraries="/a b"),
    ],
)
def test_an_image_that_cannot_be_meant_is_refused(wrong: Image) -> None:
    with pytest.raises(UsageError):
        render_dockerfile(wrong, TEMPLATES)


def test_the_image_asks_for_no_privileges() -> None:
    text = render_dockerfile(IMAGE, TEMPLATES)
    last_user = [line for line in text.splitlines() if line.startswith("USER ")][-1]

    assert last_user == "USER playout"
    assert "privileged" not in text.replace("Nothing in it needs privileges", "")
    assert "LANG=C.UTF-8" in text
    assert "EXPOSE 3002\n" in text
    assert "5250" not in text


def test_the_digest_tells_what_a_running_engine_cannot_take_up() -> None:
    plain = rendered_digest(HD, None, TEMPLATES)
    others = {
        rendered_digest(VideoFormat.parse("720p5000"), None, TEMPLATES),
        rendered_digest(HD, IMAGE, TEMPLATES),
        rendered_digest(HD, replace(IMAGE, base="casparcg:2.6.0"), TEMPLATES),
        rendered_digest(HD, None, DictLoader({CONFIG: "other", DOCKERFILE: ""})),
    }

    assert plain == rendered_digest(HD, None, TEMPLATES)
    assert len({plain, *others}) == 5


def test_secrets_are_not_in_a_repr() -> None:
    outputs = (WantedOutput(name="a", type="rtmp", url="rtmp://h/a/geheim"),)
    config = replace(PLAIN, consumers=consumers_for(outputs, HD).wanted)

    assert "geheim" in render_config(config, TEMPLATES)
    assert "geheim" not in repr(config)
    assert "abcdef" not in repr(config)
