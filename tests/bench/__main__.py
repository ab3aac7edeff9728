"""Runs every benchmark, or one: `python -m tests.bench [NAME [OPTIONS …]]`, as `plan` or `pass`.

Each prints a table of its own; nothing is asserted.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_PREFIX = "bench_"


def main(arguments: list[str]) -> int:
    """Run what was asked for, one process each; the number of those that failed."""
    known = [path.stem.removeprefix(_PREFIX) for path in Path(__file__).parent.glob("bench_*.py")]
    asked, options = arguments[:1], arguments[1:]
    wrong = [name for name in asked if name not in known]
    if wrong:
        sys.stderr.write(f"{wrong[0]}: no such benchmark; there are {', '.join(sorted(known))}\n")
        return 2
    failed = 0
    for name in asked or sorted(known):
        sys.stdout.write(f"── {name} {'─' * (90 - len(name))}\n")
        sys.stdout.flush()
        argv = [sys.executable, "-m", f"tests.bench.{_PREFIX}{name}", *options]
        failed += bool(subprocess.run(argv, check=False).returncode)
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
