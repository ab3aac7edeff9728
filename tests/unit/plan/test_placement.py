"""Which node, and why not the others."""

from __future__ import annotations

from typing import Any

from reconciler.model.desired import Desired
from reconciler.model.ids import ChannelName
from reconciler.model.observed import Snapshot
from tests.builders import (
    channel,
    cluster,
    decklink,
    lineup,
    machine,
    node,
    recording,
    row,
    sidecar,
)
from tests.unit.plan.telling import planned

OFF: dict[str, Any] = {"status": "stopped", "sending_epoch": 0, "lease_expires_at": None}


def verdicts(desired: Desired, seen: Snapshot, name: str = "news") -> list[str]:
    placed = planned(desired, seen).notes[ChannelName(name)].placement
    return [f"{'*' if v.chosen else ' '} {v.node}: {v.because}" for v in placed]


def test_the_order_of_choice() -> None:
    a, b, c = machine("a"), machine("b"), machine("c")
    busy = channel("busy")
    seen = cluster(node("a"), node("b"), node("c"), row(busy, on="a"), sidecar(busy, on="a"))
    news = channel("news")
    assert verdicts(lineup(news, busy, a, b, c), seen) == [
        "  a: eligible; b comes first",
        "* b: fewest channels (0)",
        "  c: eligible; b comes first",
    ]
    liked = channel("news", prefer=["c", "a"])
    assert verdicts(lineup(liked, busy, a, b, c), seen)[2] == "* c: preferred"
    home = cluster(node("a"), node("b"), node("c"), row(liked, on="a", epoch=2, **OFF))
    assert verdicts(lineup(liked, a, b, c), home)[0] == "* a: it is there already"


def test_every_refusal_says_why() -> None:
    news = channel("news", decklink(3), labels={"site": "oslo"})
    oslo = {"site": "oslo"}
    desired = lineup(
        news,
        machine("a", labels={"site": "bergen"}),
        machine("b", labels=oslo, maintenance=True),
        machine("c", labels=oslo, engines=[]),
        machine("d", labels=oslo),
        machine("e", labels=oslo, devices=[3], max_channels=0),
        machine("f", labels=oslo, devices=[3]),
        machine("g", labels=oslo),
    )
    seen = cluster(*(node(n) for n in "abcde"), node("f", silent_for=99), node("g", silent_for=2))
    assert verdicts(desired, seen) == [
        "  a: its label site is bergen, not oslo",
        "  b: it is in maintenance",
        "  c: it has no casparcg engine",
        "  d: output sdi: it has no device 3",
        "  e: it has 0 of at most 0 channels",
        "  f: it is lost",
        "  g: it does not answer",
    ]


def test_room_is_counted_as_the_plan_grows() -> None:
    names = ("a1", "a2", "a3", "a4")
    wide = [channel(name, fmt="1080p5000") for name in names]
    desired = lineup(*wide, machine("a", cores=2), machine("b", cores=2))
    seen = cluster(node("a"), node("b"))
    assert [verdicts(desired, seen, name) for name in names] == [
        ["* a: fewest channels (0)", "  b: eligible; a comes first"],
        [
            "  a: 1080p5000 needs 1.26 cores, 0.74 of 2.00 are left",
            "* b: the only one eligible",
        ],
        *(
            [
                "  a: 1080p5000 needs 1.26 cores, 0.74 of 2.00 are left",
                "  b: 1080p5000 needs 1.26 cores, 0.74 of 2.00 are left",
            ],
        )
        * 2,
    ]


def test_a_node_that_tells_no_cores_is_not_counted() -> None:
    desired = lineup(channel("news", fmt="2160p5000"), machine("a", cores=None))
    assert verdicts(desired, cluster(node("a"))) == ["* a: the only one eligible"]
    told = cluster(node("a", cores=1))
    assert verdicts(desired, told)[0].startswith("  a: 2160p5000 needs")


def test_casparcg_is_bounded_by_channels_not_cores() -> None:
    sdi = [channel(name, decklink(index)) for index, name in enumerate(("x", "y"), start=1)]
    desired = lineup(*sdi, machine("a", cores=1, devices=[1, 2]))
    assert verdicts(desired, cluster(node("a")), "y") == ["* a: the only one eligible"]


def test_a_recorder_that_rests_holds_nothing() -> None:
    desired = lineup(channel("x", decklink(1)), machine("a", devices=[1]))
    seen = cluster(node("a"), recording("rec-1", on="a", recording=False))
    assert verdicts(desired, seen, "x") == ["* a: the only one eligible"]


def test_two_channels_want_one_device() -> None:
    both = [channel(name, decklink(1)) for name in ("x", "y")]
    desired = lineup(*both, machine("a", devices=[1]))
    assert verdicts(desired, cluster(node("a")), "y") == [
        "  a: output sdi: device 1 is held by channel x"
    ]
