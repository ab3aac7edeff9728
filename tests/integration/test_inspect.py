"""Looking into real files: streams, loudness by EBU R 128, and damage."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from reconciler.adapters.child_environment import child_environment
from reconciler.adapters.local_process import LocalNode
from reconciler.errors import Rejected
from reconciler.model.ids import NodeName
from reconciler.sidecar.inspect import inspect
from tests.orders import nobody

pytestmark = pytest.mark.media
SECONDS, RATE, FPS = 4, 48_000, 25


def encode(path: Path, *, peak: float, form: str | None = None) -> Path:
    """Pictures, and 997 Hz at `peak` in two channels: of EBU Tech 3341, such a tone reads true."""
    tone = peak * np.sin(2 * np.pi * 997 * np.arange(RATE * SECONDS) / RATE)
    with av.open(str(path), "w", format=form) as container:
        video = container.add_stream("mpeg2video" if form == "mpegts" else "mpeg4", rate=FPS)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        audio = container.add_stream("mp2" if form == "mpegts" else "aac", rate=RATE)
        audio.layout = "stereo"
        for number in range(SECONDS * FPS):
            picture = np.full((48, 64, 3), number, dtype=np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = number
            container.mux(video.encode(frame))
        form_of = "s16" if form == "mpegts" else "fltp"
        for at in range(0, len(tone), 1152):
            part = tone[at : at + 1152]
            both = np.stack([part, part])
            exact = both.astype(np.float32)
            packed = (both * 32767).astype(np.int16).T.reshape(1, -1)
            shown = packed if form_of == "s16" else exact
            sound = av.AudioFrame.from_ndarray(shown, format=form_of, layout="stereo")
            sound.sample_rate, sound.pts, sound.time_base = RATE, at, Fraction(1, RATE)
            container.mux(audio.encode(sound))
        for stream in (video, audio):
            container.mux(stream.encode(None))
    return path


def test_a_whole_file_tells_its_streams_and_its_loudness(tmp_path: Path) -> None:
    found = inspect(encode(tmp_path / "a.mp4", peak=0.1))
    assert (found.width, found.height, found.rate, found.channels) == (64, 48, "25", 2)
    assert found.container.startswith("mov,mp4")
    assert found.interlaced is False
    assert found.damage == ""
    assert found.loudness == pytest.approx(-20.0, abs=0.3)  # -20 dBFS in both channels


def test_half_as_loud_is_six_down_and_silence_is_not_measured(tmp_path: Path) -> None:
    quiet = inspect(encode(tmp_path / "q.mp4", peak=0.05))
    assert quiet.loudness == pytest.approx(-26.0, abs=0.3)
    assert inspect(encode(tmp_path / "s.mp4", peak=0.0)).loudness is None


def test_a_transport_stream_says_so(tmp_path: Path) -> None:
    found = inspect(encode(tmp_path / "a.ts", peak=0.1, form="mpegts"))
    assert (found.container, found.damage) == ("mpegts", "")


def test_a_torn_file_is_damaged_and_a_missing_one_is_an_error(tmp_path: Path) -> None:
    whole = encode(tmp_path / "a.mp4", peak=0.1).read_bytes()
    (tmp_path / "torn.mp4").write_bytes(whole[: len(whole) // 2])
    assert inspect(tmp_path / "torn.mp4").damage.startswith("it cannot be read through")
    (tmp_path / "junk.mp4").write_bytes(bytes(range(256)) * 40)
    assert inspect(tmp_path / "junk.mp4").damage
    with pytest.raises(FileNotFoundError):
        inspect(tmp_path / "none.mp4")


def test_a_transport_stream_becomes_a_mov_with_the_same_pictures(tmp_path: Path) -> None:
    node = LocalNode(NodeName("n1"), tmp_path / "n1")
    node.media.mkdir(parents=True)
    source = encode(node.media / "a.ts", peak=0.1, form="mpegts")
    for _ in range(2):
        assert node.remux("a.ts", "a.ts.mov") == ""

    copy = node.media / "a.ts.mov"
    assert node.inspect("a.ts.mov", nobody).container.startswith("mov,mp4")
    assert pictures(copy) == pictures(source)
    assert sorted(path.name for path in node.media.iterdir()) == ["a.ts", "a.ts.mov"]


def test_what_cannot_become_a_mov_leaves_nothing(tmp_path: Path) -> None:
    node = LocalNode(NodeName("n1"), tmp_path / "n1")
    node.media.mkdir(parents=True)
    (node.media / "junk.ts").write_bytes(bytes(range(256)) * 40)
    assert node.remux("junk.ts", "junk.ts.mov").startswith("it cannot be copied into a MOV")
    with pytest.raises(Rejected, match="not staged"):
        node.remux("none.ts", "none.ts.mov")
    assert [path.name for path in node.media.iterdir()] == ["junk.ts"]


def pictures(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        return [
            float(frame.to_ndarray(format="rgb24").mean()) for frame in container.decode(video=0)
        ]


def test_who_reads_a_file_has_none_of_our_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECONCILE_SECRET_ARCHIVE", "hunter2")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    assert "hunter2" not in child_environment().values()
