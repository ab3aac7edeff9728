from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from reconciler.model.ids import NodeName
from reconciler.web import create_app
from reconciler.web.passes import read_pass
from reconciler.web.site import site_of
from tests.unit.web.conftest import Client
from tests.web_fixture import HandClock, Studio, trouble


def overview(client: Client) -> dict[str, Any]:
    answer: dict[str, Any] = client.get("/api/overview").json
    answer["by_name"] = {one["name"]: one for one in answer["channels"]}
    return answer


def later(studio: Studio, client: Client, seconds: float) -> dict[str, Any]:
    """Let time pass and every channel be read again."""
    assert isinstance(studio.clock, HandClock)
    before = {name: one.asked for name, one in studio.channels.items()}
    studio.clock.pass_time(seconds)
    got = overview(client)
    board = site_of(client.application).board
    for _ in range(200):
        if all(one.asked > before[name] or not one.seen for name, one in studio.channels.items()):
            break
        board.wait_for_reading(0.05)
    board.wait_for_reading(0.05)
    return overview(client) if got else got


def test_one_call_tells_everything_of_every_channel(client: Client, studio: Studio) -> None:
    news = overview(client)["by_name"]["news"]
    assert news["tally"] == {"colour": "red", "word": "ON AIR", "why": ""}
    assert news["on_air"]["title"] == "The Long Coast, part 2"
    assert news["next"]["start_ms"] == news["on_air"]["end_ms"]
    assert news["outputs"][0]["address"] == "srt://mux1.example:9002"
    assert len(news["level_db"]) == 2
    assert news["acts"] == ["pause", "skip", "hold", "stop"]
    assert news["can_edit"]
    assert (news["late"], news["dropped"], news["restarts"]) == (2, 1, 0)


def test_times_are_the_frames_own(client: Client, studio: Studio) -> None:
    answer = overview(client)
    on_air = answer["by_name"]["news"]["on_air"]
    clock = studio["news"].facts.format.clock
    first = studio["news"].rundown.events[2].start
    assert on_air["start_ms"] == int(clock.instant(first).timestamp() * 1000)
    played = (answer["now_ms"] - on_air["start_ms"]) * 50 // 1000
    assert on_air["position"] == played
    assert answer["now_ms"] == int(studio.clock.now().timestamp() * 1000)


def test_a_channel_that_falls_silent_is_unread_and_not_off(studio: Studio, client: Client) -> None:
    overview(client)
    studio["news"].silent = True
    news = later(studio, client, 3)["by_name"]["news"]
    assert news["tally"]["colour"] == "unread"
    assert "no answer" in news["tally"]["why"]
    assert news["acts"] == []
    assert {output["state"] for output in news["outputs"]} == {"unread"}


def test_one_silent_channel_does_not_hold_up_the_others(studio: Studio, client: Client) -> None:
    overview(client)
    studio["news"].silent = True
    studio["sport"].transport = "holding"
    answer = later(studio, client, 3)
    assert answer["by_name"]["sport"]["tally"]["word"] == "HOLD"


def test_the_board_asks_only_while_somebody_looks(studio: Studio, client: Client) -> None:
    assert isinstance(studio.clock, HandClock)
    overview(client)
    asked = studio["news"].asked
    for _ in range(20):
        overview(client)
    assert studio["news"].asked == asked


def test_without_a_database_what_is_live_goes_on(studio: Studio, client: Client) -> None:
    studio.database_away = True
    answer = overview(client)
    assert "database" in answer["database"]["error"]
    assert answer["by_name"]["news"]["tally"]["word"] == "ON AIR"
    assert client.get("/api/activity").json["error"]


def test_a_bad_commit_is_told_beside_the_lineup_in_force(studio: Studio, client: Client) -> None:
    studio.lineup_error = "channels/news.yaml:6: outputs[0].device: expected a number"
    lineup = overview(client)["lineup"]
    assert lineup == {"label": "3f2a9c1 (main)", "error": studio.lineup_error}
    assert "lineup_valid 0" in client.get("/metrics").text


def test_plan_holds_alarms_and_journal_are_told(studio: Studio, client: Client) -> None:
    trouble(studio)
    activity = client.get("/api/activity").json
    assert [hold["what"] for hold in activity["last_pass"]["holds"]] == ["load rundown"]
    assert activity["last_pass"]["actions"][0]["text"] == "load rundown"
    assert activity["last_pass"]["impacts"] == {"archive": "at 21:00"}
    assert [line["who"] for line in activity["journal"]] == ["ola", "reconciler", "ingrid"]
    started = [row["started_at"] for row in activity["asrun"]]
    assert started == sorted(started, reverse=True)
    sport = overview(client)["by_name"]["sport"]
    assert sport["holds"][0]["because"].startswith("the edit touches")
    assert sport["alarms"][0]["text"] == "output social is down"
    assert client.get("/api/plan").json["digest"] == "a90b11c4"


def test_no_pass_yet(client: Client) -> None:
    assert client.get("/api/plan").json is None
    assert client.get("/api/activity").json["last_pass"] is None


def test_the_rundown_comes_from_the_sidecar(studio: Studio, client: Client) -> None:
    trouble(studio)
    until = time.monotonic() + 10
    while True:  # what the shelf holds may be of a moment before
        held = client.get("/api/channels/archive/rundown?limit=5").json
        if held["remarks"] or time.monotonic() > until:
            break
        time.sleep(0.1)
    assert [event["title"] for event in held["events"][:2]] == ["Morning News", "Weather"]
    assert len(held["events"]) == 5
    assert held["remarks"][0]["at_ms"] == held["events"][3]["start_ms"]
    studio["archive"].seen = None
    assert client.get("/api/channels/nosuch/rundown").status_code == 404


def test_a_channel_with_no_sidecar_has_no_rundown(studio: Studio, client: Client) -> None:
    studio["news"].seen = None
    assert client.get("/api/channels/news/rundown").json["events"] == []


def test_metrics_are_prometheus_text(studio: Studio, client: Client) -> None:
    studio["sport"].silent = True
    text = client.get("/metrics").text
    assert 'playout_channel_on_air{channel="news"} 1' in text
    assert 'playout_channel_late_frames_total{channel="news"} 2' in text
    assert 'playout_channel_outputs_sending{channel="news"} 2' in text
    assert 'playout_channel_on_air{channel="sport"}' not in text
    assert "playout_database_up 1" in text
    for line in text.splitlines():
        assert line.startswith("# ") or len(line.rsplit(" ", 1)) == 2


def test_previews_are_read_by_name_and_nothing_else(studio: Studio, client: Client) -> None:
    answer = client.get("/previews/news/index.m3u8")
    assert answer.mimetype == "application/vnd.apple.mpegurl"
    assert answer.headers["Cache-Control"] == "no-store"
    for name in ("spec.json", "..%2fspec.json", "seg-1.ts.json", ".ts", "seg-x.ts"):
        assert client.get(f"/previews/news/{name}").status_code == 404
    studio["news"].seen = None
    assert client.get("/previews/news/index.m3u8").status_code == 404


@pytest.mark.parametrize("kept", ["", "[]", "{", '{"actions": 3, "holds": [1], "channels": {}}'])
def test_a_pass_that_cannot_be_read_is_shown_without_parts(studio: Studio, kept: str) -> None:
    trouble(studio)
    assert studio.last_pass is not None
    shown = read_pass(replace(studio.last_pass, plan_json=kept, label="l"))
    assert (shown.label, shown.actions, shown.holds) == ("l", (), ())


def test_a_plan_in_words(studio: Studio) -> None:
    plan = {
        "actions": [
            {"do": "spawn_sidecar", "channel": "news", "node": NodeName("mcr-1"), "cause": "new"},
            {"do": "evict_media", "node": "mcr-1", "stored": "a.mp4"},
            {"do": "load_rundown", "channel": "news", "changes": [{"text": "x at 21:00"}]},
            {"do": "collect_as_run", "channel": "news"},
        ],
        "channels": [{"channel": "news", "impact": {"kind": "now", "text": "interrupts now"}}],
        "refused": "too many",
    }
    trouble(studio)
    assert studio.last_pass is not None
    shown = read_pass(replace(studio.last_pass, plan_json=json.dumps(plan)))
    assert [(one["symbol"], one["text"], one["detail"]) for one in shown.actions] == [
        ("+", "spawn sidecar", ""),
        ("-", "evict media", "a.mp4"),
        ("~", "load rundown", "x at 21:00"),
    ]
    assert shown.impacts == {"news": "interrupts now"}
    assert shown.refused == "too many"


def test_an_app_can_be_closed_at_once(studio: Studio) -> None:
    app: Flask = create_app(studio.deps())
    site_of(app).close()
    site_of(app).close()


def test_pages_hold_no_inline_script_or_style(client: Client) -> None:
    for path in ("/", "/channels/news", "/login"):
        page = client.get(path, headers={"Accept": "text/html"}).text
        assert "<script>" not in page
        assert " style=" not in page
        assert "http://" not in page.replace("http://www.w3.org", "")
        assert "https://" not in page
    missing = client.get("/channels/nosuch", headers={"Accept": "text/html"})
    assert missing.status_code == 404
    assert "there is no channel" in missing.text
