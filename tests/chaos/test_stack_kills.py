"""kill -9 of each part of a running installation, seen at the channel's output.

One installation serves all: the control plane and the database die and come back first, then the
engine, then the sidecar; the as-run at the end must tell of all that was captured.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path

import pytest

from tests.stack import Row, Stack, running_stack, until
from tests.stack_clips import ALPHA, BRAVO, RATE, on_air_at, pieces_of, pieces_of_asrun
from tests.stack_lineup import small
from tests.stack_proof import exact, item_on_air, run_on, seen_once, wrong_frames
from tests.stack_receiver import gaps, seen, senders

pytestmark = [pytest.mark.media, pytest.mark.postgres, pytest.mark.slow]


@pytest.fixture(scope="module")
def stack(clips: Path) -> Iterator[Stack]:
    def files(stack: Stack) -> Mapping[str, str]:
        shutil.copytree(clips, stack.media, dirs_exist_ok=True)
        return small(stack, "news")

    with running_stack(files, programs=("serve", "watch")) as stack:
        until("on air", lambda: stack.sending("news"))
        yield stack


def test_killing_the_control_plane_and_the_database_disturbs_no_frame(stack: Stack) -> None:
    receiver = stack.receiver("news")
    since = int(item_on_air(stack, "news", str(BRAVO.id), left=50)["tick"])
    begin = receiver.mark()
    term = stack.rows("select term from leadership")[0]["term"]

    stack.kill("watch")
    stack.kill("serve")
    database = stack.postmaster()
    for pid in database:
        os.kill(pid, signal.SIGKILL)
    run_on(stack, "news", 100)
    stack.start("watch")
    stack.serve()
    until("another leader", lambda: stack.rows("select term from leadership")[0]["term"] > term)
    _kill_the_database_under_both(stack)
    run_on(stack, "news", 100)

    output = seen_once(receiver, begin)
    exact(output, on_air_at(pieces_of(stack.rundown("news"))))
    print("frames while everything died:", len(output.frames))  # noqa: T201
    assert len(stack.running("news")) == 1
    assert stack.running("news")[0].path.name == "1"
    _as_run_is_complete(stack, begin, since)


def _kill_the_database_under_both(stack: Stack) -> None:
    database = stack.postmaster()
    for pid in database:
        os.kill(pid, signal.SIGKILL)
    until("the database back by itself", lambda: stack.rows("select 1"))
    until("the page", lambda: not stack.get("/api/overview")["database"]["error"])
    assert stack.postmaster()[0] != database[0]


def _as_run_is_complete(stack: Stack, begin: int, since: int) -> None:
    """Each event that was captured whole is there exactly once, with its frames.

    What was shown before anything was sent went out nowhere: its rows have no evidence.
    """
    output = seen_once(stack.receiver("news"), begin)
    last = output.frames[-1].tick
    rows = until("the as-run", lambda: _rows_up_to(stack, last))
    rows = [row for row in rows if row["evidence"] != "none"]
    assert len({row["event"] for row in rows}) == len(rows)
    pieces = pieces_of_asrun(rows)
    assert all(a.end == b.start for a, b in pairwise(pieces)), pieces
    assert {r["start_error_frames"] for r in rows if r["first_tick"] > since} == {0}
    said = on_air_at(pieces)
    captured = {frame.tick: (frame.clip, frame.number) for frame in output.frames}
    both = captured.keys() & said.keys()
    assert len(both) > BRAVO.frames
    assert {tick: captured[tick] for tick in both} == {tick: said[tick] for tick in both}


def _rows_up_to(stack: Stack, tick: int) -> list[Row]:
    rows = stack.asrun("news")
    return rows if any(row["last_tick"] >= tick for row in rows) else []


def test_a_killed_engine_is_back_at_the_right_frame(stack: Stack) -> None:
    receiver = stack.receiver("news")
    begin = receiver.mark()
    item_on_air(stack, "news", str(ALPHA.id))
    item_on_air(stack, "news", str(BRAVO.id), left=50)
    (folder,) = stack.running("news")
    engine = folder.engine_pid()
    assert engine is not None
    run_on(stack, "news", 40)  # enough of the old one to decode, whatever was on air at first

    os.kill(engine, signal.SIGKILL)
    until("another engine", lambda: _restarted(stack))
    run_on(stack, "news", 100)

    _right_frames_from_two(stack, begin)
    assert [one.path for one in stack.running("news")] == [folder.path]


def _restarted(stack: Stack) -> Row | None:
    answer = stack.sending("news")
    return answer if answer is not None and answer["engine"]["restarts"] else None


def _right_frames_from_two(stack: Stack, begin: int) -> None:
    """Two senders, one after the other, both exactly on the rundown."""
    receiver = stack.receiver("news")
    datagrams = receiver.taken(begin)
    assert len(senders(datagrams)) == 2
    (gap,) = gaps(datagrams)
    print(f"silence: {gap * 1000:.0f} ms")  # noqa: T201  # measured
    assert gap > 0, "two senders at once"
    wanted = on_air_at(pieces_of(stack.rundown("news")))
    first, second = seen(datagrams)
    assert wrong_frames(first.frames, wanted) == []
    clips = next(at for at, frame in enumerate(second.frames) if frame.clip)
    print(f"slate first: {clips} frames")  # noqa: T201  # measured
    back = second.frames[clips]
    clip, number = wanted[back.tick]
    assert back.clip == clip
    assert abs(back.number - number) <= 1  # back within one frame; from there on exact
    assert wrong_frames(second.frames[clips + 1 :], wanted) == []
    assert second.frames[0].tick > first.frames[-1].tick


def test_a_killed_sidecar_is_respawned_at_the_right_frame(stack: Stack) -> None:
    receiver = stack.receiver("news")
    begin = receiver.mark()
    item_on_air(stack, "news", str(ALPHA.id))
    item_on_air(stack, "news", str(BRAVO.id), left=50)
    (folder,) = stack.running("news")
    pid, epoch = folder.pid(), int(folder.path.name)
    assert pid is not None
    run_on(stack, "news", 40)

    os.kill(pid, signal.SIGKILL)
    until("a successor", lambda: stack.sending("news", epoch + 1))
    run_on(stack, "news", 100)

    _right_frames_from_two(stack, begin)
    rows = until("its as-run", lambda: [r for r in stack.asrun("news") if r["epoch"] == epoch])
    killed = rows[-1]
    print("as-run of the dead one ends:", killed["why"], killed["evidence"])  # noqa: T201
    first, _ = seen(receiver.taken(begin))
    unsure = killed["last_tick"] - first.frames[-1].tick
    print("frames in the as-run past the last one captured:", unsure)  # noqa: T201
    assert -RATE <= unsure <= RATE
    assert [one.path.name for one in stack.folders("news")] == [str(epoch + 1)]
    (row,) = stack.rows("select restart_count from playout_channels where name = 'news'")
    assert row["restart_count"] == 1
