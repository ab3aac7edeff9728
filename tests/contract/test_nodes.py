"""One suite for every `NodeControl`: in memory, and as processes of this machine."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.adapters.local_process import LocalNode
from reconciler.errors import Rejected
from reconciler.model.findings import Findings
from reconciler.model.ids import ChannelName, NodeName
from reconciler.model.observed import Health, Life
from reconciler.model.orders import SidecarStart
from reconciler.ports import NodeControl
from tests.fakes_nodes import Yard
from tests.orders import nobody, order_of
from tests.unit.sidecar.situations import FAKE_ENGINE

NEWS = ChannelName("news")


def start_of(channel: str = "news", epoch: int = 1) -> SidecarStart:
    return SidecarStart(
        channel=ChannelName(channel),
        epoch=epoch,
        fingerprint="f1",
        commit="c0ffee",
        document={
            "channel": channel,
            "epoch": epoch,
            "title": channel.title(),
            "format": "424x240p2500",
            "engine": "embedded",
            "bitrate": None,
            "preview": False,
            "slate": None,
            "outputs": [],
            "fence_ms": None,
        },
    )


@pytest.fixture(params=["fake", "process"])
def node(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[NodeControl]:
    made: NodeControl
    if request.param == "fake":
        made = Yard().node("n1", devices={1, 2})
    else:
        made = LocalNode(
            NodeName("n1"),
            tmp_path / "n1",
            devices=frozenset({1, 2}),
            engine_commands={"embedded": FAKE_ENGINE},
        )
    yield made
    for seen in made.look()[1]:
        made.retire(seen.channel, seen.epoch)


def sidecars(node: NodeControl) -> list[tuple[str, int, Life]]:
    return [(seen.channel, seen.epoch, seen.life) for seen in node.look()[1]]


def test_an_empty_node_answers(node: NodeControl) -> None:
    seen, found = node.look()

    assert (seen.name, seen.health, seen.staged) == ("n1", Health.ANSWERING, {})
    assert seen.devices == frozenset({1, 2})
    assert seen.cores is not None
    assert seen.free_bytes is not None
    assert found == ()


def test_a_spawned_sidecar_is_found_again(node: NodeControl) -> None:
    spawned = node.spawn(start_of())

    assert node.look()[1] == (spawned,)
    assert (spawned.channel, spawned.node, spawned.epoch) == ("news", "n1", 1)
    assert (spawned.fingerprint, spawned.commit, spawned.life) == ("f1", "c0ffee", Life.RUNNING)
    assert spawned.url
    assert node.secrets_of(spawned)


def test_spawning_twice_gives_the_same_one(node: NodeControl) -> None:
    assert node.spawn(start_of()) == node.spawn(start_of())
    assert len(node.look()[1]) == 1


def test_two_epochs_may_stand_side_by_side(node: NodeControl) -> None:
    node.spawn(start_of(epoch=1))
    node.spawn(start_of(epoch=2))

    assert sidecars(node) == [("news", 1, Life.RUNNING), ("news", 2, Life.RUNNING)]


def test_a_retired_one_leaves_its_spool_until_it_is_forgotten(node: NodeControl) -> None:
    seen = node.spawn(start_of())
    node.retire(NEWS, 1)
    node.retire(NEWS, 1)

    assert sidecars(node) == [("news", 1, Life.DEAD)]
    assert node.spooled(seen) == node.spooled(seen)
    node.forget(NEWS, 1)
    node.forget(NEWS, 1)
    assert sidecars(node) == []
    assert node.spooled(seen) == ()


def test_a_running_one_is_not_forgotten_nor_its_spool_read(node: NodeControl) -> None:
    seen = node.spawn(start_of())

    with pytest.raises(Rejected, match="it runs"):
        node.forget(NEWS, 1)
    with pytest.raises(Rejected, match="it runs"):
        node.spooled(seen)


def test_retiring_what_is_not_there_does_nothing(node: NodeControl) -> None:
    node.retire(NEWS, 7)

    assert sidecars(node) == []


def test_media_comes_and_goes(node: NodeControl, tmp_path: Path) -> None:
    source = tmp_path / "library.mp4"
    source.write_bytes(b"x" * 1000)
    told: list[tuple[int, int]] = []
    for _ in range(2):
        node.stage(order_of(source, 1000), lambda done, total: told.append((done, total)))

    staged = node.look()[0].staged
    assert staged is not None
    assert {name: seen.size for name, seen in staged.items()} == {"a.mp4": 1000}
    assert told[-1] == (1000, 1000)
    node.evict("a.mp4")
    node.evict("a.mp4")
    assert node.look()[0].staged == {}


def test_what_is_whole_is_not_under_way(node: NodeControl, tmp_path: Path) -> None:
    source = tmp_path / "library.mp4"
    source.write_bytes(b"x" * 1000)
    assert node.transfers() == ()
    seen = node.stage(order_of(source), nobody)

    assert (seen.stored, seen.size) == ("a.mp4", 1000)
    assert node.transfers() == ()


def test_a_file_is_fetched_anew(node: NodeControl, tmp_path: Path) -> None:
    source = tmp_path / "library.mp4"
    source.write_bytes(b"x" * 1000)
    for _ in range(2):
        seen = node.restage(order_of(source), nobody)
        assert (seen.stored, seen.size) == ("a.mp4", 1000)

    assert list(node.look()[0].staged or ()) == ["a.mp4"]


def test_a_missing_source_is_rejected(node: NodeControl, tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="no such file"):
        node.stage(order_of(tmp_path / "missing.mp4", 10), nobody)


def test_a_death_is_noticed(node: NodeControl) -> None:
    seen = node.spawn(start_of())
    node.look()
    assert not node.changed(0.01)
    noticed: list[bool] = []
    waiter = threading.Thread(target=lambda: noticed.append(node.changed(20)))
    waiter.start()

    node.retire(seen.channel, seen.epoch)

    waiter.join()
    assert noticed == [True]


def test_an_appearance_is_noticed(node: NodeControl) -> None:
    node.look()
    node.spawn(start_of())

    assert node.changed(20)


def test_the_token_of_an_unknown_sidecar_is_refused(node: NodeControl) -> None:
    seen = node.spawn(start_of())
    node.retire(seen.channel, seen.epoch)
    node.forget(seen.channel, seen.epoch)

    with pytest.raises(Rejected):
        node.secrets_of(seen)


def test_a_staged_file_can_be_looked_into_and_another_cannot(
    node: NodeControl, tmp_path: Path
) -> None:
    source = tmp_path / "library.mp4"
    source.write_bytes(b"x" * 1000)
    node.stage(order_of(source), nobody)
    assert isinstance(node.inspect("a.mp4", nobody), Findings)
    assert node.inspect("a.mp4", nobody).is_current
    with pytest.raises(Rejected):
        node.inspect("none.mp4", nobody)
