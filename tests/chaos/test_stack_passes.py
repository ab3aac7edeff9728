"""One-shot passes that are killed at any moment: the next ones end in the same place."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from tests.stack import Stack, ask, running_stack, until
from tests.stack_clips import ALPHA, BRAVO, DELTA, house, on_air_at, pieces_of
from tests.stack_lineup import DAY, channel, playlist, small
from tests.stack_proof import exact, run_on, seen_once
from tests.stack_receiver import gaps

pytestmark = [pytest.mark.media, pytest.mark.postgres, pytest.mark.slow]

ROUNDS = 12
_STEPS = 6  # a pass is killed after so many of its steps, less one, in turn
_SPAN = 0.4  # seconds: and so long after that at most, within the next step
_GOLDEN = 0.618  # spreads the moments evenly, whatever the number of rounds
EDITED = playlist(*(f"{{id: {c.id}, asset: {house(c)}}}" for c in (ALPHA, BRAVO, DELTA)))


@pytest.fixture
def stack(clips: Path) -> Iterator[Stack]:
    def files(stack: Stack) -> Mapping[str, str]:
        shutil.copytree(clips, stack.media, dirs_exist_ok=True)
        return small(stack, "news", "desk")

    with running_stack(files, programs=()) as stack:
        assert stack.cli("--wait", "30s").returncode == 0
        until("on air", lambda: stack.sending("news") and stack.sending("desk"))
        yield stack


def test_killed_passes_never_make_two_and_end_in_the_same_place(stack: Stack) -> None:
    ended: list[object] = []
    was, changed = _world_of(stack), 0
    for number in range(ROUNDS):
        _edit(stack, number)
        ended.append(_killed_after(stack, number % _STEPS, _SPAN * (number * _GOLDEN % 1)))
        for name in ("news", "desk"):
            _never_two(stack, name)
        now = _world_of(stack)
        was, changed = now, changed + (now != was)
        _time_passes(stack)
    print(f"rounds that changed something: {changed} of {ROUNDS}")  # noqa: T201
    print("ended by themselves:", ended)  # noqa: T201  # how early the rest were killed

    stack.commit(
        {
            "channels/news.yaml": channel(stack, "news"),
            "channels/desk.yaml": channel(stack, "desk"),
            "playlists/news.yaml": DAY,
        }
    )
    done = stack.cli("--wait", "30s")
    assert done.returncode == 0, done.stdout + done.stderr
    for _ in range(3):  # an alarm may end in the moment after: it is told, and nothing else is left
        again = stack.cli("--dry-run", "--detailed-exitcode")
        if again.returncode == 0:
            break
        print("left after --wait:", again.stdout)  # noqa: T201  # what it was
        assert stack.cli("--wait", "30s").returncode == 0
    assert again.returncode == 0, again.stdout
    for name in ("news", "desk"):
        _is_well(stack, name)


def _edit(stack: Stack, number: int) -> None:
    """Off air and on, and a playlist to and fro: starts, retirements, loads and rows."""
    stack.commit(
        {
            "channels/news.yaml": channel(stack, "news", on_air=number % 2 == 1),
            "channels/desk.yaml": channel(stack, "desk", on_air=number % 3 != 1),
            "playlists/news.yaml": EDITED if number % 4 < 2 else DAY,
        }
    )


def _killed_after(stack: Stack, steps: int, more: float) -> int | None:
    """Start a pass and kill it `more` seconds after so many of its steps.

    Gives its exit code if it ended before.
    """
    with subprocess.Popen(
        stack.argv("-v", "--wait", "20s"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as one:
        assert one.stderr is not None
        told = (line for line in one.stderr if "outcome=" in line)
        for _ in zip(range(steps), told, strict=False):
            pass
        with suppress(subprocess.TimeoutExpired):
            return one.wait(more)
        one.kill()
    return None


def _never_two(stack: Stack, name: str) -> None:
    running = stack.running(name)
    assert len(running) <= 1, [folder.path for folder in running]
    sending = [answer for f in running if (answer := ask(f, "/status")) and answer["sending"]]
    assert len(sending) <= 1


def _world_of(stack: Stack) -> list[object]:
    """What a pass can have changed."""
    rows = stack.rows(
        "select c.name, lineup_digest, highest_epoch, r.digest from playout_channels c"
        " left join rundowns r on r.channel = c.name order by 1"
    )
    running = [folder.path for name in ("news", "desk") for folder in stack.folders(name)]
    return [*rows, *running]


def _time_passes(stack: Stack) -> None:
    """Let the killed leader's term end now, rather than wait for it."""
    stack.rows("update leadership_lease set expires_at = '-infinity' returning term")


def _is_well(stack: Stack, name: str) -> None:
    receiver = stack.receiver(name)
    assert all(gap > 0 for gap in gaps(receiver.taken())), "two senders at once"
    begin = receiver.mark()
    run_on(stack, name, 100)
    exact(seen_once(receiver, begin), on_air_at(pieces_of(stack.rundown(name))))
    (folder,) = stack.folders(name)
    living = stack.rows(
        "select epoch from sidecars where channel = %s and retired_at is null", name
    )
    assert [row["epoch"] for row in living] == [int(folder.path.name)]
    (row,) = stack.rows("select status from playout_channels where name = %s", name)
    assert row["status"] == "running"
    rows = stack.asrun(name)
    assert len({(row["epoch"], row["event"], row["first_tick"]) for row in rows}) == len(rows)
