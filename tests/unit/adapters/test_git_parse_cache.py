"""What was parsed is found again by content; a cache may be lost or damaged at any time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.adapters.parse_cache import DiskParseCache
from reconciler.errors import LineupError
from reconciler.lineup.load import load_lineup
from reconciler.lineup.tree import Tree
from reconciler.model.ids import PlaylistName
from tests.unit.lineup.lineups import NEWS, REVISION, SECRET, VALUES, Texts, load, texts


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[DiskParseCache]:
    held = DiskParseCache(tmp_path / "cache")
    yield held
    held.close()


class Counting:
    """A tree's texts, counting which are read."""

    def __init__(self, files: Texts) -> None:
        self.read: list[str] = []
        self._whole = Tree.of(files)
        self.tree = Tree(blobs=self._whole.blobs, fetch=self._fetch)

    def _fetch(self, paths: object) -> Iterator[tuple[str, bytes]]:
        for path, content in self._whole.fetch(paths):  # type: ignore[arg-type]  # passed on as it came
            self.read.append(path)
            yield path, content


def reads(files: Texts, cache: DiskParseCache) -> list[str]:
    counting = Counting(files)
    load_lineup(counting.tree, REVISION, VALUES, cache)
    return counting.read


def test_a_commit_that_touches_one_file_costs_one_file(cache: DiskParseCache) -> None:
    assert sorted(reads(texts(), cache)) == sorted(texts())

    assert reads(texts(), cache) == []
    assert reads(texts(playlists__base="items: [B]\n"), cache) == ["playlists/base.yaml"]
    assert reads(texts(channels__news=NEWS + "slate: X\n"), cache) == ["channels/news.yaml"]
    assert reads({**texts(), "playlists/same.yaml": texts()["playlists/base.yaml"]}, cache) == []


def test_what_is_remembered_gives_the_same_lineup(cache: DiskParseCache) -> None:
    files = texts(playlists__filled="items: ['{{ vars.mux }}', {asset: A, in: 1m30s}]\n")
    cold = load(files)

    for _ in range(2):
        again = load(files, cache=cache)
        assert again == cold
        assert dict(again.playlists) == dict(cold.playlists)
        assert {n: p.items for n, p in again.playlists.items()} == {
            n: p.items for n, p in cold.playlists.items()
        }


def test_a_lineup_with_mistakes_has_the_same_ones_again(cache: DiskParseCache) -> None:
    bad = texts(channels__news="titel: x\n", playlists__base="items: [{asset: A, out: 0s}]\n")

    def told() -> str:
        with pytest.raises(LineupError) as caught:
            load(bad, cache=cache)
        return str(caught.value)

    assert told() == told() == told()
    assert "titel" in told()


def test_no_secret_reaches_the_disk(cache: DiskParseCache, tmp_path: Path) -> None:
    load(texts(channels__news=NEWS.replace("{{ vars.mux }}", "{{ secrets.stream }}")), cache=cache)
    cache.close()

    held = b"".join(path.read_bytes() for path in (tmp_path / "cache").iterdir())
    assert b"secrets.stream" in held
    assert SECRET.encode() not in held


def test_a_damaged_file_is_made_anew(cache: DiskParseCache, tmp_path: Path) -> None:
    load(texts(), cache=cache)
    cache.close()
    (path,) = (tmp_path / "cache").iterdir()
    path.write_bytes(b"no database at all" * 1000)

    assert load(texts(), cache=cache) == load(texts())
    assert reads(texts(), cache) == []


def test_entries_that_cannot_be_made_out_are_parsed_again(cache: DiskParseCache) -> None:
    tree = Tree.of(texts())
    for entry in (b"", b"{}", b"[]", b'{"summary": {}}', b'{"summary": 3}', b'{"raw": {}}', b"x"):
        kinds = ("LINEUP", "NODES", "CHANNEL", "PLAYLIST")
        cache.keep({f"{kind}:{blob}": entry for kind in kinds for blob in tree.blobs.values()})

        assert load(texts(), cache=cache) == load(texts())


def test_an_entry_with_a_flipped_bit_is_not_found(cache: DiskParseCache) -> None:
    cache.keep({"a": b"entry", "b": b"other"})
    assert cache._database is not None
    cache._database.execute("update parsed set entry = x'0000000000' where key = 'a'")

    assert cache.find(["a", "b"]) == {"b": b"other"}


def test_items_that_were_forgotten_are_read_from_their_text(cache: DiskParseCache) -> None:
    found = load(texts(), cache=cache)
    cache.keep({})
    cache._drop()

    assert [item.id for item in found.playlists[PlaylistName("base")].items] == ["A-1", "A-2"]


def test_a_folder_that_cannot_be_written_costs_time_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = DiskParseCache(tmp_path / "file" / "cache")

    assert load(texts(), cache=cache) == load(texts())
    assert "file" in cache.trouble


def test_entries_of_another_version_are_cleared_away(tmp_path: Path) -> None:
    (tmp_path / "parsed-000000000000.sqlite").write_text("old")
    cache = DiskParseCache(tmp_path)
    cache.keep({"a": b"b"})
    cache.close()

    assert [path.name for path in tmp_path.iterdir()] == [cache._path.name]


def test_two_processes_share_one_file(tmp_path: Path) -> None:
    one, other = DiskParseCache(tmp_path), DiskParseCache(tmp_path)
    one.keep({"a": b"1"})
    other.keep({"b": b"2"})

    assert one.find(["a", "b", "c"]) == other.find(["a", "b"]) == {"a": b"1", "b": b"2"}
    one.close()
    other.close()
