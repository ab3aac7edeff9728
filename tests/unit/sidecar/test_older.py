"""The older system's environment, read into what a sidecar is started with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reconciler.errors import UsageError
from reconciler.sidecar.engines import make_engine, refuse_outputs
from reconciler.sidecar.older import ENVIRONMENT, is_older, older_document
from reconciler.sidecar.spec import SidecarSpec, parse_spec

ENV = {
    "CHANNEL_ID": "6f1e-news",
    "OUTPUT_TYPE": "srt",
    "OUTPUT_CONFIG": '{"url": "srt://mux:9001", "latency_ms": 200, "passphrase": "hunter2hunter2"}',
    "VIDEO_FORMAT": "1080p5000",
    "PORT": "3007",
}


def spec_of(**env: str) -> SidecarSpec:
    return parse_spec(older_document({**ENV, **env}, token="made"), Path("/somewhere"))


def test_the_older_environment_is_a_start_document() -> None:
    spec = spec_of()

    assert (spec.channel, spec.title, spec.epoch) == ("6f1e-news", "6f1e-news", 1)
    assert (spec.format.name, spec.port, spec.host) == ("1080p5000", 3007, "0.0.0.0")
    assert (spec.token, spec.engine) == ("made", "embedded")
    assert spec.media_root == Path("/media")
    assert spec.preview
    assert spec.preview_folder == Path("/media/live/6f1e-news")
    (output,) = spec.outputs
    assert (output.name, output.type, output.url) == ("main", "srt", "srt://mux:9001")
    assert output.options == {"latency_ms": 200, "passphrase": "hunter2hunter2"}


def test_what_is_not_said_is_as_it_was() -> None:
    env = {"CHANNEL_ID": "c", "OUTPUT_CONFIG": '{"host": "mux", "port": 9001}'}
    spec = parse_spec(older_document(env, token="t"), Path("/x"))

    assert (spec.format.name, spec.port) == ("1080p5994", 3002)
    assert [output.url for output in spec.outputs] == ["srt://mux:9001"]


def test_what_we_add_is_taken() -> None:
    spec = spec_of(TOKEN="given", EPOCH="4", TITLE="News", MEDIA_ROOT="/data/")

    assert (spec.token, spec.epoch, spec.title) == ("given", 4, "News")
    assert spec.preview_folder == Path("/data/live/6f1e-news")


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("CHANNEL_ID", "../up", "CHANNEL_ID: expected a name"),
        ("OUTPUT_CONFIG", "{", "OUTPUT_CONFIG: expected a JSON object"),
        ("OUTPUT_CONFIG", "[1]", r"OUTPUT_CONFIG: expected an object"),
        ("OUTPUT_CONFIG", '{"host": "mux"}', "expected url, or host with port"),
        ("PORT", "http", "PORT: expected a whole number"),
        ("VIDEO_FORMAT", "banana", r"spec\.format: expected a video format"),
    ],
)
def test_what_is_wrong_is_named(name: str, value: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        spec_of(**{name: value})


def test_an_output_that_the_engine_cannot_feed_is_refused() -> None:
    spec = spec_of(OUTPUT_TYPE="decklink", OUTPUT_CONFIG='{"device_index": 1}')

    with pytest.raises(UsageError, match="embedded engine sends file, hls, rtmp, srt, udp"):
        refuse_outputs(spec)


def test_an_engine_that_nobody_drives_is_refused() -> None:
    with pytest.raises(UsageError, match="expected casparcg, embedded, found 'abacus'"):
        make_engine(spec_of(ENGINE="abacus"), ())


def test_secrets_are_not_shown_and_every_variable_is_explained() -> None:
    with pytest.raises(UsageError) as wrong:
        spec_of(OUTPUT_CONFIG='{"passphrase": "hunter2hunter2"')
    assert "hunter2" not in str(wrong.value) + repr(spec_of())
    assert all(name in ENVIRONMENT for name in ENV)
    assert not is_older({"PORT": "1"})
    assert is_older(ENV)
    json.dumps(older_document(ENV, token="t"))
