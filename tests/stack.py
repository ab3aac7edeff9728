"""A whole installation for tests: a lineup repository, captured outputs, and our real programs.

`running_stack` makes it and ends everything that it started, whatever became of the test: `watch`,
`serve`, every sidecar with its engine, and the embedded database.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
import psycopg
from psycopg.rows import dict_row

from reconciler.adapters.embedded_postgres import EmbeddedPostgres
from reconciler.adapters.process_folder import ProcessFolder
from reconciler.model.rundown import Rundown
from reconciler.rundown.wire import from_wire
from tests.loopback import free_port
from tests.postgres_fixtures import short_folder
from tests.stack_receiver import Receiver

T = TypeVar("T")
Row = Mapping[str, Any]

_POLL = 0.05
_IDENTITY = ("-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=no")


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A commit, and when it was there (wall clock)."""

    id: str
    at: float


def until(what: str, look: Callable[[], T | None], within: float = 40.0) -> T:
    """Look until there is something to see; fails with `what` after `within` seconds."""
    deadline = time.monotonic() + within
    while True:
        with suppress(OSError, httpx.HTTPError, psycopg.Error):
            if found := look():
                return found
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {within:g} s for {what}\n{_last_words()}")
        time.sleep(_POLL)


_open: list[Stack] = []


def _last_words() -> str:
    """The ends of the logs of what runs now, for whoever reads a failure."""
    logs = [path for stack in _open for path in sorted(stack.root.glob("state/**/*.log"))]
    return "\n".join(f"── {log}\n{_tail(log)}" for log in logs)


def _tail(path: Path) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-15:])


class Stack:
    """One installation under `root`: `configs/`, `media/`, `state/`."""

    def __init__(self, root: Path, settings: Mapping[str, str] | None = None) -> None:
        self.root = root
        self._settings = settings or {}
        self.lineup, self.media, self.state = root / "configs", root / "media", root / "state"
        self.programs: dict[str, subprocess.Popen[bytes]] = {}
        self.receivers: dict[str, Receiver] = {}
        self.page = ""
        for folder in (self.lineup, self.media, self.state):
            folder.mkdir()
        self.git("init", "-q", "-b", "main")

    # ── the lineup ───────────────────────────────────────────────────────────────────────────────

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", *_IDENTITY, *arguments],
            cwd=self.root,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def write(self, files: Mapping[str, str]) -> None:
        """Write files of the lineup; nothing is committed."""
        for name, text in files.items():
            path = self.lineup / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def commit(self, files: Mapping[str, str] | None = None) -> Commit:
        """Write files and commit everything in the lineup."""
        self.write(files or {})
        self.git("add", "-A", "configs")
        self.git("commit", "-q", "--allow-empty", "-m", "edit")
        return Commit(id=self.git("rev-parse", "HEAD"), at=time.time())

    def receiver(self, channel: str) -> Receiver:
        """The receiver of a channel's output; made when first asked for."""
        return self.receivers.setdefault(channel, Receiver())

    # ── programs ─────────────────────────────────────────────────────────────────────────────────

    def argv(self, *arguments: str) -> list[str]:
        shared = ["--lineup", str(self.lineup), "--state", str(self.state)]
        return [sys.executable, "-m", "reconciler", *shared, *arguments]

    def cli(self, *arguments: str, within: float = 60.0) -> subprocess.CompletedProcess[str]:
        """Run one command to its end."""
        return subprocess.run(
            self.argv(*arguments),
            capture_output=True,
            text=True,
            timeout=within,
            check=False,
            env=self._environment(),
        )

    def start(self, name: str, *arguments: str) -> None:
        """Start `watch` or `serve`."""
        with (self.state / f"{name}.log").open("ab") as log:
            self.programs[name] = subprocess.Popen(
                self.argv(name, *arguments),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment(),
            )

    def _environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("RECONCILE_")}
        root = str(Path(__file__).resolve().parents[1])
        return {**kept, "PYTHONPATH": root, **self._settings}

    def serve(self) -> None:
        """Start `serve` on a free port and wait until it answers."""
        if not self.page:
            self.page = f"http://127.0.0.1:{free_port()}"
        self.start("serve", "--port", self.page.rpartition(":")[2])
        until("the page", lambda: httpx.get(f"{self.page}/api/overview").is_success)

    def kill(self, name: str) -> None:
        """End a program without a word, and bury it."""
        program = self.programs.pop(name)
        program.kill()
        program.wait()

    def log(self, name: str) -> str:
        return (self.state / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    # ── what is there ────────────────────────────────────────────────────────────────────────────

    def folders(self, channel: str, node: str = "*") -> list[ProcessFolder]:
        """The sidecar folders of a channel, by epoch."""
        paths = self.state.glob(f"nodes/{node}/sidecars/{channel}/[0-9]*")
        return [ProcessFolder(path) for path in sorted(paths, key=lambda path: int(path.name))]

    def running(self, channel: str, node: str = "*") -> list[ProcessFolder]:
        """Those with a living sidecar."""
        return [folder for folder in self.folders(channel, node) if folder.pid() is not None]

    def status(self, channel: str) -> Row | None:
        """What the newest living sidecar of a channel says; None while nobody answers."""
        for folder in reversed(self.running(channel)):
            answer = ask(folder, "/status")
            if answer is not None:
                return answer
        return None

    def sending(self, channel: str, epoch: int | None = None) -> Row | None:
        """The status of a channel that sends something of its rundown."""
        answer = self.status(channel)
        if answer is None or not answer["sending"] or answer["on_air"] is None:
            return None
        return answer if epoch in (None, answer["epoch"]) else None

    def rundown(self, channel: str) -> Rundown:
        """The rundown that the database keeps of a channel."""
        (row,) = self.rows("select document from rundowns where channel = %s", channel)
        return from_wire(row["document"])

    def asrun(self, channel: str) -> list[Row]:
        """Every as-run row of a channel, in the order of the programme."""
        query = "select * from playout_as_run where channel = %s order by started_at, row_no"
        return self.rows(query, channel)

    def rows(self, query: str, *values: object) -> list[Row]:
        """Ask the database."""
        sockets = EmbeddedPostgres(self.state / "postgres").home
        assert sockets is not None, "there is no database yet"
        url = f"postgresql://playout@/playout?host={quote(str(sockets.sockets), safe='')}"
        with psycopg.connect(url, row_factory=dict_row, autocommit=True) as connection:
            return list(connection.execute(query.encode(), values).fetchall())

    def get(self, path: str) -> Any:
        """GET of the web endpoint."""
        return httpx.get(f"{self.page}{path}", timeout=10).raise_for_status().json()

    def post(self, path: str) -> httpx.Response:
        return httpx.post(f"{self.page}{path}", timeout=15)

    # ── the end ──────────────────────────────────────────────────────────────────────────────────

    def close(self) -> None:
        """End everything that was started here."""
        for name in tuple(self.programs):
            self.kill(name)
        for pid in self.processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with suppress(Exception):  # whatever state a test left it in, what is left goes below
            EmbeddedPostgres(self.state / "postgres").stop()
        for receiver in self.receivers.values():
            receiver.close()

    def processes(self) -> list[int]:
        """Every process of ours but the database's: the root is in its command line."""
        mark = str(self.root).encode()
        found: list[int] = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):
                line = path.read_bytes()
                if mark in line and b"postgres" not in line.split(b"\0")[0]:
                    found.append(int(path.parent.name))
        return found

    def postmaster(self) -> list[int]:
        """The database's processes, postmaster first."""
        home = EmbeddedPostgres(self.state / "postgres").home
        assert home is not None
        pid = int((home.data / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [pid, *map(int, children)]


def ask(folder: ProcessFolder, path: str) -> Row | None:
    """GET of one sidecar; None where it does not answer."""
    headers = {"Authorization": f"Bearer {folder.token}"}
    try:
        answer: Row = httpx.get(f"{folder.url()}{path}", headers=headers, timeout=2).json()
    except (httpx.HTTPError, httpx.InvalidURL, json.JSONDecodeError):
        return None
    return answer


@contextmanager
def running_stack(
    files: Callable[[Stack], Mapping[str, str]],
    *,
    programs: Sequence[str] = ("watch",),
    settings: Mapping[str, str] | None = None,
) -> Iterator[Stack]:
    """An installation with the lineup that `files` gives, committed, and `programs` started.

    `settings` are added to their environment.
    """
    with short_folder() as folder:
        stack = Stack(folder, settings)
        _open.append(stack)
        try:
            stack.commit(files(stack))
            for name in programs:
                stack.serve() if name == "serve" else stack.start(name)
            yield stack
        finally:
            _open.remove(stack)
            stack.close()
