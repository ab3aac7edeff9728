"""Look into a whole file: streams, loudness by EBU R 128, and what is lost of it (PyAV).

`python -m reconciler.sidecar.inspect FILE` prints how far it is, as `{"done": BYTES}`, then what it
found, as JSON, in a process that gives way to every other: nothing on air waits for it, and a file
that brings the decoder down brings nothing else down. It may be ended at any moment.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.model.findings import METHOD, Findings
from reconciler.sidecar.background import MACHINE_FAILED, TIED, end_with_asker, give_way
from reconciler.sidecar.scan import Progress, is_of_machine, main_streams, scan

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.container import InputContainer
    from av.filter import Graph

_SILENCE = -70.0  # LUFS; the gate of EBU R 128 counts nothing below it
_PROGRESSIVE = frozenset({"", "0", "1", "progressive", "unknown"})  # AVFieldOrder, by any spelling
_KEY = "lavfi.r128.I"
_EVERY = 1 << 22  # bytes between two words of progress


def inspect(path: Path, progress: Progress = lambda _done: None) -> Findings:
    """Find out what is in `path`; damage is a finding, only the disk raises (`OSError`)."""
    import av

    av.logging.set_level(None)  # another level can deadlock the process: ENGINE pitfall 1
    path.stat()
    try:
        with av.open(str(path), mode="r") as container:
            found, meter = _streams(container), _Meter()
            losses, remarks = scan(container, meter.hear, progress)
    except Exception as error:
        # A damaged file may raise anything: ENGINE pitfall 7.
        if is_of_machine(error):
            raise
        return Findings(method=METHOD, damage=f"it cannot be read through: {_plain(error)}")
    heard = {"loudness": meter.loudness, "losses": losses, "remarks": remarks, "method": METHOD}
    return Findings(**found, **heard)  # type: ignore[arg-type]  # by the names of its fields


def _plain(error: Exception) -> str:
    said = str(getattr(error, "strerror", None) or error).rstrip(".")
    return said or type(error).__name__


def _streams(container: InputContainer) -> dict[str, object]:
    main = main_streams(container)
    video = next((s for s in main if s.type == "video"), None)
    audio = next((s for s in main if s.type == "audio"), None)
    order = str(getattr(getattr(video, "codec_context", None), "field_order", "") or "")
    return {
        "container": container.format.name,
        "width": getattr(video, "width", 0),
        "height": getattr(video, "height", 0),
        "rate": str(getattr(video, "average_rate", None) or ""),
        "interlaced": order not in _PROGRESSIVE,
        "channels": getattr(audio, "channels", 0),
    }


class _Meter:
    """Integrated loudness of the frames that it hears; None once their form changes."""

    def __init__(self) -> None:
        self._graph: Graph | None = None
        self._form: object = None
        self._last: float | None = None

    @property
    def loudness(self) -> float | None:
        """In LUFS; None where all of it is silent."""
        last = self._last
        return None if last is None or math.isnan(last) or last <= _SILENCE else round(last, 1)

    def hear(self, frame: AudioFrame) -> None:
        """Take one frame in, in the order in which it sounds."""
        form = (frame.sample_rate, frame.format.name, frame.layout.name)
        if self._graph is None and self._form is None:
            self._graph, self._form = _meter(frame), form
        if self._graph is None or form != self._form:
            self._graph, self._last = None, None  # damaged sound may call itself anything
            return
        frame.pts = None
        self._graph.push(frame)
        for measured in _pulled(self._graph):
            self._last = measured


def _meter(frame: AudioFrame) -> Graph:
    from av.filter import Graph

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


class _Teller:
    """Print how far it is, now and then."""

    def __init__(self) -> None:
        self._told = 0

    def progress(self, done: int) -> None:
        """So many bytes are read."""
        if done - self._told >= _EVERY:
            self._told = done
            print(json.dumps({"done": done}), flush=True)  # noqa: T201  # for who asked


def main(arguments: list[str]) -> int:
    """Look into one file, as a program."""
    give_way()
    if TIED in arguments:
        end_with_asker()
    path = Path(next(each for each in arguments if each != TIED))
    try:
        found = inspect(path, _Teller().progress)
    except Exception as error:
        if not is_of_machine(error):
            raise
        print(f"{path.name}: {_plain(error)}", file=sys.stderr)  # noqa: T201  # for who asked
        return MACHINE_FAILED
    print(json.dumps(found.to_json()), flush=True)  # noqa: T201  # that is its answer
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
