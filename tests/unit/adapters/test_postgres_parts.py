"""What of the PostgreSQL adapter needs no server: queries, errors, connection strings, rows."""

from __future__ import annotations

import pwd
import re
from pathlib import Path

import psycopg
import pytest
from psycopg import conninfo, errors
from psycopg_pool import PoolTimeout

from reconciler.adapters import shipped as shipped_module
from reconciler.adapters.postgres_errors import translated
from reconciler.adapters.postgres_home import can_walk
from reconciler.adapters.postgres_pool import complete
from reconciler.adapters.postgres_queries import parse_queries, queries
from reconciler.adapters.postgres_rows import channel_rows, item_row_id, node_row
from reconciler.adapters.shipped import shipped
from reconciler.errors import AdapterError, Rejected, Unreachable
from tests.store_values import (
    asset_item,
    catalogue,
    channel,
    decklink,
    lineup,
    node,
    playlist,
    secret_stream,
)

# ── what is shipped ──────────────────────────────────────────────────────────────────────────────


def test_shipped_files_are_found_in_a_checkout() -> None:
    assert shipped("state/queries.sql").is_file()
    assert shipped("state/migrations").is_dir()


def test_shipped_files_are_found_in_a_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = tmp_path / "_shipped" / "state"
    inside.mkdir(parents=True)
    (inside / "queries.sql").touch()
    monkeypatch.setattr(shipped_module, "_PACKAGE", tmp_path)
    assert shipped("state/queries.sql") == inside / "queries.sql"


def test_a_missing_file_is_named_with_both_places() -> None:
    with pytest.raises(FileNotFoundError, match=r"lacks 'state/nothing'.*_shipped/state/nothing"):
        shipped("state/nothing")


# ── queries ──────────────────────────────────────────────────────────────────────────────────────


def test_queries_are_read_by_name() -> None:
    text = "-- all\n\n-- name: one\n-- First.\nselect 1;\n\n-- name: two\n-- Next.\nselect\n  2;\n"
    assert parse_queries(text) == {"one": b"select 1", "two": b"select\n  2"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("-- name: one\nselect 1;\n", "one line of purpose"),
        ("-- name: one\n-- P.\nselect 1\n", None),
        ("-- name: one\n-- P.\nselect 1;\nselect 2;\n", "'one': expected one statement"),
        ("-- name: one\n-- P.\n", "'one': expected one statement"),
        ("-- name: a\n-- P.\nselect 1;\n-- name: a\n-- P.\nselect 1;\n", "'a' is there twice"),
    ],
)
def test_a_malformed_query_is_refused(text: str, problem: str | None) -> None:
    if problem is None:
        assert parse_queries(text) == {"one": b"select 1"}
        return
    with pytest.raises(ValueError, match=problem):
        parse_queries(text)


def test_every_query_is_used_and_every_used_one_is_there() -> None:
    folder = Path(shipped_module.__file__).parent
    code = "".join(path.read_text() for path in folder.glob("postgres*.py"))
    used = {name for name in queries() if f'"{name}"' in code}
    assert used == set(queries())
    called = set(re.findall(r'\.(?:all|one|do|records)\(\s*"(\w+)"', code))
    assert called <= set(queries())


# ── errors ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("foreign", "ours", "says"),
    [
        (PoolTimeout("x"), Unreachable, "no connection in time"),
        (errors.LockNotAvailable("x"), Unreachable, "another transaction"),
        (errors.DeadlockDetected("x"), Unreachable, "another transaction"),
        (errors.QueryCanceled("too long"), Unreachable, "too long"),
        (errors.AdminShutdown("going down"), Unreachable, "going down"),
        (psycopg.OperationalError("gone\nsecond line"), Unreachable, "gone$"),
        (psycopg.InterfaceError("closed"), Unreachable, "closed"),
        (errors.UniqueViolation("twice\nDETAIL: a secret"), Rejected, "twice$"),
        (errors.UndefinedTable("no table"), Rejected, "no table"),
        (psycopg.Error(), Rejected, "Error$"),
    ],
)
def test_every_failure_becomes_ours_once(
    foreign: Exception, ours: type[AdapterError], says: str
) -> None:
    with pytest.raises(ours, match=rf"^database: read: .*{says}") as caught, translated("read"):
        raise foreign
    assert caught.value.__cause__ is foreign
    assert (caught.value.system, caught.value.attempt) == ("database", "read")


# ── connection strings ───────────────────────────────────────────────────────────────────────────


def test_a_connection_never_hangs() -> None:
    said = conninfo.conninfo_to_dict(complete("postgresql://u:p@db.example/x"))
    assert (said["keepalives_idle"], said["tcp_user_timeout"], said["connect_timeout"]) == (
        "1",
        "3000",
        "3",
    )
    assert "-c statement_timeout=15s" in str(said["options"])
    assert (said["host"], said["password"], said["dbname"]) == ("db.example", "p", "x")


def test_what_a_url_says_itself_is_kept() -> None:
    said = conninfo.conninfo_to_dict(
        complete("postgresql://h/x?connect_timeout=20&options=-c%20statement_timeout%3D1min")
    )
    assert said["connect_timeout"] == "20"
    assert str(said["options"]).endswith("-c statement_timeout=1min")


# ── rows ─────────────────────────────────────────────────────────────────────────────────────────


def test_the_first_output_is_the_older_one_and_all_are_kept() -> None:
    row = channel_rows(lineup(), channel("news", decklink("a8:f0"), secret_stream()), {}).channel
    assert (row["output_type"], row["output_config"]) == ("decklink", {"device_id": "a8:f0"})
    assert "hunter" not in str(row)
    outputs = row["outputs"]
    assert isinstance(outputs, list)
    assert [one["type"] for one in outputs] == ["decklink", "rtmp"]


def test_seconds_are_exact_at_drifting_rates() -> None:
    one = playlist("day", asset_item("a", "A-1", in_point="1001f", out_point="00:01:00:00"))
    desired = lineup(playlists=(one, playlist("idents")))
    rows = channel_rows(desired, channel(), catalogue())
    values = rows.playlists[0].items[0].values
    assert (values["in_point"], values["out_point"]) == ("20.02", "60")


def test_an_asset_that_nobody_knows_is_an_error_without_a_file() -> None:
    rows = channel_rows(lineup(), channel(), {})
    assert {item.values["media_status"] for item in rows.playlists[1].items} == {"error"}
    assert rows.assets == ()


def test_one_playlist_in_two_channels_has_two_rows() -> None:
    news, sport = channel("news"), channel("sport")
    assert item_row_id(news.name, "day", "open") != item_row_id(sport.name, "day", "open")


def test_credentials_stay_out_of_the_inventory() -> None:
    row = node_row(node(address="ssh://root:pw@10.0.0.2:22"), "n1")
    assert (row["ip_address"], row["address"]) == ("10.0.0.2", "ssh://10.0.0.2:22")
    assert node_row(node(address="mcr-1.example"), "n1")["ip_address"] is None


# ── the embedded server's home ───────────────────────────────────────────────────────────────────


def test_a_private_folder_cannot_be_walked_through(tmp_path: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    assert can_walk(Path("/usr"), nobody)
    private = tmp_path / "private"
    (private / "inside").mkdir(parents=True)
    private.chmod(0o700)
    assert not can_walk(private / "inside", nobody)
