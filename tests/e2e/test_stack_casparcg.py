"""A lineup on CasparCG, from the commit to the as-run: the fake server stands for the engine."""

from __future__ import annotations

import os
import shlex
import signal
from collections.abc import Iterator, Mapping
from itertools import pairwise

import pytest

from tests.integration.casparcg_kit import FAKE, FRAMES, make_clip
from tests.stack import Row, Stack, running_stack, until
from tests.stack_lineup import LINEUP, channel, playlist
from tests.stack_proof import item_on_air, run_on

pytestmark = [pytest.mark.media, pytest.mark.postgres, pytest.mark.slow]

NODES = "local:\n  runtime: process\n  engines: [embedded, casparcg]\n"
DAY = ("{id: a, asset: A}", "{id: b, asset: B}", "{id: c, asset: C}")
EDITED = ("{id: a, asset: A}", "{id: b, asset: B}", "{id: d, asset: D}")
RIGHT_WITHIN = 3  # frames; what is read back is as old as a tick and its way here


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    clip = make_clip(tmp_path_factory.mktemp("clip") / "clip.mp4")

    def files(stack: Stack) -> Mapping[str, str]:
        for name in ("A", "B", "C", "D", "IDENT"):
            (stack.media / f"{name}.mp4").write_bytes(clip.read_bytes() + name.encode())
        return {
            "lineup.yaml": LINEUP.format(format="320x180p2500"),
            "nodes.yaml": NODES,
            "playlists/idents.yaml": playlist("IDENT"),
            "channels/news.yaml": channel(stack, "news", "engine: casparcg\n"),
            "playlists/news.yaml": playlist(*DAY),
        }

    with running_stack(files, settings={"RECONCILE_CASPARCG": shlex.join(FAKE)}) as stack:
        until("on air", lambda: stack.sending("news"))
        yield stack


def test_a_rundown_is_played_and_written_down(stack: Stack) -> None:
    item_on_air(stack, "news", "a", left=40)
    answer = until("the right frame", lambda: _in_place(stack))
    assert [o["state"] for o in answer["outputs"]] == ["sending"]
    run_on(stack, "news", 3 * FRAMES)

    rows = until("the as-run", lambda: _ended(stack, at_least=3))
    assert {row["evidence"] for row in rows} == {"engine"}
    assert {row["why"] for row in rows} == {"end"}
    assert all(abs(row["start_error_frames"]) <= 1 for row in rows[1:])
    assert all(abs(b["first_tick"] - a["last_tick"] - 1) <= 1 for a, b in pairwise(rows))


def test_an_edit_is_followed_without_a_break(stack: Stack) -> None:
    item_on_air(stack, "news", "a", left=50)
    epoch, restarts = stack.running("news")[-1].path.name, _restarts(stack)
    planned = stack.cli("--dry-run")
    stack.commit({"playlists/news.yaml": playlist(*EDITED)})
    item_on_air(stack, "news", "d", left=20)

    assert "interrupts" not in planned.stdout
    assert until("the right frame", lambda: _in_place(stack))["on_air"]["item"] == "d"
    assert (stack.running("news")[-1].path.name, _restarts(stack)) == (epoch, restarts)


def test_live_acts_reach_the_engine(stack: Stack) -> None:
    item_on_air(stack, "news", "a", left=75)
    done = [stack.cli("live", "news", act) for act in ("pause", "resume", "skip")]
    assert [said.returncode for said in done] == [0, 0, 0], [said.stderr for said in done]
    item_on_air(stack, "news", "b", left=20)
    until("the right frame", lambda: _in_place(stack))


def test_a_killed_engine_is_back_at_the_right_frame(stack: Stack) -> None:
    item_on_air(stack, "news", "b", left=100)
    (folder,) = stack.running("news")
    engine, before = folder.engine_pid(), _restarts(stack)
    assert engine is not None
    os.kill(engine, signal.SIGKILL)

    until("another engine", lambda: _restarts(stack) > before and stack.sending("news"))
    until("the right frame", lambda: _in_place(stack))
    assert [one.path for one in stack.running("news")] == [folder.path]


def test_a_killed_sidecar_is_started_by_its_guard_and_nobody_else_takes_its_place(
    stack: Stack,
) -> None:
    item_on_air(stack, "news", "b", left=100)
    (folder,) = stack.running("news")
    engine, before = folder.engine_pid(), folder.pid()
    assert before is not None
    os.kill(before, signal.SIGKILL)

    until("another sidecar", lambda: folder.pid() not in {None, before} and stack.sending("news"))
    until("the right frame", lambda: _in_place(stack))
    assert [one.path for one in stack.running("news")] == [folder.path]
    assert folder.engine_pid() == engine


def test_an_engine_with_another_format_needs_leave(stack: Stack) -> None:
    item_on_air(stack, "news", "a")
    more = "engine: casparcg\nformat: 320x180p5000\n"
    stack.write({"channels/news.yaml": channel(stack, "news", more)})
    planned = stack.cli("--dry-run")
    stack.git("checkout", "--", "configs")

    assert "--allow-interrupt news" in planned.stdout, planned.stdout


def _in_place(stack: Stack) -> Row | None:
    """The status, once the picture on air is at the frame where it should be."""
    answer = stack.sending("news")
    on_air = answer["on_air"] if answer is not None else None
    if on_air is None or on_air["kind"] != "programme":
        return None
    return answer if abs(on_air["source_frame"] - on_air["position"]) <= RIGHT_WITHIN else None


def _ended(stack: Stack, *, at_least: int) -> list[Row]:
    rows = [
        row
        for row in stack.asrun("news")
        if row["kind"] == "programme" and row["evidence"] != "none" and row["why"] == "end"
    ]
    return rows if len(rows) >= at_least else []


def _restarts(stack: Stack) -> int:
    answer = stack.status("news")
    return int(answer["engine"]["restarts"]) if answer is not None else -1
