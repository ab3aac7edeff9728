"""What screens are told while a file comes, and how a request for a new copy ends."""

from __future__ import annotations

import pytest

from reconciler.errors import Rejected, Unreachable
from reconciler.model.copies import CopyState
from reconciler.model.ids import AssetId, NodeName
from reconciler.model.media import StagedSeen
from reconciler.model.orders import StageOrder
from reconciler.plan.actions import Cause, RemuxMedia, StageMedia
from reconciler.ports import Progress
from reconciler.shell.copying import bring, convert, forget_findings
from tests.builders import channel, lineup, machine
from tests.fakes_world import FakeWorld

RACK1, BARS = NodeName("rack1"), "BARS.0123456789ab.mp4"
ASSET = AssetId("BARS")


@pytest.fixture
def world() -> FakeWorld:
    return FakeWorld(lineup(channel("news"), machine("rack1")))


def copy(world: FakeWorld) -> tuple[object, ...]:
    found = world.database.copies[RACK1, BARS]
    return found.state, found.done, found.error


def staged_action(world: FakeWorld) -> StageMedia:
    (action,) = [a for a in world.judge().plan.actions if isinstance(a, StageMedia)]
    return action


def order() -> StageOrder:
    return StageOrder(stored=BARS, uri="file:///x", size=1000, content=BARS, address=str)


def test_a_copy_tells_how_far_it_is_once_a_second_and_when_it_will_be_whole(
    world: FakeWorld,
) -> None:
    node = world.yard.nodes[RACK1]
    told: list[tuple[object, ...]] = []
    action = staged_action(world)

    def fetch(order: StageOrder, progress: Progress) -> StagedSeen:
        for step in range(1, 5):
            progress(step * 200, order.size)
            told.append((*copy(world)[:2], world.database.copies[RACK1, BARS].eta_at))
            world.clock.tick(0.6)
        return StagedSeen(stored=BARS, size=1000)

    node.stage = fetch  # type: ignore[method-assign]  # a slow one
    began = world.clock.now()
    bring(world.ports, node, order(), action)
    assert [row[:2] for row in told] == [
        (CopyState.STAGING, 200),
        (CopyState.STAGING, 200),
        (CopyState.STAGING, 600),
        (CopyState.STAGING, 600),
    ]
    assert told[0][2] is None
    late = told[2][2]
    assert (late - began).total_seconds() == pytest.approx(1.2 + 1.2)  # type: ignore[operator]  # 400 in 1.2 s
    assert copy(world) == (CopyState.READY, 1000, "")


def test_a_copy_that_fails_is_told_and_fails(world: FakeWorld) -> None:
    world.yard.nodes[RACK1].refuses = "broken"
    world.one_pass()
    assert copy(world) == (CopyState.ERROR, 0, "rack1: stage BARS.0123456789ab.mp4: broken")
    world.yard.nodes[RACK1].refuses = ""
    world.clock.tick(60)
    world.converge()
    assert copy(world) == (CopyState.READY, 1000, "")


def test_a_database_that_is_away_holds_no_copy_up(world: FakeWorld) -> None:
    world.database.refuse.add("note_copy")
    world.converge()
    assert world.yard.nodes[RACK1].media == {BARS: 1000}
    assert copy(world) == (CopyState.READY, 1000, "")  # as read from the disk


def test_what_is_lacking_is_written_down_before_it_comes(world: FakeWorld) -> None:
    world.database.refuse |= {"note_copy", "record_media"}
    world.leadership.try_lead()
    judgement = world.judge()
    world.database.refuse -= {"record_media"}
    world.reconciler.converge(judgement)
    assert copy(world) == (CopyState.PENDING, 0, "")
    assert world.stager.wait(10)


# ── a new copy ───────────────────────────────────────────────────────────────────────────────────


def test_a_new_copy_is_brought_once_and_the_request_ends(world: FakeWorld) -> None:
    world.converge()
    world.store.ask_restage(ASSET, None, "anna")
    plan = world.judge().plan
    (action,) = [a for a in plan.actions if isinstance(a, StageMedia)]
    assert (action.asked_by, action.is_there) == ("anna", True)
    world.converge()
    assert world.yard.nodes[RACK1].calls.count(f"restage {BARS}") == 1
    assert world.database.restages == []
    assert world.on_air() == ["news"]


def test_a_new_copy_that_fails_leaves_the_old_one_ready_and_is_tried_again(
    world: FakeWorld,
) -> None:
    world.converge()
    world.store.ask_restage(ASSET, RACK1, "anna")
    node = world.yard.nodes[RACK1]
    node.refuses = "broken"
    world.one_pass()
    state, _, error = copy(world)
    assert (state, str(error)[:12]) == (CopyState.READY, "no new copy:")
    assert len(world.database.restages) == 1
    node.refuses = ""
    world.clock.tick(60)
    world.converge()
    assert world.database.restages == []
    assert copy(world) == (CopyState.READY, 1000, "")


def test_a_request_is_given_up_after_a_day(world: FakeWorld) -> None:
    world.converge()
    world.store.ask_restage(AssetId("NOWHERE"), RACK1, "anna")
    assert [hold.what for hold in world.judge().plan.holds] == [
        "new copy of NOWHERE on rack1 (asked by anna)"
    ]
    world.clock.tick(24 * 3600 + 1)
    world.leadership.try_lead()
    assert not [h for h in world.judge().plan.holds if "NOWHERE" in h.what]


# ── another container ────────────────────────────────────────────────────────────────────────────


def remux(world: FakeWorld) -> RemuxMedia:
    return RemuxMedia(
        asset=ASSET,
        node=RACK1,
        source=BARS,
        stored=f"{BARS}.mov",
        size=1000,
        due=0,
        channels=(),
        cause=Cause.CONTAINER,
    )


def test_a_mov_that_is_made_is_ready_and_one_that_cannot_be_says_why(world: FakeWorld) -> None:
    action, node = remux(world), world.yard.nodes[RACK1]
    with pytest.raises(Rejected):
        convert(world.ports, node, action)
    found = world.database.copies[RACK1, action.stored]
    assert (found.state, found.error) == (CopyState.ERROR, f"rack1: {BARS}: it is not staged")
    world.converge()
    convert(world.ports, node, action)
    assert world.database.copies[RACK1, action.stored].state is CopyState.READY
    assert action.stored in node.media


def test_that_a_file_allows_no_copy_is_kept_and_a_new_copy_is_tried_anew(world: FakeWorld) -> None:
    world.converge()
    action, node = remux(world), world.yard.nodes[RACK1]
    node.unfit = "its copy holds 3 pictures, not 4"
    with pytest.raises(Rejected, match="not 4"):
        convert(world.ports, node, action)
    assert world.database.findings[action.stored].damage == node.unfit
    forget_findings(world.ports, BARS, action.stored)
    assert not world.database.findings[action.stored].is_current
    assert world.database.findings[action.stored].damage == ""


def test_a_machine_that_fails_says_nothing_of_the_file(world: FakeWorld) -> None:
    world.converge()
    world.yard.nodes[RACK1].silent = True
    with pytest.raises(Unreachable):
        convert(world.ports, world.yard.nodes[RACK1], remux(world))
    assert world.database.findings == {}
