from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.adapters.sidecar_http import read_answer
from reconciler.model.observed import Life, SidecarSeen
from reconciler.web.tally import Tally, judge, possible_acts
from tests.web_data import status_of
from tests.web_fixture import small


def answering(**knobs: Any) -> SidecarSeen:
    studio = small()
    one = studio["news"]
    for name, value in knobs.items():
        setattr(one, name, value)
    assert one.seen is not None
    return replace(one.seen, answer=read_answer(status_of(one, studio.clock.now())))


def lamp(seen: SidecarSeen | None, *, wanted: bool = True, error: str = "") -> tuple[str, str]:
    tally = judge(wanted=wanted, seen=seen, error=error)
    assert tally.why or tally == Tally("red", "ON AIR")
    return tally.colour, tally.word


DOWN = {"main": ("down", "refused"), "social": ("opening", "")}


@pytest.mark.parametrize(
    ("knobs", "expected"),
    [
        ({}, ("red", "ON AIR")),
        ({"transport": "list"}, ("red", "ON AIR")),
        ({"outputs": {"main": ("sending", ""), "b": ("down", "")}}, ("red", "ON AIR")),
        ({"engine": "restarting"}, ("amber", "STARTING")),
        ({"sending": False}, ("amber", "SILENT")),
        ({"outputs": DOWN}, ("amber", "NO OUTPUT")),
        ({"outputs": {"main": ("waiting", "")}}, ("grey", "WAITING")),
        ({"transport": "paused", "paused_at": 5}, ("amber", "PAUSED")),
        ({"transport": "stopped"}, ("amber", "STOPPED")),
        ({"transport": "holding"}, ("amber", "HOLD")),
        ({"slate": True}, ("amber", "SLATE")),
        ({"moving": False}, ("amber", "FROZEN")),
        ({"outputs": {}}, ("grey", "PREVIEW")),
    ],
)
def test_red_needs_a_programme_that_leaves(
    knobs: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert lamp(answering(**knobs)) == expected


def test_without_an_answer_it_is_not_known_to_be_on_air() -> None:
    seen = replace(answering(), answer=None)
    assert lamp(seen) == ("unread", "NO ANSWER")
    assert lamp(replace(seen, life=Life.DEAD)) == ("amber", "DOWN")
    assert lamp(None, error="mcr-1: silent") == ("unread", "NOT READ")


def test_without_a_sidecar_it_depends_on_what_is_wanted() -> None:
    assert lamp(None) == ("amber", "DOWN")
    assert lamp(None, wanted=False) == ("grey", "OFF")


def test_a_still_picture_is_not_frozen() -> None:
    assert judge(wanted=True, seen=answering(moving=False), error="", still=True).word == "ON AIR"


def test_acts_that_would_change_something() -> None:
    def acts(transport: str) -> tuple[str, ...]:
        return possible_acts(answering(transport=transport, paused_at=5).answer)

    assert acts("playing") == ("pause", "skip", "hold", "stop")
    assert acts("paused") == ("resume", "skip", "stop", "play")
    assert acts("stopped") == ("resume", "play")
    assert acts("some new one") == ("pause", "resume", "skip", "hold", "stop", "play")
    assert possible_acts(None) == ()
