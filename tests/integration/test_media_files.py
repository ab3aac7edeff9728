from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.adapters.media_files import MediaFolder, staged
from reconciler.adapters.transfer import Line
from reconciler.errors import Rejected, Unreachable
from tests.orders import nobody, order_of


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "library" / "a film.mp4"
    path.parent.mkdir()
    path.write_bytes(os.urandom(3_000_000))
    return path


def test_on_the_same_disk_it_is_a_link(tmp_path: Path, source: Path) -> None:
    MediaFolder(tmp_path / "media", Line()).stage(order_of(source), nobody)

    assert (tmp_path / "media" / "a.mp4").samefile(source)


def test_where_no_link_can_be_it_is_a_whole_copy(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    told: list[int] = []
    order = order_of(source, uri=str(source))
    MediaFolder(tmp_path / "media", Line()).stage(order, lambda d, _t: told.append(d))

    copy = tmp_path / "media" / "a.mp4"
    assert copy.read_bytes() == source.read_bytes()
    assert not copy.samefile(source)
    assert told == sorted(told)
    assert [path.name for path in (tmp_path / "media").iterdir()] == ["a.mp4"]


def test_a_source_that_changed_leaves_nothing(tmp_path: Path, source: Path) -> None:
    with pytest.raises(Rejected, match="expected 10 bytes, found 3000000"):
        MediaFolder(tmp_path / "media", Line()).stage(order_of(source, 10), nobody)

    assert list((tmp_path / "media").iterdir()) == []


def test_a_file_of_another_size_is_replaced(tmp_path: Path, source: Path) -> None:
    media = tmp_path / "media"
    media.mkdir()
    (media / "a.mp4").write_bytes(b"old")
    MediaFolder(media, Line()).stage(order_of(source), nobody)

    assert (media / "a.mp4").stat().st_size == 3_000_000


def test_a_full_disk_says_so(tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "link", full)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unreachable, match="the disk is full"):
        MediaFolder(tmp_path / "media", Line()).stage(order_of(source), nobody)
    assert list((tmp_path / "media").iterdir()) == []


@pytest.mark.parametrize("name", ["", ".hidden", "../up.mp4", "a/b.mp4"])
def test_a_name_stays_inside(tmp_path: Path, source: Path, name: str) -> None:
    with pytest.raises(Rejected, match="stored name"):
        MediaFolder(tmp_path, Line()).stage(order_of(source, stored=name), nobody)
    with pytest.raises(Rejected, match="stored name"):
        MediaFolder(tmp_path, Line()).evict(name)


def test_other_schemes_are_refused(tmp_path: Path) -> None:
    order = replace(order_of(tmp_path, uri="ftp://x.example/a.mp4"), content="etag-0123456789")
    with pytest.raises(Rejected, match="only http and https can be fetched, not ftp"):
        MediaFolder(tmp_path, Line()).stage(order, nobody)


def test_what_is_under_way_is_not_staged(tmp_path: Path) -> None:
    (tmp_path / ".a.mp4.1.part").write_bytes(b"half")
    (tmp_path / "b.mp4").write_bytes(b"whole")
    (tmp_path / "folder").mkdir()

    assert [seen.stored for seen in staged(tmp_path).values()] == ["b.mp4"]
    assert staged(tmp_path / "absent") == {}
