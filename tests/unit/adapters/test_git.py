"""A lineup is read from a commit as objects, from the working tree, or from a plain folder."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from watchfiles import watch

from reconciler.adapters.git import GitLineup
from reconciler.adapters.lineup_reader import FolderLineupReader
from reconciler.adapters.parse_cache import DiskParseCache
from reconciler.errors import AdapterError, LineupError, Rejected, UsageError
from reconciler.lineup.templating import Values
from reconciler.lineup.tree import Tree, blob_id
from tests.unit.lineup.lineups import VALUES, Texts, texts


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    done = subprocess.run(
        ["git", "-C", str(folder), *identity, *arguments],
        check=True, capture_output=True, text=True, env=environment,
    )  # fmt: skip
    return done.stdout.strip()


def write(folder: Path, files: Texts) -> None:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        content = text.encode() if isinstance(text, str) else text
        (folder / path).write_bytes(content)


def commit(folder: Path) -> str:
    git(folder, "add", "-A", ".")
    git(folder, "commit", "-q", "-m", "a change")
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A lineup in a subfolder of a repository, committed."""
    configs = tmp_path / "repository" / "configs"
    write(configs, texts())
    git(configs.parent, "init", "-q", "-b", "main")
    write(configs.parent, {"README.md": "x", "other/lineup.yaml": "x"})
    commit(configs.parent)
    return configs


def contents(tree: Tree) -> dict[str, bytes]:
    return dict(tree.fetch(sorted(tree.blobs)))


def as_bytes(files: Texts) -> dict[str, bytes]:
    return {path: t.encode() if isinstance(t, str) else t for path, t in files.items()}


def test_a_commit_is_read_as_objects_whatever_lies_on_disk(folder: Path) -> None:
    (folder / "lineup.yaml").write_text("half sav")

    tree = GitLineup(folder).read()

    assert contents(tree) == as_bytes(texts())
    assert tree.digest == Tree.of(texts()).digest


def test_the_working_tree_has_new_files_but_not_ignored_or_deleted_ones(folder: Path) -> None:
    write(folder, {"playlists/new.yaml": "items: [A]\n", "playlists/old.yaml": "items: [A]\n"})
    write(folder, {".gitignore": "old.yaml\n"})
    (folder / "channels/news.yaml").unlink()

    tree = GitLineup(folder).read_working_tree()

    assert set(tree.blobs) == {
        "lineup.yaml", "nodes.yaml", "playlists/base.yaml", "playlists/new.yaml",
    }  # fmt: skip


def test_an_unchanged_working_tree_has_the_ids_of_its_commit(folder: Path) -> None:
    source = GitLineup(folder)

    assert source.read_working_tree().blobs == source.read().blobs
    assert source.revision().digest == source.working_revision(source.read_working_tree()).digest


def test_a_file_saved_again_is_noticed_and_an_old_tree_is_not_mixed_with_it(folder: Path) -> None:
    source = GitLineup(folder)
    before = source.read_working_tree()
    contents(before)
    write(folder, {"playlists/base.yaml": "items: [B-1]\n"})

    after = source.read_working_tree()

    assert after.read("playlists/base.yaml") == b"items: [B-1]\n"
    assert after.digest != before.digest
    with pytest.raises(AdapterError, match="changed while it was read"):
        before.read("playlists/base.yaml")


def test_another_ref_is_read_without_checking_it_out(folder: Path) -> None:
    first = git(folder, "rev-parse", "HEAD")
    write(folder, {"playlists/base.yaml": "items: [B-1]\n"})
    second = commit(folder)
    source = GitLineup(folder)

    assert source.head().commit == second
    assert source.head().label == f"{second[:7]} (main)"
    assert source.head("HEAD~1").commit == first
    old = source.read("HEAD~1").read("playlists/base.yaml")
    assert old == as_bytes(texts())["playlists/base.yaml"]
    assert source.revision(first).label == f"{first[:7]} ({first})"


@pytest.mark.parametrize("ref", ["nope", "--all", "HEAD:configs", "a..b"])
def test_a_ref_that_names_no_commit_is_the_askers_mistake(folder: Path, ref: str) -> None:
    with pytest.raises(UsageError, match="there is no commit"):
        GitLineup(folder).read(ref)


def test_the_same_commit_is_not_read_twice(folder: Path) -> None:
    source = GitLineup(folder)

    assert source.read() is source.read("main")


def test_links_and_submodules_are_refused_where_they_would_be_files(folder: Path) -> None:
    (folder / "channels/link.yaml").symlink_to("news.yaml")
    (folder / "notes").symlink_to("/etc")
    head = git(folder, "rev-parse", "HEAD")
    for path in ("configs/playlists/shared", "configs/vendored"):
        git(folder.parent, "update-index", "--add", "--cacheinfo", f"160000,{head},{path}")
    git(folder, "add", "channels/link.yaml", "notes")
    git(folder, "commit", "-q", "-m", "links")
    source = GitLineup(folder)

    assert [str(fault) for fault in source.read().refused] == [
        "channels/link.yaml: expected a file, found a symbolic link",
        "playlists/shared: expected a file, found a submodule",
    ]
    assert [str(fault) for fault in source.read_working_tree().refused] == [
        "channels/link.yaml: expected a file, found a symbolic link",
    ]
    with pytest.raises(LineupError, match="found a symbolic link"):
        FolderLineupReader(folder, VALUES).desired()


def test_odd_names_are_read_or_refused_never_mangled(folder: Path) -> None:
    odd = os.fsdecode(b"playlists/caf\xe9.yaml")
    write(folder, {'playlists/a "b"\n\tø.yaml': "items: [A]\n", odd: "items: [A]\n"})
    commit(folder)
    source = GitLineup(folder)

    for tree in (source.read(), source.read_working_tree()):
        assert tree.read('playlists/a "b"\n\tø.yaml') == b"items: [A]\n"
        assert [str(fault) for fault in tree.refused] == [
            "playlists/caf\\xe9.yaml: expected a file, found a name that is not UTF-8"
        ]


def test_a_repository_without_a_commit_says_what_to_do(tmp_path: Path) -> None:
    write(tmp_path, texts())
    git(tmp_path, "init", "-q")
    source = GitLineup(tmp_path)

    with pytest.raises(UsageError, match="there is no commit yet; commit the lineup"):
        source.read()
    tree = source.read_working_tree()
    assert source.working_revision(tree).label == "working tree, nothing committed yet"


def test_a_folder_that_is_not_committed_says_what_to_do(folder: Path) -> None:
    write(folder.parent / "new", texts())

    with pytest.raises(Rejected, match="has no folder 'new'; commit the lineup first"):
        GitLineup(folder.parent / "new").read()


def test_no_folder_is_the_askers_mistake(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected a lineup's folder, found none"):
        GitLineup(tmp_path / "nope")


def test_a_missing_object_is_told_and_ends_the_reading(folder: Path) -> None:
    source = GitLineup(folder)
    tree = source.read()
    blob = tree.blobs["nodes.yaml"]
    (folder.parent / ".git/objects" / blob[:2] / blob[2:]).unlink()

    with pytest.raises(Rejected, match=f"nodes.yaml: expected blob {blob}, found .* missing"):
        contents(tree)


def test_many_files_are_read_in_one_go(tmp_path: Path) -> None:
    many: Texts = {f"playlists/p-{number}.yaml": f"items: [A-{number}]\n" for number in range(600)}
    write(tmp_path, many)
    git(tmp_path, "init", "-q")
    commit(tmp_path)

    assert contents(GitLineup(tmp_path).read()) == as_bytes(many)


def test_a_repository_of_the_longer_ids_is_read_alike(tmp_path: Path) -> None:
    write(tmp_path, texts())
    git(tmp_path, "init", "-q", "--object-format=sha256")
    commit(tmp_path)
    source = GitLineup(tmp_path)

    assert source.read().blobs == source.read_working_tree().blobs
    assert source.read().blobs["nodes.yaml"] == blob_id(as_bytes(texts())["nodes.yaml"], "sha256")


def test_a_plain_folder_works_with_a_warning(tmp_path: Path) -> None:
    write(tmp_path, {**texts(), ".hidden/lineup.yaml": "x", "playlists/.b.yaml": "x"})
    reader = FolderLineupReader(tmp_path, VALUES)

    found = reader.desired()

    assert not reader.source.is_git
    assert found.revision.commit == ""
    assert found.revision.label.startswith("folder, saved ")
    assert "not in a git repository" in found.warnings[0]
    assert set(found.channels) == {"news"}
    with pytest.raises(UsageError, match="is not in a git repository"):
        reader.desired("main")


def test_every_saved_state_of_a_plain_folder_is_a_revision(tmp_path: Path) -> None:
    write(tmp_path, texts())
    reader = FolderLineupReader(tmp_path, VALUES)
    first = reader.current()
    write(tmp_path, {"playlists/base.yaml": "items: [B]\n"})

    assert reader.current() != first
    assert reader.desired().revision.digest == reader.current()


def test_a_hooks_environment_does_not_lead_astray(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nowhere/index")

    assert contents(GitLineup(folder).read()) == as_bytes(texts())


def test_a_linked_work_tree_is_watched_at_its_own_head_and_the_shared_refs(folder: Path) -> None:
    git(folder, "worktree", "add", "-q", "-b", "side", str(folder.parent.parent / "side"))
    source = GitLineup(folder.parent.parent / "side" / "configs")

    shared = folder.parent / ".git"
    assert source.refs_to_watch() == (shared / "worktrees" / "side", shared)
    assert source.head().label.endswith("(side)")


@pytest.mark.parametrize(
    ("path", "concerned"),
    [
        (".git/HEAD", True), (".git/refs/heads/main", True), (".git/packed-refs", True),
        (".git/refs/heads/main.lock", False), (".git/objects/ab/cd", False), (".git/index", False),
    ],
)  # fmt: skip
def test_only_refs_may_mean_a_new_commit(folder: Path, path: str, *, concerned: bool) -> None:
    assert GitLineup(folder).concerns(str(folder.parent / path)) is concerned


@pytest.mark.parametrize("packed", [False, True])
def test_a_commit_wakes_a_watcher(folder: Path, *, packed: bool) -> None:
    source = GitLineup(folder)
    if packed:
        git(folder, "pack-refs", "--all")
    changes = watch(
        *source.refs_to_watch(),
        watch_filter=lambda _, path: source.concerns(path),
        rust_timeout=200, yield_on_timeout=True, debounce=50, step=10,
    )  # fmt: skip
    assert next(changes) == set()
    before = source.head().commit
    write(folder, {"playlists/base.yaml": "items: [B]\n"})
    commit(folder)

    seen = next((found for found, _ in zip(changes, range(50), strict=False) if found), None)

    assert seen
    assert source.head().commit != before


def test_one_content_is_one_lineup_whatever_it_is_called(folder: Path, tmp_path: Path) -> None:
    reader = FolderLineupReader(folder, VALUES, DiskParseCache(tmp_path / "cache"))

    at_commit, on_disk = reader.desired(), reader.working_tree()

    assert at_commit.channels is on_disk.channels
    assert on_disk.revision.label.startswith("working tree on ")
    assert at_commit.revision.commit == reader.current()
    assert reader.watch_paths() == (folder.parent / ".git",)


def test_a_bad_commit_raises_and_the_one_before_can_still_be_read(folder: Path) -> None:
    reader = FolderLineupReader(folder, Values())
    good = reader.desired()
    write(folder, {"channels/news.yaml": "titel: x\n"})
    commit(folder)

    with pytest.raises(LineupError, match="unknown key; did you mean `title`"):
        reader.desired()
    assert reader.desired("HEAD~1").channels == good.channels
