"""What looking into a file costs, as a multiple of its length: CPU seconds of the program itself.

    .venv/bin/python -m tests.bench.bench_inspect FILE …

Asserts nothing. Times hold the start of the program and the imports, once for each file.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

import av

from reconciler.adapters.media_inspect import look_into
from tests.bench.bench_lineup import tell


def main(arguments: list[str]) -> None:
    """Look into each file, and print a line for it."""
    tell("file, length s, wall s, cpu s, length / cpu, what is wrong")
    for path in map(Path, arguments):
        with av.open(str(path)) as container:
            seconds = (container.duration or 0) / 1_000_000
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        found = look_into(path, path.name, lambda _done, _total: None)
        wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        times = f"{seconds:.1f} {wall:.2f} {cpu:.2f} {seconds / cpu:.0f}x"
        tell(f"{path.name} {times} {found.wrong or '-'}")


if __name__ == "__main__":
    main(sys.argv[1:])
