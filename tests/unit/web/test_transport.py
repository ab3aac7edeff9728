from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from reconciler.model.observed import Life
from tests.unit.web.conftest import Client
from tests.web_data import playlist_id
from tests.web_fixture import Studio


@pytest.mark.parametrize(
    ("call", "act"),
    [
        ("pause", "pause"),
        ("resume", "resume"),
        ("skip", "skip"),
        ("hold", "hold"),
        ("stop-playback", "stop"),
        ("play", "play"),
    ],
)
def test_an_act_reaches_the_sidecar_and_the_journal(
    studio: Studio, client: Client, call: str, act: str
) -> None:
    answer = client.post(f"/playout/channels/news/{call}")
    assert answer.status_code == 200
    assert answer.json["transport"]
    assert [name for name, _ in studio["news"].acts] == [act]
    line = studio.journal[-1]
    assert (line.who, line.what, line.channel, line.node, line.outcome) == (
        "local operator", act, "news", "mcr-2", "done",
    )  # fmt: skip


def test_a_channel_that_does_not_run_is_409(studio: Studio, client: Client) -> None:
    seen = studio["news"].seen
    assert seen is not None
    for found in (None, replace(seen, life=Life.DEAD)):
        studio["news"].seen = found
        for call in ("pause", "resume", "skip", "hold", "stop-playback", "play"):
            answer = client.post(f"/playout/channels/news/{call}")
            assert answer.status_code == 409
            assert "not running" in answer.json["error"]
    assert studio.journal == []


def test_a_sidecar_that_fails_is_502_and_in_the_journal(studio: Studio, client: Client) -> None:
    studio["news"].silent = True
    answer = client.post("/playout/channels/news/skip")
    assert answer.status_code == 502
    assert "no answer in 2 s" in answer.json["error"]
    studio["news"].silent, studio["news"].refuses = False, True
    answer = client.post("/playout/channels/news/skip")
    assert answer.status_code == 502
    assert "restarting" in answer.json["error"]
    assert [line.outcome[:7] for line in studio.journal] == ["failed:", "failed:"]


def test_an_act_without_a_database_happens_and_is_written_down_later(
    studio: Studio, client: Client
) -> None:
    studio.database_away = True
    answer = client.post("/playout/channels/news/pause")
    assert answer.status_code == 200
    assert "not in the journal yet" in answer.json["journal"]
    studio.database_away = False
    client.post("/playout/channels/news/resume")
    assert [line.what for line in studio.journal] == ["pause", "resume"]


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"'])
def test_a_body_that_is_no_object_is_400(client: Client, body: bytes) -> None:
    assert client.post("/playout/channels/news/play", data=body).status_code == 400
    assert client.post("/playout/channels/news/pause", data=body).status_code == 400


def play(client: Client, **body: object) -> Any:
    return client.post("/playout/channels/news/play", json=body)


def test_a_playlist_is_loaded_as_the_older_sidecar_knows_it(studio: Studio, client: Client) -> None:
    answer = play(client, playlist_id=playlist_id("news"))
    assert answer.json == {"loaded": 3}
    (load,) = studio["news"].lists
    assert load["loop"] is True
    items: Any = load["items"]
    assert [item["media_path"] for item in items] == ["a0.mp4", "a1.mp4", "a2.mp4"]
    assert set(items[0]) == {
        "id", "asset_id", "media_path", "in_point", "out_point", "transition", "transition_ms",
        "clip_name",
    }  # fmt: skip
    assert studio.journal[-1].what == "play playlist base"


def test_items_that_are_not_staged_are_named(studio: Studio, client: Client) -> None:
    items = studio.items[playlist_id("news")]
    items[1] = {**items[1], "media_status": "pending"}
    answer = play(client, playlist_id=playlist_id("news"))
    assert answer.status_code == 409
    assert answer.json["pending"] == [items[1]["id"]]
    assert studio["news"].lists == []
    assert play(client, playlist_id=playlist_id("news"), skip_pending=True).json == {"loaded": 2}


def test_nothing_staged_cannot_be_skipped(studio: Studio, client: Client) -> None:
    items = studio.items[playlist_id("news")]
    items[:] = [{**item, "media_status": "pending"} for item in items]
    answer = play(client, playlist_id=playlist_id("news"), skip_pending=True)
    assert answer.status_code == 409
    assert len(answer.json["pending"]) == 3


def test_playlists_that_cannot_be_played(studio: Studio, client: Client) -> None:
    assert play(client, playlist_id="morning").status_code == 400
    assert play(client, playlist_id=str(uuid4())).status_code == 404
    assert play(client, playlist_id=playlist_id("sport")).status_code == 404
    studio.items[playlist_id("news")].clear()
    assert play(client, playlist_id=playlist_id("news")).status_code == 400
    assert studio["news"].lists == []
