from __future__ import annotations

from collections.abc import Callable

import pytest

from reconciler.errors import UsageError
from reconciler.web import create_app
from reconciler.web.access import Visitor, recognise
from tests.unit.web.conftest import TOKENS, Client
from tests.web_fixture import Studio


def bearer(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {TOKENS[name]}"}


def test_edit_includes_view_and_projects_are_apart() -> None:
    editor = Visitor(name="x", roles=frozenset({("a", "edit"), ("b", "view")}))
    assert editor.may_view("a")
    assert editor.may_edit("a")
    assert editor.may_view("b")
    assert not editor.may_edit("b")
    assert not editor.may_view("c")
    assert not editor.may_view(None)
    assert Visitor(name="root", admin=True).may_edit(None)


def test_no_accounts_recognise_nobody() -> None:
    assert recognise("", ()) is None


def test_without_a_token_nobody_enters(guarded: Client) -> None:
    for path in ("/playout/channels", "/api/overview", "/metrics"):
        answer = guarded.get(path)
        assert answer.status_code == 401
        assert answer.json["error"]
    assert guarded.get("/healthz").json == {"ok": True}
    wrong = {"Authorization": "Bearer nope"}
    assert guarded.get("/playout/channels", headers=wrong).status_code == 401


def test_rights_are_per_project(guarded: Client) -> None:
    assert guarded.get("/playout/channels/news", headers=bearer("ola")).status_code == 200
    assert guarded.get("/playout/channels/sport", headers=bearer("ola")).status_code == 403
    assert guarded.get("/playout/channels/sport", headers=bearer("root")).status_code == 200
    pause = "/playout/channels/{}/pause"
    assert guarded.post(pause.format("news"), headers=bearer("ola")).status_code == 403
    assert guarded.post(pause.format("news"), headers=bearer("ingrid")).status_code == 200
    assert guarded.post(pause.format("sport"), headers=bearer("ingrid")).status_code == 403
    assert guarded.post(pause.format("sport"), headers=bearer("root")).status_code == 200


def test_the_overview_shows_what_one_may_see_and_do(guarded: Client) -> None:
    def seen(name: str) -> list[tuple[str, bool]]:
        overview = guarded.get("/api/overview", headers=bearer(name)).json
        return [(one["name"], one["can_edit"]) for one in overview["channels"]]

    assert seen("ola") == [("archive", False), ("news", False)]
    assert seen("ingrid") == [("archive", True), ("news", True)]
    assert seen("root") == [("archive", True), ("news", True), ("sport", True)]


def test_the_journal_and_the_as_run_are_filtered_too(studio: Studio, guarded: Client) -> None:
    guarded.post("/playout/channels/sport/skip", headers=bearer("root"))
    guarded.post("/playout/channels/news/skip", headers=bearer("ingrid"))
    journal = guarded.get("/api/journal", headers=bearer("ola")).json
    assert [(line["who"], line["channel"]) for line in journal] == [("ingrid", "news")]
    activity = guarded.get("/api/activity", headers=bearer("ola")).json
    assert {row["channel"] for row in activity["asrun"]} == {"archive", "news"}
    assert 'channel="sport"' not in guarded.get("/metrics", headers=bearer("ola")).text


def test_a_browser_logs_in_and_out(guarded: Client) -> None:
    page = guarded.get("/channels/news", headers={"Accept": "text/html"})
    assert page.headers["Location"] == "/login?next=/channels/news"
    form = {"token": TOKENS["ingrid"], "next": "/channels/news"}
    entered = guarded.post("/login", data=form)
    assert entered.headers["Location"] == "/channels/news"
    cookie = entered.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert guarded.get("/playout/channels").status_code == 200
    guarded.post("/logout")
    assert guarded.get("/playout/channels").status_code == 401


def test_a_wrong_token_and_a_foreign_address_get_nowhere(guarded: Client) -> None:
    wrong = guarded.post("/login", data={"token": "x"})
    assert wrong.status_code == 401
    assert "No account has this token" in wrong.text
    for next_page in ("https://evil.example/", "//evil.example", "/\\evil.example"):
        form = {"token": TOKENS["ola"], "next": next_page}
        assert guarded.post("/login", data=form).headers["Location"] == "/"


def test_a_cookie_alone_does_not_act(guarded: Client) -> None:
    guarded.post("/login", data={"token": TOKENS["ingrid"]})
    pause = "/playout/channels/news/pause"
    assert guarded.post(pause).status_code == 403
    assert guarded.post(pause, data={"a": "form"}).status_code == 403
    assert guarded.post(pause, json={}).status_code == 200
    assert guarded.post(pause, headers={"X-Requested-With": "page"}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_site_cannot_act(studio: Studio, client: Client, headers: dict[str, str]) -> None:
    answer = client.post("/playout/channels/news/pause", json={}, headers=headers)
    assert answer.status_code == 403
    assert studio["news"].acts == []


def test_the_page_s_own_origin_may_act(client: Client) -> None:
    headers = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    assert client.post("/playout/channels/news/pause", json={}, headers=headers).status_code == 200


def test_open_access_is_for_this_machine_only(studio: Studio, client: Client) -> None:
    with pytest.raises(UsageError, match=r"access\.yaml"):
        create_app(studio.deps(on_loopback=False))
    rebound = client.get("/playout/channels", headers={"Host": "rebound.example"})
    assert rebound.status_code == 403


def test_accounts_that_vanish_do_not_open_the_door(
    studio: Studio, open_client: Callable[[], Client], guarded: Client
) -> None:
    studio.accounts = studio.accounts[:1]
    assert guarded.get("/playout/channels", headers=bearer("root")).status_code == 401
    network = create_app(studio.deps(on_loopback=False)).test_client()
    studio.accounts = ()
    assert network.get("/playout/channels").status_code == 403


def test_every_answer_is_sealed(client: Client) -> None:
    for path in ("/", "/api/overview", "/playout/nothing", "/static/wall.js"):
        answer = client.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        answer.close()
