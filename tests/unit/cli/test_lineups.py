"""Commands that need no cluster: check, schema, init."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from reconciler.cli.exits import DONE, FAILED, USAGE
from reconciler.lineup.schema import KINDS
from tests.unit.cli.conftest import Run

WRONG = """\
title: One
format: 1080q
outputs:
  - {name: main, type: udp, url: "udp://127.0.0.1:5004", colour: red}
schedule:
  - {playlist: dya, loop: true}
"""


@pytest.fixture
def starter(run: Run) -> Path:
    assert run("init", "l").code == DONE
    return Path("l").absolute()


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=Test", "-c", "user.email=test@example.org")
    done = subprocess.run(
        ["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


# ── init ─────────────────────────────────────────────────────────────────────────────────────────


def test_init_writes_a_lineup_that_is_good_and_committed(run: Run) -> None:
    said = run("init", "deep/new")
    assert said.code == DONE
    assert "+ deep/new/channels/one.yaml" in said.out.splitlines()
    assert said.out.endswith("  reconcile up\n")
    folder = Path("deep/new")
    assert git(folder, "status", "--porcelain") == ""
    assert git(folder, "log", "--format=%s") == "first lineup"
    checked = run("check", "deep/new")
    assert (checked.code, checked.err) == (DONE, "")
    assert "good: 1 channel, 3 playlists, 1 node" in checked.out


def test_init_takes_an_empty_folder(run: Run) -> None:
    Path("empty").mkdir()
    assert run("init", "empty").code == DONE
    assert run("check", "empty").code == DONE


def test_init_overwrites_nothing(run: Run) -> None:
    Path("full").mkdir()
    Path("full/mine.txt").write_text("mine", encoding="utf-8")
    said = run("init", "full")
    assert said.code == USAGE
    assert said.err == "full: expected an empty or new folder; nothing was written\n"
    assert [p.name for p in Path("full").iterdir()] == ["mine.txt"]


def test_init_inside_a_repository_leaves_the_commit_to_its_owner(run: Run, tmp_path: Path) -> None:
    git(tmp_path, "init", "-b", "main")
    said = run("init", "lineup")
    assert said.code == DONE
    assert '  git add --all && git commit -m "first lineup"' in said.out.splitlines()
    assert not (tmp_path / "lineup" / ".git").exists()


def test_init_without_git_is_one_sentence(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    said = run("init", "l")
    assert said.code == FAILED
    assert said.err.startswith("git: git rev-parse: ") or said.err.startswith("git rev-parse: ")
    assert len(said.err.splitlines()) == 1


# ── check ────────────────────────────────────────────────────────────────────────────────────────


def test_check_tells_every_mistake_at_once_with_its_line_and_the_count(
    run: Run, starter: Path
) -> None:
    (starter / "channels/one.yaml").write_text(WRONG, encoding="utf-8")
    said = run("check", "l")
    assert (said.code, said.out) == (FAILED, "")
    *faults, count = said.err.splitlines()
    assert count == "3 mistakes; what is on air stays as it is"
    assert [fault.split(": ")[0] for fault in faults] == [
        "channels/one.yaml:2",
        "channels/one.yaml:4",
        "channels/one.yaml:6",
    ]
    assert "did you mean `day`?" in faults[2]


def test_one_mistake_is_one(run: Run, starter: Path) -> None:
    (starter / "nodes.yaml").write_text("local: {runtime: podman}\n", encoding="utf-8")
    assert run("check", "l").err.splitlines()[-1].startswith("1 mistake;")


def test_check_of_a_commit_does_not_see_what_is_not_committed(run: Run, starter: Path) -> None:
    (starter / "channels/one.yaml").write_text(WRONG, encoding="utf-8")
    assert run("check", "l").code == FAILED
    said = run("check", "l", "--ref", "HEAD")
    assert said.code == DONE
    assert "good: 1 channel, 3 playlists, 1 node" in said.out


def test_check_of_a_commit_that_is_not_there(run: Run, starter: Path) -> None:
    assert starter.is_dir()
    said = run("check", "l", "--ref", "no-such-branch")
    assert said.code in (FAILED, USAGE)
    assert "no-such-branch" in said.err
    assert len(said.err.splitlines()) == 1


def test_check_takes_the_lineup_that_was_named_or_that_one_stands_in(
    run: Run, starter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("--lineup", "l", "check").code == DONE
    monkeypatch.chdir(starter)
    assert run("check").code == DONE


def test_without_a_lineup_it_says_where_it_looked(run: Run) -> None:
    said = run("check")
    assert said.code == USAGE
    assert said.err.endswith("configs: expected a lineup's folder, found none\n")
    assert run("check", "nowhere").code == USAGE


def test_a_folder_without_git_is_a_warning(run: Run, starter: Path) -> None:
    shutil.rmtree(starter / ".git")
    said = run("check", "l")
    assert said.code == DONE
    assert said.err.startswith("warning: the lineup's folder is not in a git repository")


# ── schema ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_schema_is_json(run: Run, kind: str) -> None:
    said = run("schema", kind)
    assert said.code == DONE
    assert json.loads(said.out)["$schema"]


def test_all_schemas_are_written(run: Run) -> None:
    said = run("schema", "--write", "schemas")
    assert sorted(p.name for p in Path("schemas").iterdir()) == [
        f"{kind}.schema.json" for kind in sorted(KINDS)
    ]
    assert said.out.splitlines() == [f"schemas/{kind}.schema.json" for kind in sorted(KINDS)]


def test_a_schema_of_what(run: Run) -> None:
    said = run("schema")
    assert said.code == USAGE
    assert "expected one of access, assets, channel" in said.err
