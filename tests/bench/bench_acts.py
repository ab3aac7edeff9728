"""How long a live act takes until the engine shows it: `python -m tests.bench acts [--rounds N]`.

`--casparcg COMMAND` measures with that engine instead of the embedded one; `fake` is of the tests.

A real sidecar and its engine play a real channel; acts come by HTTP, one after another, at moments
that do not follow the frames. Beside each figure stands its physical limit: the lead that an act is
given to reach the engine before its frame, and the rest of the frame that is going on.
"""

from __future__ import annotations

import argparse
import shlex
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from reconciler.model.observed import SidecarSeen
from reconciler.model.rundown import Clip, Event
from reconciler.sidecar.casparcg.engine import CAPABILITIES as CASPARCG
from reconciler.sidecar.engine_port import LEAD
from tests.conformance.coded import Coded, make
from tests.integration.casparcg_kit import FAKE
from tests.orders import nobody, order_of
from tests.unit.sidecar.rig import Rig, from_now
from tests.unit.sidecar.situations import RATE, rundown

BAR = 150.0  # ms at the 99th percentile
ACTS = ("pause", "resume", "skip", "stop", "play")
LONG = 1_000  # frames of a clip
FAKES_LONG = 125  # as long as the fake engine takes every file for
PAUSE = 0.337  # seconds between acts: no multiple of a frame


@contextmanager
def on_air(folder: Path, casparcg: str, *, loop: bool) -> Iterator[tuple[Rig, SidecarSeen]]:
    """A channel that plays two clips in turn, for longer than the measurement takes.

    `loop`: each is shorter than its event, and goes round.
    """
    command = FAKE if casparcg == "fake" else tuple(shlex.split(casparcg))
    length = FAKES_LONG if casparcg == "fake" or loop else LONG
    frames = LONG if loop else length
    rig = Rig(folder, engine=command or None)
    try:
        for number, name in enumerate("ab", start=1):
            clip = Coded(id=number, width=424, height=240, rate=Fraction(25), frames=length)
            rig.node.stage(order_of(make(clip, folder), stored=f"{name}.mp4"), nobody)
        seen = rig.start(engine="casparcg" if command else "embedded")
        events = from_now(" ".join("ab" * 200), frames=frames)
        rig.load(seen, rundown(tuple(map(looped, events)) if loop else events))
        rig.send(seen)
        rig.until(seen, lambda answer: answer.on_air is not None, within=40)
        yield rig, seen
    finally:
        rig.close()


def looped(event: Event) -> Event:
    """The event with its clip going round."""
    assert isinstance(event.material, Clip)
    return replace(event, material=replace(event.material, loop=True))


def measure(
    rounds: int, casparcg: str, pause: float, *, loop: bool = False
) -> dict[str, list[float]]:
    """Milliseconds until the engine was read back as showing each act."""
    took: dict[str, list[float]] = {act: [] for act in ACTS}
    with (
        tempfile.TemporaryDirectory(prefix="bench-acts-") as name,
        on_air(Path(name), casparcg, loop=loop) as channel,
    ):
        rig, seen = channel
        for _ in range(rounds):
            for act in ACTS:
                time.sleep(pause)
                said = rig.client.transport(seen, act, {})
                shown = said["shown"] is True
                took[act].append(float(str(said["latency_ms"])) if shown else float("inf"))
    return took


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of all do not exceed."""
    return sorted(values)[min(len(values) - 1, round(share * len(values)))]


def main() -> None:
    """Print one line per act, and one for all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--casparcg", default="", metavar="COMMAND")
    parser.add_argument("--pause", type=float, default=PAUSE, help="seconds between acts")
    parser.add_argument("--loop", action="store_true", help="with clips that go round")
    said = parser.parse_args()
    lead = CASPARCG.lead if said.casparcg else LEAD
    took = measure(said.rounds, said.casparcg, said.pause, loop=said.loop)
    limit = float((lead + 1 / RATE) * 1000)
    took["all"] = [value for values in took.values() for value in values]
    head = f"{'act':>8} {'times':>6} {'median':>8} {'p99':>8} {'worst':>8}  ms"
    sys.stdout.write(f"{head} | p99 ÷ bar of {BAR:g} | median ÷ limit of {limit:g}\n")
    for act, values in took.items():
        middle, nearly = statistics.median(values), percentile(values, 0.99)
        sys.stdout.write(
            f"{act:>8} {len(values):>6} {middle:>8.1f} {nearly:>8.1f} {max(values):>8.1f}"
            f"     | {nearly / BAR:.2f} | {middle / limit:.2f}\n"
        )


if __name__ == "__main__":
    main()
