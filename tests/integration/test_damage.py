"""Real files of every kind, whole and hurt: what is lost is found, and nothing else is.

A false alarm takes a good programme off air: so every healthy kind must come out clean.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition

from reconciler.adapters.child_environment import child_environment
from reconciler.adapters.media_inspect import look_into
from reconciler.errors import Unreachable
from reconciler.model.findings import Findings, lost_ms
from reconciler.sidecar.background import MACHINE_FAILED, TIED
from reconciler.sidecar.inspect import inspect
from tests.media_samples import cut_short, film, flipped, missing, picture, tone, zeroed

pytestmark = pytest.mark.media
END = 1 << 40
Make = Callable[[Path], Path]
Hurt = Callable[[Path], Path]


def of(name: str, **sides: object) -> Make:
    """How to make one kind of film, in a file of that name."""
    return lambda folder: film(folder / name, **sides)  # type: ignore[arg-type]  # its sides


H264 = {"video": "libx264", "audio": "aac"}
BROADCAST = {"form": "mpegts", "video": "mpeg2video", "audio": "mp2", "gop": 12}
MXF = {"form": "mxf", "video": "mpeg2video", "audio": "pcm_s16le", "gop": 12}
OPEN = {"x264-params": "open-gop=1:bframes=3:keyint=50"}

HURT: dict[str, Make] = {
    "mp4": of("a.mp4", **H264),
    "ts": of("a.ts", **{**H264, "audio": "mp2"}, form="mpegts"),
    "ts-mpeg2": of("a.m2ts", **BROADCAST),
    "mxf": of("a.mxf", **MXF),
    "mkv": of("a.mkv", **H264),
    "mov-intra": of("a.mov", video="prores_ks", audio="pcm_s16le", pix="yuv422p10le"),
}

HEALTHY: dict[str, Make] = {
    **HURT,
    "long-gop": of("l.mp4", **H264, gop=2500),
    "open-gop": of("o.mp4", **H264, options=OPEN),
    "open-gop-ts": of("o.ts", form="mpegts", video="libx264", audio="mp2", options=OPEN),
    "intra-refresh": of(
        "r.ts",
        form="mpegts",
        video="libx264",
        audio="mp2",
        options={"x264-params": "intra-refresh=1"},
    ),
    "b-frames": of("b.mp4", video="mpeg4", audio="aac", options={"bf": "2"}),
    "interlaced": of("i.ts", **BROADCAST, options={"flags": "+ilme+ildct"}),
    "hevc": of("h.mp4", video="libx265", audio="aac", options={"x265-params": "log-level=none"}),
    "late-start": of("s.mp4", **H264, first=60),  # an empty edit at its head
    "late-start-ts": of("s.ts", form="mpegts", video="libx264", audio="mp2", first=100_000),
    "negative": of("n.mp4", **H264, container_options={"movflags": "negative_cts_offsets"}),
    "no-edit-list": of("e.mp4", **H264, container_options={"use_editlist": "0"}),
    "fragments": of("f.mp4", **H264, container_options={"movflags": "frag_keyframe+empty_moov"}),
    "vfr": of("v.mkv", **H264, skip={30: 60, 120: 3, 140: 7}),
    "vfr-mute": of("v.mp4", video="libx264", skip={30: 60, 120: 40}),
    "live-mkv": of("x.mkv", **H264, container_options={"live": "1"}),
    "sound-longer": of("q.mkv", **H264, seconds=6, sound_seconds=9),
    "sound-a-bit-shorter": of("q.mp4", **H264, sound_seconds=6.5),
    "webm": of("w.webm", video="libvpx-vp9", audio="libopus", seconds=3),
    "ffv1": of("y.mkv", video="ffv1", audio="pcm_s16le"),
    "mjpeg": of("j.mov", video="mjpeg", audio="pcm_s16le", pix="yuvj420p"),
    "wav": of("a.wav", audio="pcm_s16le"),
    "mp3": of("a.mp3", audio="libmp3lame"),
    "m4a": of("a.m4a", audio="aac"),
}


@pytest.mark.parametrize("kind", HEALTHY)
def test_a_healthy_file_is_never_called_damaged(kind: str, tmp_path: Path) -> None:
    found = inspect(HEALTHY[kind](tmp_path))
    assert (found.damage, found.losses) == ("", ())
    assert not found.remarks or kind == "sound-a-bit-shorter"


def test_a_cover_a_subtitle_and_a_timecode_are_no_pictures_that_are_missing(tmp_path: Path) -> None:
    path = tmp_path / "cover.mkv"
    with av.open(str(path), "w") as out:
        cover = out.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 192, 108, "yuvj420p"
        cover.disposition = Disposition.attached_pic
        sound = out.add_stream("aac", rate=48_000)
        sound.layout = "stereo"
        frame = picture(0).reformat(format="yuvj420p")
        frame.pts, frame.time_base = 0, Fraction(1)
        out.mux(cover.encode(frame))
        out.mux(cover.encode(None))
        for part in tone(8, "fltp"):
            out.mux(sound.encode(part))
        out.mux(sound.encode(None))
    found = inspect(path)
    assert (found.damage, found.losses, found.channels) == ("", (), 2)


def test_a_spliced_transport_stream_is_no_damage_but_is_told(tmp_path: Path) -> None:
    one, two = (film(tmp_path / name, **BROADCAST) for name in ("1.ts", "2.ts"))  # type: ignore[arg-type]  # its sides
    both = tmp_path / "both.ts"
    both.write_bytes(one.read_bytes() + two.read_bytes())
    found = inspect(both)
    assert lost_ms(found.losses, 0, END) < 1000
    assert any("go back" in remark for remark in found.remarks)


@pytest.mark.parametrize("kind", HURT)
def test_zeros_in_the_middle_are_found_where_they_are(kind: str, tmp_path: Path) -> None:
    found = inspect(zeroed(HURT[kind](tmp_path)))
    assert lost_ms(found.losses, 0, END) >= 1000, found
    first = min(loss.at_ms for loss in found.losses)
    assert 3000 <= first <= 5000, "the middle of eight seconds"
    assert lost_ms(found.losses, 0, 2500) == 0, "the first quarter is whole"


@pytest.mark.parametrize("kind", [kind for kind in HURT if kind != "mov-intra"])
def test_flipped_bits_in_the_middle_are_found(kind: str, tmp_path: Path) -> None:
    found = inspect(flipped(HURT[kind](tmp_path)))
    assert lost_ms(found.losses, 0, END) > 0, found
    assert lost_ms(found.losses, 0, 2500) == 0


@pytest.mark.parametrize("kind", ["ts", "ts-mpeg2", "mxf", "mkv"])
def test_a_stretch_that_is_not_there_is_found(kind: str, tmp_path: Path) -> None:
    found = inspect(missing(HURT[kind](tmp_path)))
    assert lost_ms(found.losses, 0, END) >= 1000, found


@pytest.mark.parametrize("kind", ["mxf", "mkv"])
def test_a_file_that_ends_before_its_header_says_lacks_its_end(kind: str, tmp_path: Path) -> None:
    found = inspect(cut_short(HURT[kind](tmp_path)))
    lost = lost_ms(found.losses, 0, END)
    assert lost == pytest.approx(2400, abs=700)
    assert all(loss.at_ms > 4500 for loss in found.losses)


def test_a_file_without_its_index_cannot_be_read_at_all(tmp_path: Path) -> None:
    found = inspect(cut_short(HURT["mp4"](tmp_path)))
    assert found.damage.startswith("it cannot be read through: ")


def test_sound_that_stops_half_way_is_lost_from_there(tmp_path: Path) -> None:
    for name in ("a.mp4", "a.mkv"):
        path = film(tmp_path / name, video="libx264", audio="aac", seconds=14, sound_seconds=7)
        (loss,) = inspect(path).losses
        assert loss.what == "sound"
        assert loss.at_ms == pytest.approx(7000, abs=100)
        assert loss.lasts_ms == pytest.approx(7000, abs=100)


def test_a_few_clicks_of_sound_are_told_with_how_long_they_last(tmp_path: Path) -> None:
    """Counted, and no more than they are: what that means is for the compiler."""
    path = film(tmp_path / "a.m4a", audio="aac")
    whole = bytearray(path.read_bytes())
    at = len(whole) // 2
    whole[at : at + 1500] = bytes(1500)
    path.write_bytes(whole)
    found = inspect(path)
    assert found.damage == ""
    assert 0 < lost_ms(found.losses, 0, END) < 1000


def test_loudness_is_told_of_what_can_be_heard(tmp_path: Path) -> None:
    found = inspect(zeroed(HURT["mp4"](tmp_path)))
    assert found.loudness == pytest.approx(-20.0, abs=0.5)


# ── the program ──────────────────────────────────────────────────────────────────────────────────


def test_a_look_tells_how_far_it_is_and_what_it_found(tmp_path: Path) -> None:
    said: list[tuple[int, int]] = []
    path = HURT["mov-intra"](tmp_path)
    found = look_into(path, "n1: a.mov", lambda done, total: said.append((done, total)))
    assert (found.width, found.damage, found.losses) == (192, "", ())
    assert said[-1] == (path.stat().st_size,) * 2
    assert said == sorted(said)


def test_who_ends_a_look_from_outside_finds_nothing_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine that runs out of memory must not make a good file a damaged one."""
    path = film(tmp_path / "a.wav", audio="pcm_s16le", seconds=2)
    for number, is_finding in (
        (signal.SIGKILL, False),
        (signal.SIGTERM, False),
        (signal.SIGSEGV, True),
    ):
        script = tmp_path / "python"
        script.write_text(f"#!/bin/sh\nkill -{number.value} $$\n")
        script.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(script))
        if is_finding:
            assert "ends the decoder" in ignored(path).damage
        else:
            with pytest.raises(Unreachable):
                ignored(path)


def ignored(path: Path) -> Findings:
    return look_into(path, "n1", lambda _done, _total: None)


def test_a_look_ends_with_whoever_asked_for_it(tmp_path: Path) -> None:
    pipe = tmp_path / "endless.ts"
    os.mkfifo(pipe)  # nobody ever writes to it: the look would last for ever
    argv = [sys.executable, "-m", "reconciler.sidecar.inspect", TIED, str(pipe)]
    child = subprocess.Popen(argv, env=child_environment(), stdin=subprocess.PIPE)
    assert child.stdin is not None
    child.stdin.close()
    assert child.wait(20) == MACHINE_FAILED


def test_a_look_gives_way(tmp_path: Path) -> None:
    program = (
        "import os; from reconciler.sidecar.background import give_way; give_way();"
        "print(os.getpriority(os.PRIO_PROCESS, 0), os.sched_getscheduler(0) == os.SCHED_IDLE)"
    )
    argv = [sys.executable, "-c", program]
    said = subprocess.run(
        argv, env=child_environment(), check=True, capture_output=True, text=True, cwd=tmp_path
    ).stdout
    assert said.split() == ["19", "True"]


def test_noise_is_no_file(tmp_path: Path) -> None:
    path = tmp_path / "noise.mp4"
    path.write_bytes(np.random.default_rng(1).bytes(50_000))
    assert inspect(path).damage
