"""Migrations: in order, once, checked, adding up to `schema.sql`, and kind to older databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from reconciler.adapters.postgres_migrations import Migration, migrate, read_migrations
from reconciler.adapters.shipped import shipped
from reconciler.errors import Rejected, Unreachable
from tests.postgres_fixtures import fresh_database

pytestmark = pytest.mark.postgres

_CATALOGUE = """
select 'column', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull::text,
       coalesce(pg_get_expr(d.adbin, d.adrelid), ''), a.attidentity::text
from pg_attribute a join pg_class c on c.oid = a.attrelid
left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attnum > 0
  and not a.attisdropped
union all
select 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid), '', '', ''
from pg_constraint where connamespace = 'public'::regnamespace
union all
select 'index', tablename, indexname, indexdef, '', '', ''
from pg_indexes where schemaname = 'public'
union all
select 'function', proname, pg_get_function_identity_arguments(oid), provolatile::text, prosrc, '',
       pg_get_function_result(oid)
from pg_proc where pronamespace = 'public'::regnamespace
union all
select 'trigger', tgrelid::regclass::text, tgname, pg_get_triggerdef(oid), tgenabled::text, '', ''
from pg_trigger where not tgisinternal
union all
select 'row', 'changes', what, number::text, '', '', '' from changes
union all
select 'row', 'leadership', one::text, term::text, '', '', '' from leadership
union all
select 'row', 'leadership_lease', one::text, expires_at::text, '', '', '' from leadership_lease
"""


def catalogue(url: str) -> set[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        rows = connection.execute(_CATALOGUE.encode()).fetchall()
    ours = [row for row in rows if row[1] != "reconciler_migrations"]
    return {tuple(" ".join(str(value).split()) for value in row) for row in ours}


def step(number: int, statements: bytes = b"select 1") -> Migration:
    return Migration(number=number, name=f"step_{number}", statements=statements)


def test_migrations_add_up_to_the_schema(postgres_server: str, database_url: str) -> None:
    with fresh_database(postgres_server, "template1") as url:
        with psycopg.connect(url) as connection:
            connection.execute(shipped("state/schema.sql").read_bytes())
        assert catalogue(url) == catalogue(database_url)


def test_each_is_applied_once(empty_database_url: str) -> None:
    steps = [step(1, b"create table a (b int)"), step(2, b"insert into a values (7)")]
    assert migrate(empty_database_url, steps[:1]) == ("step_1",)
    assert migrate(empty_database_url, steps) == ("step_2",)
    assert migrate(empty_database_url, steps) == ()
    with psycopg.connect(empty_database_url) as connection:
        assert connection.execute("select b from a").fetchall() == [(7,)]


def test_a_failure_leaves_nothing_behind(empty_database_url: str) -> None:
    steps = [step(1, b"create table a (b int)"), step(2, b"insert into nowhere values (7)")]
    with pytest.raises(Rejected, match=r"migration 0002 step_2: relation \"nowhere\""):
        migrate(empty_database_url, steps)
    assert migrate(empty_database_url, steps[:1]) == ("step_1",)


def test_an_edited_one_is_refused(database_url: str) -> None:
    first, *rest = read_migrations()
    edited = replace(first, statements=first.statements + b"\n-- just a word")
    with pytest.raises(
        Rejected, match=r"migration 0001 was applied as 'actual_state' and has been"
    ):
        migrate(database_url, [edited, *rest])


def test_a_newer_database_is_refused(database_url: str) -> None:
    migrate(database_url, [*read_migrations(), step(len(read_migrations()) + 1)])
    with pytest.raises(Rejected, match="newer version of this program"):
        migrate(database_url)


def test_many_programs_may_migrate_at_once(empty_database_url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        applied = list(pool.map(lambda _: migrate(empty_database_url), range(4)))
    assert sorted(map(len, applied)) == [0, 0, 0, len(read_migrations())]


def test_a_database_that_is_not_there_is_unreachable(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="database: migrate: "):
        migrate(f"postgresql://playout@/playout?host={tmp_path}")


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        (["0001_a.sql", "0003_c.sql"], "expected migrations 1 to 2"),
        (["0001_a.sql", "0001_b.sql"], "expected migrations 1 to 2"),
        (["first.sql"], r"0002_what_it_does\.sql"),
    ],
)
def test_a_folder_out_of_order_is_refused(tmp_path: Path, names: list[str], problem: str) -> None:
    for name in names:
        (tmp_path / name).write_text("select 1")
    with pytest.raises(ValueError, match=problem):
        read_migrations(tmp_path)
