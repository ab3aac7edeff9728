"""Files fetched from a server with faults: what arrives is whole and right, or nothing is there."""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.adapters.media_files import MediaFolder
from reconciler.adapters.transfer import RESERVE, Line
from reconciler.adapters.transfer_http import Connections, Patience
from reconciler.adapters.transfer_pace import Bucket
from reconciler.errors import Rejected, Unreachable
from reconciler.model.orders import StageOrder
from tests.orders import nobody
from tests.web_source import Fault, Thing, WebSource

BODY = os.urandom(12 << 20)
DIGEST = hashlib.sha256(BODY).hexdigest()


@pytest.fixture
def source() -> Iterator[WebSource]:
    with WebSource({"/a.bin": BODY}) as made:
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> MediaFolder:
    return MediaFolder(
        tmp_path / "media", Line(connections=Connections(Patience(stall=1.5, rest=0.02)))
    )


def order(source: WebSource, path: str = "/a.bin", **changes: object) -> StageOrder:
    thing = source.things[path]
    made = StageOrder(
        stored="a.mp4",
        uri=f"https://store.example{path}",
        size=len(thing.body),
        content="etag-0123456789abcdef",
        address=lambda: source.address(path),
        etag=thing.etag,
        sha256=None,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # a test's own changes


def content(tmp_path: Path) -> bytes:
    return (tmp_path / "media" / "a.mp4").read_bytes()


def left_over(tmp_path: Path) -> list[str]:
    names = sorted(path.name for path in (tmp_path / "media").rglob("*") if path.is_file())
    return [name for name in names if "." in name and name not in (".links", "a.mp4")]


def test_a_file_comes_in_parts_and_is_verified(
    folder: MediaFolder, source: WebSource, tmp_path: Path
) -> None:
    told: list[tuple[int, int]] = []
    seen = folder.stage(order(source, sha256=DIGEST), lambda d, t: told.append((d, t)))

    assert content(tmp_path) == BODY
    assert (seen.stored, seen.size, seen.sha256) == ("a.mp4", len(BODY), DIGEST)
    assert folder.staged()["a.mp4"] == seen
    assert told[-1] == (len(BODY), len(BODY))
    assert sum(method == "GET" for method, _, _ in source.requests) > 3
    assert source.sent == len(BODY)
    assert left_over(tmp_path) == []


def test_a_small_file_is_one_request(folder: MediaFolder, tmp_path: Path) -> None:
    with WebSource({"/a.bin": BODY[:100_000]}) as source:
        folder.stage(order(source), nobody)

        assert content(tmp_path) == BODY[:100_000]
        assert len(source.requests) == 1
        assert left_over(tmp_path) == []


@pytest.mark.parametrize(
    "fault",
    [
        Fault(times=2, status=500),
        Fault(times=2, status=503, code="SlowDown"),
        Fault(times=2, status=403, code="AccessDenied"),
        Fault(times=2, cut=60_000),
        Fault(times=1, silent_after=60_000),
    ],
    ids=["500", "503", "403 for a while", "cut", "silent"],
)
def test_what_passes_is_got_over_by_a_small_file_too(
    folder: MediaFolder, tmp_path: Path, fault: Fault
) -> None:
    with WebSource({"/a.bin": BODY[:100_000]}) as source:
        source.faults.append(fault)
        folder.stage(order(source), nobody)

    assert content(tmp_path) == BODY[:100_000]
    assert left_over(tmp_path) == []


@pytest.mark.parametrize(
    ("fault", "error", "match"),
    [
        (Fault(status=404, code="NoSuchKey"), Rejected, "404 NoSuchKey: there is no such"),
        (Fault(status=403, code="AccessDenied"), Rejected, "403 AccessDenied: the cred"),
        (Fault(status=500), Unreachable, "HTTP 500.*given up after 6 tries"),
        (Fault(total=7), Rejected, "expected 100000 bytes in all, found 7"),
        (Fault(total=100_001), Rejected, "expected 100000 bytes in all, found 100001"),
    ],
    ids=["404", "403", "500", "shorter", "longer"],
)
def test_what_does_not_pass_ends_the_attempt_at_a_small_file_too(
    folder: MediaFolder, tmp_path: Path, fault: Fault, error: type[Exception], match: str
) -> None:
    with WebSource({"/a.bin": BODY[:100_000]}) as source:
        refused(folder, source, fault, error, match)

        assert left_over(tmp_path) == []
        source.faults.clear()
        folder.stage(order(source), nobody)
    assert content(tmp_path) == BODY[:100_000]


def test_small_content_is_fetched_once_for_all_who_want_it_at_once(
    folder: MediaFolder, tmp_path: Path
) -> None:
    with WebSource({"/a.bin": BODY[:100_000]}, rate=1_000_000) as source:
        orders = [order(source, stored=f"{n}.mp4") for n in range(3)]
        threads = [threading.Thread(target=folder.stage, args=(one, nobody)) for one in orders]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert source.sent == 100_000
    assert len({(tmp_path / "media" / f"{n}.mp4").stat().st_ino for n in range(3)}) == 1


def test_a_media_folder_that_went_meanwhile_is_made_again(
    folder: MediaFolder, tmp_path: Path
) -> None:
    with WebSource({"/a.bin": BODY[:100_000]}) as source:
        folder.stage(order(source), nobody)
        shutil.rmtree(tmp_path / "media")
        folder.stage(order(source), nobody)

    assert content(tmp_path) == BODY[:100_000]


@pytest.mark.parametrize(
    "fault",
    [
        Fault(first=1, times=2, status=500),
        Fault(first=1, times=3, status=503, code="SlowDown"),
        Fault(first=0, times=4, cut=200_000),
        Fault(first=2, times=1, silent_after=300_000),
        Fault(first=1, times=2, status=403, code="AccessDenied"),
        Fault(says_200=True),
    ],
    ids=["500", "503", "cut", "silent", "403 for a while", "parts as 200"],
)
def test_what_passes_is_got_over(
    folder: MediaFolder, source: WebSource, tmp_path: Path, fault: Fault
) -> None:
    source.faults.append(fault)
    folder.stage(order(source, sha256=DIGEST), nobody)

    assert content(tmp_path) == BODY


@pytest.mark.parametrize(
    ("fault", "error", "match"),
    [
        (Fault(first=2, status=403, code="AccessDenied"), Rejected, "403 AccessDenied: the cred"),
        (Fault(first=2, status=404, code="NoSuchKey"), Rejected, "404 NoSuchKey: there is no such"),
        (Fault(first=2, status=416, code="InvalidRange"), Rejected, "416.*replaced meanwhile"),
        (Fault(first=2, status=500), Unreachable, "HTTP 500.*given up after 6 tries"),
        (Fault(total=len(BODY) + 5), Rejected, f"expected {len(BODY)} bytes in all, found"),
        (Fault(total=len(BODY) - 5), Rejected, f"expected {len(BODY)} bytes in all, found"),
        (Fault(ignores_range=True, total=7), Rejected, f"expected {len(BODY)} bytes in all, found"),
    ],
    ids=["403", "404", "416", "500", "longer", "shorter", "shorter and whole"],
)
def test_what_does_not_pass_ends_the_attempt_with_nothing_to_see(
    folder: MediaFolder, tmp_path: Path, fault: Fault, error: type[Exception], match: str
) -> None:
    with WebSource({"/a.bin": BODY}) as source:
        refused(folder, source, fault, error, match)
        source.faults.clear()
        folder.stage(order(source, sha256=DIGEST), nobody)

    assert content(tmp_path) == BODY


def refused(
    folder: MediaFolder, source: WebSource, fault: Fault, error: type[Exception], match: str
) -> None:
    source.faults.append(fault)
    with pytest.raises(error, match=match) as raised:
        folder.stage(order(source), nobody)

    assert "127.0.0.1" not in str(raised.value)
    assert folder.staged() == {}


def test_a_server_that_ignores_ranges_is_read_in_one_stream(
    folder: MediaFolder, source: WebSource, tmp_path: Path
) -> None:
    source.faults.append(Fault(ignores_range=True))
    folder.stage(order(source, sha256=DIGEST), nobody)

    assert content(tmp_path) == BODY


def test_one_stream_that_is_cut_again_and_again_is_given_up(
    folder: MediaFolder, source: WebSource
) -> None:
    source.faults.append(Fault(ignores_range=True, cut=5_000_000))
    with pytest.raises(Unreachable, match="given up after 6 tries"):
        folder.stage(order(source), nobody)

    assert folder.staged() == {}


def test_an_object_that_is_replaced_meanwhile_is_not_mixed(
    folder: MediaFolder, source: WebSource, tmp_path: Path
) -> None:
    before = order(source)
    source.rate = 40_000_000
    replaced = threading.Timer(0.1, lambda: source.replace("/a.bin", BODY[::-1]))
    replaced.start()
    with pytest.raises(Rejected, match="replaced meanwhile"):
        folder.stage(before, nobody)

    assert folder.staged() == {}
    assert left_over(tmp_path) == []
    folder.stage(order(source, content="etag-another-one"), nobody)
    assert content(tmp_path) == BODY[::-1]


def test_a_server_that_dies_is_gone_on_with_when_it_is_back(
    folder: MediaFolder, tmp_path: Path
) -> None:
    def kill(done: int, _total: int) -> None:
        if done > 1 << 20:
            first.die()

    with WebSource({"/a.bin": BODY}, rate=12_000_000) as first:
        with pytest.raises(Unreachable, match="given up after 6 tries"):
            folder.stage(order(first), kill)
        assert folder.staged() == {}
    with WebSource({"/a.bin": BODY}) as second:
        folder.stage(order(second, sha256=DIGEST), nobody)

    assert content(tmp_path) == BODY
    assert second.sent < len(BODY)


def test_the_wrong_bytes_are_not_kept(
    folder: MediaFolder, source: WebSource, tmp_path: Path
) -> None:
    source.things["/a.bin"] = Thing(BODY[:-1] + b"x", source.things["/a.bin"].etag)
    with pytest.raises(Rejected, match=f"expected sha256 {DIGEST[:12]}…, found"):
        folder.stage(order(source, sha256=DIGEST), nobody)

    assert folder.staged() == {}
    assert left_over(tmp_path) == []


def test_an_address_that_lapsed_is_asked_for_anew(
    folder: MediaFolder, source: WebSource, tmp_path: Path
) -> None:
    asked: list[str] = []
    source.refuses = lambda query: query == "old"

    def address() -> str:
        asked.append("x")
        return source.address("/a.bin") + ("?old" if len(asked) <= 4 else "?new")

    folder.stage(order(source, address=address, sha256=DIGEST), nobody)

    assert content(tmp_path) == BODY


def test_the_same_content_is_fetched_once_and_lies_on_the_disk_once(
    folder: MediaFolder, source: WebSource, tmp_path: Path
) -> None:
    first, second = order(source), order(source, stored="b.mp4")
    third = order(source, stored="c.mp4", content="etag-of-another-key", sha256=DIGEST)
    for one in (first, second, third):
        folder.stage(one, nobody)

    media = tmp_path / "media"
    assert source.sent == len(BODY)
    assert len({(media / name).stat().st_ino for name in ("a.mp4", "b.mp4", "c.mp4")}) == 1
    for name in ("a.mp4", "b.mp4", "c.mp4"):
        folder.evict(name)
    assert [path for path in media.rglob("*") if path.is_file() and path.name != ".links"] == []


def test_equal_bytes_of_unknown_digest_end_as_one_copy(
    folder: MediaFolder, source: WebSource, tmp_path: Path
) -> None:
    folder.stage(order(source), nobody)
    folder.stage(order(source, stored="b.mp4", content="etag-of-another-key"), nobody)

    media = tmp_path / "media"
    assert (media / "a.mp4").samefile(media / "b.mp4")
    assert left_over(tmp_path) == ["b.mp4"]


def test_two_that_stage_one_content_at_once_fetch_it_once(
    source: WebSource, tmp_path: Path
) -> None:
    source.rate = 40_000_000
    folders = [MediaFolder(tmp_path / "media", Line()) for _ in range(3)]
    threads = [
        threading.Thread(target=each.stage, args=(order(source, stored=f"{n}.mp4"), nobody))
        for n, each in enumerate(folders)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(folders[0].staged()) == ["0.mp4", "1.mp4", "2.mp4"]
    assert source.sent == len(BODY)


def test_restaging_replaces_every_name_of_a_damaged_content(
    folder: MediaFolder, source: WebSource, tmp_path: Path
) -> None:
    for stored in ("a.mp4", "b.mp4"):
        folder.stage(order(source, stored=stored), nobody)
    with (tmp_path / "media" / "a.mp4").open("r+b") as damaged:
        damaged.write(b"damage")

    folder.restage(order(source, sha256=DIGEST), nobody)

    assert content(tmp_path) == BODY
    assert (tmp_path / "media" / "b.mp4").read_bytes() == BODY
    assert left_over(tmp_path) == ["b.mp4"]


def test_what_nobody_came_back_for_is_swept(source: WebSource, tmp_path: Path) -> None:
    content = tmp_path / "media" / ".content"
    content.mkdir(parents=True)
    old = ("sha256-orphan", "etag-left-behind.part", "etag-left-behind.journal")
    for name in (*old, "etag-begun-just-now.part"):
        (content / name).write_bytes(b"x")
    for name in old:
        os.utime(content / name, (0, 0))

    MediaFolder(tmp_path / "media", Line()).stage(order(source), nobody)

    left = {path.name for path in content.iterdir()}
    assert left.isdisjoint(old)
    assert "etag-begun-just-now.part" in left


def test_a_limited_line_brings_the_same_bytes(source: WebSource, tmp_path: Path) -> None:
    line = Line(bucket=Bucket(60_000_000))
    MediaFolder(tmp_path / "media", line).stage(order(source, sha256=DIGEST), nobody)

    assert content(tmp_path) == BODY


def test_a_disk_without_room_is_not_begun_to_fill(
    folder: MediaFolder, source: WebSource, tmp_path: Path
) -> None:
    free = os.statvfs(tmp_path)
    size = free.f_bavail * free.f_frsize - RESERVE + (1 << 24)
    with pytest.raises(Unreachable, match=f"the disk is full: {size} bytes are needed"):
        folder.stage(order(source, size=size), nobody)

    assert source.requests == []


def test_what_is_under_way_can_be_read_by_others(
    folder: MediaFolder, source: WebSource, tmp_path: Path
) -> None:
    source.rate = 12_000_000
    seen: list[object] = []
    watcher = MediaFolder(tmp_path / "media", Line())

    def watch(done: int, total: int) -> None:
        seen.extend(watcher.under_way())

    folder.stage(order(source), watch)

    assert {(one.stored, one.size) for one in seen} == {("a.mp4", len(BODY))}  # type: ignore[attr-defined]  # TransferSeen
    assert folder.under_way() == ()
