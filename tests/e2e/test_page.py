"""The wall in headless Chromium: what the API says is what the page shows, and buttons act."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.browser import Page, browser
from tests.web_data import copy_of
from tests.web_fixture import RealClock, Studio, served, small, trouble

pytestmark = [
    pytest.mark.browser,
    pytest.mark.media,
    pytest.mark.slow,
]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(tmp_path_factory.mktemp("browser")) as page:
        yield page


@pytest.fixture
def studio() -> Studio:
    return small(RealClock())


@pytest.fixture
def wall(studio: Studio, page: Page) -> Iterator[str]:
    """The wall, opened and filled; a console error fails whatever test it was in."""
    page.errors.clear()
    with served(studio) as address:
        page.size(1280, 800)
        page.go(address)
        page.wait("document.querySelectorAll('.card .left').length === 3")
        yield address
        page.go("about:blank")
        page.wait("location.href === 'about:blank'")
        gone = "/previews/"  # a channel taken away mid-segment; that previews play has its own test
        assert [error for error in page.errors if gone not in error] == []


def card(name: str, part: str) -> str:
    return f"document.querySelector('#channel-{name} {part}')"


def text(name: str, part: str) -> str:
    return f"{card(name, part)}.textContent"


def test_the_wall_shows_what_the_api_says(page: Page, wall: str) -> None:
    said = page.run("fetch('/api/overview').then((answer) => answer.json())")
    for channel in said["channels"]:
        name = channel["name"]
        assert page.run(text(name, ".lamp")) == channel["tally"]["word"] == "ON AIR"
        assert page.run(text(name, ".now .event")) == channel["on_air"]["title"]
        assert page.run(text(name, ".next .event")) == channel["next"]["title"]
        assert page.run(text(name, ".tech")) == f"{channel['format']} · {channel['node']}"
        assert page.run(f"{card(name, '.acts')}.hidden") is False
    left = page.run(text("news", ".left"))
    assert left.count(":") in {1, 2}
    page.wait(f"{text('news', '.left')} !== '{left}'")  # it counts by itself


def test_the_preview_moves(page: Page, wall: str) -> None:
    video = card("news", "video")
    page.wait(f"{video}.currentTime > 0 && {video}.videoWidth === 384")
    then = page.run(f"{video}.currentTime")
    page.wait(f"{video}.currentTime > {then} + 0.5")
    assert page.run(f"{video}.muted")
    assert page.wait(f"{card('news', '.cover')}.hidden")


@pytest.mark.parametrize(
    ("act", "word"), [("pause", "PAUSED"), ("hold", "HOLD"), ("skip", "ON AIR")]
)
def test_a_button_acts_and_the_page_follows(
    studio: Studio, page: Page, wall: str, act: str, word: str
) -> None:
    before = page.run(text("news", ".now .event"))
    page.run(f"{card('news', f'[data-act={act}]')}.click()")
    page.wait(f"{text('news', '.lamp')} === '{word}'")
    if act == "skip":
        page.wait(f"{text('news', '.now .event')} !== '{before}'")
    assert [name for name, _ in studio["news"].acts] == [act]
    assert studio["archive"].acts == []
    page.wait(f"document.querySelector('#journal').textContent.includes('{act}')")


def test_pause_then_resume_with_the_keyboard(studio: Studio, page: Page, wall: str) -> None:
    page.run(f"{card('news', '[data-act=pause]')}.focus()")
    page.press("Enter", 13)
    page.wait(f"!{card('news', '[data-act=resume]')}.disabled")
    assert page.run(f"{card('news', '[data-act=pause]')}.disabled")
    page.run(f"{card('news', '[data-act=resume]')}.focus()")
    page.press("Enter", 13)
    page.wait(f"{text('news', '.lamp')} === 'ON AIR'")
    assert [name for name, _ in studio["news"].acts] == ["pause", "resume"]


def test_stop_asks_first(studio: Studio, page: Page, wall: str) -> None:
    stop = card("news", "[data-act=stop]")
    page.run(f"{stop}.click()")
    assert page.wait("document.querySelector('dialog').open")
    assert page.run("document.activeElement.value") == "no"
    page.press("Enter", 13)
    page.wait(f"!document.querySelector('dialog').open && !{stop}.disabled")
    assert studio["news"].acts == []
    page.run(f"{stop}.click()")
    page.run("document.querySelector('dialog [value=yes]').click()")
    page.wait(f"{text('news', '.lamp')} === 'SLATE' || {text('news', '.lamp')} === 'STOPPED'")
    assert [name for name, _ in studio["news"].acts] == ["stop"]


def test_trouble_is_told_in_words(studio: Studio, page: Page, wall: str) -> None:
    trouble(studio)
    studio["news"].silent = True
    studio["sport"].seen = None
    studio["archive"].outputs["social"] = ("down", "connection refused")
    page.wait(f"{text('news', '.lamp')} === 'NO ANSWER' || {text('news', '.lamp')} === 'NOT READ'")
    page.wait(f"{text('sport', '.lamp')} === 'DOWN'")
    page.wait(f"/social rtmp:.* down/.test({text('archive', '.outputs')})")
    page.wait("document.querySelectorAll('.attention a').length === 3")
    assert page.run(f"{card('news', '[data-act=pause]')}.disabled")
    studio["news"].silent = False
    page.wait(f"{text('news', '.lamp')} === 'ON AIR'")


def test_media_under_way_has_a_panel_and_none_has_none(
    studio: Studio, page: Page, wall: str
) -> None:
    assert page.run("document.getElementById('media').hidden") is True
    now = studio.clock.now()
    studio.media += [
        copy_of("FILM-9", "news", now, done=0.42, due=900),
        copy_of("SP-1", "news", now, error="the store answers 503", due=60),
    ]
    rows = "document.querySelectorAll('#media .rows li')"
    page.wait(f"{rows}.length === 2")
    assert "staging 42 %" in page.run(f"{rows}[0].textContent")
    assert page.run(f"{rows}[0].querySelector('i').style.getPropertyValue('--done')") == "0.4200"
    assert "the store answers 503" in page.run(f"{rows}[1].textContent")
    assert page.run(f"{rows}[1].className") == "bad"
    assert page.run("document.querySelector('#media h2 small').textContent") == "1 in trouble"
    studio.media.clear()
    page.wait("document.getElementById('media').hidden")


def test_a_bad_commit_is_a_banner_with_its_errors(studio: Studio, page: Page, wall: str) -> None:
    studio.lineup_error = "channels/news.yaml:6: outputs[0].device: expected a number"
    page.wait("document.querySelector('#banner-lineup')?.textContent.includes('news.yaml:6')")
    studio.lineup_error = None
    page.wait("!document.querySelector('#banner-lineup')")


def test_a_channel_that_joins_or_leaves_the_lineup(studio: Studio, page: Page, wall: str) -> None:
    studio.add("kids", "Kids")
    page.wait("document.querySelectorAll('.card').length === 4")
    studio.channels.pop(studio["archive"].facts.name)
    page.wait("!document.getElementById('channel-archive')")
    order = "[...document.querySelectorAll('.card .name')].map((name) => name.textContent)"
    assert page.run(order) == ["Kids", "News 24", "Sport One"]


def test_without_a_server_the_page_says_how_old_it_is(
    studio: Studio, page: Page, tmp_path: Path
) -> None:
    with served(studio) as address:
        page.go(address)
        page.wait("document.querySelectorAll('.card .left').length === 3")
    page.wait("document.body.classList.contains('stale')")
    assert "No answer from the server" in page.run("document.querySelector('.urgent').textContent")
    page.go("about:blank")
    page.wait("location.href === 'about:blank'")
    page.errors.clear()  # the browser notes each request that nobody answered


def test_the_channel_s_own_page(studio: Studio, page: Page, wall: str) -> None:
    trouble(studio)
    page.go(f"{wall}/channels/archive")
    page.wait("document.querySelectorAll('#rundown tbody tr').length > 20")
    page.wait("document.querySelectorAll('#asrun tbody tr').length === 20")
    assert page.run("document.querySelector('tr.current td:nth-child(3)').textContent") == (
        "Morning News"
    )
    assert page.run(text("archive", ".left")).count(":") == 3  # frames too
    page.wait("document.querySelector('#remarks').textContent.includes('overrun')")
    page.run(f"{card('archive', '[data-act=pause]')}.click()")
    page.wait(f"{text('archive', '.lamp')} === 'PAUSED'")


def test_as_run_pages_back_and_forth(studio: Studio, page: Page, wall: str) -> None:
    rows = studio.asrun[studio["news"].facts.name]
    rows[:] = [
        {**rows[0], "id": number, "title": f"row {number}", "start_error_ms": 7}
        for number in range(120, 0, -1)
    ]
    nameless = {"kind": "slate", "event": "slate@2026-11-30T09:37:33Z+20"}
    rows[1] = {**rows[1], **nameless, "title": None, "item": None, "asset": None}
    first = "document.querySelector('#asrun tbody td:nth-child(3)')?.textContent"
    page.go(f"{wall}/channels/news")
    page.wait(f"{first} === 'row 120'")
    off = page.run("document.querySelector('#asrun tbody td:nth-child(6)').textContent")
    assert off == f"+{rows[0]['start_error_ms']} ms"
    second = "document.querySelector('#asrun tbody tr:nth-child(2) td:nth-child(3)').textContent"
    assert page.run(second) == "slate"
    for expected in ("row 70", "row 20"):
        page.wait("!document.getElementById('older').disabled")
        page.run("document.getElementById('older').click()")
        page.wait(f"{first} === '{expected}'")
    page.wait("document.getElementById('older').disabled")
    page.run("document.getElementById('newest').click()")
    page.wait(f"{first} === 'row 120'")


@pytest.mark.parametrize("width", [1920, 1280, 390])
def test_nothing_is_wider_than_the_screen(
    studio: Studio, page: Page, wall: str, width: int
) -> None:
    trouble(studio)
    studio["news"].facts = replace(
        studio["news"].facts, title="A channel with a remarkably long and unbreakable-name" * 2
    )
    for path in ("/", "/channels/news"):
        page.size(width, 844)
        page.go(wall + path)
        page.wait("document.querySelectorAll('.card .left').length > 0")
        assert page.run("document.documentElement.scrollWidth") <= width
