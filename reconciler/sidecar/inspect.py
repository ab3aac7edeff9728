"""Look into a whole file: streams, loudness by EBU R 128, and whether its end decodes (PyAV).

Slow where it has to be: all of the sound is decoded. `python -m reconciler.sidecar.inspect FILE`
prints what it finds as JSON, in a process that gives way to every other: nothing on air waits for
it, and a file that brings the decoder down brings nothing else down.
"""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.model.findings import Findings

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.filter import Graph

_SILENCE = -70.0  # LUFS; the gate of EBU R 128 counts nothing below it
_TAIL = 2.0  # seconds before the end from which on pictures are decoded
_PROGRESSIVE = frozenset({"", "0", "1", "progressive", "unknown"})  # AVFieldOrder, by any spelling
_KEY = "lavfi.r128.I"


def inspect(path: Path) -> Findings:
    """Find out what is in `path`; damage is a finding, only the disk raises (`OSError`)."""
    import av

    av.logging.set_level(None)  # another level can deadlock the process: ENGINE pitfall 1
    try:
        with av.open(str(path), mode="r") as container:
            found = _streams(container)
            loudness, torn = _loudness(container)
        with av.open(str(path), mode="r") as container:
            damage = torn or _tail(container)
    except FileNotFoundError:
        raise
    except Exception as error:  # noqa: BLE001  # a damaged file may raise anything: ENGINE pitfall 7
        return Findings(damage=f"it cannot be read through: {error}")
    return Findings.of({**found, "loudness": loudness, "damage": damage})


def _streams(container: InputContainer) -> dict[str, object]:
    video = next(iter(container.streams.video), None)
    audio = next(iter(container.streams.audio), None)
    order = str(getattr(getattr(video, "codec_context", None), "field_order", "") or "")
    return {
        "container": container.format.name,
        "width": video.width if video is not None else 0,
        "height": video.height if video is not None else 0,
        "rate": str(video.average_rate or "") if video is not None else "",
        "interlaced": order not in _PROGRESSIVE,
        "channels": audio.channels if audio is not None else 0,
    }


def _loudness(container: InputContainer) -> tuple[float | None, str]:
    """Integrated loudness of the first sound; and what stopped the decoding, if anything."""
    import av

    if not container.streams.audio:
        return None, ""
    stream, graph, last = container.streams.audio[0], None, None
    try:
        for frame in container.decode(stream):
            frame.pts = None
            if graph is None:
                graph = _meter(frame)
            graph.push(frame)
            for measured in _pulled(graph):
                last = measured
    except av.FFmpegError as error:
        return _of(last), f"its sound cannot be decoded to the end: {error.strerror}"
    return _of(last), ""


def _meter(frame: object) -> Graph:
    import av
    from av.filter import Graph

    assert isinstance(frame, av.AudioFrame)  # noqa: S101  # what an audio stream decodes to
    graph = Graph()
    source = graph.add_abuffer(
        sample_rate=frame.sample_rate, format=frame.format.name, layout=frame.layout.name
    )
    graph.link_nodes(
        source, graph.add("ebur128", "metadata=1"), graph.add("abuffersink")
    ).configure()
    return graph


def _pulled(graph: Graph) -> Iterator[float]:
    """The integrated loudness so far, each time that it is told anew."""
    import av

    while True:
        try:
            frame = graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        text = frame.metadata.get(_KEY) if hasattr(frame, "metadata") else None
        if text is not None:
            yield float(text)


def _of(loudness: float | None) -> float | None:
    if loudness is None or math.isnan(loudness) or loudness <= _SILENCE:
        return None
    return round(loudness, 1)


def _tail(container: InputContainer) -> str:
    """Whether the last pictures decode; cheap, since only they are looked at."""
    import av

    if not container.streams.video or not container.duration:
        return ""
    stream = container.streams.video[0]
    end = max(container.duration / av.time_base - _TAIL, 0)
    try:
        container.seek(int(end * av.time_base))
        shown = sum(1 for _ in container.decode(stream))
    except av.FFmpegError as error:
        return f"its last pictures cannot be decoded: {error.strerror}"
    return "" if shown else "its last pictures are missing"


if __name__ == "__main__":
    os.nice(19)
    print(json.dumps(inspect(Path(sys.argv[1])).to_json()))  # noqa: T201  # that is its answer
