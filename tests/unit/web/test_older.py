from __future__ import annotations

import pytest

from reconciler.model.ids import ChannelName, row_id
from tests.unit.web.conftest import Client
from tests.web_data import playlist_id
from tests.web_fixture import Studio

NOBODY = "00000000-0000-4000-8000-000000000000"

NEWS = str(row_id("channel", "news"))


def test_channels_are_listed_newest_first(client: Client) -> None:
    rows = client.get("/playout/channels").json
    assert [row["name"] for row in rows] == ["sport", "news", "archive"]


@pytest.mark.parametrize("asked", ["news", NEWS, NEWS.upper()])
def test_a_channel_is_found_by_name_and_by_id(client: Client, asked: str) -> None:
    assert client.get(f"/playout/channels/{asked}").json["name"] == "news"


@pytest.mark.parametrize(
    ("asked", "status"), [("n%20w", 400), ("-", 400), ("nosuch", 404), (NOBODY, 404)]
)
def test_malformed_and_unknown_ids_differ(client: Client, asked: str, status: int) -> None:
    for path in ("", "/status", "/asrun"):
        answer = client.get(f"/playout/channels/{asked}{path}")
        assert answer.status_code == status
        assert asked.replace("%20", " ") in answer.json["error"]


def test_status_tells_what_the_engine_shows(client: Client) -> None:
    answer = client.get("/playout/channels/news/status").json
    assert answer["running"]
    assert answer["status"] == "running"
    assert answer["engine"]["transport"] == "playing"


def test_status_without_a_sidecar_is_not_running(studio: Studio, client: Client) -> None:
    studio["news"].seen = None
    answer = client.get("/playout/channels/news/status").json
    assert answer == {"running": False, "status": "stopped"}


def test_status_of_a_silent_sidecar_carries_the_error(studio: Studio, client: Client) -> None:
    studio["news"].silent = True
    answer = client.get("/playout/channels/news/status").json
    assert answer["running"]
    assert answer["engine"] is None
    assert "no answer" in answer["engine_error"]


def test_playlists_need_a_channel(client: Client) -> None:
    assert client.get("/playout/playlists").status_code == 400
    assert client.get(f"/playout/playlists?channel_id={NEWS}").json[0]["name"] == "base"


def test_items_come_in_order(client: Client) -> None:
    items = client.get(f"/playout/playlists/{playlist_id('news')}/items").json
    assert [item["sort_order"] for item in items] == [0, 1, 2]
    assert client.get("/playout/playlists/news/items").status_code == 400
    assert client.get(f"/playout/playlists/{NOBODY}/items").status_code == 404


def test_the_framework_s_own_errors_are_json_too(client: Client) -> None:
    for method, path, status in (
        ("GET", "/playout/nothing", 404),
        ("GET", "/api/nothing", 404),
        ("DELETE", "/playout/playlists", 405),
        ("POST", "/api/overview", 405),
    ):
        answer = client.open(path, method=method)
        assert answer.status_code == status
        assert answer.json["error"]


def test_a_database_that_is_away_is_503_and_names_go_on(studio: Studio, client: Client) -> None:
    studio.database_away = True
    answer = client.get("/playout/channels")
    assert answer.status_code == 503
    assert "database" in answer.json["error"]
    assert client.post("/playout/channels/news/pause").status_code == 200


def test_a_channel_that_left_the_lineup_is_the_administrators(
    studio: Studio, guarded: Client
) -> None:
    rows = guarded.get("/playout/channels", headers={"Authorization": "Bearer token-of-ola"}).json
    assert [row["name"] for row in rows] == ["news", "archive"]
    assert ChannelName("sport") in studio.channels


@pytest.mark.parametrize(
    ("method", "path", "file"),
    [
        ("POST", "/playout/channels", "channels/NAME.yaml"),
        ("PATCH", "/playout/channels/news", "channels/news.yaml"),
        ("DELETE", "/playout/channels/news", "channels/news.yaml"),
        ("POST", "/playout/channels/news/start", "channels/news.yaml"),
        ("POST", "/playout/channels/news/stop", "channels/news.yaml"),
        ("POST", "/playout/playlists", "playlists/NAME.yaml"),
        ("POST", f"/playout/playlists/{playlist_id('news')}/items", "playlists/base.yaml"),
        ("PUT", f"/playout/playlists/{playlist_id('news')}/reorder", "playlists/base.yaml"),
        ("DELETE", f"/playout/items/{NOBODY}", "playlists/NAME.yaml"),
    ],
)
def test_what_the_lineup_owns_says_which_file_to_edit(
    client: Client, method: str, path: str, file: str
) -> None:
    answer = client.open(path, method=method, json={})
    assert answer.status_code == 405
    assert "Allow" in answer.headers
    assert answer.json["edit"] == file
    assert "commit" in answer.json["error"]


def test_stop_says_on_air_false(client: Client) -> None:
    answer = client.post("/playout/channels/news/stop")
    assert "`on_air: false`" in answer.json["error"]
    assert client.post("/playout/channels/nosuch/stop").status_code == 404
