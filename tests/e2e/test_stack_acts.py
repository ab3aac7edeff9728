"""Live acts, from the command line and over HTTP, seen in the frame numbers at the output."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.stack import Row, Stack, until
from tests.stack_clips import ALPHA, BRAVO, CHARLIE, RATE, on_air_at, pieces_of_asrun
from tests.stack_proof import exact, item_on_air, seen_once
from tests.stack_receiver import Seen

pytestmark = [pytest.mark.media, pytest.mark.postgres, pytest.mark.slow]

NEXT = {ALPHA.id: BRAVO.id, BRAVO.id: CHARLIE.id, CHARLIE.id: ALPHA.id}


@dataclass(frozen=True, slots=True)
class Done:
    """One act: when it was asked for, as a tick, and the journal's word for it."""

    what: str
    tick: int
    took_ms: object


def test_every_act_is_seen_at_the_output_and_written_down(stack: Stack) -> None:
    receiver = stack.receiver("desk")
    since = stack.rows("select now() as now")[0]["now"]
    item_on_air(stack, "desk", str(ALPHA.id), left=60)
    begin = receiver.mark()
    _frames(stack, 30)

    done = [_cli(stack, "skip")]
    _frames(stack, 25)
    done.append(_http(stack, "skip"))
    _frames(stack, 25)
    done.append(_http(stack, "pause"))
    _frames(stack, 40)
    done.append(_cli(stack, "resume"))
    _frames(stack, 25)
    done.append(_http(stack, "stop-playback"))
    _frames(stack, 40)
    done.append(_http(stack, "play"))
    _frames(stack, 25)
    done.append(_cli(stack, "pause"))
    _frames(stack, 25)
    done.append(_http(stack, "resume"))
    _frames(stack, 25)
    done.append(_cli(stack, "stop"))
    _frames(stack, 25)
    done.append(_cli(stack, "play"))
    item_on_air(stack, "desk", str(BRAVO.id), left=60)
    item_on_air(stack, "desk", str(CHARLIE.id))
    output = seen_once(receiver, begin)

    for act in done:
        print(f"{act.what}: {act.took_ms} ms")  # noqa: T201  # measured
    print(output.report.describe())  # noqa: T201  # for whoever reads a failure
    _two_skips(output)
    _two_pauses(output)
    last = output.frames[-2].tick
    until("the as-run", lambda: _reaches(stack, last - CHARLIE.frames))
    _as_run_tells_the_same(output, stack.asrun("desk"))
    _journal_tells_the_same(stack, since, done)


def _frames(stack: Stack, count: int) -> None:
    """Let the channel run on for `count` frames of its own."""
    begin = (stack.status("desk") or {"tick": 0})["tick"]
    until("frames", lambda: (stack.status("desk") or {"tick": 0})["tick"] >= begin + count)


def _cli(stack: Stack, act: str) -> Done:
    said = stack.cli("live", "desk", act)
    assert said.returncode == 0, said.stderr
    return Done(act, _now(), said.stdout.strip())


def _http(stack: Stack, act: str) -> Done:
    begun = time.perf_counter()
    said = stack.post(f"/playout/channels/desk/{act}")
    assert said.status_code == 200, said.text
    answer = said.json()
    whole = round((time.perf_counter() - begun) * 1000)
    return Done(act.removesuffix("-playback"), _now(), f"{answer.get('latency_ms')} of {whole}")


def _now() -> int:
    return int(time.time() * RATE)


def _two_skips(output: Seen) -> None:
    """A skip leaves a clip early; the next begins with its first frame."""
    first, second, third = output.report.runs[:3]
    assert first.clip == ALPHA.id
    assert first.last < ALPHA.frames - 1
    assert second.brief[:2] == (BRAVO.id, 0)
    assert second.last < BRAVO.frames - 1
    assert third.brief[:2] == (CHARLIE.id, 0)
    assert first.held == second.held == 0


def _two_pauses(output: Seen) -> None:
    """A pause holds one picture, silent, and goes on with the very next frame."""
    held = [run for run in output.report.runs if run.held]
    assert [run.held >= 20 for run in held] == [True, True], output.report.describe()
    assert all(set(run.steps) <= {0, 1} for run in held)
    for run in held:
        pictures = [frame.number for frame in output.frames[run.at : run.at + run.shown]]
        frozen = max(set(pictures), key=pictures.count)
        begin = run.at + pictures.index(frozen) + 5
        assert output.report.loudest(begin, begin + 10) < 0.02


def _reaches(stack: Stack, tick: int) -> bool:
    return any(row["last_tick"] >= tick for row in stack.asrun("desk"))


def _as_run_tells_the_same(output: Seen, rows: list[Row]) -> None:
    """Every tick has exactly one row; where a clip ran, row and output agree to the frame."""
    pieces = pieces_of_asrun(rows)
    for before, after in zip(pieces, pieces[1:], strict=False):
        assert before.end == after.start, (before, after)
    said = on_air_at(pieces)
    for frame in output.frames[2:-1]:
        if frame.tick in said and said[frame.tick][0] and frame.clip:
            assert said[frame.tick][0] == frame.clip, (frame, said[frame.tick])


def _journal_tells_the_same(stack: Stack, since: object, done: list[Done]) -> None:
    rows = stack.rows(
        "select what, who, outcome from journal where channel = 'desk' and at >= %s"
        " and (cause like '%%live act%%') order by id",
        since,
    )
    assert [row["what"] for row in rows] == [act.what for act in done]
    assert {row["outcome"] for row in rows} == {"done"}


_: Callable[..., object] = exact
