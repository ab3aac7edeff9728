from __future__ import annotations

import csv
import io
import re

import pytest

from reconciler.model.ids import ChannelName
from tests.unit.web.conftest import Client
from tests.web_fixture import Studio

NEWS = ChannelName("news")


def fill(studio: Studio, count: int) -> None:
    pattern = studio.asrun[NEWS][0]
    studio.asrun[NEWS] = [{**pattern, "id": number} for number in range(count, 0, -1)]


@pytest.mark.parametrize("query", ["", "?limit=7", "?limit=500", "?limit=0"])
def test_every_row_is_reached_by_paging(studio: Studio, client: Client, query: str) -> None:
    fill(studio, 1_203 if not query.endswith("0") or "500" in query else 5)
    path: str | None = f"/playout/channels/news/asrun{query}"
    seen: list[int] = []
    while path:
        answer = client.get(path)
        seen += [row["id"] for row in answer.json]
        link = re.search(r'<([^>]+)>; rel="next"', answer.headers.get("Link", ""))
        path = link[1] if link else None
    assert seen == [row["id"] for row in studio.asrun[NEWS]]


def test_rows_come_newest_first_with_reasons(client: Client) -> None:
    rows = client.get("/playout/channels/news/asrun").json
    assert [row["id"] for row in rows] == sorted((row["id"] for row in rows), reverse=True)
    assert all(row["evidence"] and row["why"] for row in rows)


@pytest.mark.parametrize("query", ["limit=x", "limit=-1", "before=1.5", f"before={'9' * 30}"])
def test_paging_by_nonsense_is_400(client: Client, query: str) -> None:
    assert client.get(f"/playout/channels/news/asrun?{query}").status_code == 400


@pytest.mark.parametrize("by_header", [True, False])
def test_csv_holds_every_row(studio: Studio, client: Client, *, by_header: bool) -> None:
    fill(studio, 6_100)
    if by_header:
        answer = client.get("/playout/channels/news/asrun", headers={"Accept": "text/csv"})
    else:
        answer = client.get("/playout/channels/news/asrun.csv")
    assert answer.mimetype == "text/csv"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [int(row["id"]) for row in rows] == list(range(6_100, 0, -1))


def test_a_spreadsheet_does_not_compute_a_title(studio: Studio, client: Client) -> None:
    studio.asrun[NEWS] = [{**studio.asrun[NEWS][0], "title": "=1+1", "start_error_frames": -1}]
    row = next(csv.DictReader(io.StringIO(client.get("/playout/channels/news/asrun.csv").text)))
    assert row["title"] == "'=1+1"
    assert row["start_error_frames"] == "-1"


def test_a_channel_without_rows_has_an_empty_table(studio: Studio, client: Client) -> None:
    studio.asrun[NEWS] = []
    assert client.get("/playout/channels/news/asrun").json == []
    assert client.get("/playout/channels/news/asrun.csv").text == ""
