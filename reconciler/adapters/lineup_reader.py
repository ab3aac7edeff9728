"""Reads a lineup for the loop and the CLI: from git or a plain folder, remembering what it read."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from reconciler.adapters.git import GitLineup
from reconciler.lineup.load import Memory, load_lineup
from reconciler.lineup.reading import ParseCache
from reconciler.lineup.templating import Values
from reconciler.lineup.tree import Tree
from reconciler.model.desired import Desired, Revision

_NOT_GIT = "the lineup's folder is not in a git repository: every saved state goes on air as it is"


class FolderLineupReader:
    """A `LineupReader` over one folder; `ref` None is what is checked out, or the folder itself."""

    def __init__(self, folder: Path, values: Values, cache: ParseCache | None = None) -> None:
        self.source = GitLineup(folder)
        self._values = values
        self._cache = cache
        self._memory = Memory()
        self._load = lru_cache(maxsize=2)(self._load_tree)

    def desired(self, ref: str | None = None) -> Desired:
        """The lineup in force, or at `ref`; raises `LineupError`."""
        if not self.source.is_git and ref is None:
            return self.working_tree()
        revision = self.source.revision(ref)
        return self._named(self.source.read_commit(revision.commit), revision)

    def working_tree(self) -> Desired:
        """The lineup as it lies on disk; raises `LineupError`."""
        tree = self.source.read_working_tree()
        return self._named(tree, self.source.working_revision(tree))

    def current(self) -> str:
        """The commit in force, or a digest of the saved state."""
        if self.source.is_git:
            return self.source.head().commit
        return self.source.read_working_tree().digest

    def watch_paths(self) -> tuple[Path, ...]:
        """Folders to watch, with `concerns` as the filter."""
        return self.source.refs_to_watch()

    def concerns(self, path: str) -> bool:
        """Whether a change of `path`, seen below `watch_paths`, may mean a new lineup."""
        return self.source.concerns(path)

    def _named(self, tree: Tree, revision: Revision) -> Desired:
        # Equal content is one lineup, whatever it is called: loaded once, then only named anew.
        desired = self._load(_ByContent(tree), revision.digest)
        warnings = desired.warnings if self.source.is_git else (_NOT_GIT, *desired.warnings)
        return replace(desired, revision=revision, warnings=warnings)

    def _load_tree(self, held: _ByContent, digest: str) -> Desired:
        revision = Revision(commit="", label="", digest=digest)
        with _collector_at_rest():
            return load_lineup(held.tree, revision, self._values, self._cache, self._memory)


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """Spare a load the search for rubbish: it makes a great many values and drops hardly any.

    What is there after a process's first load is never searched again: it stays, or nearly so.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
        if not gc.get_freeze_count():
            gc.freeze()  # the lineup stays: every later search would walk all of it in vain
    finally:
        gc.enable()


class _ByContent:
    """A tree that counts as equal to any other of the same content."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self._key = (tree.digest, tree.refused)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByContent) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)
