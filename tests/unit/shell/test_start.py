from __future__ import annotations

from dataclasses import replace

from reconciler.model.ids import AssetId
from reconciler.shell.start import start_of
from tests.builders import channel, fact, srt

SLATE = fact("SLATE", stored="slate-1.png")


def document(**changes: object) -> dict[str, object]:
    wanted = channel("news", srt(passphrase="hunter2"), slate=AssetId("SLATE"), **changes)  # type: ignore[arg-type]  # by keyword
    return dict(start_of(wanted, 7, "c0ffee", {AssetId("SLATE"): SLATE}).document)


def test_a_sidecar_is_told_everything_that_it_needs() -> None:
    told = document()
    assert (told["channel"], told["epoch"], told["commit"]) == ("news", 7, "c0ffee")
    assert (told["format"], told["engine"], told["fence_ms"]) == ("360p2500", "embedded", 30_000)
    assert told["slate"] == "slate-1.png"


def test_the_secret_is_in_the_document_and_not_in_its_name() -> None:
    wanted = channel("news", srt(passphrase="hunter2"))
    start = start_of(wanted, 7, "", {})
    assert "hunter2" in str(start.document)
    assert repr(start) == "SidecarStart(news, epoch 7)"


def test_fenced_never_is_no_time() -> None:
    assert document(fence=None)["fence_ms"] is None


def test_a_slate_that_is_not_there_or_is_broken_is_left_out() -> None:
    wanted = channel("news", slate=AssetId("SLATE"))
    broken = {AssetId("SLATE"): replace(SLATE, problem="truncated")}
    assert start_of(wanted, 1, "", broken).document["slate"] is None
    assert start_of(wanted, 1, "", {}).document["slate"] is None
    assert start_of(channel("news"), 1, "", {}).document["slate"] is None
