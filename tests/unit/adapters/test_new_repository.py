from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from reconciler.adapters.new_repository import begin_repository

WHO = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example"}
WHO |= {"GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example"}


def log(folder: Path) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), "log", "--oneline"], capture_output=True, text=True, check=False
    )
    return done.stdout


def test_a_folder_becomes_a_repository_with_a_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in WHO.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "lineup.yaml").write_text("version: 1\n")

    assert begin_repository(tmp_path, "first lineup")
    assert "first lineup" in log(tmp_path)


def test_a_folder_in_a_repository_is_left_to_it(tmp_path: Path) -> None:
    subprocess.run(["git", "-C", str(tmp_path), "init", "--quiet"], check=True)
    inner = tmp_path / "lineup"
    inner.mkdir()

    assert not begin_repository(inner, "first lineup")
    assert not (inner / ".git").exists()


def test_without_an_identity_the_files_are_added(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "user.useConfigOnly")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "true")
    folder = tmp_path / "lineup"
    folder.mkdir()
    (folder / "lineup.yaml").write_text("version: 1\n")

    assert not begin_repository(folder, "first lineup")
    staged = subprocess.run(
        ["git", "-C", str(folder), "status", "--short"], capture_output=True, text=True, check=True
    )
    assert staged.stdout == "A  lineup.yaml\n"
