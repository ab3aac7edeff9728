"""A base image as a user's would be, made of this machine's own files: nothing is fetched.

PYTEST_DONT_REWRITE. It holds a shell, the programs that the recipe runs, this very Python, and as
`casparcg` the fake server (`casparcg/main.py`), which here listens on all addresses as a real one
does. Nothing is written to disk: the tar goes straight into `docker import`.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path

from tests.dockerhost import PATH, DockerHost

TAG = "casparcg:fake"
PROGRAMS = (
    *("sh", "env", "install", "rm", "cp", "chmod", "cat", "ls", "sleep", "id", "ps", "kill"),
    *("groupadd", "useradd", "tini"),
)
# What every system has, whether or not Python itself is linked with it.
_LIBRARIES = (
    *("libstdc++.so.6", "libgcc_s.so.1", "libmvec.so.1", "libpthread.so.0", "libdl.so.2"),
    *("librt.so.1", "libutil.so.1", "libresolv.so.2"),
)
_PREFIX = Path("/usr/local")
_FAKE = Path(__file__).parent / "casparcg"
_LEFT_OUT = {"__pycache__", "site-packages", "dist-packages", "test", "tests", "idlelib"}
_LEFT_OUT |= {"tkinter", "turtledemo", "lib2to3", "pydoc_data"}
_TEXTS = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
    "etc/group": "root:x:0:\nvideo:x:44:\nnogroup:x:65534:\n",
    "etc/nsswitch.conf": "hosts: files dns\n",
    "etc/login.defs": "UID_MIN 1000\nGID_MIN 1000\nSYS_GID_MIN 100\nSYS_GID_MAX 999\n",
    "opt/casparcg/lib/README": "the engine's own libraries\n",
}
_SERVER = '#!/bin/sh\nexec /usr/local/bin/python3 /opt/casparcg/tests/casparcg/main.py "$@"\n'


def import_base(host: DockerHost) -> None:
    """Have the daemon hold the base image."""
    argv = ["docker", "import", "--change", "ENV FAKE_CASPARCG_HOST=0.0.0.0", "-", TAG]
    with subprocess.Popen(
        argv, env=host.environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    ) as client:
        assert client.stdin is not None
        with tarfile.open(fileobj=client.stdin, mode="w|") as tar:
            _fill(tar)
        client.stdin.close()
        assert client.wait(60) == 0


def _fill(tar: tarfile.TarFile) -> None:
    programs = {name: _found(name) for name in PROGRAMS}
    python = Path(sys.executable).resolve()
    standard = Path(sysconfig.get_path("stdlib"))
    version = standard.name
    for name in ("tmp", "root", "etc", "bin", "usr/bin", "usr/local/bin"):
        entry = tarfile.TarInfo(name)
        entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if name == "tmp" else 0o755
        tar.addfile(entry)
    for name, path in programs.items():
        tar.add(path, f"bin/{name}")
    tar.add(python, str(_PREFIX / "bin" / version))
    link = tarfile.TarInfo(str(_PREFIX / "bin/python3"))
    link.type, link.linkname = tarfile.SYMTYPE, version
    tar.addfile(link)
    tar.add(standard, str(_PREFIX / "lib" / version), filter=_wanted)
    for folder in (Path("/usr/share/python-wheels"), Path("/usr/lib/locale/C.utf8")):
        if folder.exists():
            tar.add(folder, str(folder))
    for library in _libraries([*programs.values(), python, *standard.rglob("lib-dynload/*.so")]):
        tar.add(library.resolve(), _place_of(library))
    for name, text in _TEXTS.items():
        _write(tar, name, text)
    _write(tar, "opt/casparcg/bin/casparcg", _SERVER, mode=0o755)
    for path in (_FAKE.parent / "__init__.py", *_FAKE.glob("*.py")):
        if path.exists():
            tar.add(path, f"opt/casparcg/tests/{path.relative_to(_FAKE.parent)}")


def _found(name: str) -> Path:
    path = shutil.which(name, path=PATH)
    assert path is not None, f"{name} is not installed"
    return Path(path).resolve()


def _wanted(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if _LEFT_OUT & set(entry.name.split("/")) or entry.name.endswith(".a") else entry


def _libraries(binaries: Iterable[Path]) -> Iterator[Path]:
    """All that these are linked with, each once; what the loader itself is comes along."""
    said = subprocess.run(
        ["ldd", *map(str, binaries)], capture_output=True, text=True, timeout=60, check=False
    ).stdout
    cached = subprocess.run(
        ["ldconfig", "-p"],
        env={"PATH": PATH},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    found = set(re.findall(r"(/\S+) \(0x", said))
    for name in _LIBRARIES:
        found.update(re.findall(rf"\s{re.escape(name)} .*=> (/\S+)", cached)[:1])
    yield from sorted(map(Path, found))


def _place_of(library: Path) -> str:
    """The loader is asked for by its full path; the rest is found in the loader's own folder."""
    if library.name.startswith("ld-linux"):
        return str(library)
    return f"/usr/lib/{sysconfig.get_config_var('MULTIARCH') or ''}/{library.name}"


def _write(tar: tarfile.TarFile, name: str, text: str, mode: int = 0o644) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(text.encode()), mode
    tar.addfile(entry, BytesIO(text.encode()))
