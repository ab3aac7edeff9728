"""Real files, made with the real encoder: what the library says of good and of damaged media."""

from __future__ import annotations

import json
import os
import shutil
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from reconciler.adapters.media_library import LocalLibrary
from reconciler.model.ids import AssetId
from reconciler.model.media import AssetFact, Catalogue
from reconciler.model.sources import DesiredAsset, MediaSource

pytestmark = pytest.mark.media

FILES = MediaSource(match="*", uri="media/{asset}.*")


def encode(
    path: Path, frames: int, *, rate: Fraction = Fraction(25), options: dict[str, str] | None = None
) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", options=options or {}) as out:
        video = out.add_stream("libx264", rate=rate, options={"preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        for number in range(frames):
            picture = np.full((48, 64, 3), number * 7 % 256, dtype=np.uint8)
            for packet in video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                out.mux(packet)
        for packet in video.encode(None):
            out.mux(packet)
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    encode(folder / "good.mp4", 50)
    encode(folder / "film.mp4", 48, rate=Fraction(24000, 1001))
    encode(folder / "stream.ts", 40)
    encode(folder / "faststart.mp4", 200, options={"movflags": "+faststart"})
    with av.open(str(folder / "tone.wav"), "w") as out:
        sound = out.add_stream("pcm_s16le", rate=48000, layout="stereo")
        frame = av.AudioFrame.from_ndarray(
            np.zeros((1, 2 * 12000), dtype=np.int16), format="s16", layout="stereo"
        )
        frame.sample_rate = 48000
        for packet in [*sound.encode(frame), *sound.encode(None)]:
            out.mux(packet)
    with av.open(str(folder / "slate.png"), "w", format="image2", options={"update": "1"}) as out:
        picture = out.add_stream("png", rate=25)
        picture.width, picture.height, picture.pix_fmt = 64, 48, "rgb24"
        still = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), dtype=np.uint8), format="rgb24")
        for packet in [*picture.encode(still), *picture.encode(None)]:
            out.mux(packet)
    return folder


@pytest.fixture
def lineup(tmp_path: Path) -> Path:
    (tmp_path / "media").mkdir()
    return tmp_path


def fact(lineup: Path, asset: str, *sources: MediaSource) -> AssetFact:
    library = LocalLibrary(lineup, lineup / "cache.json")
    return library.catalogue([AssetId(asset)], {}, sources or (FILES,))[AssetId(asset)]


def put(lineup: Path, made: Path, name: str, asset: str) -> Path:
    target = lineup / "media" / f"{asset}{Path(name).suffix}"
    shutil.copyfile(made / name, target)
    return target


@pytest.mark.parametrize(
    ("name", "duration"),
    [
        ("good.mp4", Fraction(2)),
        ("film.mp4", Fraction(48 * 1001, 24000)),
        ("stream.ts", Fraction(40, 25)),
        ("tone.wav", Fraction(1, 4)),
    ],
)
def test_durations_are_exact(lineup: Path, made: Path, name: str, duration: Fraction) -> None:
    path = put(lineup, made, name, "A-1")
    found = fact(lineup, "A-1")

    assert (found.problem, found.duration, found.still) == (None, duration, False)
    assert (found.uri, found.size) == (path.as_uri(), path.stat().st_size)
    assert found.stored.startswith("A-1.")
    assert found.stored.endswith(path.suffix)


def test_a_still_has_no_duration(lineup: Path, made: Path) -> None:
    put(lineup, made, "slate.png", "SLATE")
    found = fact(lineup, "SLATE")

    assert (found.problem, found.duration, found.still) == (None, None, True)


def test_damaged_media_says_why(lineup: Path, made: Path) -> None:
    media = lineup / "media"
    (media / "EMPTY.mp4").touch()
    (media / "GARBAGE.mp4").write_bytes(os.urandom(5000))
    (media / "TEXT.mp4").write_text("not a film, honestly")
    whole = (made / "faststart.mp4").read_bytes()
    (media / "CUT.mp4").write_bytes(whole[: len(whole) * 2 // 3])
    plain = (made / "good.mp4").read_bytes()
    (media / "NOEND.mp4").write_bytes(plain[: len(plain) // 2])

    said = {name: fact(lineup, name).problem or "" for name in ("EMPTY", "GARBAGE", "TEXT")}
    assert said["EMPTY"].endswith("is empty")
    assert "cannot be opened" in said["GARBAGE"]
    assert "cannot be opened" in said["TEXT"]
    assert "truncated" in (fact(lineup, "CUT").problem or "")
    assert "cannot be opened" in (fact(lineup, "NOEND").problem or "")
    assert "no such file" in (fact(lineup, "ABSENT").problem or "")


def test_damage_inside_a_whole_file_is_found_where_nothing_decodes(
    lineup: Path, made: Path
) -> None:
    data = bytearray((made / "good.mp4").read_bytes())
    at = data.index(b"mdat") + 4
    end = data.index(b"moov") - 4
    data[at:end] = bytes(end - at)
    (lineup / "media" / "ZERO.mp4").write_bytes(data)

    assert fact(lineup, "ZERO").problem is not None


def test_an_asset_without_a_source_is_a_problem(lineup: Path) -> None:
    found = fact(lineup, "X", MediaSource(match="Y-*", uri="media/{asset}.*"))

    assert "no media pattern" in (found.problem or "")


@pytest.mark.parametrize("uri", ["https://store.example/{asset}.mp4", "s3://bucket/{asset}.mp4"])
def test_other_storage_is_refused_in_words(lineup: Path, uri: str) -> None:
    found = fact(lineup, "X", MediaSource(match="*", uri=uri))

    assert "is not supported" in (found.problem or "")


def test_the_first_source_that_has_it_counts(lineup: Path, made: Path) -> None:
    path = put(lineup, made, "good.mp4", "SP-1")
    found = fact(lineup, "SP-1", MediaSource(match="SP-*", uri="adverts/{asset}.*"), FILES)

    assert found.uri == path.as_uri()


def test_what_lies_beside_media_is_not_taken_for_it(lineup: Path, made: Path) -> None:
    (lineup / "media" / "A.json").write_text("{}")
    path = put(lineup, made, "good.mp4", "A")

    assert fact(lineup, "A").uri == path.as_uri()


def test_assets_yaml_comes_before_patterns(lineup: Path, made: Path) -> None:
    put(lineup, made, "good.mp4", "A")
    other = put(lineup, made, "film.mp4", "B")
    library = LocalLibrary(lineup, lineup / "cache.json")
    declared = DesiredAsset(id=AssetId("A"), uri="media/B.mp4", sha256="00" * 32)
    found = library.catalogue([AssetId("A")], {AssetId("A"): declared}, (FILES,))[AssetId("A")]

    assert found.uri == other.as_uri()
    assert "expected sha256" in (found.problem or "")


def test_a_file_is_probed_once_until_it_changes(lineup: Path, made: Path) -> None:
    path = put(lineup, made, "good.mp4", "A")
    first = fact(lineup, "A")
    kept = json.loads((lineup / "cache.json").read_text())
    kept["files"][str(path)]["duration"] = "7"
    (lineup / "cache.json").write_text(json.dumps(kept))
    assert fact(lineup, "A").duration == 7

    shutil.copyfile(made / "film.mp4", path)

    second = fact(lineup, "A")
    assert second.duration == Fraction(48 * 1001, 24000)
    assert second.stored != first.stored


@pytest.mark.parametrize("damage", ["", "{", '{"version": 0, "files": {}}', "[]"])
def test_a_damaged_cache_is_forgotten(lineup: Path, made: Path, damage: str) -> None:
    put(lineup, made, "good.mp4", "A")
    (lineup / "cache.json").write_text(damage)

    assert fact(lineup, "A").duration == 2


def test_a_hostile_house_number_stays_a_name(lineup: Path, made: Path) -> None:
    path = lineup / "media" / "a b[1]*.mp4"
    shutil.copyfile(made / "good.mp4", path)
    found = fact(lineup, "a b[1]*")

    assert found.problem is None
    assert set(found.stored) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-_")


class Watching:
    """One library over time, its folder changed long ago unless a test says otherwise."""

    def __init__(self, lineup: Path, *sources: MediaSource) -> None:
        self.now = 0.0
        self.lineup, self.sources = lineup, sources or (FILES,)
        self.library = LocalLibrary(lineup, lineup / "cache.json", monotonic=lambda: self.now)

    def look(self, *wanted: str) -> Catalogue:
        return self.library.catalogue([AssetId(w) for w in wanted], {}, self.sources)

    def settle(self, ago: float) -> None:
        """Let the folder's last change be so many seconds ago."""
        at = time.time() - ago
        os.utime(self.lineup / "media", (at, at))


def test_while_nothing_changes_the_answer_is_one_value(lineup: Path, made: Path) -> None:
    put(lineup, made, "good.mp4", "A")
    watching = Watching(lineup)
    watching.settle(60)
    first = watching.look("A", "B")

    assert watching.look("A", "B") is first
    watching.now = 100.0
    assert watching.look("A", "B") is first
    assert watching.look("A") is not first


def test_a_new_file_is_seen_at_once(lineup: Path, made: Path) -> None:
    watching = Watching(lineup)
    watching.settle(60)
    assert watching.look("A")[AssetId("A")].problem is not None

    put(lineup, made, "good.mp4", "A")

    assert watching.look("A")[AssetId("A")].duration == 2


def test_a_file_that_comes_within_a_tick_of_a_look_is_not_missed(lineup: Path, made: Path) -> None:
    watching = Watching(lineup)
    watching.settle(0)
    watching.look("A")
    before = (lineup / "media").stat()
    put(lineup, made, "good.mp4", "A")
    os.utime(lineup / "media", ns=(before.st_atime_ns, before.st_mtime_ns))

    assert watching.look("A")[AssetId("A")].duration == 2


def test_a_file_replaced_in_place_is_seen_within_seconds(lineup: Path, made: Path) -> None:
    path = put(lineup, made, "good.mp4", "A")
    watching = Watching(lineup)
    watching.settle(60)
    first = watching.look("A")
    shutil.copyfile(made / "film.mp4", path)

    assert watching.look("A") is first
    watching.now = 3.0
    assert watching.look("A")[AssetId("A")].duration == Fraction(48 * 1001, 24000)


def test_a_pattern_may_name_many_folders(lineup: Path, made: Path) -> None:
    for day in ("mon", "tue"):
        (lineup / "media" / day).mkdir()
    path = put(lineup, made, "good.mp4", "tue/A")
    watching = Watching(lineup, MediaSource(match="*", uri="media/*/{asset}.*"))

    assert watching.look("A")[AssetId("A")].uri == path.as_uri()


def test_a_pattern_may_be_exact(lineup: Path, made: Path) -> None:
    path = put(lineup, made, "good.mp4", "a-x")
    watching = Watching(lineup, MediaSource(match="*", uri="media/a-{asset}.mp4"))

    found = watching.look("x", "y")
    assert found[AssetId("x")].uri == path.as_uri()
    assert "no such file" in (found[AssetId("y")].problem or "")
