"""Nodes on one machine: maintenance drains one, successor first; devices and recorders count."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.stack import Row, Stack, running_stack, until
from tests.stack_clips import BRAVO, on_air_at, pieces_of
from tests.stack_lineup import small
from tests.stack_proof import breaks, item_on_air, run_on, wrong_frames
from tests.stack_receiver import gaps, joined, senders, sound_breaks

pytestmark = [pytest.mark.media, pytest.mark.postgres, pytest.mark.slow]

NODES = """\
left:
  runtime: process
  labels: {{site: oslo}}
  maintenance: {drained}
right:
  runtime: process
  labels: {{site: oslo}}
studio:
  runtime: process
  labels: {{site: bergen}}
  devices: [1, 2]
  engines: [embedded, casparcg]
"""
PLACE = "place: {labels: {site: oslo}, prefer: [left]}\n"
DECKLINK = """\
title: sdi
engine: {engine}
outputs: [{{name: sdi, type: decklink, device: {device}}}]
schedule: [{{playlist: news, loop: true}}]
place: {{labels: {{site: bergen}}}}
"""


@pytest.fixture(scope="module")
def stack(clips: Path) -> Iterator[Stack]:
    def files(stack: Stack) -> Mapping[str, str]:
        shutil.copytree(clips, stack.media, dirs_exist_ok=True)
        return {
            **small(stack, "news", more=PLACE),
            "nodes.yaml": NODES.format(drained="false"),
            "recorders.yaml": "ingest: {node: studio, device: 2}\n",
        }

    with running_stack(files) as stack:
        until("on air", lambda: stack.sending("news"))
        yield stack


def test_maintenance_drains_a_node_successor_first(stack: Stack) -> None:
    receiver = stack.receiver("news")
    assert stack.running("news", "left")
    assert not stack.running("news", "studio"), "labels"
    item_on_air(stack, "news", str(BRAVO.id), left=60)
    begin = receiver.mark()

    commit = stack.commit({"nodes.yaml": NODES.format(drained="true")})
    until("sent from the other node", lambda: stack.sending("news", 2))
    run_on(stack, "news", 100)

    assert stack.running("news", "right")
    assert not stack.running("news", "left")
    _one_after_the_other(stack, begin)
    rows = stack.rows(
        "select at, what, node, cause from journal where channel = 'news' order by id"
    )
    acts = [str(row["what"]).split()[0] + " " + str(row["node"]) for row in rows]
    handed = acts.index("hand right")  # over
    assert acts.index("spawn right") < acts.index("load right") < handed < acts.index("retire left")
    assert rows[handed]["cause"] == "its successor is ready"
    print(f"commit -> handed over: {rows[handed]['at'].timestamp() - commit.at:.2f} s")  # noqa: T201


def _one_after_the_other(stack: Stack, begin: int) -> None:
    """Two senders, never both at once, and not a frame that is missing or comes twice."""
    datagrams = stack.receiver("news").taken(begin)
    assert len(senders(datagrams)) == 2
    (gap,) = gaps(datagrams)
    print(f"last of the old -> first of the new: {gap * 1000:.0f} ms")  # noqa: T201  # measured
    assert gap > 0, "two senders at once"
    output = joined(datagrams)
    print("breaks:", breaks(output.frames))  # noqa: T201  # measured
    wanted = on_air_at(pieces_of(stack.rundown("news")))
    assert wrong_frames(output.frames, wanted) == [], output.report.describe()
    assert sound_breaks(datagrams) == []
    _asrun_joins(stack)


def _asrun_joins(stack: Stack) -> None:
    """What both wrote down fits together: no frame is claimed twice, and none by nobody."""
    until("the successor's as-run", lambda: {r["epoch"] for r in _aired(stack)} == {1, 2})
    rows = _aired(stack)
    turns = [(a, b) for a, b in pairwise(rows) if a["epoch"] != b["epoch"]]
    ((before, after),) = turns
    assert all(b["first_tick"] == a["last_tick"] + 1 for a, b in pairwise(rows)), [
        (row["epoch"], row["first_tick"], row["last_tick"], row["why"]) for row in rows
    ]
    print("seam:", before["last_tick"], after["first_tick"], before["why"])  # noqa: T201
    if before["event"] == after["event"]:
        assert after["first_source_frame"] == before["last_source_frame"] + 1


def _aired(stack: Stack) -> list[Row]:
    """What left, by as-run, in the order of its frames."""
    aired = [row for row in stack.asrun("news") if row["evidence"] == "engine"]
    return sorted(aired, key=lambda row: int(row["first_tick"]))


def test_decklink_on_the_embedded_engine_is_refused_in_the_plan(stack: Stack) -> None:
    holds = _planned(stack, DECKLINK.format(engine="embedded", device=1))

    (hold,) = holds
    print(hold)  # noqa: T201  # what a person is told
    assert "CasparCG" in hold["because"]
    assert "sdi" in hold["because"]


def test_a_device_that_records_is_not_free(stack: Stack) -> None:
    free = _planned(stack, DECKLINK.format(engine="casparcg", device=2))
    stack.rows("update recorders set status = 'recording' where name = 'ingest' returning id")
    (claim,) = stack.rows("select owner_kind, device from device_claims where released_at is null")
    held = _planned(stack, DECKLINK.format(engine="casparcg", device=2))
    stack.rows("update recorders set status = 'idle' where name = 'ingest' returning id")

    print(free, held)  # noqa: T201  # what a person is told
    assert claim == {"owner_kind": "recorder", "device": 2}
    assert not any("ingest" in hold["because"] for hold in free)
    assert any("ingest" in hold["because"] for hold in held)


def _planned(stack: Stack, sdi: str) -> list[Row]:
    """The holds of a channel that is in the working tree alone."""
    path = stack.lineup / "channels/sdi.yaml"
    path.write_text(sdi, encoding="utf-8")
    try:
        said = stack.cli("--dry-run", "--format", "json")
    finally:
        path.unlink()
    assert said.returncode == 0, said.stderr
    plan: dict[str, Any] = json.loads(said.stdout)
    return [hold for hold in plan["holds"] if hold["channel"] == "sdi"]
