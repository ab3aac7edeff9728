from __future__ import annotations

import os
from pathlib import Path

import pytest

from reconciler.errors import UsageError
from reconciler.settings import read_settings


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in os.environ:
        if name.startswith("RECONCILE_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_what_is_used_when_nothing_is_said(tmp_path: Path) -> None:
    settings = read_settings()
    assert (settings.lineup, settings.state) == (tmp_path / "configs", tmp_path / "state" / "run")
    assert (settings.database_url, settings.web_host, settings.web_port) == ("", "127.0.0.1", 8080)
    assert settings.secrets == {}


def test_a_folder_that_is_a_lineup_is_the_lineup(tmp_path: Path) -> None:
    (tmp_path / "lineup.yaml").touch()
    assert read_settings().lineup == tmp_path


def test_the_environment_comes_first_and_the_command_line_before_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in {
        "LINEUP": "oslo",
        "STATE": "memory",
        "DATABASE_URL": "postgresql://db.example/playout",
        "WEB_HOST": "0.0.0.0",
        "WEB_PORT": "9090",
    }.items():
        monkeypatch.setenv(f"RECONCILE_{name}", value)
    settings = read_settings()
    assert (settings.lineup, settings.state) == (tmp_path / "oslo", tmp_path / "memory")
    assert settings.database_url == "postgresql://db.example/playout"
    assert (settings.web_host, settings.web_port) == ("0.0.0.0", 9090)
    said = read_settings(lineup="bergen", state="/other", database_url="postgresql:///x")
    assert (said.lineup, said.state) == (tmp_path / "bergen", Path("/other"))
    assert said.database_url == "postgresql:///x"


@pytest.mark.parametrize("port", ["eighty", "-1", "65536", "8080.5", "٨٠"])
def test_a_port_that_is_none_is_one_sentence(monkeypatch: pytest.MonkeyPatch, port: str) -> None:
    monkeypatch.setenv("RECONCILE_WEB_PORT", port)
    with pytest.raises(UsageError, match=r"RECONCILE_WEB_PORT: expected a port from 0 to 65535"):
        read_settings()


def test_what_starts_casparcg_is_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_settings().casparcg == ("casparcg",)
    monkeypatch.setenv("RECONCILE_CASPARCG", "/opt/casparcg/run --fast 'a b'")
    assert read_settings().casparcg == ("/opt/casparcg/run", "--fast", "a b")


@pytest.mark.parametrize("text", [" ", '"'])
def test_a_command_that_is_none_is_one_sentence(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("RECONCILE_CASPARCG", text)
    with pytest.raises(UsageError, match="RECONCILE_CASPARCG: expected a command, found"):
        read_settings()


def test_secrets_come_from_the_environment_and_from_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    secrets = tmp_path / "secrets"
    secrets.write_text("# ours\nKEY = one=two \nempty\nother=from the file\n", encoding="utf-8")
    monkeypatch.setenv("RECONCILE_SECRETS_FILE", str(secrets))
    monkeypatch.setenv("RECONCILE_SECRET_OTHER", "from the environment")
    settings = read_settings()
    assert settings.secrets == {"key": "one=two", "other": "from the environment"}


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_secrets_file_that_cannot_be_read_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "secrets"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setenv("RECONCILE_SECRETS_FILE", str(path))
    with pytest.raises(UsageError, match=r"RECONCILE_SECRETS_FILE: .*secrets: cannot be read"):
        read_settings()


def test_a_lineup_may_read_the_environment_but_not_our_own_part_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SITE", "oslo")
    monkeypatch.setenv("RECONCILE_SECRET_KEY", "hunter2")
    settings = read_settings()
    assert settings.environment["SITE"] == "oslo"
    assert not [name for name in settings.environment if name.startswith("RECONCILE_")]


def test_settings_tell_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECONCILE_SECRET_KEY", "hunter2")
    monkeypatch.setenv("RECONCILE_DATABASE_URL", "postgresql://anna:hunter2@db/playout")
    assert "hunter2" not in repr(read_settings())
