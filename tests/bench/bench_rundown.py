"""Frame accuracy and cost of compiling: `python -m tests.bench.bench_rundown [--channels N ...]`.

Accuracy: an hour and a day of a schedule with hard starts, lists and joins, at every rate, beside a
reference in rational arithmetic that knows nothing of the compiler. The greatest error is asserted
to be 0 frames. Cost: what a day costs per channel and per event at 10, 100 and 1,000 channels;
a ratio near 1 means that it grows no faster than the work.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from math import ceil, floor
from time import process_time

from reconciler.model.ids import ChannelName
from reconciler.model.rundown import Event, Rundown
from reconciler.rundown import Sources, Window, compile_rundown
from tests.unit.rundown.builders import (
    HARD,
    base,
    channel,
    frame,
    item,
    layer,
    playlist,
    sources,
)

FORMATS = (
    "1080p2398",
    "1080p2400",
    "1080p2500",
    "1080p2997",
    "1080p3000",
    "1080p5000",
    "1080p5994",
    "1080p6000",
)
SPANS = (1, 24)  # hours
DAY = "2026-11-24T23:00:00"  # midnight in Oslo
LENGTHS = {"a": "123.456", "b": "600", "c": "77.7", "n": "900", "o": "301.3"}
STARTS = tuple(range(0, 24, 2))  # o'clock, in Oslo
JOIN = 5  # frames
ITEMS = 500  # of a channel's list in the measurement of cost


def schedule(name: str) -> Sources:
    """A looping base with joins, and a news list that starts hard every two hours."""
    layers = [layer("news", f"{hour:02}:00", start=HARD) for hour in STARTS]
    base_list = playlist("base", "a", item("b", mix=f"{JOIN}f"), "c")
    wanted = channel(base("base"), *layers, format=name)
    return sources(wanted, [base_list, playlist("news", "n", "o")], LENGTHS)


def span(made: Sources, hours: int) -> Window:
    """A window of so many hours from midnight on."""
    rate = made.channel.format.rate
    first = frame(DAY, rate)
    return Window(first, first + round(hours * 3600 * rate))


# ── accuracy ─────────────────────────────────────────────────────────────────────────────────────


def rounded(seconds: str, rate: Fraction) -> int:
    """Frames nearest to a length, half up."""
    return floor(Fraction(seconds) * rate + Fraction(1, 2))


def expected_start(hour: int, rate: Fraction) -> int:
    """The first frame that begins at or after a full hour since midnight."""
    midnight = frame(DAY, Fraction(1))  # at one frame a second: seconds
    return ceil((midnight + hour * 3600) * rate)


def error_of(rundown: Rundown) -> tuple[int, int]:
    """The greatest error of any start or length in frames, and how many were compared."""
    rate, errors = rundown.rate, [0]
    lengths = {name: rounded(seconds, rate) for name, seconds in LENGTHS.items()}
    due = {e.due: e for e in rundown.events if e.item == "n" and e.start >= expected_start(0, rate)}
    for number, event in enumerate(sorted(due.values(), key=_start)):
        errors.append(abs(event.start - expected_start(STARTS[0] + 2 * number, rate)))
    at = rundown.start
    for event in rundown.events:
        errors.append(abs(event.start - at))
        if event.item:
            whole = lengths[event.item]
            errors.append(abs(event.nominal - whole))
            errors.append(0 if event.is_cut else abs(event.frames + event.lap - whole))
        at += event.frames
    errors.append(abs(rundown.end - at))
    return max(errors), len(rundown.events)


def _start(event: Event) -> int:
    return event.start


def report_accuracy() -> None:
    """Print the greatest error per rate and span; it must be 0."""
    sys.stdout.write(f"{'format':>10} {'hours':>5} {'events':>7} {'starts':>7} {'max error':>10}\n")
    for name in FORMATS:
        for hours in SPANS:
            made = schedule(name)
            rundown = compile_rundown(made, span(made, hours)).rundown
            error, events = error_of(rundown)
            hard = sum(event.start_type is HARD for event in rundown.events)
            sys.stdout.write(f"{name:>10} {hours:>5} {events:>7} {hard:>7} {error:>8} f\n")
            assert error == 0, f"{name}: {error} frames off"
            assert hard >= hours // 2


# ── cost ─────────────────────────────────────────────────────────────────────────────────────────


def one_of_many(number: int) -> Sources:
    """A channel with a long list of its own and a news list on top."""
    items = tuple(item(f"i{n}", "bca"[(n + number) % 3]) for n in range(ITEMS))
    made = schedule("1080p5000")
    named = replace(made.channel, name=ChannelName(f"channel-{number:04}"))
    long = playlist("base", *items)
    return replace(made, channel=named, playlists={**made.playlists, long.name: long})


def cost(count: int) -> tuple[float, int]:
    """Seconds of the processor to compile a day of so many channels, and the events in them."""
    seconds, events = 0.0, 0
    for number in range(count):
        made = one_of_many(number)
        window = span(made, 24)
        began = process_time()
        rundown = compile_rundown(made, window).rundown
        seconds += process_time() - began
        events += len(rundown.events)
    return seconds, events


def report_cost(counts: Sequence[int]) -> None:
    """Print what a day costs, per channel and beside the smallest count's share."""
    heads = ("channels", "events", "total", "a channel", "an event", "ratio")
    row = "{:>10} {:>8} {:>9} {:>11} {:>10} {:>6}\n"
    sys.stdout.write("\n" + row.format(*heads))
    cost(1)  # the first compile of a process reads its time zones
    share = 0.0
    for count in counts:
        seconds, events = cost(count)
        each = seconds / count
        share = share or each
        sys.stdout.write(
            f"{count:>10} {events:>8} {seconds:>7.2f} s {each * 1e3:>8.2f} ms "
            f"{seconds / events * 1e6:>7.1f} us {each / share:>6.2f}\n"
        )


def main(argv: Sequence[str] | None = None) -> None:
    """Print both reports."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--channels", type=int, nargs="*", default=[10, 100, 1_000])
    asked = parser.parse_args(argv)
    report_accuracy()
    report_cost(asked.channels)


if __name__ == "__main__":
    main()
