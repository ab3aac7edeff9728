"""Live acts, from the command line and over HTTP, seen in the frame numbers at the output."""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import groupby, pairwise

import pytest

from tests.conformance.checker import Run
from tests.stack import Row, Stack, until
from tests.stack_clips import XRAY, YANKEE, on_air_at, pieces_of_asrun
from tests.stack_proof import breaks, item_on_air, run_on, seen_once
from tests.stack_receiver import OUTSET, Seen

pytestmark = [pytest.mark.media, pytest.mark.postgres, pytest.mark.slow]

_LATE = 5  # frames that a busy machine may be late with an act; it then joins in progress


@dataclass(frozen=True, slots=True)
class Done:
    """One act, by the journal's word for it, and what it told of its own speed."""

    what: str
    told: str


def test_skips_pauses_and_stops_are_seen_and_written_down(stack: Stack) -> None:
    receiver = stack.receiver("desk")
    since = stack.rows("select now() as now")[0]["now"]
    begin = receiver.mark()
    item_on_air(stack, "desk", str(XRAY.id), left=150)
    run_on(stack, "desk", 10)

    done = [_cli(stack, "skip")]
    item_on_air(stack, "desk", str(YANKEE.id), left=150)
    done.append(_http(stack, "skip"))
    run_on(stack, "desk", 25)
    for pause, resume in ((_http, _cli), (_cli, _http)):
        done.append(pause(stack, "pause"))
        run_on(stack, "desk", 25)
        done.append(resume(stack, "resume"))
        run_on(stack, "desk", 25)
    for stop, play in ((_http, _cli), (_cli, _http)):
        done.append(stop(stack, "stop-playback" if stop is _http else "stop"))
        run_on(stack, "desk", 25)
        done.append(play(stack, "play"))
        run_on(stack, "desk", 25)
    item_on_air(stack, "desk", str(YANKEE.id), left=150)
    run_on(stack, "desk", 25)
    output = seen_once(receiver, begin)

    for act in done:
        print(f"{act.what}: {act.told}")  # noqa: T201  # measured
    print(output.report.describe())  # noqa: T201  # for whoever reads a failure
    assert breaks(output.frames) == [], "a tick is missing or doubled"
    assert output.lost == ()
    runs = [run for run in output.report.runs if run.shown > 1]
    _two_skips(runs)
    _two_pauses(output)
    _two_stops(output)
    _as_run_tells_the_same(stack, output)
    _journal_tells_the_same(stack, since, done)


def _cli(stack: Stack, act: str) -> Done:
    said = stack.cli("live", "desk", act)
    assert said.returncode == 0, said.stderr
    return Done(act, said.stdout.strip())


def _http(stack: Stack, act: str) -> Done:
    begun = time.perf_counter()
    said = stack.post(f"/playout/channels/desk/{act}")
    assert said.status_code == 200, said.text
    whole = round((time.perf_counter() - begun) * 1000)
    told = f"shown after {said.json()['latency_ms']} ms, answered after {whole} ms"
    return Done(act.removesuffix("-playback"), told)


def _two_skips(runs: list[Run]) -> None:
    """A skip leaves a clip early; the next begins at once, late by some frames at most."""
    at = next(n for n, run in enumerate(runs) if run.clip == XRAY.id and run.last < XRAY.frames - 1)
    first, second, third = runs[at : at + 3]
    assert first.last < XRAY.frames - 1
    print("skips began with frame", second.first, third.first)  # noqa: T201  # measured
    assert (second.clip, third.clip) == (YANKEE.id, XRAY.id)
    assert max(second.first, third.first) <= _LATE
    assert second.last < YANKEE.frames - 1
    assert (first.at + first.shown, second.at + second.shown) == (second.at, third.at)


def _two_pauses(output: Seen) -> None:
    """A pause holds one picture, silent, and goes on where it was held."""
    turns = [list(turn) for _, turn in groupby(output.frames, lambda f: (f.clip, f.number))]
    frozen = [at for at, turn in enumerate(turns) if turn[0].clip and len(turn) > 1]
    assert [len(turns[at]) >= 25 for at in frozen] == [True, True]
    for at in frozen:
        held, after = turns[at][0], turns[at + 1][0]
        print("frames lost at a resume:", after.number - held.number - 1)  # noqa: T201  # measured
        assert after.clip == held.clip
        assert 1 <= after.number - held.number <= _LATE
        shown = [one.tick for one in output.frames].index(held.tick) + OUTSET
        assert output.report.loudest(shown + 5, shown + 20) < 0.02


def _two_stops(output: Seen) -> None:
    """A stop shows the slate; play joins the schedule where it would be by now."""
    slates = [frame.tick for frame in output.frames if not frame.clip]
    turns = 1 + sum(b != a + 1 for a, b in pairwise(slates))
    assert turns == 2
    assert len(slates) >= 50


def _as_run_tells_the_same(stack: Stack, output: Seen) -> None:
    """No tick has two rows; every frame of a clip that was seen is in a row of that clip."""
    first, last = output.frames[0].tick, output.frames[-1].tick
    rows = until("the as-run", lambda: _whole(stack, last - 2 * XRAY.frames))
    pieces = pieces_of_asrun(row for row in rows if not _is_mark(row))
    assert all(a.end <= b.start for a, b in pairwise(pieces)), pieces
    holes = [(a.end, b.start) for a, b in pairwise(pieces) if a.end != b.start and a.end > first]
    print("ticks without a row:", [end - begin for begin, end in holes])  # noqa: T201
    said = on_air_at(pieces)
    told = [frame for frame in output.frames if frame.clip and frame.tick <= pieces[-1].end - 1]
    lacking = [frame for frame in told if frame.tick not in said]
    assert lacking == []
    exactly = [f for f in told if said[f.tick] == (f.clip, f.number)]
    bent = [f for f in told if said[f.tick][0] not in (f.clip, 0)]
    assert bent == []
    frozen = [f for f in told if said[f.tick][0] == 0]
    assert len(exactly) + len(frozen) == len(told)
    print("frames as the as-run says:", len(exactly), "frozen:", len(frozen))  # noqa: T201


def _whole(stack: Stack, tick: int) -> list[Row]:
    rows = stack.asrun("desk")
    return rows if any(row["last_tick"] >= tick for row in rows) else []


def _is_mark(row: Row) -> bool:
    """An act itself has a row, beside those of what was shown."""
    return bool(row["kind"] == "act" and row["why"] == "end")


def _journal_tells_the_same(stack: Stack, since: object, done: list[Done]) -> None:
    rows = stack.rows(
        "select what, outcome from journal where channel = 'desk' and at >= %s"
        " and who <> 'reconciler' order by id",
        since,
    )
    assert [(row["what"], row["outcome"]) for row in rows] == [(act.what, "done") for act in done]
