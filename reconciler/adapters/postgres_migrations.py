"""Brings a database's tables up to date: `state/migrations/NNNN_what.sql`, in order, once each."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reconciler.adapters.postgres_errors import SYSTEM, translated
from reconciler.adapters.postgres_pool import Session, connect
from reconciler.adapters.shipped import shipped
from reconciler.errors import Rejected

_FILE = re.compile(r"(\d{4})_(\w+)\.sql")
# Filling columns of a large as-run log, or waiting for another program that does, takes its time.
_PATIENCE = b"select set_config('statement_timeout', '15min', true),"
_PATIENCE += b" set_config('lock_timeout', '2min', true)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One step of the tables' history; never edited once released."""

    number: int
    name: str
    statements: bytes

    @property
    def sha256(self) -> str:
        """What tells an edited one."""
        return hashlib.sha256(self.statements).hexdigest()


def read_migrations(folder: Path | None = None) -> tuple[Migration, ...]:
    """Every migration in order; raise `ValueError` for a gap, a double or a foreign name."""
    folder = folder or shipped("state/migrations")
    found = []
    for path in sorted(folder.glob("*.sql")):
        match = _FILE.fullmatch(path.name)
        if match is None:
            raise ValueError(f"{path.name}: expected a name such as 0002_what_it_does.sql")
        found.append(Migration(number=int(match[1]), name=match[2], statements=path.read_bytes()))
    numbers = [migration.number for migration in found]
    if numbers != list(range(1, len(found) + 1)):
        raise ValueError(f"{folder}: expected migrations 1 to {len(found)}, found {numbers}")
    return tuple(found)


def migrate(url: str, migrations: Sequence[Migration] | None = None) -> tuple[str, ...]:
    """Apply what is missing, in one transaction; return the names of what was applied.

    Safe to call from several programs at once. Raises `Rejected` where the database knows a
    migration that differs from ours, or one that is newer than this program.
    """
    ours = read_migrations() if migrations is None else tuple(migrations)
    what = "migrate"
    connection = connect(url, what)
    with connection, translated(what):
        session = Session(connection)
        # Up to date is the usual case, and needs no lock and no right to create.
        if session.all("has_migrations") == [(True,)] and not _missing(session, ours):
            return ()
        with connection.transaction():
            connection.execute(_PATIENCE)
            session.all("lock_migrations")
            session.do("create_migrations")
            missing = _missing(session, ours)
            for migration in missing:
                _apply(session, migration)
        return tuple(migration.name for migration in missing)


def _missing(session: Session, ours: Sequence[Migration]) -> tuple[Migration, ...]:
    applied = {number: (name, sha256) for number, name, sha256 in session.all("applied_migrations")}
    for migration in ours:
        name, sha256 = applied.get(migration.number, (migration.name, migration.sha256))
        if sha256 != migration.sha256:
            raise Rejected(
                f"{SYSTEM}: migration {migration.number:04} was applied as {name!r} and has been"
                " edited since: restore the released file and write a new migration instead",
                system=SYSTEM,
            )
    newer = sorted(set(applied) - {migration.number for migration in ours})
    if newer:
        raise Rejected(
            f"{SYSTEM}: it was migrated to {newer[-1]:04} by a newer version of this program,"
            f" which knows {len(ours):04}: upgrade this one",
            system=SYSTEM,
        )
    return tuple(migration for migration in ours if migration.number not in applied)


def _apply(session: Session, migration: Migration) -> None:
    with translated(f"migration {migration.number:04} {migration.name}"):
        session.connection.execute(migration.statements)
    session.do(
        "remember_migration",
        number=migration.number,
        name=migration.name,
        sha256=migration.sha256,
    )
