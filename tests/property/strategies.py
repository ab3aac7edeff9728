"""All lineups by all clusters: small ones, of every shape that the plan must bear."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import strategies as st

from reconciler.model.desired import Desired, DesiredChannel, DesiredNode, OnNodeLoss, Policy
from tests.builders import channel as build
from tests.builders import decklink, lineup, machine, recorder, recording, srt, udp
from tests.world import World

CHANNELS = ("arts", "film", "kids", "news")
NODES = ("rack1", "rack2", "rack3")
FREE = Policy(max_interrupted=None)  # the limits have laws of their own


@st.composite
def channels(draw: st.DrawFn, name: str, *, cabled: bool | None = None) -> DesiredChannel:
    """One channel; `cabled`: with a DeckLink output, or without."""
    sdi = draw(st.booleans()) if cabled is None else cabled
    spare = draw(st.sampled_from([None, ("rack2", 2), ("rack3", 1)]))
    outputs = (decklink(draw(st.integers(1, 2)), spare=spare),) if sdi else (udp(), srt())
    keep = draw(st.integers(1, len(outputs)))
    return build(
        name,
        *outputs[:keep],
        on_air=draw(st.sampled_from([True, True, True, False])),
        fmt=draw(st.sampled_from(["360p2500", "720p2500", "360p5000"])),
        fence=draw(st.sampled_from([30, None])),
        on_node_loss=draw(st.sampled_from(list(OnNodeLoss))),
        allow_interrupt=draw(st.booleans()),
        edition=draw(st.integers(1, 3)),
        prefer=draw(st.lists(st.sampled_from(NODES), unique=True, max_size=2)),
        labels=draw(st.sampled_from([{}, {}, {"site": "oslo"}])),
    )


@st.composite
def machines(draw: st.DrawFn, name: str) -> DesiredNode:
    """One node."""
    return machine(
        name,
        devices=draw(st.sampled_from([(), (1,), (1, 2)])),
        labels=draw(st.sampled_from([{"site": "oslo"}, {"site": "oslo"}, {"site": "bergen"}])),
        cores=draw(st.sampled_from([1, 2, 8, None])),
        maintenance=draw(st.sampled_from([False, False, False, True])),
        max_channels=draw(st.sampled_from([None, None, 1])),
    )


@st.composite
def lineups(draw: st.DrawFn, *, cabled: bool | None = None) -> Desired:
    """A lineup of up to four channels on one to three nodes."""
    names = draw(st.lists(st.sampled_from(CHANNELS), unique=True, max_size=4))
    count = draw(st.integers(1, 3))
    nodes = [draw(machines(name)) for name in NODES[:count]]
    holders = [recorder("rec-1", nodes[0].name, 1)] if nodes[0].devices else []
    parts = [draw(channels(name, cabled=cabled)) for name in names]
    return lineup(*parts, *nodes, *holders, policy=FREE)


@st.composite
def worlds(draw: st.DrawFn, *, cabled: bool | None = None) -> World:
    """A world that has lived under one lineup, suffered, and now is given another."""
    world = World(draw(lineups(cabled=cabled)))
    if draw(st.booleans()):
        rec = recording("rec-1", device=1, recording=draw(st.booleans()))
        world.recorders["rec-1"] = rec
    for _ in range(draw(st.integers(0, 4))):
        world.apply(world.plan().actions)
        world.tick(5)
    _suffer(draw, world)
    if draw(st.booleans()):
        world.edit(_same_nodes(draw(lineups(cabled=cabled)), world))
    return world


@st.composite
def on_air_worlds(draw: st.DrawFn, *, cabled: bool) -> World:
    """A world in which all is well: two or three roomy nodes, every channel on air.

    What befalls it afterwards is the law's own; the wilder worlds seldom come this far.
    """
    names = draw(st.lists(st.sampled_from(CHANNELS), unique=True, min_size=1, max_size=3))
    nodes = [machine(name, devices=(1, 2, 3)) for name in NODES[: draw(st.integers(2, 3))]]
    fence = st.sampled_from([30, 30, None])
    spare = st.sampled_from([None, None, ("rack2", 3)])
    wanted = [
        build(
            name,
            *((decklink(index, spare=draw(spare)),) if cabled else ()),
            fence=draw(fence),
        )
        for index, name in enumerate(names, start=1)
    ]
    world = World(lineup(*wanted, *nodes, policy=FREE))
    world.converge()
    return world


def _suffer(draw: st.DrawFn, world: World) -> None:
    for name in draw(st.lists(st.sampled_from(CHANNELS), unique=True, max_size=2)):
        world.kill(name)
    for node in draw(st.lists(st.sampled_from(NODES), unique=True, max_size=1)):
        if node in world.desired.nodes:
            world.lose(node, seconds=draw(st.sampled_from([3, 60])))
    for key, seen in list(world.sidecars.items()):
        if seen.answer is not None and draw(st.integers(0, 5)) == 0:
            mute = replace(seen, answer=None, silent_for=timedelta(seconds=30))
            world.sidecars[key] = mute


def _same_nodes(other: Desired, world: World) -> Desired:
    """Another lineup over the same machines; who leaves the inventory is told elsewhere."""
    return replace(other, nodes=world.desired.nodes, recorders=world.desired.recorders)
