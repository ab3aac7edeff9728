"""`reconcile media`: what is where, and asking for new copies."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from reconciler.cli import media as module
from reconciler.cli.copies import Line, told
from reconciler.cli.exits import DONE, FAILED, USAGE
from reconciler.errors import Unreachable
from reconciler.model.copies import CopyProgress, CopyState
from reconciler.model.findings import Findings, Loss
from reconciler.model.ids import AssetId, NodeName
from tests.builders import NOW, channel, item, lineup, machine, playlist
from tests.fakes_world import FakeWorld
from tests.unit.cli.conftest import Run

On = Callable[[FakeWorld], FakeWorld]
RACK1, BARS = NodeName("rack1"), "BARS.0123456789ab.mp4"


@pytest.fixture
def world(on: On) -> FakeWorld:
    desired = lineup(
        channel("news"),
        channel("sport", schedule=()),
        machine("rack1"),
        playlist("base", item("BARS"), item("FILM")),
    )
    media: dict[str, int | str] = {"BARS": 3600, "FILM": "FILM.mp4: it is truncated"}
    found = on(FakeWorld(desired, media=media))
    found.converge()
    found.leadership.resign()
    return found


def test_media_lists_what_is_where_with_its_length_and_next_time(
    run: Run, world: FakeWorld
) -> None:
    assert world is not None
    said = run("media")
    assert (said.code, said.err) == (DONE, "")
    assert said.out.splitlines() == [
        "asset  node   state  size    length   loudness  due",
        "BARS   rack1  ready  1.0 kB  1:00:00            now",
        "FILM          error  1.0 kB",
        "  ! FILM.mp4: it is truncated",
    ]


def test_media_of_one_channel_or_node(run: Run, world: FakeWorld) -> None:
    assert world is not None
    assert len(run("media", "news").out.splitlines()) == 4
    assert run("media", "sport").out == ""
    assert run("media", "--node", "rack1").out.splitlines()[1:] == [
        "BARS   rack1  ready  1.0 kB  1:00:00            now"
    ]
    for wrong in (["nws"], ["--node", "rack2"], ["news", "--watch", "--format", "json"]):
        assert run("media", *wrong).code == USAGE


def test_a_file_that_nobody_wants_is_listed_by_its_name(run: Run, world: FakeWorld) -> None:
    world.yard.nodes[RACK1].media["OLD-1.mp4"] = 5_000_000
    world.one_pass()
    lines = run("media").out.splitlines()
    assert "OLD-1.mp4  rack1  ready  5.0 MB" in lines


def test_media_as_json_says_everything(run: Run, world: FakeWorld) -> None:
    assert world is not None
    found = json.loads(run("media", "--format", "json").out)
    assert [(one["asset"], one["state"]) for one in found] == [("BARS", "ready"), ("FILM", "error")]
    assert found[0]["media_path"] == BARS
    assert found[0]["seconds"] == 3600


def test_what_is_under_way_has_a_bar_on_a_terminal_and_none_elsewhere() -> None:
    later = (NOW + timedelta(seconds=72)).isoformat()
    half = Line(
        asset="FILM", node="rack1", state="staging", size=5 * 10**9, done=2 * 10**9,
        seconds=5400, loudness=-23.04, due_at=(NOW + timedelta(hours=2)).isoformat(),
        eta_at=later, asked_by="anna", problem="x" * 200,
    )  # fmt: skip
    plain = list(told([half], NOW, bars=False))
    assert plain[1] == (
        "FILM   rack1  staging 40%, 1 min left  5.0 GB  1:30:00  -23.0 LUFS  in 2 h 00 min"
    )
    assert plain[3] == "  ~ a new copy was asked for by anna"
    barred = list(told([half], NOW, bars=True))
    assert "staging ━━━━━─────── 40%, 1 min left" in barred[1]
    assert max(map(len, [*plain, *barred])) <= 100
    assert list(told([], NOW, bars=True)) == []


def test_a_table_that_would_be_too_wide_goes_without_bars() -> None:
    wide = Line(
        asset="A-VERY-LONG-HOUSE-NUMBER-INDEED-0001", node="playout-rack-12", state="staging",
        size=5 * 10**9, done=10**9, seconds=5400, loudness=-23.0,
        due_at=(NOW + timedelta(hours=22)).isoformat(),
        eta_at=(NOW + timedelta(hours=9)).isoformat(),
    )  # fmt: skip
    lines = list(told([wide], NOW, bars=True))
    assert max(map(len, lines)) <= 100
    assert "━" not in "".join(lines)
    assert lines[1].startswith("A-VERY-LONG-HOUSE-NUMBER-IN…  playout-rack-12  staging 20%")


def test_watching_shows_what_changed_and_ends_when_told(
    run: Run, world: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0

    class Stop:
        def is_set(self) -> bool:
            return looks > 2

        def wait(self, _seconds: float) -> bool:
            nonlocal looks
            looks += 1
            if looks == 2:
                bad = CopyProgress(
                    stored=BARS, asset=AssetId("BARS"), state=CopyState.ERROR, size=1000, error="no"
                )
                world.store.note_copy(RACK1, bad)
            return looks > 2

    class Told:
        def __enter__(self) -> Stop:
            return Stop()

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(module, "until_told", Told)
    lines = run("media", "news", "--watch").out.splitlines()
    assert lines[4:] == [
        "asset  node   state  size    length   loudness  due",
        "BARS   rack1  error  1.0 kB  1:00:00            now",
        "  ! no",
    ]


# ── restage ──────────────────────────────────────────────────────────────────────────────────────


def test_a_new_copy_is_asked_for_where_the_asset_is(run: Run, world: FakeWorld) -> None:
    said = run("media", "restage", "BARS")
    assert said.code == DONE
    assert said.out == "BARS: a new copy is asked for on rack1; see: reconcile media\n"
    (request,) = world.database.restages
    assert (request.asset, request.node) == ("BARS", "rack1")
    assert world.database.journal[-1].what == "ask for a new copy of BARS on rack1"
    assert world.database.journal[-1].who == request.who
    assert f"asked for by {request.who}" in run("media").out
    world.converge()
    assert world.database.restages == []


def test_a_new_copy_of_what_is_nowhere_or_unknown_is_refused(run: Run, world: FakeWorld) -> None:
    said = run("media", "restage", "BRAS")
    assert (said.code, "did you mean" in said.err) == (USAGE, True)
    said = run("media", "restage", "FILM")
    assert said.code == FAILED
    assert "name one with --node" in said.err
    assert run("media", "restage", "FILM", "--node", "rack9").code == USAGE
    assert run("media", "restage", "FILM", "--node", "rack1").code == DONE
    assert [one.asset for one in world.database.restages] == ["FILM"]


def test_inspect_looks_now_tells_what_it_found_and_is_done_once(run: Run, world: FakeWorld) -> None:
    torn = Findings(losses=(Loss(what="pictures", at_ms=12_000, lasts_ms=2100),), loudness=-20.0)
    world.yard.nodes[RACK1].found[BARS] = torn
    said = run("media", "inspect")
    assert (said.code, said.out) == (
        DONE,
        "BARS  rack1  ! its pictures are lost from 0:12.0 for 2.1 s, -20.0 LUFS\n",
    )
    assert world.database.findings[BARS].losses == torn.losses
    assert "! its pictures are lost" in run("media").out
    again = run("media", "inspect")
    assert (again.code, again.out, again.err) == (DONE, "", "every staged file was looked into\n")
    world.yard.nodes[RACK1].found.clear()
    assert run("media", "inspect", "BARS").out == "BARS  rack1  nothing wrong\n"


def test_inspect_says_what_it_could_not_look_into(run: Run, world: FakeWorld) -> None:
    assert run("media", "inspect", "BRAS").code == USAGE
    assert run("media", "inspect", "--node", "rack2").code == USAGE
    missing = run("media", "inspect", "FILM")
    assert missing.code == DONE
    assert "it is not staged on any node" in missing.err
    world.yard.nodes[RACK1].delay = fail_inspect
    said = run("media", "inspect")
    assert said.code == FAILED
    assert "1 of 1 could not be looked into" in said.err


def fail_inspect(what: str) -> None:
    if what.startswith("inspect"):
        raise Unreachable(f"rack1: {what}: no answer")


def test_a_dry_run_says_what_nobody_has_looked_into_until_somebody_has(
    run: Run, world: FakeWorld
) -> None:
    assert world is not None
    assert "not looked into for damage yet: BARS, what airs first" in run("--dry-run").err
    run("media", "inspect")
    assert "looked into" not in run("--dry-run").err
