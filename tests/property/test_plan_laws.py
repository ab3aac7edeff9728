"""The laws of the plan, for all lineups and all clusters."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from reconciler.model.observed import Health, Life
from reconciler.plan.actions import (
    CollectAsRun,
    Leave,
    Plan,
    RetireSidecar,
    SpawnSidecar,
)
from reconciler.plan.case import gather
from reconciler.plan.channel import judge
from reconciler.plan.check import check
from reconciler.plan.planner import make_plan
from reconciler.plan.scene import set_scene
from reconciler.plan.settled import is_settled
from tests.property.strategies import on_air_worlds, worlds
from tests.world import World

law = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
PASSES = 24


def ends(world: World) -> tuple[object, ...]:
    """Where a world came to rest, epochs and clocks aside."""
    return (
        world.on_air(),
        tuple(sorted((key[0], key[1]) for key in world.sidecars)),
        tuple(sorted(world.rows)),
        tuple(sorted((k, c.owner) for k, c in world.claims.items())),
    )


def settle(world: World) -> Plan:
    """Converge, with time enough for every back-off and lease."""
    return world.converge(passes=PASSES, tick=40)


@law
@given(worlds())
def test_applying_plans_leaves_nothing_to_do(world: World) -> None:
    assert settle(world).actions == ()


@law
@given(worlds())
def test_what_converged_stays_converged(world: World) -> None:
    settle(world)
    rested = ends(world)
    world.tick(1)
    assert world.plan().is_empty
    assert ends(world) == rested


@law
@given(worlds(), st.data())
def test_a_plan_cut_after_any_action_is_picked_up_by_the_next_pass(
    world: World, data: st.DataObject
) -> None:
    plan = world.plan()
    assume(plan.actions)
    cut = data.draw(st.integers(0, len(plan.actions)))
    world.apply(plan.actions[:cut])
    world.tick(5)
    assert settle(world).is_empty
    assert world.double_senders() == ()


@law
@given(worlds())
def test_the_order_of_reading_does_not_matter(world: World) -> None:
    assert world.plan() == world.plan(backwards=True)
    assert repr(world.plan()) == repr(world.plan(backwards=True))


@law
@given(worlds())
def test_a_plan_never_contradicts_itself(world: World) -> None:
    for _ in range(4):
        seen = world.snapshot()
        plan = make_plan(world.desired, seen, world.compiled(seen), Leave())
        assert check(plan, world.desired, seen) == ()
        world.apply(plan.actions)
        world.tick(10)


@law
@given(worlds(cabled=True))
def test_no_device_is_ever_claimed_twice(world: World) -> None:
    for _ in range(6):
        world.apply(world.plan().actions)  # a second claim raises `Rejected`
        world.tick(10)
        for recorder in world.recorders.values():
            held = world.claims.get((recorder.node, recorder.device))
            assert held is None or not recorder.recording or held.owner in world.desired.channels


@law
@given(on_air_worlds(cabled=True), st.data())
def test_decklink_channels_never_change_node_by_themselves(
    world: World, data: st.DataObject
) -> None:
    before = {name: world.where(name) for name in world.on_air()}
    spares = {
        name: {o.spare[0] for o in world.desired.channels[name].outputs if o.spare}  # type: ignore[union-attr]  # only DeckLink outputs here
        for name in before
        if name in world.desired.channels
    }
    victim = data.draw(st.sampled_from(sorted(world.desired.nodes)))
    if data.draw(st.booleans()):
        world.kill(data.draw(st.sampled_from(sorted(before))))
    world.lose(victim)
    for _ in range(8):
        world.apply(world.plan().actions)
        world.tick(30)
    for name, nodes in before.items():
        if name in spares:
            assert set(world.where(name)) <= {*nodes, *spares[name]}


@law
@given(worlds(), st.data())
def test_nothing_is_done_because_a_node_is_unread(world: World, data: st.DataObject) -> None:
    assume(not world.silent)
    settle(world)
    before = ends(world)
    victim = data.draw(st.sampled_from(sorted(world.desired.nodes)))
    world.lose(victim, seconds=3)
    plan = world.plan()
    assert world.snapshot().nodes[victim].health is Health.UNREAD
    assert not [a for a in plan.actions if isinstance(a, RetireSidecar | SpawnSidecar)]
    world.apply(plan.actions)
    assert ends(world) == before


@law
@given(worlds())
def test_a_healthy_unchanged_channel_gets_no_action(world: World) -> None:
    plan = settle(world)
    held = {hold.channel for hold in plan.holds}
    for name in world.on_air():
        if name not in held:
            assert plan.notes[name].impact.kind == "none"
    assert all(isinstance(a, CollectAsRun) for a in plan.actions)


@law
@given(worlds())
def test_what_looks_settled_would_be_judged_so(world: World) -> None:
    for _ in range(3):
        seen = world.snapshot()
        cases = gather(world.desired, seen, world.compiled(seen))
        scene = set_scene(world.desired, seen, Leave(), cases)
        for case in cases:
            if is_settled(case, scene):
                draft = judge(case, scene)
                assert (draft.actions, draft.holds, draft.impact.kind) == ([], [], "none")
        world.apply(world.plan().actions)
        world.tick(20)


@law
@given(worlds(), st.data())
def test_never_two_senders_at_any_prefix_of_any_plan(world: World, data: st.DataObject) -> None:
    """`World.apply` looks after every single action; here nodes also come and go between passes."""
    for _ in range(6):
        world.apply(world.plan().actions)
        world.tick(data.draw(st.sampled_from([1, 20, 60])))
        for node in sorted(world.silent):
            if data.draw(st.booleans()):
                world.find(node)
    assert world.double_senders() == ()


@law
@given(on_air_worlds(cabled=False), st.data())
def test_a_lost_node_never_leads_to_two_senders(world: World, data: st.DataObject) -> None:
    """The lost node's sidecars go on sending until their lease lapses, or for ever without one."""
    assert set(world.on_air()) == set(world.desired.channels)
    world.lose(data.draw(st.sampled_from(sorted({key[1] for key in world.sidecars}))))
    for _ in range(8):
        world.apply(world.plan().actions)  # a right given too early raises `Rejected`
        world.tick(data.draw(st.sampled_from([1, 2, 5, 20])))
    world.silent.clear()
    settle(world)
    assert world.double_senders() == ()
    assert set(world.on_air()) == set(world.desired.channels)


@law
@given(on_air_worlds(cabled=False), st.data())
def test_whatever_happens_to_one_sidecar_is_noticed(world: World, data: st.DataObject) -> None:
    """`is_settled` may not look away from anything that a judgement would act on."""
    key = data.draw(st.sampled_from(sorted(world.sidecars)))
    seen = world.sidecars[key]
    assert seen.answer is not None
    ill = data.draw(
        st.sampled_from(
            [
                replace(seen, fingerprint="other"),
                replace(seen, answer=replace(seen.answer, engine="restarting")),
                replace(seen, answer=replace(seen.answer, faults=("no sound",))),
                replace(seen, answer=replace(seen.answer, asrun_waiting=1)),
                replace(seen, answer=replace(seen.answer, outputs=())),
                replace(seen, answer=replace(seen.answer, lease_epoch=99)),
                replace(seen, answer=replace(seen.answer, sending=False)),
                replace(seen, life=Life.DEAD, answer=None),
            ]
        )
    )
    world.sidecars[key] = ill
    plan = world.plan()
    assert plan.actions or plan.holds
