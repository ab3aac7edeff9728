"""A load that remembers the one before gives what a fresh load gives, and keeps what it may."""

from __future__ import annotations

import pytest

from reconciler.errors import LineupError
from reconciler.lineup.load import Memory, load_lineup
from reconciler.lineup.tree import Tree
from reconciler.model.desired import Desired
from reconciler.model.ids import ChannelName, PlaylistName
from tests.unit.lineup.lineups import (
    BASE,
    LINEUP,
    NEWS,
    NODES,
    REVISION,
    VALUES,
    Texts,
    load,
    texts,
)

NEWS_NAME, SPORT = ChannelName("news"), ChannelName("sport")
SPORT_TEXT = NEWS.replace("base", "games").replace("9001", "9002")
BOTH = texts(channels__sport=SPORT_TEXT, playlists__games="items: [G-1]\n")


def after(memory: Memory, files: Texts) -> Desired:
    return load_lineup(Tree.of(files), REVISION, VALUES, memory=memory)


EDITS: dict[str, Texts] = {
    "a playlist": {"playlists/base.yaml": BASE.replace("A-2", "A-3")},
    "a channel": {"channels/news.yaml": NEWS + "slate: S\n"},
    "its filler": {"channels/news.yaml": NEWS + "filler: games\n"},
    "a variable": {"lineup.yaml": LINEUP.replace("mux1", "mux2")},
    "a default": {"lineup.yaml": LINEUP + "defaults: {slate: S}\n"},
    "a live source": {"lineup.yaml": LINEUP.replace(":9000", ":9100")},
    "a second node": {"nodes.yaml": NODES + "two: {runtime: process}\n"},
    "an asset": {"assets.yaml": "A-1: {uri: file://media/other.mp4}\n"},
    "a new channel": {"channels/film.yaml": NEWS.replace("9001", "9003")},
    "nothing": {},
}


@pytest.mark.parametrize("edit", EDITS)
def test_with_a_memory_a_load_gives_the_same(edit: str) -> None:
    memory = Memory()
    after(memory, BOTH)
    edited = {**BOTH, **EDITS[edit]}

    assert after(memory, edited) == load(edited)
    assert after(memory, BOTH) == load(BOTH)


def test_what_an_edit_does_not_touch_stays_the_same_value() -> None:
    memory = Memory()
    before = after(memory, BOTH)
    edited = after(memory, {**BOTH, **EDITS["a playlist"]})

    assert edited.channels[SPORT] is before.channels[SPORT]
    assert edited.channels[NEWS_NAME].digest != before.channels[NEWS_NAME].digest


def test_a_channel_whose_file_moved_says_so() -> None:
    memory = Memory()
    after(memory, BOTH)
    moved = {**BOTH, "channels/film.yaml": BOTH["channels/sport.yaml"]}
    del moved["channels/sport.yaml"]

    assert after(memory, moved) == load(moved)


def test_a_mistake_is_told_again_and_remembered_by_nobody() -> None:
    memory = Memory()
    before = after(memory, BOTH)
    broken = {**BOTH, "channels/news.yaml": NEWS.replace("base", "bose")}
    for _ in range(2):
        with pytest.raises(LineupError, match="bose"):
            after(memory, broken)

    assert after(memory, BOTH).channels[NEWS_NAME] is before.channels[NEWS_NAME]


def test_a_playlist_that_left_is_missed_though_its_channel_did_not_change() -> None:
    memory = Memory()
    after(memory, BOTH)
    less = {path: text for path, text in BOTH.items() if path != "playlists/games.yaml"}

    with pytest.raises(LineupError, match="games"):
        after(memory, less)


def test_the_assets_of_a_playlist_are_known_without_its_items() -> None:
    houses = load(BOTH).houses

    assert list(houses) == ["base", "games"]
    assert houses[PlaylistName("base")] == ("A-1", "A-2")
