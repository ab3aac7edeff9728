from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.model.desired import Policy
from reconciler.model.ids import AssetId, ChannelName, NodeName
from reconciler.model.observed import Snapshot
from reconciler.model.rundown import Clip
from reconciler.plan.actions import Leave
from reconciler.shell.compile import Compiler
from tests.builders import channel, item, lineup, machine, playlist
from tests.fakes_world import FakeWorld

NEWS, SPORT = ChannelName("news"), ChannelName("sport")
RACK1 = NodeName("rack1")
STORED = "BARS.0123456789ab.mp4"
TWO = lineup(channel("news"), channel("sport"))


@pytest.fixture
def world() -> FakeWorld:
    found = FakeWorld(TWO)
    found.converge()
    return found


def look(world: FakeWorld) -> Snapshot:
    return world.reconciler.look(world.desired)


def compiled(world: FakeWorld, compiler: Compiler | None = None) -> list[str]:
    made = (compiler or Compiler(world.ports)).compile(world.desired, look(world))
    return sorted(made.rundowns)


def test_a_new_channel_is_compiled() -> None:
    assert compiled(FakeWorld(TWO)) == ["news", "sport"]


def test_what_is_well_is_not_compiled_again(world: FakeWorld) -> None:
    assert compiled(world) == []


def test_an_edit_compiles_its_channel_alone(world: FakeWorld) -> None:
    world.lineup.set(lineup(channel("news", edition=2), channel("sport")))
    assert compiled(world) == ["news"]


def test_a_fresh_compiler_decides_the_same_as_one_that_remembers(world: FakeWorld) -> None:
    remembering = Compiler(world.ports)
    changes: list[Callable[[], None]] = [
        lambda: None,
        lambda: world.lineup.set(lineup(channel("news", edition=2), channel("sport"))),
        lambda: world.library.lengths.update(BARS=1800),
        world.yard.nodes[RACK1].media.clear,
        lambda: world.clock.tick(12 * 3600),
    ]
    for change in changes:
        change()
        seen = look(world)
        fresh = Compiler(world.ports).compile(world.desired, seen)
        assert remembering.compile(world.desired, seen) == fresh


def test_changed_media_is_noticed_though_no_file_of_the_lineup_changed(world: FakeWorld) -> None:
    world.library.lengths["BARS"] = 1800
    assert compiled(world) == ["news", "sport"]


def test_a_rundown_that_comes_out_the_same_is_noted_and_not_made_again(world: FakeWorld) -> None:
    inputs = dict.fromkeys((NEWS, SPORT), "something else")
    world.store.note_inputs(inputs)
    assert compiled(world) == ["news", "sport"]
    world.one_pass()
    assert compiled(world) == []


def test_a_file_missing_where_the_channel_runs_is_staged_without_compiling(
    world: FakeWorld,
) -> None:
    del world.yard.nodes[RACK1].media[STORED]
    made = Compiler(world.ports).compile(world.desired, look(world))
    assert not made.rundowns
    assert {name: {p.stored for p in ps} for name, ps in made.seen.plays.items()} == {
        NEWS: {STORED},
        SPORT: {STORED},
    }
    world.converge()
    assert STORED in world.yard.nodes[RACK1].media
    assert Compiler(world.ports).compile(world.desired, look(world)).seen.plays == {}


def test_where_a_lacking_file_plays_is_asked_once_while_it_is_on_its_way(world: FakeWorld) -> None:
    del world.yard.nodes[RACK1].media[STORED]
    compiler, opened = Compiler(world.ports), world.database.opened
    opened.clear()
    found = [compiler.compile(world.desired, look(world)).seen.plays for _ in range(3)]
    assert opened.count("read_plays") == 1
    assert found[0].keys() == {NEWS, SPORT}
    assert found[0] == found[1] == found[2]


def test_a_file_that_a_kept_rundown_is_done_with_is_not_missed(world: FakeWorld) -> None:
    digest, kept, inputs = world.database.rundowns[NEWS]
    first, second, *others = kept.events
    gone = replace(first, material=Clip(asset=AssetId("OLD"), stored="OLD.mp4", in_frame=0))
    shorter = replace(kept, events=(gone, second, *others))
    world.database.rundowns[NEWS] = (digest, shorter, inputs)
    lasts = timedelta(seconds=float(first.frames / kept.rate))
    seen = look(world)
    compiler = Compiler(world.ports)
    assert {p.stored for p in compiler.compile(world.desired, seen).seen.plays[NEWS]} == {"OLD.mp4"}
    later = replace(seen, taken_at=seen.taken_at + lasts)
    assert compiler.compile(world.desired, later).seen.plays[NEWS] == ()


def test_a_file_that_never_fits_compiles_nothing_pass_after_pass() -> None:
    base = playlist("base", item("BARS"), item("BIG"))
    news = channel("news", fence=None)
    world = FakeWorld(lineup(news, base, machine("rack1", budget=1_500)))
    world.library.lengths["BIG"] = 3600
    for _ in range(6):
        world.one_pass()
        world.clock.tick(1)
    assert len(world.yard.nodes[RACK1].media) == 1
    for _ in range(3):
        world.clock.tick(10)
        judgement = world.judge(Leave())
        assert not judgement.made.rundowns
        assert not judgement.plan.actions, "the alarm's words stay the same"
        (hold,) = judgement.plan.holds
        assert hold.because.startswith("no room on the disk")


def test_media_of_a_node_that_does_not_answer_is_unknown_not_missing(world: FakeWorld) -> None:
    seen = look(world)
    unread = replace(seen.nodes[RACK1], staged=None)
    made = Compiler(world.ports).compile(
        world.desired, replace(seen, nodes={**seen.nodes, RACK1: unread})
    )
    assert made.rundowns == {}


def test_what_kept_rundowns_play_is_read_once_for_each(world: FakeWorld) -> None:
    compiler = Compiler(world.ports)
    seen = look(world)
    needed = compiler.compile(world.desired, seen).seen.needed
    assert {name: set(files) for name, files in needed.items()} == {NEWS: {STORED}, SPORT: {STORED}}
    world.database.refuse.add("read_needs")
    assert compiler.compile(world.desired, seen).seen.needed == needed


def test_when_files_were_used_is_asked_where_what_comes_may_need_their_room() -> None:
    for budget, asked in ((3_000, 0), (2_000, 1)):
        base = playlist("base", item("BARS"), item("NEW"))
        news = channel("news", fence=None)
        world = FakeWorld(lineup(news, base, machine("rack1", budget=budget)))
        world.library.lengths["NEW"] = 3600
        for _ in range(6):
            world.one_pass()
        disk = world.yard.nodes[RACK1].media
        disk["OLD.mp4"] = disk.pop("NEW.0123456789ab.mp4")  # full, and not above its mark yet
        compiler = Compiler(world.ports)
        seen = look(world)
        world.database.opened.clear()
        found = compiler.compile(world.desired, seen)
        assert found.seen.plays.keys() == {NEWS}
        assert world.database.opened.count("read_uses") == asked


def test_a_file_that_is_due_past_the_stage_horizon_is_nothing_to_do_for() -> None:
    base = playlist("base", item("BARS"), item("LATER"))
    policy = Policy(stage_horizon=timedelta(hours=2))
    world = FakeWorld(lineup(channel("news"), base, policy=policy))
    world.library.lengths.update(BARS=20 * 3600, LATER=20 * 3600)
    world.converge()

    (rundown,) = [kept for _, kept, _ in world.database.rundowns.values()]
    lacking = rundown.files - world.yard.nodes[RACK1].media.keys()
    assert [name.partition(".")[0] for name in lacking] == ["LATER"]
    made = Compiler(world.ports).compile(world.desired, look(world))
    assert (made.rundowns, made.seen.plays) == ({}, {})


# ── what it goes on from ─────────────────────────────────────────────────────────────────────────


def edited(world: FakeWorld) -> None:
    other = playlist("base", item("OTHER"))
    world.library.lengths["OTHER"] = 3600
    world.lineup.set(lineup(channel("news", edition=2), channel("sport"), other))


def test_the_event_on_air_is_carried_over_from_the_sending_sidecar(world: FakeWorld) -> None:
    held = world.yard.at("news", 1).rundown
    edited(world)
    made = Compiler(world.ports).compile(world.desired, look(world))
    assert held is not None
    assert made.seen.held[NEWS] == held
    assert made.rundowns[NEWS].rundown.events[0] == held.events[0]


@pytest.mark.parametrize("trouble", ["mute", "gone"])
def test_where_no_sidecar_tells_the_kept_rundown_is_gone_on_from(
    world: FakeWorld, trouble: str
) -> None:
    seen = look(world)
    sidecar = world.yard.at("news", 1)
    if trouble == "mute":
        sidecar.mute = True  # since it was asked
    else:
        sidecar.rundown = None
    edited(world)
    made = Compiler(world.ports).compile(world.desired, seen)
    assert made.seen.held[NEWS] == world.database.rundowns[NEWS][1]


def test_a_new_channel_has_nothing_to_go_on_from() -> None:
    world = FakeWorld(TWO)
    assert Compiler(world.ports).compile(TWO, look(world)).seen.held == {}


def test_a_rundown_of_another_rate_is_not_gone_on_from(world: FakeWorld) -> None:
    held = world.yard.at("news", 1).rundown
    assert held is not None
    world.lineup.set(lineup(channel("news", fmt="360p5000"), channel("sport")))
    made = Compiler(world.ports).compile(world.desired, look(world))
    assert made.rundowns[NEWS].rundown.rate == 50
    assert made.rundowns[NEWS].rundown.events[0].id != ""


def test_a_channel_off_air_needs_no_rundown() -> None:
    world = FakeWorld(lineup(channel("news", on_air=False), machine("rack1")))
    world.converge()
    assert compiled(world) == []
