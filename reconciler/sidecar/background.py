"""Programs that work beside what airs: they give way to everything, and end with who asked.

For processes of their own alone: the whole of it is made to give way.
"""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path

TIED = "--tied"  # the asker holds our standard input open, and wants no answer once it is closed
MACHINE_FAILED = 75  # exit code (EX_TEMPFAIL): the disk or the memory is at fault, not the file


def give_way() -> None:
    """Take the processor, and the disk, only when nobody else wants them."""
    os.nice(19)
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))  # the disk goes by it, too
    with contextlib.suppress(OSError):  # a session of its own is weighed as one against others
        Path("/proc/self/autogroup").write_text("19", encoding="ascii")


def end_with_asker() -> None:
    """End at once when standard input is closed: nobody waits for the answer any more."""
    threading.Thread(target=_wait, name="asker", daemon=True).start()


def _wait() -> None:
    while os.read(0, 4096):
        pass
    os._exit(MACHINE_FAILED)
