"""A commit, and what the receiver at the channel's output sees of it."""

from __future__ import annotations

import json

import pytest

from tests.stack import Row, Stack, until
from tests.stack_clips import ALPHA, BRAVO, DELTA, house, on_air_at, pieces_of
from tests.stack_lineup import channel, playlist
from tests.stack_proof import breaks, exact, item_on_air, run_on, seen_once
from tests.stack_receiver import senders

pytestmark = [pytest.mark.media, pytest.mark.postgres, pytest.mark.slow]

NEWS = "playlists/news.yaml"
EDITED = playlist(*(f"{{id: {c.id}, asset: {house(c)}}}" for c in (ALPHA, BRAVO, DELTA)))


def test_an_edit_of_a_later_item_is_followed_without_a_break(stack: Stack) -> None:
    receiver = stack.receiver("news")
    item_on_air(stack, "news", str(ALPHA.id), left=50)
    begin = receiver.mark()

    stack.write({NEWS: EDITED})
    planned = stack.cli("--dry-run", "--detailed-exitcode")
    commit = stack.commit()

    assert planned.returncode == 2, planned.stdout + planned.stderr
    assert "news" in planned.stdout
    assert "interrupts" not in planned.stdout
    print(planned.stdout)  # noqa: T201  # what a person is told
    item_on_air(stack, "news", str(DELTA.id))
    item_on_air(stack, "news", str(ALPHA.id), left=30)
    run_on(stack, "news", 50)
    output = seen_once(receiver, begin)
    runs = [run.brief for run in output.report.runs]
    assert (DELTA.id, 0, DELTA.frames - 1) in runs
    assert (ALPHA.id, 0) == runs[runs.index((DELTA.id, 0, DELTA.frames - 1)) + 1][:2]
    exact(output, on_air_at(pieces_of(stack.rundown("news"))))
    loads = stack.rows(  # another one follows if a part of the edit was held by the freeze
        "select at, outcome from journal where commit_id = %s and what like 'load rundown%%'"
        " order by at",
        commit.id,
    )
    assert {load["outcome"] for load in loads} == {"done"}
    took = loads[0]["at"].timestamp() - commit.at
    print(f"commit -> rundown loaded: {took:.3f} s")  # noqa: T201
    print(f"frames seen across the edit: {len(output.frames)}")  # noqa: T201


def test_after_convergence_there_is_nothing_to_do(stack: Stack) -> None:
    again = until("no change", lambda: _quiet(stack))

    assert again.count("\n") == 1
    assert again.startswith("nothing to do")


def _quiet(stack: Stack) -> str | None:
    done = stack.cli("--dry-run", "--detailed-exitcode")
    return done.stdout if done.returncode == 0 else None


def test_off_air_and_back(stack: Stack) -> None:
    receiver = stack.receiver("news")
    item_on_air(stack, "news", str(BRAVO.id), left=60)
    begin = receiver.mark()
    epoch = stack.running("news")[-1].path.name

    stack.write({"channels/news.yaml": channel(stack, "news", on_air=False)})
    planned = stack.cli("--dry-run")
    stack.commit()
    until("silence", lambda: receiver.is_quiet(1.0) and not stack.running("news"))
    until("the row to say so", lambda: _row_status(stack, "news") == "stopped")
    off = receiver.mark()

    assert "goes off air" in planned.stdout, planned.stdout
    output = seen_once(receiver, begin, off)
    assert output.lost == ()
    assert breaks(output.frames) == []
    rows = stack.asrun("news")
    until("the last frame in the as-run", lambda: _covers(stack, "news", output.frames[-1].tick))
    print("off air:", rows[-1]["why"], rows[-1]["last_tick"] - output.frames[-1].tick)  # noqa: T201

    stack.commit({"channels/news.yaml": channel(stack, "news")})
    until("on air again", lambda: stack.sending("news"))
    run_on(stack, "news", 75)
    back = seen_once(receiver, off)
    exact(back, on_air_at(pieces_of(stack.rundown("news"))))
    assert stack.running("news")[-1].path.name != epoch
    assert len(senders(receiver.taken(begin))) == 2


def _row_status(stack: Stack, name: str) -> object:
    (row,) = stack.rows("select status from playout_channels where name = %s", name)
    return row["status"]


def _covers(stack: Stack, name: str, tick: int) -> bool:
    return any(row["first_tick"] <= tick <= row["last_tick"] for row in stack.asrun(name))


def test_deleting_the_file_of_a_live_channel_is_held(stack: Stack) -> None:
    receiver = stack.receiver("news")
    begin = receiver.mark()
    (stack.lineup / "channels/news.yaml").unlink()

    planned = stack.cli("--dry-run", "--format", "json")
    commit = stack.commit()
    told = until("the pass on the page", lambda: _plan_of(stack, commit.id))
    stack.git("revert", "--no-edit", "HEAD")
    run_on(stack, "news", 75)

    assert any(h["channel"] == "news" for h in json.loads(planned.stdout)["holds"]), planned.stdout
    print("held:", [h for h in told["holds"] if h["channel"] == "news"])  # noqa: T201
    assert any(hold["channel"] == "news" for hold in told["holds"])
    exact(seen_once(receiver, begin), on_air_at(pieces_of(stack.rundown("news"))))


def _plan_of(stack: Stack, commit: str) -> Row | None:
    plan: Row | None = stack.get("/api/plan")
    return plan if plan is not None and plan["commit"] == commit else None


MISTAKES = {
    "lineup.yaml": "version: 2\ntimezone: Europe/Olso\nspeed: fast\npolicy: {max_interrupted: x}\n",
    "nodes.yaml": "local:\n  runtime: proces\n  cores: none\n",
    "channels/news.yaml": (
        "format: 1080x\n"
        "outputs: [{name: main, type: udp, url: 'http://x'}, {name: main, type: spdif}]\n"
        "schedule: [{playlist: nwes, loop: true}, {playlist: news, at: '25:00'}]\n"
        "guard: {freeze: soon}\n"
    ),
    NEWS: "items:\n  - {asset: CODED-21, asset: CODED-22}\n  - {id: x, out: 12}\n",
}


def test_a_lineup_full_of_mistakes_changes_nothing(stack: Stack) -> None:
    receiver = stack.receiver("news")
    begin = receiver.mark()
    held = stack.rundown("news")
    stack.write(MISTAKES)

    for command in (("check",), ("--dry-run",)):
        said = stack.cli(*command)
        assert said.returncode == 1, said.stdout + said.stderr
        lines = [line for line in said.stderr.splitlines() if ".yaml:" in line]
        assert len(lines) >= 12, said.stderr
        assert {line.split(":")[0].removeprefix("configs/") for line in lines} == set(MISTAKES)
    print(said.stderr)  # noqa: T201  # what a person is told
    commit = stack.commit()
    error = until("the page to tell", lambda: stack.get("/api/overview")["lineup"]["error"])
    until("the log to tell", lambda: "the last good one stays in force" in stack.log("watch"))
    run_on(stack, "news", 75)

    assert "news.yaml:" in error
    assert stack.rows("select 1 from journal where commit_id = %s", commit.id) == []
    exact(seen_once(receiver, begin), on_air_at(pieces_of(held)))
    stack.git("revert", "--no-edit", "HEAD")
    until("the good one again", lambda: not stack.get("/api/overview")["lineup"]["error"])
