"""Drained to and fro while parts of the installation are killed in the middle of the hand-over.

`test_hand_over.py` cuts after every call, in memory; here real processes die at about that moment,
and the output tells whether two ever sent at once. RECONCILE_HAND_OVERS=20 makes it a long run.
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest

from tests.stack import Stack, running_stack, until
from tests.stack_clips import on_air_at, pieces_of
from tests.stack_lineup import small
from tests.stack_proof import breaks, run_on
from tests.stack_receiver import gaps, joined, senders, sound_breaks

pytestmark = [pytest.mark.media, pytest.mark.postgres, pytest.mark.slow]

ROUNDS = int(os.environ.get("RECONCILE_HAND_OVERS", "2"))  # to and fro, and of every kill half
SIDES = ("left", "right")
NODES = """\
left: {{runtime: process, maintenance: {left}}}
right: {{runtime: process, maintenance: {right}}}
"""
KILLS = [
    *((step, "watch") for step in ("joins", "silent", "sealed", "granted")),
    ("silent", "old"),
    ("silent", "new"),
]


@pytest.fixture(scope="module")
def stack(clips: Path) -> Iterator[Stack]:
    def files(stack: Stack) -> Mapping[str, str]:
        shutil.copytree(clips, stack.media, dirs_exist_ok=True)
        return {**small(stack, "news"), "nodes.yaml": nodes(away_from="right")}

    with running_stack(files) as stack:
        until("on air", lambda: stack.sending("news"))
        yield stack


def nodes(away_from: str) -> str:
    return NODES.format(**{side: str(side == away_from).lower() for side in SIDES})


class Drain:
    """One drain of the node that the channel is on."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        (folder,) = stack.running("news")
        self.old = folder
        self.side = next(side for side in SIDES if stack.running("news", side))
        self.other = next(side for side in SIDES if side != self.side)
        self.begin = stack.receiver("news").mark()
        self._read = len(stack.log("watch"))
        stack.commit({"nodes.yaml": nodes(away_from=self.side)})

    def reach(self, step: str, within: float = 30.0) -> None:
        """Wait until the log tells of a step."""
        deadline = time.monotonic() + within
        while f"step={step}" not in self.stack.log("watch")[self._read :]:
            assert time.monotonic() < deadline, f"no step {step}"
            time.sleep(0.005)

    def kill(self, victim: str) -> None:
        if victim == "watch":
            self.stack.kill("watch")
            self.stack.start("watch")
            return
        found = [self.old] if victim == "old" else self.stack.running("news", self.other)
        for folder in found:
            pid = folder.pid()
            if pid is not None:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def ends(self) -> None:
        until(
            "on air on the other node, alone",
            lambda: (
                self.stack.sending("news")
                and self.stack.running("news", self.other)
                and not self.stack.running("news", self.side)
            ),
        )
        run_on(self.stack, "news", 50)


def test_nothing_disturbs_it_and_nothing_is_missing(stack: Stack) -> None:
    for _ in range(ROUNDS):
        drain = Drain(stack)
        drain.ends()
        datagrams = stack.receiver("news").taken(drain.begin)
        (gap,) = gaps(datagrams)
        output = joined(datagrams)
        print(f"{drain.side} -> {drain.other}: {gap * 1000:.0f} ms,", breaks(output.frames))  # noqa: T201
        assert gap > 0, "two senders at once"
        assert breaks(output.frames) == []
        assert sound_breaks(datagrams) == []


@pytest.mark.parametrize(("step", "victim"), KILLS * max(1, ROUNDS // 2))
def test_never_two_senders_whoever_dies(stack: Stack, step: str, victim: str) -> None:
    drain = Drain(stack)
    drain.reach(step)
    drain.kill(victim)
    drain.ends()

    datagrams = stack.receiver("news").taken(drain.begin)
    found = gaps(datagrams)
    output = joined(datagrams)
    missing = [b.tick - a.tick - 1 for a, b in pairwise(output.frames) if b.tick != a.tick + 1]
    print(f"{step}, {victim} killed: {len(senders(datagrams))} turns,", missing, "frames missing")  # noqa: T201
    assert all(gap > 0 for gap in found), "two senders at once"
    wanted = on_air_at(pieces_of(stack.rundown("news")))
    wrong = [
        f for f in output.frames if wanted.get(f.tick, (f.clip, f.number)) != (f.clip, f.number)
    ]
    assert wrong == []
