"""The holding picture where the lineup has none staged: a PNG of our own making."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

from reconciler.model.video import VideoFormat
from reconciler.sidecar.disk import write_whole
from reconciler.sidecar.spec import SidecarSpec

_DEEP, _BAND, _LINE = b"\x16\x22\x36", b"\x1f\x31\x4d", b"\xd8\xa6\x3c"  # calm on any screen
_SIGNATURE = b"\x89PNG\r\n\x1a\n"  # PNG (W3C, third edition), section 5.2
_RGB = (8, 2, 0, 0, 0)  # bits, colour type, compression, filter, interlace: section 11.2.1


def slate_picture(video: VideoFormat) -> bytes:
    """A dark picture with a lighter band and a line, in the channel's size."""
    width, height = video.width, video.height
    rows = b"".join(b"\0" + _row(line, height) * width for line in range(height))
    return b"".join(
        (
            _SIGNATURE,
            _chunk(b"IHDR", struct.pack(">II", width, height) + bytes(_RGB)),
            _chunk(b"IDAT", zlib.compress(rows, 6)),
            _chunk(b"IEND", b""),
        )
    )


def slate_for(spec: SidecarSpec, folder: Path) -> Path:
    """The picture that holds the time: the lineup's where it is staged, else one of ours."""
    staged = spec.media_root / spec.slate if spec.slate else None
    if staged is not None and staged.is_file():
        return staged
    folder.mkdir(parents=True, exist_ok=True)
    return write_slate(folder, spec.format)


def write_slate(folder: Path, video: VideoFormat) -> Path:
    """Put the picture into `folder`; raises `OSError` if the disk refuses."""
    path = folder / "slate.png"
    write_whole(path, slate_picture(video), mode=0o644)
    return path


def _row(line: int, height: int) -> bytes:
    place = line * 12 // height
    if place in {5, 6}:
        return _BAND
    return _LINE if place == 7 and line * 12 % height < height // 4 else _DEEP  # noqa: PLR2004


def _chunk(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)
