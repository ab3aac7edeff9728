"""Whether another program of this machine has died, told for certain: its lock is free.

Each holds a lock on a file of its own for as long as it lives; the kernel lets go of it with the
process, however that ends. Nothing is told of programs of other machines, other state folders or
an earlier boot: those are not known to be dead.
"""

from __future__ import annotations

import os
import re
import secrets
from contextlib import suppress
from pathlib import Path

from reconciler.sidecar.file_lock import take

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_NAME = re.compile(r"([0-9a-f-]+)\.[0-9a-f]+")


class Lifeline:
    """One program's lock in `folder`, which all share that may know of each other's death."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._boot = _boot()
        self._held: int | None = None
        self.name = f"{self._boot or 'unknown'}.{secrets.token_hex(8)}"

    def hold(self) -> None:
        """Hold on from now on; where the disk refuses, nobody will know of our death.

        The file has its name only once it is locked: nobody finds it free while we live.
        """
        if self._held is not None:
            return
        nameless = self._folder / f"{self.name}.new"
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            held = os.open(nameless, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
            if not take(held):
                os.close(held)
                return
            nameless.rename(self._folder / self.name)
            self._held = held

    def is_dead(self, name: str) -> bool:
        """Whether the program that held `name` has died; False where that is not certain."""
        found = _NAME.fullmatch(name)
        if found is None or not self._boot or found[1] != self._boot or name == self.name:
            return False
        try:
            descriptor = os.open(self._folder / name, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            return take(descriptor)
        except OSError:
            return False
        finally:
            os.close(descriptor)

    def bury(self) -> None:
        """Forget all that are dead: nobody asks for them any more."""
        with suppress(OSError):
            for path in self._folder.iterdir():
                if self.is_dead(path.name):
                    path.unlink(missing_ok=True)

    def close(self) -> None:
        """Let go, and leave nothing behind."""
        held, self._held = self._held, None
        if held is not None:
            with suppress(OSError):
                (self._folder / self.name).unlink(missing_ok=True)
            os.close(held)


def _boot() -> str:
    try:
        return _BOOT.read_text(encoding="ascii").strip()
    except OSError:
        return ""
