"""Room for media on a node, and alternates of items, as a lineup writes them."""

from __future__ import annotations

from fractions import Fraction

import pytest

from reconciler.model.copies import MediaRoom
from reconciler.model.desired import AssetItem, BreakItem
from reconciler.model.ids import NodeName, PlaylistName
from reconciler.plan.assets import assets_of
from tests.unit.lineup.lineups import LINEUP, desired, faults

SOME = LINEUP.replace('match: "*"', 'match: "A-*"')


@pytest.mark.parametrize(
    ("written", "room"),
    [
        ("{runtime: process}", MediaRoom()),
        ("{runtime: process, media: 200GB}", MediaRoom(budget=200 * 10**9)),
        (
            "{runtime: process, media: {budget: 1.5TiB, high_water: 80%}}",
            MediaRoom(budget=3 << 39, high_water=Fraction(4, 5)),
        ),
        (
            "{runtime: process, media: {high_water: 100%}}",
            MediaRoom(high_water=Fraction(1)),
        ),
    ],
)
def test_a_nodes_room_is_read(written: str, room: MediaRoom) -> None:
    assert desired(nodes=f"one: {written}\n").nodes[NodeName("one")].media == room


def test_a_room_that_cannot_be_meant_is_told() -> None:
    found = faults(
        nodes="one: {runtime: process, media: {budget: 200, high_water: 90%}}\n"
        "two: {runtime: process, media: {high_water: 120%}}\n"
    )
    assert found == [
        "nodes.yaml:1: one.media.budget: expected a size such as 200GB, found '200'",
        "nodes.yaml:2: two.media.high_water: expected a share of the room, at most 100%",
    ]


def test_an_item_names_its_alternate() -> None:
    items = (
        "items: [{asset: A-1, alternate: A-9}, {break: [{asset: A-2, alternate: A-8}, A-3]}, A-4]\n"
    )
    found = desired(playlists__base=items)
    one, brk, last = found.playlists[PlaylistName("base")].items
    assert isinstance(one, AssetItem)
    assert isinstance(brk, BreakItem)
    assert isinstance(last, AssetItem)
    told = (one.alternate, brk.items[0].alternate, brk.items[1].alternate, last.alternate)
    assert told == ("A-9", "A-8", None, None)
    (channel,) = found.channels.values()
    assert assets_of(channel, found) == {"A-1", "A-2", "A-3", "A-4", "A-8", "A-9"}
    other = desired(playlists__base=items.replace("A-9", "A-7"))
    assert next(iter(other.channels.values())).digest != channel.digest


def test_an_alternate_must_be_findable_and_another_asset() -> None:
    items = "items:\n  - {asset: A-1, alternate: A-1}\n"
    assert faults(playlists__base=items) == [
        "playlists/base.yaml:2: items[0].alternate: expected another asset than 'A-1' itself"
    ]
    lost = "items:\n  - {asset: A-1, alternate: B-1}\n"
    (fault,) = faults(lineup=SOME, playlists__base=lost)
    assert fault.startswith("playlists/base.yaml:2: items[0].alternate: no asset 'B-1'")
