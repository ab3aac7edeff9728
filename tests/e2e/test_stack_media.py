"""Media that is missing, cut short or garbage: the channel says so, and goes on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator

import pytest

from tests.media_samples import zeroed
from tests.stack import Stack, until
from tests.stack_clips import ALPHA, CHARLIE, DELTA, ECHO, XRAY, YANKEE, house
from tests.stack_lineup import channel, playlist
from tests.stack_proof import breaks, item_on_air, run_on, seen_once

pytestmark = [pytest.mark.media, pytest.mark.postgres, pytest.mark.slow]

ROUGH = playlist(
    "{id: gone, asset: GONE-01}",
    f"{{id: whole, asset: {house(ALPHA)}}}",
    "{id: torn, asset: TORN-01}",
    "{id: junk, asset: JUNK-01}",
    "{id: half, asset: HALF-01, out: 6s}",
)


@pytest.fixture
def rough(stack: Stack) -> Iterator[str]:
    """A channel with bad media, on air only here."""
    whole = (stack.media / DELTA.file).read_bytes()
    (stack.media / "TORN-01.mp4").write_bytes(whole[: len(whole) // 2])
    (stack.media / "JUNK-01.mp4").write_bytes(bytes(n * 7919 >> 3 & 255 for n in range(50_000)))
    shutil.copy(stack.media / ECHO.file, stack.media / "HALF-01.mp4")  # 3 s where 6 are wanted
    stack.write({"channels/rough.yaml": channel(stack, "rough"), "playlists/rough.yaml": ROUGH})
    yield "rough"
    stack.commit({"channels/rough.yaml": channel(stack, "rough", on_air=False)})
    until("rough off air", lambda: not stack.running("rough"))


def test_bad_media_is_told_and_the_channel_goes_on(stack: Stack, rough: str) -> None:
    receiver = stack.receiver(rough)
    planned = json.loads(stack.cli("--dry-run", "--format", "json").stdout)
    stack.commit()
    item_on_air(stack, rough, "whole")
    begin = receiver.mark()
    item_on_air(stack, rough, "half", within=60)
    item_on_air(stack, rough, "whole", left=50, within=60)
    told = until("an alarm or a remark", lambda: _told(stack))
    first = receiver.mark()

    text = json.dumps(planned)
    assert all(name in text for name in ("GONE-01", "TORN-01", "JUNK-01", "HALF-01")), text
    print("told:", told)  # noqa: T201  # what a person is told
    assert all(name in " ".join(told) for name in ("GONE-01", "TORN-01", "JUNK-01"))
    _goes_on(stack, begin, first)

    shutil.copy(stack.media / CHARLIE.file, stack.media / "GONE-01.mp4")
    item_on_air(stack, rough, "gone", within=60)
    item_on_air(stack, rough, "whole", within=60)
    run_on(stack, rough, 25)
    output = _goes_on(stack, first, None)
    assert (CHARLIE.id, 0, CHARLIE.frames - 1) in output


def test_a_corrupt_file_is_known_before_its_time_and_its_alternate_airs(stack: Stack) -> None:
    """The plan names it with its time; the as-run names the item, what was shown, and why."""
    (stack.media / "BENT-01.mp4").write_bytes((stack.media / DELTA.file).read_bytes()[:9000])
    items = playlist(
        f"{{id: whole, asset: {house(ALPHA)}}}",
        f"{{id: bent, asset: BENT-01, out: 4s, alternate: {house(CHARLIE)}}}",
    )
    stack.write({"channels/spare.yaml": channel(stack, "spare"), "playlists/spare.yaml": items})
    planned = json.loads(stack.cli("--dry-run", "--format", "json").stdout)
    stack.commit()
    item_on_air(stack, "spare", "bent", within=60)
    item_on_air(stack, "spare", "whole", within=60)
    query = "select * from playout_as_run where channel = %s and kind = %s"
    row = until("its as-run", lambda: next(iter(stack.rows(query, "spare", "alternate")), None))
    stack.commit({"channels/spare.yaml": channel(stack, "spare", on_air=False)})
    until("spare off air", lambda: not stack.running("spare"))

    (note,) = [note for note in planned["channels"] if note["channel"] == "spare"]
    first = next(r["text"] for r in note["remarks"] if "BENT-01" in r["text"])
    assert f"{house(CHARLIE)} airs instead" in first
    assert first[2] == first[5] == ":"  # it begins with its time
    assert (row["playlist"], row["item"], row["asset"]) == ("spare", "bent", house(CHARLIE))
    assert row["evidence"] == "engine"
    assert str(row["error"]).startswith("instead of asset BENT-01: ")


def test_a_file_that_is_corrupt_in_its_middle_is_known_before_it_airs(stack: Stack) -> None:
    """Its ends are whole, so nobody sees it by opening it: all of it has to be read."""
    shutil.copy(stack.media / XRAY.file, stack.media / "HOLE-01.mp4")
    zeroed(stack.media / "HOLE-01.mp4")
    items = (
        f"{{id: before, asset: {house(YANKEE)}}}",
        f"{{id: hole, asset: HOLE-01, alternate: {house(CHARLIE)}}}",
    )
    lists = {"playlists/holed.yaml": playlist(*items)}
    stack.write({"channels/holed.yaml": channel(stack, "holed"), **lists})
    stack.commit()

    def known() -> str:
        alarms = stack.get("/api/activity")["alarms"]
        texts = (str(alarm["text"]) for alarm in alarms if alarm["channel"] == "holed")
        return next((text for text in texts if "HOLE-01" in text and "lost from" in text), "")

    told = until("what is lost", known, within=60)
    stack.write({"playlists/holed.yaml": playlist(*items, f"{{id: more, asset: {house(ALPHA)}}}")})
    planned = json.loads(stack.cli("--dry-run", "--format", "json").stdout)
    stack.write(lists)
    query = "select * from playout_as_run where channel = %s and kind = %s and error like %s"
    wanted = ("holed", "alternate", "%lost from%")
    row = until("its as-run", lambda: next(iter(stack.rows(query, *wanted)), None), within=60)
    listed = stack.cli("media", "holed").stdout
    stack.commit({"channels/holed.yaml": channel(stack, "holed", on_air=False)})
    until("holed off air", lambda: not stack.running("holed"))

    assert f"{house(CHARLIE)} airs instead" in told
    (note,) = [note for note in planned["channels"] if note["channel"] == "holed"]
    first = next(r["text"] for r in note["remarks"] if "HOLE-01" in r["text"])
    assert first[2] == first[5] == ":", "it begins with its time"
    assert "lost from 0:0" in first
    assert (row["playlist"], row["item"], row["asset"]) == ("holed", "hole", house(CHARLIE))
    assert str(row["error"]).startswith("instead of asset HOLE-01: its ")
    assert "lost from" in listed


def _told(stack: Stack) -> list[str]:
    page = stack.get("/api/channels/rough/rundown")
    alarms = stack.get("/api/activity")["alarms"]
    texts = [str(remark["text"]) for remark in page["remarks"]]
    return texts + [str(alarm) for alarm in alarms if alarm["channel"] == "rough"]


def _goes_on(stack: Stack, begin: int, end: int | None) -> list[tuple[int, int, int]]:
    """No tick is missing or doubled, whatever is shown; clips that are whole are shown whole."""
    output = seen_once(stack.receiver("rough"), begin, end)
    assert output.lost == ()
    assert breaks(output.frames) == []
    print(output.report.describe())  # noqa: T201  # for whoever reads a failure
    assert {run[0] for run in output.runs} <= {ALPHA.id, CHARLIE.id, ECHO.id}
    return output.runs


def test_a_staged_file_that_vanishes_is_staged_again(stack: Stack) -> None:
    name = next(iter(stack.rows("select stored from lineup_assets where asset = %s", house(ECHO))))
    path = stack.state / "nodes/local/media" / str(name["stored"])
    assert path.is_file()

    path.unlink()

    until("it is back", path.is_file)


def test_a_new_copy_is_brought_under_a_running_channel_and_nobody_notices(stack: Stack) -> None:
    """By command and by the older call; each is journaled, and no tick is missing or doubled."""
    name = house(XRAY)
    listed = json.loads(stack.cli("media", "desk", "--format", "json").stdout)
    (line,) = [line for line in listed if line["asset"] == name]
    assert (line["node"], line["state"]) == ("local", "ready")
    path = stack.state / "nodes/local/media" / line["media_path"]
    receiver = stack.receiver("desk")
    item_on_air(stack, "desk", str(XRAY.id), left=100)
    begin, before = receiver.mark(), path.stat().st_ino

    said = stack.cli("media", "restage", name)
    assert said.stdout == f"{name}: a new copy is asked for on local; see: reconcile media\n"
    open_requests = "select id from media_requests where ended_at is null"
    until("the new copy", lambda: not stack.rows(open_requests))
    (item,) = stack.rows("select id from playout_items where asset = %s limit 1", name)
    answer = stack.post(f"/playout/items/{item['id']}/stage")
    assert (answer.status_code, answer.json()) == (200, {"queued": True})
    until("the next new copy", lambda: not stack.rows(open_requests))
    run_on(stack, "desk", 25)

    output = seen_once(receiver, begin)
    assert breaks(output.frames) == []
    assert path.is_file()
    print("copies:", before, path.stat().st_ino)  # noqa: T201  # for whoever reads a failure
    told = [str(row["what"]) for row in stack.rows("select what from journal order by id")]
    assert told.count(f"ask for a new copy of {name} on local") == 2
    assert sum("again, asked by" in what for what in told) == 2


def test_loudness_is_measured_beside_the_channels_and_listed(stack: Stack) -> None:
    def measured() -> bool:
        listed = json.loads(stack.cli("media", "desk", "--format", "json").stdout)
        return all(line["loudness"] is not None for line in listed if line["state"] == "ready")

    until("every file looked into", measured, within=90)
    assert "LUFS" in stack.cli("media", "desk").stdout
