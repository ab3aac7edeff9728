"""The laws of a node's disk: for all rooms, files and wants."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.model.copies import MediaRoom
from reconciler.model.desired import Desired
from reconciler.model.ids import NodeName
from reconciler.model.observed import Snapshot
from reconciler.plan.actions import EvictMedia, Leave, StageMedia
from reconciler.plan.planner import make_plan
from reconciler.plan.storage import Allotment, Coming, Disk, allot
from tests.builders import (
    channel,
    cluster,
    compiled,
    event,
    fact,
    lineup,
    machine,
    node,
    row,
    sidecar,
)
from tests.builders import rundown as build

law = settings(max_examples=200, deadline=None)
NAMES = tuple("ABCDEFGH")
SIZES = st.integers(0, 60)


@st.composite
def disks(draw: st.DrawFn) -> tuple[Disk, list[Coming], list[tuple[str, int]]]:
    """A disk with files that may go and files that may not, and what is to come."""
    spare = [(f"old-{n}", size) for n, size in enumerate(draw(st.lists(SIZES, max_size=5)))]
    used = sum(size for _, size in spare) + draw(SIZES)
    limit = draw(st.none() | st.integers(0, 300))
    mark = None if limit is None else draw(st.integers(0, limit))
    files = draw(st.lists(st.tuples(SIZES, st.integers(0, 9)), max_size=6))
    coming = [Coming(stored=f"new-{n}", size=s, due=due) for n, (s, due) in enumerate(files)]
    return Disk(used=used, limit=limit, mark=mark), coming, spare


def size_of(names: tuple[str, ...], files: dict[str, int]) -> int:
    return sum(files[name] for name in names)


@law
@given(disks())
def test_the_room_is_never_overdrawn(
    case: tuple[Disk, list[Coming], list[tuple[str, int]]],
) -> None:
    disk, coming, spare = case
    given_out = allot(disk, coming, spare)
    sizes = {one.stored: one.size for one in coming} | dict(spare)
    now = disk.used + size_of(given_out.fetch, sizes)
    then = now + size_of(given_out.later, sizes) - size_of(given_out.evict, sizes)
    if disk.limit is not None:
        assert now <= disk.limit or not size_of(given_out.fetch, sizes)
        assert then <= disk.limit or not given_out.later


@law
@given(disks())
def test_every_file_is_told_once_and_in_order(
    case: tuple[Disk, list[Coming], list[tuple[str, int]]],
) -> None:
    disk, coming, spare = case
    found = allot(disk, coming, spare)
    told = (*found.fetch, *found.later, *found.refused)
    assert sorted(told) == sorted(one.stored for one in coming)
    due = {one.stored: (one.due, one.stored) for one in coming}
    assert list(found.fetch) == sorted(found.fetch, key=due.__getitem__)
    assert found.evict == tuple(name for name, _ in spare[: len(found.evict)])
    assert found == allot(disk, list(reversed(coming)), spare)


@law
@given(disks())
def test_no_more_goes_than_the_mark_asks_for(
    case: tuple[Disk, list[Coming], list[tuple[str, int]]],
) -> None:
    disk, coming, spare = case
    found = allot(disk, coming, spare)
    sizes = {one.stored: one.size for one in coming} | dict(spare)
    full = disk.used + size_of((*found.fetch, *found.later), sizes)
    if found.evict:
        kept = found.evict[:-1]
        assert disk.mark is not None
        assert full - size_of(kept, sizes) > disk.mark
    else:
        assert not spare or disk.mark is None or full <= disk.mark


@law
@given(disks())
def test_nothing_is_refused_that_would_fit_alone_after_what_is_due_before_it(
    case: tuple[Disk, list[Coming], list[tuple[str, int]]],
) -> None:
    disk, coming, spare = case
    first = min(coming, key=lambda c: (c.due, c.stored), default=None)
    found: Allotment = allot(disk, coming, spare)
    could = disk.used - sum(size for _, size in spare)
    if first is not None and (disk.limit is None or could + first.size <= disk.limit):
        assert first.stored not in found.refused


@st.composite
def stations(draw: st.DrawFn) -> tuple[Desired, Snapshot, dict[str, set[str]]]:
    """Two channels on one node, each known or not, with files that they play and others."""
    news, kids = channel("news"), channel("kids")
    budget = draw(st.integers(0, 8))
    room = MediaRoom(budget=budget, high_water=Fraction(draw(st.integers(0, 4)), 4))
    desired = lineup(news, kids, replace(machine("rack1"), media=room))
    files = draw(st.sets(st.sampled_from(NAMES)))
    played = {
        name: {f"{a}-1.mp4" for a in draw(st.sets(st.sampled_from(NAMES), max_size=4))}
        for name in ("news", "kids")
    }
    known = draw(st.sets(st.sampled_from(["news", "kids"])))
    seen = cluster(
        node("rack1", staged=[f"{name}-1.mp4" for name in sorted(files)]),
        row(news),
        sidecar(news),
        row(kids),
        sidecar(kids),
        catalogue=[fact(name, size=1) for name in NAMES],
        needed={name: played[name] for name in sorted(known)},
        last_used={"rack1": {f"{n}-1.mp4": -float(i) for i, n in enumerate(NAMES)}},
    )
    return desired, seen, {name: played[name] for name in known}


@law
@given(stations(), st.sampled_from(NAMES), st.sampled_from([(), ("news",)]))
def test_nothing_is_evicted_that_a_known_rundown_plays_nor_beside_an_unknown_one(
    station: tuple[Desired, Snapshot, dict[str, set[str]]], asset: str, made_of: tuple[str, ...]
) -> None:
    desired, seen, played = station
    compiles = bool(made_of)
    made = compiled(build("news", event(asset, seconds=600))) if compiles else {}
    plan = make_plan(desired, seen, made, Leave())
    evicted = {a.stored for a in plan.actions if isinstance(a, EvictMedia)}
    known = played.keys() | ({"news"} if compiles else set())
    if known != {"news", "kids"}:
        assert not evicted
    used = set().union(*played.values()) | ({f"{asset}-1.mp4"} if compiles else set())
    assert not evicted & used
    staged = {a.stored for a in plan.actions if isinstance(a, StageMedia)}
    before = seen.nodes[NodeName("rack1")].staged or {}
    budget = desired.nodes[NodeName("rack1")].media.budget
    assert budget is not None
    assert not staged or len(before) + len(staged) <= budget
    assert plan == make_plan(desired, seen, made, Leave())
