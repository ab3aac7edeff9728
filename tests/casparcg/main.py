"""The fake as a program: `casparcg <config>`, so that a supervisor can start, hang and kill it.

It reads the config that the real server reads, and the media folder named there (`media.Folder`).
Knobs are files in the working folder, read as it runs: `fake-far-ends.json` ({url: "listens",
"refuses", "absent" or "mute"}), `fake-boot-seconds`, `fake-decklinks` (device numbers), `fake-ndi`;
once, and then removed: `fake-fails-to-start` (exit code 0, nothing started), `fake-crash`
(SIGABRT), `fake-hang` (SIGSTOP to itself), `fake-bad-stop` (SIGTERM aborts, as 3 of 12 did).
It listens on 127.0.0.1, or on what FAKE_CASPARCG_HOST says: a real one listens on all addresses.
A UDP stream sends one datagram for each picture. Like the real one it outlives the process that
started it; but not for long, so that no test leaves one behind.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from tests.casparcg.caspar import FakeCaspar
from tests.casparcg.config import Unusable, read_file
from tests.casparcg.media import Folder
from tests.casparcg.server import Server

LOOK = 0.05
ORPHAN_FOR = 60.0  # seconds; longer than any guard keeps an engine without its sidecar
HOST, LOCAL = "FAKE_CASPARCG_HOST", "127.0.0.1"


def main(config: str = "casparcg.config") -> int:
    """Run until KILL, RESTART or a signal. Failing to start is exit code 0, as on the real one."""
    if taken("fake-fails-to-start"):
        return 0
    try:
        setup = read_file(Path(config), working=str(Path.cwd()))
    except Unusable as error:
        sys.stdout.write(
            f"[fatal] {error} Please check the configuration file ({config}) for errors.\n"
        )
        return 0
    boot = float(said("fake-boot-seconds") or 0.4)
    caspar = FakeCaspar(Folder(Path(setup.media)), setup, boot_seconds=boot)
    equip(caspar)
    try:
        server = Server(caspar, port=setup.port, realtime=True, host=os.environ.get(HOST, LOCAL))
    except OSError as error:
        sys.stdout.write(f"[fatal] Unhandled exception in main thread: {error}\n")
        return 0
    watch(server)
    server.run()
    return caspar.machine.exit_code or 0


def equip(caspar: FakeCaspar) -> None:
    """The devices that this machine has."""
    machine = caspar.machine
    machine.decklinks = frozenset(int(word) for word in said("fake-decklinks").split())
    machine.ndi = Path("fake-ndi").exists()


def watch(server: Server) -> None:
    """Obey signals and the knobs that may change while it runs."""
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda _number, _frame: stop(server))
    threading.Thread(target=_knobs, args=(server,), daemon=True).start()


def stop(server: Server) -> None:
    if taken("fake-bad-stop"):
        os.abort()
    server.caspar.machine.exit_code = 0


def _knobs(server: Server) -> None:
    known: dict[str, str] = {}
    parent, since = os.getppid(), time.monotonic()
    while not threading.Event().wait(LOOK):
        if os.getppid() == parent or has_sidecar():
            since = time.monotonic()
        elif time.monotonic() - since > ORPHAN_FOR:
            os._exit(1)
        if taken("fake-crash"):
            Path("backtrace.dump").write_text("fake")
            os.kill(os.getpid(), signal.SIGABRT)
        if taken("fake-hang"):
            os.kill(os.getpid(), signal.SIGSTOP)
        wanted = _far_ends()
        with server.locked() as caspar:
            for url in [url for url, answer in wanted.items() if known.get(url) != answer]:
                _change(caspar, url, wanted[url])
        known = wanted


def has_sidecar() -> bool:
    """Whether the sidecar of the folder that it runs in lives: another one, that adopted it."""
    try:
        pid = int(json.loads((Path.cwd().parents[1] / "pid.json").read_text())["pid"])
    except (OSError, ValueError, KeyError, IndexError):
        return False
    return Path(f"/proc/{pid}").exists()


def _change(caspar: FakeCaspar, url: str, answer: str) -> None:
    match answer:
        case "refuses" | "absent":
            caspar.far_ends.lose(url)
        case "mute":
            caspar.far_ends.set(url, "mute")
        case _:
            caspar.far_ends.set(url, "listens")


def _far_ends() -> dict[str, str]:
    try:
        value = json.loads(said("fake-far-ends.json") or "{}")
    except ValueError:  # half written; the next look reads it whole
        return {}
    return value if isinstance(value, dict) else {}


def taken(name: str) -> bool:
    """Whether the knob is there; it is used up by being looked at."""
    path = Path(name)
    if not path.exists():
        return False
    path.unlink(missing_ok=True)
    return True


def said(name: str) -> str:
    try:
        return Path(name).read_text(encoding="utf-8").strip()
    except OSError:
        return ""


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
