from __future__ import annotations

import pytest

from reconciler.model.desired import DecklinkOutput, NdiOutput, Output, StreamOutput
from reconciler.model.ids import OutputName
from reconciler.model.text import Text
from reconciler.web.watching import how_to_watch


def stream(kind: str, url: str, *options: tuple[str, str]) -> Output:
    return StreamOutput(name=OutputName("main"), type=kind, url=Text.plain(url), options=options)


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (stream("udp", "udp://127.0.0.1:5004"), "ffplay udp://127.0.0.1:5004"),
        (stream("udp", "udp://239.1.1.1:5004"), "ffplay udp://@239.1.1.1:5004"),
        (stream("srt", "srt://:5007", ("mode", "listener")), "ffplay srt://:5007"),
        (stream("srt", "srt://mux:9001"), "it calls srt://mux:9001"),
        (stream("rtmp", "rtmp://live/app"), "it calls rtmp://live/app"),
        (stream("file", "file:///x.ts"), "ffplay file:///x.ts"),
        (DecklinkOutput(name=OutputName("sdi"), device=1), "SDI, on device 1"),
        (NdiOutput(name=OutputName("ndi"), ndi_name="NEWS"), "NDI source NEWS"),
    ],
)
def test_every_output_says_how_to_watch_it(output: Output, expected: str) -> None:
    assert how_to_watch(output) == expected


def test_a_secret_stays_an_expression() -> None:
    text = Text(shown="rtmp://live/{{ secrets.key }}", value="rtmp://live/s3cret", mark="m")
    output = StreamOutput(name=OutputName("social"), type="rtmp", url=text)
    assert "s3cret" not in how_to_watch(output)
