"""Commands that tell what is there, and live acts: status, asrun, live, down."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable

import pytest

from reconciler.cli.exits import DONE, FAILED, REFUSED, USAGE
from reconciler.cli.table import cut, table
from reconciler.errors import Fault, LineupError
from reconciler.model.ids import ChannelName, NodeName
from tests.builders import channel, lineup, machine
from tests.fakes_world import FakeWorld
from tests.unit.cli.conftest import Run

On = Callable[[FakeWorld], FakeWorld]
RACK1 = NodeName("rack1")
BAD = LineupError((Fault(file="channels/news.yaml", line=6, field="format", problem="wrong"),))


@pytest.fixture
def world(on: On) -> FakeWorld:
    found = on(FakeWorld(lineup(channel("news"), channel("sport"), machine("rack1"))))
    found.converge()
    found.leadership.resign()
    return found


# ── status ───────────────────────────────────────────────────────────────────────────────────────


def test_status_is_a_line_per_channel_in_columns(run: Run, world: FakeWorld) -> None:
    assert world is not None
    said = run("status")
    assert (said.code, said.err) == (DONE, "")
    assert said.out.splitlines() == [
        "news   on air  playing  BARS  rack1 epoch 1  main:sending",
        "sport  on air  playing  BARS  rack1 epoch 1  main:sending",
    ]


def test_status_tells_what_is_not_as_it_should_be(run: Run, world: FakeWorld) -> None:
    world.lineup.set(
        lineup(channel("news"), channel("off", on_air=False), channel("sport"), channel("waits"))
    )
    world.yard.kill("news", 1)
    world.yard.at("sport", 1).faults = ("no sound for 12 s", "frozen")
    lines = run("status").out.splitlines()
    assert [line.split("  ")[0].strip() for line in lines] == [
        "news",
        "off",
        "sport",
        "",
        "",
        "waits",
    ]
    assert "dead" in lines[0]
    assert lines[3:5] == ["  ! no sound for 12 s", "  ! frozen"]
    assert "not running" in lines[5]


def test_status_of_a_sidecar_that_is_starting_ready_silent_or_on_its_slate(
    run: Run, world: FakeWorld
) -> None:
    sidecar = world.yard.at("news", 1)
    sidecar.rundown = None
    assert "slate" in run("status").out.splitlines()[0]
    world.clock.tick(60)
    assert run("status").out.splitlines()[0].split()[1] == "starting"
    assert run("status").out.splitlines()[1].split()[1] == "ready"
    sidecar.mute = True
    assert "no answer for 0 s" in run("status").out.splitlines()[0]


def test_status_names_a_node_that_does_not_answer(run: Run, world: FakeWorld) -> None:
    world.yard.nodes[RACK1].silent = True
    assert run("status").out.splitlines()[-1] == (
        "! node rack1 does not answer: rack1: look: no answer"
    )


def test_status_works_while_the_newest_lineup_is_wrong(run: Run, world: FakeWorld) -> None:
    world.lineup.set(BAD)
    said = run("status")
    assert said.code == DONE
    assert "channels/news.yaml:6: format: wrong" in said.err
    assert len(said.out.splitlines()) == 2


def test_status_as_json(run: Run, world: FakeWorld) -> None:
    assert world is not None
    told = json.loads(run("status", "--format", "json").out)
    assert [(one["channel"], one["answer"]["sending"]) for one in told] == [
        ("news", True),
        ("sport", True),
    ]


def test_status_of_nothing(run: Run, on: On) -> None:
    on(FakeWorld(lineup()))
    assert run("status").out == ""


# ── as-run ───────────────────────────────────────────────────────────────────────────────────────


def went_out(world: FakeWorld, count: int = 3) -> None:
    for _ in range(count):
        world.yard.add_row(world.yard.at("news", 1), why="end")
        world.clock.tick(1)
    world.one_pass()


def test_asrun_is_a_table_newest_first(run: Run, world: FakeWorld) -> None:
    went_out(world)
    lines = run("asrun", "news", "--limit", "2").out.splitlines()
    assert lines[0].split() == ["started", "(UTC)", "off", "by", "kind", "title", "end", "evidence"]
    assert [line.split()[:2] for line in lines[1:]] == [
        ["2026-03-02", "12:00:05"],
        ["2026-03-02", "12:00:04"],
    ]
    assert lines[1].split()[2:] == ["+7", "ms", "programme", "BARS", "end", "engine"]


def test_asrun_of_what_never_began_tells_no_start_error(run: Run, world: FakeWorld) -> None:
    world.yard.add_row(world.yard.at("news", 1), why="missed")
    world.one_pass()
    line = run("asrun", "news").out.splitlines()[1]
    assert line.split()[2:] == ["programme", "BARS", "missed", "engine"]


def test_asrun_as_csv_and_json(run: Run, world: FakeWorld) -> None:
    went_out(world)
    rows = list(csv.DictReader(io.StringIO(run("asrun", "news", "--format", "csv").out)))
    assert [row["why"] for row in rows] == ["end"] * 3
    told = json.loads(run("asrun", "news", "--format", "json").out)
    assert [row["why"] for row in told] == ["end"] * 3


@pytest.mark.parametrize(
    ("form", "prints"), [("text", ""), ("json", "[]\n"), ("csv", "started_at,")]
)
def test_a_channel_of_which_nothing_went_out(
    run: Run, world: FakeWorld, form: str, prints: str
) -> None:
    assert world is not None
    said = run("asrun", "news", "--format", form)
    assert (said.code, said.err) == (DONE, "news: nothing went out yet\n")
    assert said.out.startswith(prints)


def test_asrun_of_no_channel(run: Run, world: FakeWorld) -> None:
    assert world is not None
    said = run("asrun", "nwes")
    assert said.code == USAGE
    assert said.err == "expected a channel's name, found 'nwes'; did you mean `news`?\n"
    assert run("asrun", "news", "--limit", "0").code == USAGE


# ── fence ────────────────────────────────────────────────────────────────────────────────────────


def test_a_fence_wants_the_name_twice_and_a_node_that_does_not_answer(
    run: Run, world: FakeWorld
) -> None:
    name = world.sending("news")[0].node
    said = run("fence", name, "--confirm", "n2")
    assert (said.code, said.err) == (64, f"--confirm: expected '{name}' once more, found 'n2'\n")
    assert "it answers, so it is not off" in run("fence", name, "--confirm", name).err
    world.yard.nodes[name].silent = True
    said = run("fence", name, "--confirm", name)
    assert said.code == 0
    assert "news: its right to send on" in said.out


# ── live ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_live_act_tells_what_the_engine_showed(run: Run, world: FakeWorld) -> None:
    said = run("live", "news", "pause")
    assert (said.code, said.err) == (DONE, "")
    assert said.out.startswith("news: pause: paused, on air: ")
    assert world.database.journal[-1].what == "pause"


def test_a_live_act_that_changes_nothing_says_so(run: Run, world: FakeWorld) -> None:
    assert world is not None
    run("live", "news", "pause")
    assert run("live", "news", "pause").out.endswith("; nothing to change\n")


def test_a_live_act_on_no_channel_or_one_that_is_not_there(run: Run, world: FakeWorld) -> None:
    said = run("live", "nwes", "skip")
    assert said.code == USAGE
    assert "did you mean `news`?" in said.err
    world.yard.kill("news", 1)
    said = run("live", "news", "skip")
    assert said.code == FAILED
    assert said.err == "news: not running; put `on_air: true` in its file and commit\n"


# ── down ─────────────────────────────────────────────────────────────────────────────────────────


def test_down_takes_everything_off_air(run: Run, world: FakeWorld) -> None:
    said = run("--database-url", "fake", "down", "--yes")
    assert (said.code, said.out) == (DONE, "- news (epoch 1)\n- sport (epoch 1)\n")
    assert world.yard.sidecars == {}
    again = run("--database-url", "fake", "down", "--yes")
    assert (again.code, again.out, again.err) == (DONE, "", "nothing was on air\n")


def test_down_works_while_the_newest_lineup_is_wrong(run: Run, world: FakeWorld) -> None:
    world.lineup.set(BAD)
    said = run("--database-url", "fake", "down", "--yes")
    assert said.code == DONE
    assert world.yard.sidecars == {}


def test_down_asks_first(run: Run, world: FakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda _prompt: "n")
    assert run("--database-url", "fake", "down").code == FAILED
    assert len(world.yard.sidecars) == 2


def test_down_does_not_wrestle_with_another_leader(run: Run, world: FakeWorld) -> None:
    world.another().leadership.try_lead()
    said = run("--database-url", "fake", "down", "--yes")
    assert said.code == REFUSED
    assert len(world.yard.sidecars) == 2


def test_down_tells_what_it_could_not_take_off(run: Run, world: FakeWorld) -> None:
    world.yard.nodes[RACK1].refuses = "busy"
    said = run("--database-url", "fake", "down", "--yes")
    assert said.code == FAILED
    assert said.err.startswith("! news: rack1: retire news 1: busy")
    assert ChannelName("news") in world.database.leases


# ── tables ───────────────────────────────────────────────────────────────────────────────────────


def test_columns_line_up_and_nothing_trails() -> None:
    assert table([("a", "bbb", ""), ("aa", "b", "c")]) == ["a   bbb", "aa  b    c"]
    assert table([]) == []


def test_long_text_is_cut_where_one_can_see_it() -> None:
    assert (cut("short", 5), cut("longer", 5)) == ("short", "long…")
