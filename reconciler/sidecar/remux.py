"""Put a file's pictures and sound into a MOV, untouched: CasparCG can begin inside that (PyAV).

`python -m reconciler.sidecar.remux SOURCE TARGET` prints what went wrong, or nothing. The target
appears whole, under its name, by one rename.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.sidecar.disk import sync_folder
from reconciler.sidecar.probe import probe

if TYPE_CHECKING:
    from av.container import InputContainer, OutputContainer

_COPIED = ("video", "audio")


def remux(source: Path, target: Path) -> str:
    """Copy `source` into `target`; what went wrong, empty where nothing did."""
    import av

    av.logging.set_level(None)  # another level can deadlock the process: ENGINE pitfall 1
    fresh = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with av.open(str(source)) as reader, av.open(str(fresh), "w", format="mov") as writer:
            copied = _copy(reader, writer)
        problem = _compare(source, fresh, copied)
        if not problem:
            with fresh.open("rb") as whole:
                os.fsync(whole.fileno())
            fresh.replace(target)
            sync_folder(target.parent)
    except OSError as error:
        return f"it cannot be copied into a MOV: {error.strerror or error}"
    except Exception as error:  # noqa: BLE001  # a damaged file may raise anything: ENGINE pitfall 7
        return f"it cannot be copied into a MOV: {error}"
    else:
        return problem
    finally:
        fresh.unlink(missing_ok=True)


def _copy(reader: InputContainer, writer: OutputContainer) -> int:
    """Copy every packet of picture and sound, beginning at zero; how many there were of picture."""
    streams = [stream for stream in reader.streams if stream.type in _COPIED]
    into = {s.index: writer.add_stream_from_template(s) for s in streams}
    shown = 0
    for packet in reader.demux(streams):
        if packet.dts is None or packet.time_base is None:
            continue
        first = int((reader.start_time or 0) / 1_000_000 / packet.time_base)
        packet.dts -= first
        if packet.pts is not None:
            packet.pts -= first
        shown += packet.stream.type == "video"
        packet.stream = into[packet.stream.index]
        writer.mux(packet)
    return shown


def _compare(source: Path, copy: Path, copied: int) -> str:
    """Whether the copy holds what the source does: as many pictures, and as long."""
    import av

    with av.open(str(copy)) as container:
        found = sum(s.frames for s in container.streams.video[:1])
    if found != copied:
        return f"its copy holds {found} pictures, not {copied}"
    before, after = (probe(path, path.stat().st_size) for path in (source, copy))
    if after.problem:
        return f"its copy cannot be played: {after.problem}"
    if before.duration != after.duration:
        return f"its copy lasts {after.duration} s, not {before.duration} s"
    return ""


if __name__ == "__main__":
    os.nice(19)
    print(remux(Path(sys.argv[1]), Path(sys.argv[2])))  # noqa: T201  # that is its answer
