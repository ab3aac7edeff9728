"""Where an embedded database lives, and as whom it runs.

PostgreSQL refuses to run as root, so under root the server gets a system user. That user must be
able to walk to its data; where the state folder hides behind a private one (`/root`, a runner's
temp folder), the data moves to `/var/lib/playout-reconciler/…`, or to the temp folder where even
that is read-only. No folder but our own is ever made more open. `home.json` in the state folder
says where everything is.

    FOLDER/            the reconciler's: home.json, lock, stopped
    HOME/              the server's, mode 0700: data/, server.log, alive, s/ (its socket)
"""

from __future__ import annotations

import hashlib
import json
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from reconciler.adapters.postgres_binaries import SYSTEM, Binaries
from reconciler.errors import Rejected

_LONGEST_SOCKET = 100  # bytes; the kernel's limit is 107, and a name must fit behind the folder
_SOCKET = ".s.PGSQL.5432"
_OUTSIDE = Path("/var/lib/playout-reconciler")
_OWN_USER = "playout"


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """One embedded database's places; `user` None means that it runs as ourselves."""

    root: Path
    sockets: Path
    user: str | None

    @property
    def socket(self) -> Path:
        """Where it listens."""
        return self.sockets / ".s.PGSQL.5432"

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory."""
        return self.root / "data"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.root / "server.log"

    @property
    def alive(self) -> Path:
        """Locked for as long as any process of the server lives, in whatever container."""
        return self.root / "alive"

    def account(self) -> dict[str, object]:
        """What `subprocess` needs to run something as the server's user."""
        if self.user is None:
            return {}
        entry = pwd.getpwnam(self.user)
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def recorded_home(folder: Path) -> Home | None:
    """The home that `folder` was given, or None before the first start (or after a copy)."""
    try:
        said = json.loads((folder / "home.json").read_text(encoding="utf-8"))
        root = folder / said["root"]
        owner = Path((root / "folder").read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError):
        return None
    if owner != folder and owner.exists():
        return None  # a copy of another's state folder; that one still has its database
    return Home(root=root, sockets=_sockets(root), user=said["user"])


def make_home(folder: Path) -> Home:
    """Choose and make the places of a new embedded database, and record them in `folder`."""
    user = _server_user() if os.geteuid() == 0 else None
    inside = folder / "server"
    if user is None or can_walk(folder, pwd.getpwnam(user)):
        root, said = inside, "server"
    else:
        root = _outside() / hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
        said = str(root)
    home = Home(root=root, sockets=_sockets(root), user=user)
    own_folder(root, home)
    (root / "folder").write_text(str(folder), encoding="utf-8")
    draft = folder / "home.json.new"
    draft.write_text(json.dumps({"root": said, "user": user}), encoding="utf-8")
    draft.replace(folder / "home.json")
    return home


def own_folder(path: Path, home: Home) -> None:
    """Make `path` a folder that only the server's user may enter; refuse one of somebody else."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = path.lstat()
    wanted = home.account().get("user", os.geteuid())
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {wanted, os.geteuid()}:
        raise Rejected(
            f"{SYSTEM}: {path} belongs to user {found.st_uid}, expected {wanted}: run as that user,"
            " or remove it",
            system=SYSTEM,
        )
    path.chmod(0o700)
    if home.user is not None:
        shutil.chown(path, home.user, pwd.getpwnam(home.user).pw_gid)


def can_walk(path: Path, entry: pwd.struct_passwd) -> bool:
    """Whether the user may walk through every folder down to `path`."""
    return all(_may_enter(place.stat(), entry) for place in (path, *path.parents))


def _may_enter(place: os.stat_result, entry: pwd.struct_passwd) -> bool:
    if place.st_uid == entry.pw_uid:
        return bool(place.st_mode & stat.S_IXUSR)
    if place.st_gid == entry.pw_gid:
        return bool(place.st_mode & stat.S_IXGRP)
    return bool(place.st_mode & stat.S_IXOTH)


def reachable_binaries(binaries: Binaries, home: Home) -> Path:
    """The `bin` folder, or a copy of it within the home where the user could not walk to it."""
    if home.user is None or can_walk(binaries.bindir, pwd.getpwnam(home.user)):
        return binaries.bindir
    install = binaries.bindir.parent
    copy = home.root / f"postgresql-{binaries.major}" / install.parent.name
    if not (copy / install.name).exists():
        draft = copy.with_name(f"{copy.name}.new")
        shutil.rmtree(draft, ignore_errors=True)
        shutil.copytree(install, draft / install.name, ignore=shutil.ignore_patterns("include"))
        libraries = install.parent.with_name(f"{install.parent.name}.libs")  # a wheel's own
        if libraries.is_dir():
            shutil.copytree(libraries, copy.with_name(libraries.name), dirs_exist_ok=True)
        draft.rename(copy)
    _give_away(copy.parent)
    return copy / install.name / binaries.bindir.name


def _give_away(folder: Path) -> None:
    folder.chmod(0o755)  # within the home, which stays closed


def _sockets(root: Path) -> Path:
    if len(os.fsencode(root / "s" / _SOCKET)) <= _LONGEST_SOCKET:
        return root / "s"
    name = hashlib.sha256(os.fsencode(root)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"playout-pg-{name}"


def _outside() -> Path:
    for place in (_OUTSIDE, Path(tempfile.gettempdir()) / _OUTSIDE.name):
        with suppress(OSError):
            place.mkdir(mode=0o711, parents=True, exist_ok=True)
            return place
    raise Rejected(
        f"{SYSTEM}: neither {_OUTSIDE} nor the temp folder can be written", system=SYSTEM
    )


def _server_user() -> str:
    """Name a system user for the server: the operator's choice, PostgreSQL's own, or a new one."""
    named = os.environ.get("RECONCILE_PG_USER")
    for name in (named,) if named else ("postgres", _OWN_USER):
        with suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    if named:
        raise Rejected(f"{SYSTEM}: RECONCILE_PG_USER: no user {named!r}", system=SYSTEM)
    shell = "/usr/sbin/nologin"
    with suppress(OSError, subprocess.CalledProcessError):
        subprocess.run(
            ["useradd", "--system", "--no-create-home", "--shell", shell, _OWN_USER],
            check=True,
            capture_output=True,
        )
        return pwd.getpwnam(_OWN_USER).pw_name
    return "nobody"  # an image without useradd: still not root, and the home stays closed to others
