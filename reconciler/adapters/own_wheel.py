"""Packs this program, as it is installed here, into a wheel: no network, no build tools.

For images: the wheel asks for no other package and brings no command, since an image installs what
a sidecar needs (`sidecar/needs.py`) and starts it by its module. The same program gives the same
bytes, so that an image's layers are made again only when something changed.
"""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from reconciler import __version__
from reconciler.adapters.shipped import shipped

# What lies beside the package in a checkout and inside it in a wheel; as in pyproject.toml.
SHIPPED = (
    "templates",
    "state/migrations",
    "state/schema.sql",
    "state/queries.sql",
    "configs",
    "constraints.txt",
    "LICENSE",
)
_NAME = "playout_reconciler"
_PACKAGE = Path(__file__).resolve().parent.parent
_BEGAN = (1980, 1, 1, 0, 0, 0)  # the first date that a zip can hold
_METADATA = f"""\
Metadata-Version: 2.1
Name: {_NAME.replace("_", "-")}
Version: {__version__}
Requires-Python: >=3.11
License: Apache-2.0
"""
_WHEEL = """\
Wheel-Version: 1.0
Generator: reconcile image
Root-Is-Purelib: true
Tag: py3-none-any
"""


def wheel_name() -> str:
    """The file's name, which installers read."""
    return f"{_NAME}-{__version__}-py3-none-any.whl"


def make_wheel() -> bytes:
    """The wheel's content; raises `FileNotFoundError` where this installation lacks a part."""
    files = dict(_files())
    about = f"{_NAME}-{__version__}.dist-info"
    files |= {f"{about}/METADATA": _METADATA.encode(), f"{about}/WHEEL": _WHEEL.encode()}
    record = f"{about}/RECORD"
    files[record] = _record(files, record).encode()
    wheel = io.BytesIO()
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as pack:
        for name in sorted(files, key=lambda name: (name.startswith(about), name)):
            entry = zipfile.ZipInfo(name, _BEGAN)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o100644 << 16
            pack.writestr(entry, files[name])
    return wheel.getvalue()


def _files() -> Iterator[tuple[str, bytes]]:
    yield from _under(_PACKAGE, PurePosixPath("reconciler"))
    for name in SHIPPED:
        yield from _under(shipped(name), PurePosixPath("reconciler/_shipped") / name)


def _under(place: Path, name: PurePosixPath) -> Iterator[tuple[str, bytes]]:
    if place.is_file():
        yield str(name), place.read_bytes()
        return
    for path in sorted(place.rglob("*")):
        inner = path.relative_to(place)
        if path.is_file() and not any(_is_left_out(part) for part in inner.parts):
            yield str(name / inner.as_posix()), path.read_bytes()


def _is_left_out(part: str) -> bool:
    return part == "__pycache__" or part.endswith((".pyc", ".new"))


def _record(files: Mapping[str, bytes], own: str) -> str:
    lines = [f"{name},{_digest(content)},{len(content)}" for name, content in files.items()]
    return "\n".join([*lines, f"{own},,", ""])


def _digest(content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest())
    return f"sha256={digest.decode().rstrip('=')}"
