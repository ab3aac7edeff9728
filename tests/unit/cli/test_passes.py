from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from reconciler.cli.exits import DONE, FAILED, PENDING, REFUSED, USAGE, WAITED
from reconciler.errors import Fault, LineupError
from reconciler.model.desired import Desired, Policy
from reconciler.model.ids import NodeName
from tests.builders import channel, lineup
from tests.fakes_world import FakeWorld
from tests.unit.cli.conftest import Run

On = Callable[[FakeWorld], FakeWorld]
RACK1 = NodeName("rack1")


@pytest.fixture
def world(on: On) -> FakeWorld:
    return on(FakeWorld(lineup(channel("news"), channel("sport"))))


# ── dry runs ─────────────────────────────────────────────────────────────────────────────────────


def test_a_dry_run_prints_the_plan_and_changes_nothing(run: Run, world: FakeWorld) -> None:
    said = run("--dry-run")
    assert said.code == DONE
    assert "spawn sidecar on rack1, epoch 1" in said.out
    assert max(map(len, said.out.splitlines())) <= 100
    assert world.database.channels == {}
    assert world.yard.sidecars == {}


def test_pending_changes_are_an_exit_code_when_asked_for(run: Run, world: FakeWorld) -> None:
    assert run("--dry-run", "--detailed-exitcode").code == PENDING
    world.converge()
    assert run("--dry-run", "--detailed-exitcode").code == DONE


def test_fetching_as_run_is_no_pending_change(run: Run, world: FakeWorld) -> None:
    world.converge()
    world.yard.add_row(world.yard.at("news", 1), why="end")
    assert run("--dry-run", "--detailed-exitcode").code == DONE


@pytest.mark.parametrize(
    ("form", "begins"), [("json", "{"), ("markdown", "**plan "), ("html", "<"), ("text", "plan ")]
)
def test_every_format(run: Run, world: FakeWorld, form: str, begins: str) -> None:
    assert world is not None
    said = run("--dry-run", "--format", form)
    assert said.code == DONE
    assert said.out.lstrip().startswith(begins)
    assert said.out.endswith("\n")
    if form == "json":
        assert json.loads(said.out)["digest"]


def test_one_channel_alone(run: Run, world: FakeWorld) -> None:
    assert world is not None
    said = run("--dry-run", "--channel", "news")
    assert "news" in said.out
    assert "sport" not in said.out


@pytest.mark.parametrize("flag", ["--channel", "--allow-interrupt"])
def test_a_name_that_no_channel_has_is_a_mistake(run: Run, world: FakeWorld, flag: str) -> None:
    for more in (["--dry-run"], []):
        said = run(flag, "news,sprot", *more)
        assert said.code == USAGE
        assert said.err == "expected a channel's name, found 'sprot'; did you mean `sport`?\n"
    assert world.yard.sidecars == {}


def test_a_channel_that_left_the_lineup_has_a_name(run: Run, world: FakeWorld) -> None:
    world.converge()
    world.lineup.set(lineup(channel("sport")))
    assert run("--dry-run", "--channel", "news").code == DONE


# ── applying ─────────────────────────────────────────────────────────────────────────────────────


def test_one_pass_is_applied_and_printed(run: Run, world: FakeWorld) -> None:
    said = run()
    assert (said.code, said.err) == (DONE, "")
    assert "spawn sidecar" in said.out
    assert len(world.yard.sidecars) == 2
    assert world.staged or world.yard.nodes[RACK1].media, "media was waited for"


def test_the_lead_is_given_up_afterwards(run: Run, world: FakeWorld) -> None:
    run()
    assert world.another().leadership.try_lead() is not None


def test_the_plan_that_was_shown_or_nothing(run: Run, world: FakeWorld) -> None:
    shown = json.loads(run("--dry-run", "--format", "json").out)["digest"][:6]
    assert run("--only", shown, "--dry-run").code == DONE
    assert run("--only", shown).code == DONE
    assert len(world.yard.sidecars) == 2


def test_another_plan_than_the_one_shown_is_refused(run: Run, world: FakeWorld) -> None:
    said = run("--only", "a90b11")
    assert said.code == REFUSED
    assert "--only a90b11 was asked for, but the plan is now" in said.err
    assert world.yard.sidecars == {}
    dry = run("--only", "a90b11", "--dry-run")
    assert dry.code == REFUSED
    assert "spawn sidecar" in dry.out, "it shows what the plan is now"


@pytest.mark.parametrize("digest", ["", "a", "a90b1"])
def test_too_few_digits_of_a_plan_are_a_mistake(run: Run, world: FakeWorld, digest: str) -> None:
    said = run("--only", digest)
    assert said.code == USAGE
    assert f"--only: expected at least 6 digits of a plan, found '{digest}'" in said.err
    assert world.yard.sidecars == {}


def test_while_another_leads_nothing_is_applied(run: Run, world: FakeWorld) -> None:
    world.another().leadership.try_lead()
    said = run()
    assert said.code == REFUSED
    assert said.err.startswith("refused: another reconciler leads")
    assert world.yard.sidecars == {}


def daring(fmt: str) -> Desired:
    return lineup(
        *(channel(name, fmt=fmt, allow_interrupt=True) for name in ("a", "b")),
        policy=Policy(max_interrupted=1, max_interrupted_percent=1),
    )


def test_a_plan_past_the_limits_is_refused_and_says_what_would_allow_it(run: Run, on: On) -> None:
    world = on(FakeWorld(daring("360p2500")))
    world.converge()
    world.leadership.resign()
    world.lineup.set(daring("424x240p2500"))
    shown = run("--dry-run")
    assert shown.code == DONE
    assert "refused" in shown.out
    said = run()
    assert said.code == REFUSED
    assert "interrupts 2 of 2 channels (a, b); limit 1" in said.err
    flags = said.err.partition("reconcile ")[2].split()
    assert run(*flags).code == DONE
    assert world.database.channels[channel("a").name].epoch == 2


def test_a_failure_is_told_and_is_the_exit_code(run: Run, world: FakeWorld) -> None:
    world.yard.nodes[RACK1].refuses = "no room"
    said = run()
    assert said.code == FAILED
    assert "no room" in said.err
    assert "action=SpawnSidecar channel=news" in said.err


def test_media_that_could_not_be_staged_is_a_failure(run: Run, world: FakeWorld) -> None:
    node = world.yard.nodes[NodeName("rack1")]
    node.delay = lambda what: setattr(node, "free_bytes", 0) if "stage" in what else None
    said = run()
    assert said.code == FAILED
    assert "the disk is full" in said.err


def test_a_lineup_that_is_wrong_changes_nothing(run: Run, world: FakeWorld) -> None:
    faults = [
        Fault(file="channels/news.yaml", line=n, field="format", problem="wrong") for n in (6, 3)
    ]
    world.lineup.set(LineupError(tuple(faults)))
    for arguments in ([], ["--dry-run"]):
        said = run(*arguments)
        assert said.code == FAILED
        assert said.err.splitlines() == [
            "channels/news.yaml:3: format: wrong",
            "channels/news.yaml:6: format: wrong",
            "2 mistakes; what is on air stays as it is",
        ]
        assert said.out == ""


def test_a_database_that_is_away_is_one_sentence(run: Run, world: FakeWorld) -> None:
    world.database.silent = True
    said = run("--dry-run")
    assert (said.code, said.err) == (FAILED, "database: read: no answer\n")


# ── waiting ──────────────────────────────────────────────────────────────────────────────────────


def test_waiting_ends_on_air(run: Run, world: FakeWorld) -> None:
    said = run("--wait", "30s")
    assert said.code == DONE
    assert world.on_air() == ["news", "sport"]


def test_waiting_goes_on_while_an_engine_gets_ready(run: Run, world: FakeWorld) -> None:
    pauses = 0

    def tick(seconds: float) -> None:
        nonlocal pauses
        pauses += 1
        for sidecar in world.yard.sidecars.values():
            sidecar.ready = pauses > 20
        world.clock.tick(seconds)

    object.__setattr__(world.ports, "pause", tick)
    said = run("--wait", "30s")
    assert said.code == DONE
    assert world.on_air() == ["news", "sport"]
    assert said.out.count("nothing to do") == 2, "while the engine got ready, and at the end"


def test_a_wait_that_ends_first_says_so(run: Run, world: FakeWorld) -> None:
    world.database.refuse.add("begin_spawn")
    said = run("--wait", "2s")
    assert said.code == WAITED
    assert "--wait ended after 2 s, with" in said.err


def test_waiting_goes_on_while_a_hold_ends_in_time(run: Run, world: FakeWorld) -> None:
    world.converge()
    world.leadership.resign()
    for epoch in (1, 2, 3):
        world.yard.kill("news", epoch)
        world.converge() if epoch < 3 else None
    world.leadership.resign()
    assert run("--wait", "10m").code == DONE
    assert "news" in world.on_air()


def test_a_sidecar_that_never_gets_ready_is_told(run: Run, world: FakeWorld) -> None:
    def tick(seconds: float) -> None:
        world.clock.tick(seconds)
        for sidecar in world.yard.sidecars.values():
            sidecar.ready = False

    object.__setattr__(world.ports, "pause", tick)
    said = run("--wait", "5s")
    assert said.code == WAITED
    assert "--wait ended after 5 s: a sidecar is still starting" in said.err


# ── what cannot be meant ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--ref", "main"], "--ref goes with --dry-run"),
        (["--dry-run", "--wait", "3s"], "--wait goes without --dry-run"),
        (["--wait", "soon"], "expected"),
        (["--wait", "12f"], "expected seconds, minutes or hours such as 30s, found '12f'"),
        (["--format", "xml"], "'xml' is not one of"),
        (["--no-such-option"], "No such option"),
        (["--dry-run", "status"], "--dry-run is for a pass: expected it after 'status', if at all"),
        (["--format", "json", "status"], "--format is for a pass: expected it after 'status'"),
        (["serv"], "expected a command, found 'serv'; did you mean `serve`?"),
        (["frobnicate"], "expected a command, found 'frobnicate'\n"),
        (["asrun"], "Missing argument 'CHANNEL'"),
        (["live", "news", "explode"], "'explode' is not one of"),
    ],
)
def test_what_cannot_be_meant(run: Run, world: FakeWorld, arguments: list[str], says: str) -> None:
    said = run(*arguments)
    assert said.code == USAGE
    assert says in " ".join(said.err.split()) + "\n"
    assert world.yard.sidecars == {}
