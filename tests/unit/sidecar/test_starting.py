"""What a sidecar makes of its environment before it starts anything."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reconciler.sidecar.disk import unusable
from reconciler.sidecar.main import _spec


def started(folder: Path, media: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder.mkdir()
    monkeypatch.chdir(folder)
    env = {
        "CHANNEL_ID": "news",
        "OUTPUT_TYPE": "udp",
        "OUTPUT_CONFIG": '{"url": "udp://127.0.0.1:5004"}',
        "MEDIA_ROOT": str(media),
    }
    return _spec(None, env).preview_folder


def test_the_preview_is_on_the_media_volume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = started(tmp_path / "state", tmp_path / "media", monkeypatch)
    assert found == tmp_path / "media" / "live" / "news"
    assert found.is_dir()


def test_the_preview_is_kept_beside_the_spool_where_media_may_only_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "media").write_text("a file: nothing can be made in it")
    found = started(tmp_path / "state", tmp_path / "media", monkeypatch)
    assert found == tmp_path / "state" / "preview"
    kept = json.loads((tmp_path / "state" / "spec.json").read_text())
    assert "preview_folder" not in kept


def test_why_a_folder_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert unusable(tmp_path / "new" / "one") == ""
    assert unusable(tmp_path / "file" / "one") == f"{tmp_path}/file/one: Not a directory"
