"""Read the cluster into one `Snapshot`; silence is recorded, never taken for emptiness."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Lock
from typing import TypeVar

from reconciler.errors import AdapterError
from reconciler.model.desired import Desired, DesiredNode, Runtime
from reconciler.model.findings import Findings
from reconciler.model.ids import AssetId, NodeName
from reconciler.model.media import Catalogue
from reconciler.model.observed import (
    DatabaseSeen,
    Health,
    Life,
    NodeSeen,
    SidecarAnswer,
    SidecarSeen,
    Snapshot,
)
from reconciler.model.sources import DesiredAsset
from reconciler.plan.assets import all_assets_of
from reconciler.plan.judging import with_findings
from reconciler.shell.world import World

T = TypeVar("T")
R = TypeVar("R")
_AT_ONCE = 32  # nodes looked at side by side; a silent one costs its deadline, not a queue


class Observer:
    """Take snapshots, remembering when each node and sidecar last answered."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._answered: dict[object, float] = {}
        self._wanted: tuple[str, tuple[AssetId, ...]] = ("", ())
        self._catalogue: Catalogue = {}
        self._made_of: tuple[Catalogue, Mapping[str, Findings], Mapping[AssetId, DesiredAsset]] = (
            {},
            {},
            {},
        )

    def observe(self, desired: Desired, only: Collection[NodeName] | None = None) -> Snapshot:
        """Read everything once; raises `Unreachable` only for the database.

        With `only` just these nodes, and no media: whatever else there is stays unread.
        """
        world = self._world
        database = world.store.read()
        nodes = [n for n in _known_nodes(desired, database) if only is None or n.name in only]
        looks = _side_by_side(lambda node: self._look(node, desired), nodes)
        found = sorted(
            (seen for _, here in looks for seen in here),
            key=lambda seen: (seen.channel, seen.node, seen.epoch),
        )
        sidecars = self._ask(found)
        return Snapshot(
            taken_at=world.clock.now(),
            nodes={node.name: node for node, _ in looks},
            sidecars=sidecars,
            database=database,
            catalogue=self._media(desired, database) if only is None else {},
        )

    def _media(self, desired: Desired, database: DatabaseSeen) -> Catalogue:
        """What is known of the media; the same value as long as nothing about it changed."""
        wanted = self._assets(desired)
        facts = self._world.library.catalogue(wanted, desired.assets, desired.media)
        made_of = (facts, database.findings, desired.assets)
        if any(one is not other for one, other in zip(made_of, self._made_of, strict=True)):
            self._made_of = made_of
            fresh = with_findings(*made_of)
            if fresh != self._catalogue:
                self._catalogue = fresh
        return self._catalogue

    def _look(
        self, node: DesiredNode, desired: Desired
    ) -> tuple[NodeSeen, tuple[SidecarSeen, ...]]:
        try:
            control = self._world.connect(node)
            seen, sidecars = control.look()
            seen = replace(seen, transfers=control.transfers())
        except AdapterError as error:
            silent = self._silence(("node", node.name))
            lost = silent >= desired.policy.lost_after
            health = Health.LOST if lost else Health.UNREAD
            return (
                NodeSeen(name=node.name, health=health, silent_for=silent, why=str(error)),
                (),
            )
        self._heard(("node", node.name))
        return seen, sidecars

    def _ask(self, found: Sequence[SidecarSeen]) -> tuple[SidecarSeen, ...]:
        running = [seen for seen in found if seen.life is Life.RUNNING]
        answers = self._world.sidecars.statuses(running)
        asked = {id(seen): answer for seen, answer in zip(running, answers, strict=True)}
        return tuple(self._told(seen, asked.get(id(seen))) for seen in found)

    def _told(self, seen: SidecarSeen, answer: SidecarAnswer | AdapterError | None) -> SidecarSeen:
        key = ("sidecar", seen.channel, seen.node, seen.epoch)
        match answer:
            case None:
                return seen  # it does not run, so it was not asked
            case AdapterError():
                return replace(seen, silent_for=self._silence(key))
            case _:
                self._heard(key)
                return replace(seen, answer=answer)

    def _heard(self, key: object) -> None:
        self._answered[key] = self._world.clock.monotonic()

    def _silence(self, key: object) -> timedelta:
        """Since when `key` is silent; one never heard counts from the first time we asked."""
        now = self._world.clock.monotonic()
        return timedelta(seconds=now - self._answered.setdefault(key, now))

    def _assets(self, desired: Desired) -> tuple[AssetId, ...]:
        digest, assets = self._wanted
        if digest != desired.revision.digest:
            assets = tuple(sorted(assets_of(desired)))
            self._wanted = (desired.revision.digest, assets)
        return assets


def _known_nodes(desired: Desired, database: DatabaseSeen) -> tuple[DesiredNode, ...]:
    """The inventory, and nodes that only the database remembers: sidecars may still run there."""
    forgotten = sorted(set(database.nodes) - set(desired.nodes))
    return (
        *desired.nodes.values(),
        *(DesiredNode(name=name, runtime=Runtime.PROCESS) for name in forgotten),
    )


def _side_by_side(act: Callable[[T], R], items: Sequence[T]) -> list[R]:
    """Do it for each, in order, by a few threads that each take the next one.

    A task for every node of a large station would cost more than looking at it.
    """
    turns, lock = iter(range(len(items))), Lock()
    done: dict[int, R] = {}

    def work() -> None:
        while True:
            with lock:
                turn = next(turns, None)
            if turn is None:
                return
            done[turn] = act(items[turn])

    hands = min(_AT_ONCE, len(items))
    if hands:
        with ThreadPoolExecutor(hands, thread_name_prefix="observe") as pool:
            for hand in [pool.submit(work) for _ in range(hands)]:
                hand.result()
    return [done[turn] for turn in range(len(items))]


def assets_of(desired: Desired) -> frozenset[AssetId]:
    """Every asset that some channel may play: schedules, filler and slates."""
    return all_assets_of(desired)
