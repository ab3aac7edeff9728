"""How a name finds a file (FACTS 9), clips described on disk, and the reading of the recordings."""

from __future__ import annotations

import unicodedata
from fractions import Fraction
from pathlib import Path

import pytest

from tests.casparcg.config import Unusable, read_config
from tests.casparcg.media import Clip, Folder, Table, find
from tests.casparcg.proof import files
from tests.casparcg.rig import Rig
from tests.casparcg.transcript import FOLDER, Exchange, read

SHELF = Table(
    {"clip.mp4": Clip(), "sub/Spot One.MP4": Clip(), "d\u00eda.mp4": Clip(), "/else/x.mov": Clip()}
)


BAD_MODE = """<configuration><channels><channel><video-mode>123p</video-mode></channel></channels>
<controllers/></configuration>"""


def found(name: str) -> str | None:
    one = find(name, SHELF, ("/run/", "/media/"))
    return None if one is None else one.path


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("clip", "/media/clip.mp4"),
        ("CLIP.Mp4", "/media/clip.mp4"),
        ("clip.mov", None),
        ("SUB/spot one", "/media/sub/Spot One.MP4"),
        ("./sub/../clip", "/media/./sub/../clip.mp4"),
        ("D\u00cdA", "/media/d\u00eda.mp4"),
        (unicodedata.normalize("NFD", "d\u00eda"), None),
        ("/else/x", "/else/x.mov"),
        ("file:///else/x.mov", "file:///else/x.mov"),
        ("sub", None),
        ("sub\\spot one", None),
    ],
)
def test_name_finds_its_file(name: str, path: str | None) -> None:
    assert found(name) == path


def test_file_on_disk_is_scripted_by_its_content(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text('{"frames": 50, "rate": "50/1", "decode_ticks": 4}')
    (tmp_path / "b.mp4").write_text('{"damaged": true}')
    (tmp_path / "c.mp4").write_bytes(b"\x00\x01 no json")
    (tmp_path / "d.png").write_bytes(b"")
    folder = Folder(tmp_path, frames=100)
    clips = {Path(path).name: folder.clip(path) for path in folder.paths()}
    assert clips["a.mp4"] == Clip(frames=50, rate=Fraction(50), decode_ticks=4)
    assert clips["b.mp4"].damage == "unreadable"
    assert (clips["c.mp4"].frames, clips["d.png"].kind) == (100, "still")


@pytest.mark.parametrize(
    "xml",
    [
        "<configuration><channels>",
        "<configuration><channels><channel/></channels></configuration>",
        BAD_MODE,
    ],
)
def test_unusable_config_is_refused(xml: str) -> None:
    with pytest.raises(Unusable):
        read_config(xml)


def test_surroundings_outlive_a_restart_and_nothing_else_does() -> None:
    rig = Rig()
    rig.caspar.machine.decklinks = frozenset({2})
    rig.say("PLAY @ a")
    rig.caspar.crash()
    rig.caspar.boot()
    assert rig.caspar.machine.decklinks == {2}
    assert rig.caspar.channel().layers == {}


@pytest.mark.parametrize("name", files())
def test_reader_of_recordings_loses_no_line(name: str) -> None:
    text = (FOLDER / name).read_text(encoding="utf-8").split("\n")
    exchanges = [event for event in read(FOLDER / name) if isinstance(event, Exchange)]
    sent = [line for line in text if " >> " in line[:15] and not line.endswith("(nothing)")]
    received = [line for line in text if " << " in line[:15]]
    pieces = sum(one.sent.count(b"\n") or 1 for one in exchanges if one.sent)
    assert pieces == len(sent)
    assert sum(one.reply.count(b"\n") for one in exchanges) == len(received)
