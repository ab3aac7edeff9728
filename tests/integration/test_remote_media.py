"""Assets on a web server: what a pass is told, when, and what survives the server's silence."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from reconciler.adapters.media_files import MediaFolder
from reconciler.adapters.media_sources import MediaSources
from reconciler.adapters.remote_media import RemoteMedia
from reconciler.adapters.remote_stores import RemoteStores
from reconciler.adapters.transfer import Line
from reconciler.model.ids import AssetId
from reconciler.model.media import AssetFact
from reconciler.model.sources import DesiredAsset, MediaSource
from reconciler.sidecar.probe import Probed
from tests.orders import nobody
from tests.web_source import Fault, Thing, WebSource

A, B = AssetId("A"), AssetId("B")
LONG = 20.0  # seconds; only a test that fails waits so long


class Watch:
    """A library over time, whose probes are counted instead of made."""

    def __init__(self, folder: Path, source: WebSource, *, patience: float = LONG) -> None:
        self.now = 100.0
        self.probed: list[tuple[str, int]] = []
        self.trouble = ""
        self.folder = folder
        self.uri = source.address("/{asset}.mov")
        stores = RemoteStores({}, probe=self._probe)
        self.remote = RemoteMedia(
            stores, folder / "remote.json", monotonic=lambda: self.now, patience=patience
        )
        self.library = MediaSources(folder, folder / "probed.json", self.remote)

    def _probe(self, url: str, size: int, _timeout: float) -> Probed:
        if self.trouble:
            raise OSError(self.trouble)
        self.probed.append((url.rpartition("/")[2], size))
        return Probed(duration=Fraction(2))

    def fact(
        self, asset: AssetId = A, *sources: MediaSource, declared: DesiredAsset | None = None
    ) -> AssetFact:
        assets = {} if declared is None else {asset: declared}
        asked = sources or (MediaSource(match="*", uri=self.uri),)
        return self.library.catalogue([asset], assets, asked)[asset]

    def look_again(self, asset: AssetId = A) -> AssetFact:
        """Let half a minute pass, and wait until the next look has brought something new."""
        self.now += 31
        self.fact(asset)
        assert self.library.changed(LONG)
        return self.fact(asset)


@pytest.fixture
def source() -> Iterator[WebSource]:
    with WebSource({"/A.mov": b"a film", "/B.mov": b"a film"}) as made:
        yield made


@pytest.fixture
def watch(tmp_path: Path, source: WebSource) -> Watch:
    return Watch(tmp_path, source)


def heads(source: WebSource) -> int:
    return sum(method == "HEAD" for method, _, _ in source.requests)


def test_an_asset_on_a_web_server_is_known(watch: Watch, source: WebSource) -> None:
    found = watch.fact()

    assert (found.problem, found.duration, found.size) == (None, Fraction(2), 6)
    assert found.uri == source.address("/A.mov")
    assert found.etag == source.things["/A.mov"].etag


def test_a_house_number_may_hold_what_addresses_may_not(
    watch: Watch, source: WebSource, tmp_path: Path
) -> None:
    source.things["/50%25%20A%3F1.mov"] = Thing(b"a film", '"1"')
    found = watch.fact(AssetId("50% A?1"))
    staged = MediaFolder(tmp_path / "node", Line()).stage(watch.library.order(found), nobody)

    assert found.problem is None
    assert staged.stored.startswith("50-A-1.")
    assert staged.stored.endswith(".mov")


def test_looking_again_is_bounded(watch: Watch, source: WebSource) -> None:
    first = watch.fact()
    for _ in range(5):
        watch.now += 5
        assert watch.fact() is first

    assert heads(source) == 1
    assert watch.probed == [("A.mov", 6)]


def test_a_pass_takes_what_is_known_and_is_rung_when_there_is_more(
    tmp_path: Path, source: WebSource
) -> None:
    watch = Watch(tmp_path, source, patience=0.0)
    found = watch.fact()

    assert found.problem == f"{source.address('/A.mov')}: is being looked at"
    assert watch.library.changed(LONG)
    assert watch.fact().problem is None
    assert not watch.library.changed(0.0)


def test_replaced_content_is_another_file_and_is_probed_again(
    watch: Watch, source: WebSource
) -> None:
    first = watch.fact()
    source.replace("/A.mov", b"another film")
    second = watch.look_again()

    assert second.stored != first.stored
    assert second.size == 12
    assert watch.probed == [("A.mov", 6), ("A.mov", 12)]


def test_silence_changes_nothing_but_is_told(watch: Watch, source: WebSource) -> None:
    first = watch.fact()
    source.faults.append(Fault(status=503, method="HEAD"))
    second = watch.look_again()

    assert (second.problem, second.stored, second.duration) == (None, first.stored, Fraction(2))
    assert (
        second.note
        == "127.0.0.1: HTTP 503: it does not answer now; what is known of it is from before"
    )
    source.faults.clear()
    assert watch.look_again() == first


def test_what_was_known_serves_after_a_restart_while_nothing_answers(
    tmp_path: Path, source: WebSource, watch: Watch
) -> None:
    first = watch.fact()
    source.faults.append(Fault(status=500, method="HEAD"))
    again = Watch(tmp_path, source, patience=0.0)

    assert again.fact() == first
    assert again.library.changed(LONG)
    assert again.fact().stored == first.stored
    assert again.probed == []


def test_an_answer_that_it_is_gone_is_believed(watch: Watch, source: WebSource) -> None:
    watch.fact()
    del source.things["/A.mov"]

    assert "HTTP 404: no such object" in (watch.look_again().problem or "")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault(status=403, method="HEAD"), None),
        (Fault(status=405, method="HEAD"), None),
        (Fault(status=400, method="HEAD"), "HTTP 400"),
        (Fault(status=500, method="HEAD"), "HTTP 500: it does not answer now"),
    ],
    ids=["403 to HEAD alone", "405 to HEAD alone", "400", "500"],
)
def test_a_server_that_refuses_is_told_of(
    watch: Watch, source: WebSource, fault: Fault, words: str | None
) -> None:
    source.faults.append(fault)
    problem = watch.fact().problem

    assert problem is None if words is None else words in (problem or "")


def test_a_probe_that_the_server_fails_is_tried_again(watch: Watch) -> None:
    watch.trouble = "connection reset"
    assert "it cannot be read to be probed: connection reset" in (watch.fact().problem or "")

    watch.trouble = ""
    assert watch.look_again().problem is None


def test_the_lineups_own_words_count(watch: Watch, source: WebSource) -> None:
    uri = source.address("/A.mov")
    wrong = DesiredAsset(id=A, uri=uri, size=7)
    assert watch.fact(declared=wrong).problem == f"{uri}: expected 7 bytes, found 6"

    right = DesiredAsset(id=A, uri=uri, size=6, sha256="AB" * 32)
    found = watch.fact(declared=right)
    assert (found.problem, found.sha256) == (None, "ab" * 32)
    assert found.stored == "A.abababababab.mov"
    assert watch.library.order(found).content == f"sha256-{'ab' * 32}"


def test_the_first_place_that_has_it_counts_whatever_its_kind(
    watch: Watch, source: WebSource, tmp_path: Path
) -> None:
    (tmp_path / "media").mkdir()
    local = MediaSource(match="*", uri="media/{asset}.*")
    web = MediaSource(match="*", uri=watch.uri)
    other = MediaSource(match="*", uri=source.address("/none/{asset}.mov"))

    assert watch.fact(A, local, other, web).uri == source.address("/A.mov")
    (tmp_path / "media" / "A.txt").write_text("no film")
    assert watch.fact(A, local, other, web).uri == (tmp_path / "media" / "A.txt").as_uri()
    assert watch.fact(A, other, local).uri == (tmp_path / "media" / "A.txt").as_uri()


def test_an_asset_that_is_nowhere_names_the_first_place(watch: Watch, source: WebSource) -> None:
    local = MediaSource(match="*", uri="media/{asset}.*")
    web = MediaSource(match="*", uri=watch.uri)
    nowhere = AssetId("C")

    assert watch.fact(nowhere, local, web).problem == "media/C.*: no such file"
    assert "HTTP 404" in (watch.fact(nowhere, web, local).problem or "")
    spots = MediaSource(match="SP-*", uri=watch.uri)
    assert "no media pattern for 'C'" in (watch.fact(nowhere, spots).problem or "")


def test_a_silent_place_is_not_passed_over_for_the_next(
    watch: Watch, source: WebSource, tmp_path: Path
) -> None:
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "A.mov").write_bytes(b"another film")
    source.faults.append(Fault(status=503, method="HEAD"))
    web = MediaSource(match="*", uri=watch.uri)
    found = watch.fact(A, web, MediaSource(match="*", uri="media/{asset}.*"))

    assert "HTTP 503" in (found.problem or "")


def test_a_server_without_etags_is_told_apart_by_time_and_size(
    watch: Watch, source: WebSource
) -> None:
    modified = {"Last-Modified": "Mon, 02 Nov 2026 10:00:00 GMT"}
    source.things["/A.mov"] = Thing(b"a film", None, modified)
    first = watch.fact()
    source.things["/A.mov"] = Thing(b"b film", None, {"Last-Modified": "later"})
    second = watch.look_again()

    assert first.stored != second.stored
    assert watch.library.order(first).content != watch.library.order(second).content


def test_equal_content_of_one_store_has_one_name_whatever_its_key(watch: Watch) -> None:
    first, second = watch.fact(A), watch.fact(B)

    assert watch.library.order(first).content != watch.library.order(second).content
    assert first.stored.startswith("A.")
    assert second.stored.startswith("B.")


@pytest.mark.parametrize("damage", ["", "[]", '{"version": 1, "objects": {" x": {}}}'])
def test_a_damaged_cache_is_forgotten(tmp_path: Path, source: WebSource, damage: str) -> None:
    (tmp_path / "remote.json").write_text(damage)

    assert Watch(tmp_path, source).fact().problem is None
