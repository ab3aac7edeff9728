from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from reconciler.errors import Rejected
from reconciler.model.ids import ChannelName, NodeName
from reconciler.plan.actions import Action, Cause, CollectAsRun, Plan, StageMedia
from reconciler.shell.apply import Outcome, apply, channel_of, journal_of, line_of
from reconciler.shell.perform import Hand
from tests.builders import NOW, channel, lineup, machine
from tests.fakes_world import FakeWorld

TWO = lineup(channel("news"), channel("sport"), machine("rack1"))


def acted(plan: Plan, *names: str) -> list[Action]:
    return [a for a in plan.actions if channel_of(a) in names]


class Run:
    """The first plan of a cluster, to be applied in some way."""

    def __init__(self, world: FakeWorld) -> None:
        self.world = world
        world.leadership.try_lead()
        self.judgement = world.judge()
        self.plan = self.judgement.plan
        self.hand = Hand(self.judgement.desired, self.judgement.made, world.ports)
        self.asked = 0

    def apply(self, *, steps: int | None = None, not_now: tuple[str, ...] = ()) -> list[Outcome]:
        """Apply; after `steps` actions somebody else leads."""

        def may_act() -> bool:
            self.asked += 1
            return steps is None or self.asked <= steps

        outcomes = apply(
            self.plan,
            self.hand,
            self.world.stager,
            may_act=may_act,
            not_now=frozenset(map(ChannelName, not_now)),
        )
        assert self.world.stager.wait(10)
        return list(outcomes)


@pytest.fixture
def run() -> Run:
    return Run(FakeWorld(TWO))


def told(outcomes: list[Outcome], name: str) -> list[tuple[str, str | None]]:
    return [(type(o.action).__name__, o.error) for o in outcomes if channel_of(o.action) == name]


def test_every_action_has_an_outcome_in_the_plans_order(run: Run) -> None:
    outcomes = run.apply()
    assert [o.action for o in outcomes] == list(run.plan.actions)
    assert all(o.error is None for o in outcomes)


def test_within_a_channel_the_order_of_the_plan_is_kept(run: Run) -> None:
    outcomes = run.apply()
    assert told(outcomes, "news") == [("WriteChannel", None), ("SpawnSidecar", None)]
    assert run.world.yard.at("news", 1).node == "rack1"


def test_a_failure_ends_its_channel_and_no_other(run: Run) -> None:
    run.world.database.refuse.add("begin_spawn")
    run.plan = replace(run.plan, actions=(*run.plan.actions, *acted(run.plan, "sport")[:1]))
    outcomes = run.apply()
    refused = "database: begin_spawn: refused"
    assert told(outcomes, "news") == [("WriteChannel", None), ("SpawnSidecar", refused)]
    assert run.world.yard.sidecars == {}
    assert set(run.world.database.channels) == {"news", "sport"}


def test_after_a_failure_the_rest_of_the_channel_waits(run: Run) -> None:
    run.world.database.refuse.add("write_channel")
    outcomes = run.apply()
    assert told(outcomes, "news") == [
        ("WriteChannel", "database: write_channel: refused"),
        ("SpawnSidecar", "waits: database: write_channel: refused"),
    ]


def test_a_bug_is_no_outcome(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Hand, "perform", lambda _self, _action: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run.apply()


def test_a_deposed_leader_stops_between_two_actions(run: Run) -> None:
    run.plan = replace(run.plan, actions=tuple(acted(run.plan, "news")))
    outcomes = run.apply(steps=1)
    assert told(outcomes, "news") == [
        ("WriteChannel", None),
        ("SpawnSidecar", "no longer leading"),
    ]
    assert run.world.yard.sidecars == {}


def test_channels_that_wait_out_a_back_off_are_left_alone(run: Run) -> None:
    outcomes = run.apply(not_now=("sport",))
    assert told(outcomes, "sport") == []
    assert set(run.world.database.channels) == {"news"}


def test_staging_goes_beside_and_is_not_waited_for(run: Run) -> None:
    outcomes = run.apply()
    staged = [o for o in outcomes if isinstance(o.action, StageMedia)]
    assert [o.under_way for o in staged] == [True]
    assert [(a.stored, error) for a, error in run.world.staged] == [("BARS.0123456789ab.mp4", None)]


def test_inventory_comes_first_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(FakeWorld(lineup(channel("news"), machine("rack1"), machine("rack2"))))
    order: list[str] = []
    perform = Hand.perform

    def noted(self: Hand, action: Action) -> None:
        order.append(line_of(action, "done"))
        perform(self, action)

    monkeypatch.setattr(Hand, "perform", noted)
    rack1, rack2, *others = run.plan.actions
    run.plan = replace(run.plan, actions=(*others, rack2, rack1))
    run.apply()
    rows = [line.split(" cause=")[0] for line in order if "Write" in line]
    assert rows == [
        "action=WriteNode node=rack2",
        "action=WriteNode node=rack1",
        "action=WriteChannel channel=news",
    ]


def test_what_is_thrown_away_goes_last() -> None:
    world = FakeWorld(lineup(channel("news"), machine("rack1", budget=1000)))
    world.converge()
    world.yard.nodes[NodeName("rack1")].media["old.mp4"] = 1
    world.library.lengths["BARS"] = 1800
    world.one_pass()
    world.clock.tick(3600)
    world.converge()
    assert "old.mp4" not in world.yard.nodes[NodeName("rack1")].media
    evictions = [what for what, _ in world.journal() if "old.mp4" in what]
    assert len(evictions) == 1


# ── what is told ─────────────────────────────────────────────────────────────────────────────────


def test_the_journal_tells_what_was_done_and_what_failed(run: Run) -> None:
    run.world.database.refuse.add("begin_spawn")
    entries = journal_of(run.plan, run.apply(), NOW)
    assert [(e.channel, e.node, e.outcome) for e in entries] == [
        (None, "rack1", "done"),
        ("news", None, "done"),
        ("news", "rack1", "failed: database: begin_spawn: refused"),
        ("sport", None, "done"),
        ("sport", "rack1", "failed: database: begin_spawn: refused"),
    ]
    assert {(e.who, e.commit, e.plan, e.at) for e in entries} == {
        ("reconciler", run.plan.commit, run.plan.digest, NOW)
    }


def test_fetching_as_run_is_told_only_when_it_fails() -> None:
    fetch = collect()
    plan = Run(FakeWorld(TWO)).plan
    assert journal_of(plan, [Outcome(action=fetch)], NOW) == ()
    (entry,) = journal_of(plan, [Outcome(action=fetch, error="silent")], NOW)
    assert entry.outcome == "failed: silent"


def collect() -> CollectAsRun:
    return CollectAsRun(
        channel=ChannelName("news"), node=NodeName("rack1"), epoch=1, cause=Cause.SPOOLED
    )


def test_a_log_line_quotes_what_has_spaces() -> None:
    assert line_of(collect(), "failed: no answer") == (
        "action=CollectAsRun channel=news node=rack1 epoch=1 cause='rows wait in the spool' "
        "outcome='failed: no answer'"
    )


def test_routine_is_logged_for_the_curious_alone(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    run.world.converge()
    run.world.yard.add_row(run.world.yard.at("news", 1), why="end")
    caplog.clear()
    with caplog.at_level(logging.INFO, "reconciler.shell.apply"):
        done = run.world.one_pass()
    assert any(isinstance(o.action, CollectAsRun) for o in done.outcomes)
    assert caplog.records == []


def test_a_refusal_is_a_warning(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    run.world.yard.nodes[NodeName("rack1")].refuses = "no room"
    with caplog.at_level(logging.WARNING, "reconciler.shell.apply"):
        run.apply()
    assert len(caplog.records) == 2
    assert "no room" in caplog.text


def test_a_hand_refuses_a_sidecar_that_is_gone(run: Run) -> None:
    with pytest.raises(Rejected, match="no sidecar of epoch 1 any more"):
        run.hand.perform(collect())


def test_a_hand_stages_what_the_plan_named_and_nothing_else(run: Run) -> None:
    stage = next(action for action in run.plan.actions if isinstance(action, StageMedia))
    rack = run.world.yard.nodes[NodeName("rack1")]
    run.hand.perform(stage)
    assert list(rack.media) == [stage.stored]

    with pytest.raises(Rejected, match="the asset is another by now"):
        run.hand.perform(replace(stage, stored="other.0123456789ab.mp4"))
