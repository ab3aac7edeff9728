"""The sample lineup and the starter are whole, and show what the format can do."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.errors import UsageError
from reconciler.lineup.load import load_lineup
from reconciler.lineup.starter import STARTER, starter_files
from reconciler.lineup.templating import Values
from reconciler.lineup.tree import Tree
from reconciler.model.desired import AssetItem, BreakItem, Desired, StartType
from tests.unit.lineup.lineups import REVISION

ROOT = Path(__file__).parents[3]
MEDIA = {
    "BARS", "COUNTDOWN", "TESTCARD", "IDENT-01", "IDENT-02", "IDENT-03", "NEWS-OPEN", "NEWS-01",
    "NEWS-02", "NEWS-03", "SPORT-01", "PROMO-01", "PROMO-02", "DOC-01", "DOC-02", "FILM-01",
    "SLATE-01",
}  # fmt: skip


def read(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def load(files: dict[str, str]) -> Desired:
    return load_lineup(Tree.of(dict(files)), REVISION, Values())


def assets(found: Desired) -> set[str]:
    items = [item for playlist in found.playlists.values() for item in playlist.items]
    parts = [
        part for item in items for part in (item.items if isinstance(item, BreakItem) else [item])
    ]
    named = {str(part.asset) for part in parts if isinstance(part, AssetItem)}
    return named | {str(channel.slate) for channel in found.channels.values() if channel.slate}


def test_the_sample_lineup_plays_the_sample_media_alone() -> None:
    found = load(read(ROOT / "configs"))

    assert set(found.channels) == {"news", "music", "classics"}
    assert assets(found) == MEDIA
    assert found.warnings == ()


def test_the_sample_lineup_shows_every_kind_of_start() -> None:
    found = load(read(ROOT / "configs"))
    layers = [layer for channel in found.channels.values() for layer in channel.schedule]

    assert {layer.start for layer in layers} >= {StartType.HARD, StartType.SOFT}
    assert any(layer.loop and layer.at is None for layer in layers)
    assert any(layer.until for layer in layers)
    assert any(layer.dates for layer in layers)
    assert all(channel.format.height < 400 for channel in found.channels.values())


def test_the_starter_is_a_lineup_without_a_fault() -> None:
    files = starter_files(read(ROOT / "templates/starter"))

    assert tuple(files) == STARTER
    assert set(files) == set(read(ROOT / "templates/starter"))
    assert load(files).warnings == ()


def test_the_starter_overwrites_nothing() -> None:
    with pytest.raises(UsageError, match="expected none of README"):
        starter_files({}, existing=["README.md", "LICENSE"])
