"""What is kept between runs: found again, bounded, and forgotten where it is not ours."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from reconciler.adapters.disk_cache import DiskCache
from reconciler.adapters.media_probe import ProbeCache


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "probes.json"


def test_what_was_put_is_found_by_the_next_run(path: Path) -> None:
    cache = DiskCache(path, "files")
    cache.put("a", {"is": [1, 2]})
    cache.put("b", {"is": []})
    cache.drop("b")
    cache.save()

    again = DiskCache(path, "files")
    assert (again.find("a"), again.find("b")) == ({"is": [1, 2]}, None)


def test_what_was_put_first_goes_first(path: Path) -> None:
    cache = DiskCache(path, "files", most=2)
    for name in ("a", "b", "c"):
        cache.put(name, {})
    cache.put("b", {"n": 1})
    cache.put("d", {})
    cache.save()

    assert list(json.loads(path.read_bytes())["files"]) == ["b", "d"]


def test_nothing_new_is_not_written_again(path: Path) -> None:
    cache = DiskCache(path, "files")
    cache.put("a", {"n": 1})
    cache.save()
    path.unlink()
    cache.put("a", {"n": 1})
    cache.drop("b")
    cache.save()

    assert not path.exists()


def test_a_disk_that_fails_is_told_and_tried_again(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path.parent.write_text("no folder")
    cache = DiskCache(path, "files")
    cache.put("a", {})
    with caplog.at_level(logging.WARNING):
        cache.save()
    assert "not kept" in caplog.text

    path.parent.unlink()
    cache.save()
    assert DiskCache(path, "files").find("a") == {}


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"version": 2, "files": {"a": {}}}',
        '{"version": 1}',
        '{"version": 1, "files": ["a"]}',
        '{"version": 1, "files": {"a": "b"}}',
    ],
)
def test_what_is_not_ours_is_forgotten(path: Path, text: str) -> None:
    path.parent.mkdir()
    path.write_text(text)

    assert DiskCache(path, "files").find("a") is None


def test_a_file_is_probed_anew_where_its_entry_is_not_whole(path: Path, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    film.write_text("no film")
    path.parent.mkdir()
    path.write_text(json.dumps({"version": 1, "files": {str(film): {"mark": "x"}}}))

    found = ProbeCache(path).probe(film, film.stat(), lambda _path, _size: "y")
    assert (found.mark, bool(found.problem)) == ("y", True)
