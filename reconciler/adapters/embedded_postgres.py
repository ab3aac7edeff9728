"""A PostgreSQL of our own: found running, or started; restarted when it dies; stopped on request.

Several programs (`watch`, `serve`, `--dry-run`) may share one. Each connects; who finds nobody
answering starts it under a lock. The server is no child of ours and outlives a crash of the
reconciler; every program that called `ensure` brings it back when it is killed. Whether a server
lives is told by a lock that its processes hold, never by a process id in a file: ids are reused,
and another container cannot see ours.
"""

from __future__ import annotations

import fcntl
import logging
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import psycopg

from reconciler.adapters.postgres_binaries import SYSTEM, find_binaries
from reconciler.adapters.postgres_errors import translated
from reconciler.adapters.postgres_home import (
    Home,
    make_home,
    own_folder,
    reachable_binaries,
    recorded_home,
)
from reconciler.adapters.postgres_process import (
    kill_leftovers,
    launch,
    signal_postmaster,
    wait_for_death,
)
from reconciler.errors import AdapterError, Unreachable
from reconciler.sidecar import file_lock

_log = logging.getLogger(__name__)
_SILENT = 30.0  # seconds that a living server may say nothing at all
_RECOVERY = 900.0  # … that it may say "starting up": a long crash recovery
_DEAF = 3.0  # … that it may live without the socket it made: somebody swept the file away
_STOP = 30.0  # for a fast shutdown with its checkpoint
_POLL = 0.02
_RETRY = 0.5
_BREATH = 0.2  # between two looks of the watch, and two attempts to bring a server back
_LOG_LIMIT = 5_000_000
_DATABASE = "playout"


def _silent(_: str) -> None:
    """Tell nobody."""


class EmbeddedPostgres:
    """One embedded server, in (or named by) `folder`.

    `progress` is told, in words, what takes time. `settings` are PostgreSQL's own, for tests.
    """

    def __init__(
        self,
        folder: Path,
        *,
        progress: Callable[[str], None] = _silent,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self._folder = folder.resolve()
        self._progress = progress
        self._settings = dict(settings or {})
        self._closing = threading.Event()
        self._watch: threading.Thread | None = None

    def ensure(self) -> str:
        """Return the URL of a server that answers, starting it if nobody has; keep it running.

        Raises `Unreachable` with the tail of the server's log, or `Rejected` where no PostgreSQL
        is installed that can read the data.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        home = recorded_home(self._folder)
        if home is None or not _answers(home):
            with self._locked():
                home = recorded_home(self._folder) or make_home(self._folder)
                self._stopped.unlink(missing_ok=True)
                if not _answers(home):
                    self._start(home)
        self._keep_watch(home)
        return _url(home, _DATABASE)

    def is_running(self) -> bool:
        """Whether it answers now."""
        home = recorded_home(self._folder)
        return home is not None and _answers(home)

    def close(self) -> None:
        """Stop watching over the server; it runs on."""
        self._closing.set()
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.join()
        self._closing.clear()

    def stop(self) -> None:
        """Stop the server tidily, for every program; `ensure` starts it again."""
        self.close()
        home = recorded_home(self._folder)
        if home is None:
            return
        with self._locked():
            self._stopped.touch()
            for how in ("fast", "immediate"):
                if signal_postmaster(home, how) and _wait_gone(home, _STOP):
                    return
            kill_leftovers(home)

    @property
    def home(self) -> Home | None:
        """Where it lives; None before the first `ensure`."""
        return recorded_home(self._folder)

    @property
    def _stopped(self) -> Path:
        return self._folder / "stopped"

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self._folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # its holder's own waits are all bounded
            yield

    # ── starting, under the lock ─────────────────────────────────────────────────────────────

    def _start(self, home: Home) -> None:
        binaries = find_binaries(_data_version(home))
        bindir = reachable_binaries(binaries, home)
        own_folder(home.root, home)
        own_folder(home.sockets, home)
        if _data_version(home) is None:
            self._progress("preparing the database (first start, a few seconds)")
            _prepare(bindir, home)
        try:
            self._launch(bindir, home)
        except Unreachable:
            if _lives(home):
                raise
            self._launch(bindir, home)  # it was on its way out when we came, or died of remains
        _create_database(home)

    def _launch(self, bindir: Path, home: Home) -> None:
        alive = _take_alive(home)
        if alive is not None:
            with alive:
                _trim_log(home)
                launch(bindir, home, self._settings, alive.fileno())
        self._await_answer(home)

    def _await_answer(self, home: Home) -> None:
        begun = time.monotonic()
        while True:
            said = _answer(home, "postgres")
            if said is None:
                return
            waited = time.monotonic() - begun
            recovering = "the database system is" in said
            if waited > _DEAF and not home.socket.exists() and signal_postmaster(home, "fast"):
                _wait_gone(home, _STOP)  # nobody can reach it any more; the next one makes its own
            if waited > (_RECOVERY if recovering else _SILENT) or not _lives(home):
                raise Unreachable(
                    f"{SYSTEM}: it did not start in {waited:.1f} s; its log ends:\n{_tail(home)}",
                    system=SYSTEM,
                )
            if recovering and waited > 1:
                self._progress(f"the database recovers from a crash ({waited:.0f} s)")
            time.sleep(_POLL if waited < 1 else _RETRY)

    # ── watching over it ─────────────────────────────────────────────────────────────────────

    def _keep_watch(self, home: Home) -> None:
        if self._watch is None or not self._watch.is_alive():
            self._watch = threading.Thread(
                target=self._watch_over, args=(home,), name="embedded database", daemon=True
            )
            self._watch.start()

    def _watch_over(self, home: Home) -> None:
        while not self._closing.is_set():
            if wait_for_death(home, self._closing) and not self._stopped.exists():
                try:
                    self._bring_back(home)
                except (AdapterError, OSError, psycopg.Error) as error:
                    _log.warning("database=embedded outcome=not-back error=%s", error)
            self._closing.wait(_BREATH)

    def _bring_back(self, home: Home) -> None:
        with self._locked():
            if self._closing.is_set() or self._stopped.exists() or _answers(home):
                return
            _log.warning("database=embedded outcome=died; starting it again")
            self._start(home)


def _take_alive(home: Home) -> _Alive | None:
    """Take the server's lock, or None where a server that we may join is starting or running.

    A postmaster that was killed leaves processes behind that hold its shared memory; they go
    first.
    """
    alive = _Alive(home)
    if alive.taken():
        return alive
    if not signal_postmaster(home, "look"):
        kill_leftovers(home)
        if alive.taken(wait=_SILENT):
            return alive
    alive.close()
    return None


class _Alive:
    """The lock that a server's processes inherit and hold until the last of them has gone."""

    def __init__(self, home: Home) -> None:
        self._file = home.alive.open("w")

    def taken(self, wait: float = 0) -> bool:
        return file_lock.take(self._file.fileno(), wait)

    def fileno(self) -> int:
        return self._file.fileno()

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        self.close()


def _lives(home: Home) -> bool:
    alive = _Alive(home)
    with alive:
        return not alive.taken()


def _wait_gone(home: Home, seconds: float) -> bool:
    alive = _Alive(home)
    with alive:
        return alive.taken(wait=seconds)


def _prepare(bindir: Path, home: Home) -> None:
    draft = home.root / "data.new"  # a half-made one never counts
    subprocess.run(["rm", "-rf", draft], check=True)
    command = [bindir / "initdb", "-D", draft, "-U", _DATABASE, "--auth-local=trust"]
    command += ["--auth-host=reject", "--encoding=UTF8", "--locale=C", "--data-checksums"]
    try:
        subprocess.run(
            command,
            cwd="/",
            check=True,
            capture_output=True,
            text=True,
            **home.account(),  # type: ignore[call-overload]  # user and group, when root
        )
    except (OSError, subprocess.CalledProcessError) as error:
        said = error.stderr if isinstance(error, subprocess.CalledProcessError) else str(error)
        raise Unreachable(f"{SYSTEM}: initdb failed:\n{said}", system=SYSTEM) from error
    draft.rename(home.data)


def _create_database(home: Home) -> None:
    with (
        translated("create the database"),
        psycopg.connect(_url(home, "postgres"), autocommit=True) as connection,
    ):
        there = connection.execute(
            "select from pg_database where datname = %s", [_DATABASE]
        ).fetchone()
        if there is None:
            connection.execute(f"create database {_DATABASE}".encode())


def _data_version(home: Home) -> int | None:
    try:
        return int((home.data / "PG_VERSION").read_text(encoding="ascii"))
    except FileNotFoundError:
        return None


def _url(home: Home, database: str) -> str:
    return f"postgresql://{_DATABASE}@/{database}?host={quote(str(home.sockets), safe='')}"


def _answers(home: Home) -> bool:
    return _answer(home, _DATABASE) is None


def _answer(home: Home, database: str) -> str | None:
    """None when it lets us in, otherwise what it (or the socket) said."""
    try:
        psycopg.connect(_url(home, database), connect_timeout=2).close()
    except psycopg.Error as error:
        return str(error)
    return None


def _trim_log(home: Home) -> None:
    with suppress(FileNotFoundError):
        if home.log.stat().st_size > _LOG_LIMIT:
            home.log.replace(home.log.with_suffix(".log.1"))


def _tail(home: Home) -> str:
    try:
        return "\n".join(home.log.read_text(errors="replace").splitlines()[-12:])
    except OSError as error:
        return str(error)
