"""How long make_plan() takes, per channel: `python -m tests.bench.bench_plan`.

Ratios, not times: what a pass over many channels costs per channel beside one over ten, and what a
lineup with one edited channel costs beside an unchanged one. A plan that is O(changed) keeps both
near 1.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from time import perf_counter

from reconciler.model.desired import Desired
from reconciler.model.ids import ChannelName
from reconciler.model.observed import Snapshot
from reconciler.plan.actions import Leave
from reconciler.plan.planner import make_plan
from tests.builders import channel, cluster, compiled, event, lineup, machine, node, row, sidecar
from tests.builders import rundown as build_rundown

COUNTS = (10, 100, 1_000, 5_000)
PER_NODE = 10
TRIES = 5


def world_of(count: int) -> tuple[Desired, Snapshot]:
    """`count` channels on air, ten to a node."""
    channels = [channel(f"channel-{n:05}") for n in range(count)]
    racks = [machine(f"rack-{n:04}", cores=64) for n in range(-(-count // PER_NODE))]
    desired = lineup(*channels, *racks)
    homes = [racks[n // PER_NODE].name for n in range(count)]
    parts = [
        part
        for wanted, home in zip(channels, homes, strict=True)
        for part in (row(wanted, on=home), sidecar(wanted, on=home))
    ]
    return desired, cluster(*(node(rack.name) for rack in racks), *parts, known=desired)


def best(desired: Desired, seen: Snapshot, edited: ChannelName | None = None) -> float:
    """Seconds of the quickest of a few tries."""
    rundowns = (
        compiled(build_rundown(edited, event("ONE"), event("TWO", at=3600))) if edited else {}
    )
    times = []
    for _ in range(TRIES):
        began = perf_counter()
        plan = make_plan(desired, seen, rundowns, Leave())
        times.append(perf_counter() - began)
        assert plan.is_empty is (edited is None)
    return min(times)


def main() -> None:
    """Print one line per size."""
    base = 0.0
    for count in COUNTS:
        desired, seen = world_of(count)
        calm = best(desired, seen)
        name = next(iter(desired.channels))
        changed = replace(desired.channels[name], digest="edited")
        edit = best(replace(desired, channels={**desired.channels, name: changed}), seen, name)
        base = base or calm / count
        sys.stdout.write(
            f"{count:>5} channels: {calm * 1e3:8.2f} ms, {calm / count * 1e6:6.1f} us each "
            f"({calm / count / base:4.2f} of ten channels' share); one edit x {edit / calm:4.2f}\n"
        )


if __name__ == "__main__":
    main()
