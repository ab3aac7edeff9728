"""Asking for a new copy by the older call, and what pages tell of media."""

from __future__ import annotations

import pytest

from tests.unit.web.conftest import Client
from tests.web_data import copy_of, item_of
from tests.web_fixture import Studio

ITEM = str(item_of("news", 1)["id"])
NOBODY = "00000000-0000-4000-8000-000000000000"


def as_user(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer token-of-{name}"}


def test_staging_an_item_asks_for_a_new_copy_on_its_channels_node(
    studio: Studio, client: Client
) -> None:
    answer = client.post(f"/playout/items/{ITEM}/stage")
    assert (answer.status_code, answer.json) == (200, {"queued": True})
    assert studio.asked == [("A1", "mcr-2", "local operator")]
    (entry,) = studio.journal
    assert entry.what == "ask for a new copy of A1 on mcr-2"
    assert (entry.who, entry.channel, entry.outcome) == ("local operator", "news", "done")


@pytest.mark.parametrize(("asked", "status"), [("nonsense", 400), (NOBODY, 404)])
def test_malformed_and_unknown_items_differ(client: Client, asked: str, status: int) -> None:
    assert client.post(f"/playout/items/{asked}/stage").status_code == status


def test_only_who_may_edit_the_channel_may_ask(studio: Studio, guarded: Client) -> None:
    path = f"/playout/items/{ITEM}/stage"
    assert guarded.post(path, headers=as_user("ola")).status_code == 403
    assert guarded.post(path).status_code == 401
    assert studio.asked == []
    assert guarded.post(path, headers=as_user("ingrid")).status_code == 200
    assert studio.asked[0][2] == "ingrid"


def test_a_live_source_has_nothing_to_stage_and_a_channel_without_a_node_nowhere(
    studio: Studio, client: Client
) -> None:
    for items in studio.items.values():
        for row in items:
            if row["id"] == ITEM:
                items[items.index(row)] = {**row, "asset": None, "live": "studio-a", "item": "s"}
    answer = client.post(f"/playout/items/{ITEM}/stage")
    assert answer.status_code == 400
    assert "live source studio-a" in answer.json["error"]
    studio["archive"].seen = None
    other = str(item_of("archive", 0)["id"])
    assert client.post(f"/playout/items/{other}/stage").status_code == 409


def test_a_database_that_is_away_queues_nothing(studio: Studio, client: Client) -> None:
    studio.database_away = True
    assert client.post(f"/playout/items/{ITEM}/stage").status_code == 503


def test_copies_under_way_are_shown_to_who_may_see_a_channel_that_plays_them(
    studio: Studio, guarded: Client
) -> None:
    now = studio.clock.now()
    studio.media += [
        copy_of("FILM", "news", now, done=0.5),
        copy_of("GOAL", "sport", now, error="no answer"),
    ]

    def shown(name: str) -> list[str]:
        activity = guarded.get("/api/activity", headers=as_user(name)).json
        return [row["asset"] for row in activity["media"]]

    assert shown("ola") == ["FILM"]
    assert shown("root") == ["FILM", "GOAL"]
