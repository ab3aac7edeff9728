"""Make a folder a git repository with a first commit."""

from __future__ import annotations

import subprocess
from pathlib import Path

from reconciler.errors import Unreachable

_PATIENCE = 30  # seconds; all of it is local


def begin_repository(folder: Path, message: str) -> bool:
    """Make `folder` a repository and commit what is in it; whether there is a commit now.

    A folder that lies in a repository already is left to it. Without a name and address to commit
    as (git asks for them once), the files are left added.
    """
    if _git(folder, "rev-parse", "--is-inside-work-tree", may_fail=True) == 0:
        return False
    _git(folder, "init", "--quiet", "--initial-branch=main")
    _git(folder, "add", "--all")
    return _git(folder, "commit", "--quiet", f"--message={message}", may_fail=True) == 0


def _git(folder: Path, *arguments: str, may_fail: bool = False) -> int:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unreachable(f"git {arguments[0]}: {error}", system="git") from error
    if done.returncode != 0 and not may_fail:
        raise Unreachable(f"git {arguments[0]} in {folder}: {done.stderr.strip()}", system="git")
    return done.returncode
