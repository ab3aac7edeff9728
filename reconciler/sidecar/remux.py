"""Put a file's pictures and sound into a MOV, untouched: CasparCG can begin inside that (PyAV).

`python -m reconciler.sidecar.remux SOURCE TARGET` prints why the file does not allow it, or
nothing. The target appears whole, under its name, by one rename.
"""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.sidecar.background import MACHINE_FAILED, TIED, end_with_asker, give_way
from reconciler.sidecar.disk import sync_folder
from reconciler.sidecar.probe import probe
from reconciler.sidecar.scan import is_of_machine

if TYPE_CHECKING:
    from av.container import InputContainer, OutputContainer

_COPIED = ("video", "audio")
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})


def remux(source: Path, target: Path) -> str:
    """Copy `source` into `target`; what in the file does not allow it, empty where nothing is.

    Raises `OSError` where the disk is full or fails: trying again may help.
    """
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
    except Exception as error:
        # A damaged file may raise anything: ENGINE pitfall 7.
        if is_of_machine(error) or getattr(error, "errno", None) in _FULL:
            raise
        return f"it cannot be copied into a MOV: {getattr(error, 'strerror', None) or error}"
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


def main(arguments: list[str]) -> int:
    """Copy one file, as a program."""
    give_way()
    if TIED in arguments:
        end_with_asker()
    source, target = (Path(each) for each in arguments if each != TIED)
    try:
        said = remux(source, target)
    except (OSError, MemoryError) as error:
        print(getattr(error, "strerror", None) or error, file=sys.stderr)  # noqa: T201  # for who asked
        return MACHINE_FAILED
    print(said)  # noqa: T201  # that is its answer
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
