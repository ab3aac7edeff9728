"""Reads a lineup from git: a commit as objects, or the working tree as it lies on disk.

A commit is read without touching any file, so a half-saved one can never go on air. What is not in
a git repository is read by `folder`. Which files make a lineup is not judged here.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO

from reconciler.adapters.folder import DiskFiles, is_wanted, list_folder, refused, text_path
from reconciler.errors import AdapterError, Fault, Rejected, Unreachable, UsageError
from reconciler.lineup.tree import Tree
from reconciler.model.desired import Revision

_PATIENCE = 30  # seconds; reading refs and trees is local, and takes milliseconds
_BATCH = (
    256  # ids asked for at once: they fit into a pipe, so that neither side waits for the other
)
_HOOK_NAMES = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR")
_LINK, _SUBMODULE = b"120000", b"160000"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Repository:
    """Where things are: the work tree's top, the lineup's path in it, and git's own folders."""

    top: Path
    prefix: str  # `configs/`, or empty
    git_dir: Path
    common_dir: Path
    algorithm: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A commit, and how people know it."""

    commit: str
    label: str


class GitLineup:
    """One lineup's folder. Failures are `UsageError` (no such commit) or `AdapterError`."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(os.path.abspath(folder))  # noqa: PTH100  # a link to the folder stays as its owner wrote it
        if not self.folder.is_dir():
            raise UsageError(f"{folder}: expected a lineup's folder, found none")
        self._repository = _find_repository(self.folder)
        self._disk = DiskFiles(
            self.folder, self._repository.algorithm if self._repository else "sha1"
        )
        self.read_commit = lru_cache(maxsize=4)(self._read_commit)

    @property
    def is_git(self) -> bool:
        """Whether the folder is in a git repository."""
        return self._repository is not None

    def head(self, ref: str | None = None) -> Head:
        """The commit that `ref` (None: what is checked out) names now."""
        if ref is not None:
            commit = self._commit(ref)
            return Head(commit=commit, label=f"{commit[:7]} ({ref})")
        commit, branch = self._asked("HEAD^{commit}", "--abbrev-ref", "HEAD", about="HEAD")
        return Head(commit=commit, label=f"{commit[:7]} ({branch})")

    def _commit(self, name: str) -> str:
        return self._asked("--verify", "--end-of-options", f"{name}^{{commit}}", about=name)[0]

    def _asked(self, *words: str, about: str) -> list[str]:
        """What `git rev-parse` answers, line by line; `UsageError` where there is no `about`."""
        if self._repository is None:
            raise UsageError(f"{self.folder}: is not in a git repository, so there is no {about!r}")
        try:
            return os.fsdecode(self._git("rev-parse", *words)).splitlines()
        except Rejected as error:
            if about == "HEAD":
                raise UsageError(
                    f"{self.folder}: there is no commit yet; commit the lineup, or plan it with"
                    " --dry-run"
                ) from error
            raise UsageError(f"{self.folder}: there is no commit {about!r}") from error

    def read(self, ref: str | None = None) -> Tree:
        """The lineup's files at a commit; a commit that was just read is not read again."""
        return self.read_commit(self._commit(ref or "HEAD"))

    def revision(self, ref: str | None = None) -> Revision:
        """Which lineup `read` gives."""
        head = self.head(ref)
        tree = self.read_commit(head.commit)
        return Revision(commit=head.commit, label=head.label, digest=tree.digest)

    def read_working_tree(self) -> Tree:
        """The lineup's files on disk: those that git knows, and new ones it does not ignore."""
        if self._repository is None:
            return self._disk.tree(list_folder(self.folder))
        listed = self._git("ls-files", "-z", "--cached", "--others", "--exclude-standard")
        names = {os.fsdecode(name) for name in listed.split(b"\0") if name}
        return self._disk.tree(names)

    def working_revision(self, tree: Tree) -> Revision:
        """Which lineup `tree`, as `read_working_tree` gave it, is."""
        if self._repository is None:
            label = f"folder, saved {self._disk.saved_at():%H:%M:%S}"
            return Revision(commit="", label=label, digest=tree.digest)
        try:
            label = f"working tree on {self.head().commit[:7]}"
        except UsageError:
            label = "working tree, nothing committed yet"
        return Revision(commit="", label=label, digest=tree.digest)

    def refs_to_watch(self) -> tuple[Path, ...]:
        """Folders in which something changes with every commit, to be watched with all below them.

        With `concerns` as the filter. A linked work tree has two: its own HEAD, the shared refs.
        """
        found = self._repository
        if found is None:
            return (self.folder,)
        return tuple(dict.fromkeys((found.git_dir, found.common_dir)))

    def concerns(self, path: str) -> bool:
        """Whether a change of `path`, seen below `refs_to_watch`, may mean a new commit."""
        if self._repository is None:
            return is_wanted(path)
        name = Path(path)
        if name.suffix == ".lock":
            return False
        return name.name in ("HEAD", "packed-refs") or "refs" in name.parts

    def _read_commit(self, commit: str) -> Tree:
        found = self._repository
        prefix = found.prefix.rstrip("/") if found else ""
        try:
            listed = self._git("ls-tree", "-r", "-z", "--full-tree", f"{commit}:{prefix}")
        except Rejected as error:
            raise Rejected(
                f"{self.folder}: commit {commit[:7]} has no folder {prefix!r}; commit the lineup"
                " first, or plan it with --dry-run",
                system="git",
            ) from error
        ids: dict[str, str] = {}
        faults: list[Fault] = []
        for entry in filter(None, listed.split(b"\0")):
            meta, _, name = entry.partition(b"\t")
            mode, _, blob = meta.split(b" ")
            fault = _refuse(mode, name)
            if fault is not None:
                faults.append(fault)
            elif mode not in (_LINK, _SUBMODULE) and is_wanted(os.fsdecode(name)):
                ids[os.fsdecode(name)] = blob.decode()

        def fetch(paths: Sequence[str]) -> Iterator[tuple[str, bytes]]:
            return self._blobs([(path, ids[path]) for path in paths])

        return Tree(blobs=ids, fetch=fetch, refused=tuple(faults))

    def _blobs(self, wanted: list[tuple[str, str]]) -> Iterator[tuple[str, bytes]]:
        """Read many blobs with one process, one after another."""
        if not wanted:
            return
        with subprocess.Popen(
            self._argv("cat-file", "--batch"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
        ) as process:
            try:
                for start in range(0, len(wanted), _BATCH):
                    yield from _ask(process, wanted[start : start + _BATCH])
            finally:
                process.kill()

    def _argv(self, *arguments: str) -> list[str]:
        return ["git", "-C", str(self.folder), *arguments]

    def _git(self, *arguments: str) -> bytes:
        return _run(self._argv(*arguments), str(self.folder))


def _refuse(mode: bytes, name: bytes) -> Fault | None:
    path = os.fsdecode(name)
    if mode == _LINK:
        return refused(path, "a symbolic link") if is_wanted(path) else None
    if mode == _SUBMODULE:
        inside = path.split("/", 1)[0] in ("channels", "playlists")
        return refused(path, "a submodule") if inside else None
    if is_wanted(path) and text_path(path) != path:
        return refused(path, "a name that is not UTF-8")
    return None


def _ask(
    process: subprocess.Popen[bytes], wanted: list[tuple[str, str]]
) -> Iterator[tuple[str, bytes]]:
    if process.stdin is None or process.stdout is None:  # pragma: no cover  # both were asked for
        raise AdapterError("git cat-file: no pipes", system="git")
    try:
        process.stdin.write("".join(f"{blob}\n" for _, blob in wanted).encode())
        process.stdin.flush()
    except OSError as error:
        raise Rejected(f"git cat-file: ended early: {error}", system="git") from error
    for path, blob in wanted:
        yield path, _one(process.stdout, path, blob)


def _one(answers: IO[bytes], path: str, blob: str) -> bytes:
    header = answers.readline().split()
    if len(header) != 3 or header[1] != b"blob":  # noqa: PLR2004  # id, type, size
        found = b" ".join(header).decode(errors="replace") or "no answer"
        raise Rejected(f"git cat-file: {path}: expected blob {blob}, found {found}", system="git")
    content = answers.read(int(header[2]) + 1)
    return content[:-1]


def _find_repository(folder: Path) -> _Repository | None:
    asked = ("--show-toplevel", "--show-prefix", "--absolute-git-dir", "--show-object-format")
    argv = ["git", "-C", str(folder), "rev-parse", *asked, "--git-common-dir"]
    try:
        answer = _run(argv, str(folder))
    except Rejected as error:
        if "not a git repository" in str(error):
            return None
        raise
    top, prefix, git_dir, algorithm, common = os.fsdecode(answer).removesuffix("\n").split("\n")
    return _Repository(
        top=Path(top),
        prefix=prefix,
        git_dir=Path(git_dir),
        common_dir=Path(os.path.abspath(folder / common)),  # noqa: PTH100  # git answers relative to the folder
        algorithm=algorithm,
    )


def _run(argv: list[str], where: str) -> bytes:
    what = f"git {argv[3]}"
    try:
        done = subprocess.run(
            argv, capture_output=True, check=False, timeout=_PATIENCE, env=_environment()
        )
    except FileNotFoundError as error:
        raise Rejected("git: is not installed, or not on PATH", system="git") from error
    except subprocess.TimeoutExpired as error:
        raise Unreachable(f"{where}: {what}: no answer in {_PATIENCE} s", system="git") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        reason = said[0] if said else f"exit code {done.returncode}"
        raise Rejected(f"{where}: {what}: {reason}", system="git", attempt=what)
    return done.stdout


def _environment() -> dict[str, str]:
    """Our environment without what a git hook adds to it, which would point git elsewhere."""
    kept = {key: value for key, value in os.environ.items() if key not in _HOOK_NAMES}
    return kept | {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
