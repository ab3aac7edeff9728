"""A plan as its readers see it. The stories in `tests/scenarios` compare whole texts."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from jinja2 import DictLoader, FileSystemLoader, UndefinedError

from reconciler.errors import UsageError
from reconciler.model.copies import MediaRoom
from reconciler.model.ids import ChannelName
from reconciler.model.rundown import Live, Remark
from reconciler.plan.actions import Leave, Plan
from reconciler.plan.planner import make_plan
from reconciler.report import FORMATS, document, render
from tests.builders import (
    after,
    alarm,
    channel,
    cluster,
    compiled,
    dead,
    decklink,
    event,
    fact,
    lineup,
    machine,
    node,
    recorder,
    row,
    rundown,
    sidecar,
    srt,
)

TEMPLATES = FileSystemLoader(Path(__file__).parents[3] / "templates" / "plan")
OLD = channel("news")
NEW = channel("news", srt(passphrase="geheim"), edition=2)
SECRET = Live(name="studio", shown="udp://***", url="udp://geheim")


def text(plan: Plan, format: str = "text") -> str:  # noqa: A002  # as `render` calls it
    return render(plan, format, TEMPLATES)


def told(plan: Plan) -> dict[str, Any]:
    """The JSON, read back."""
    found: dict[str, Any] = json.loads(text(plan, "json"))
    return found


TIGHT = MediaRoom(budget=10**15, high_water=Fraction(1, 10**9))


def busy() -> Plan:
    """Something of everything."""
    kids, arts = channel("kids", decklink()), channel("arts", on_air=False)
    held = rundown("news", event("ONE", at=-60, seconds=600), event("TWO", at=540))
    events = [event(f"E{n}", at=540 + n * 60, seconds=60) for n in range(40)]
    live = replace(events[0], material=SECRET, title="<b>Studio | A</b>")
    wanted = rundown("news", held.events[0], live, *events[1:])
    remarks = tuple(
        Remark(frame=held.start + n * 25 * 3600, kind_name="gap", text=f"a gap, number {n}")
        for n in range(7)
    )
    desired = lineup(
        replace(NEW, fingerprint="other"),
        kids,
        arts,
        replace(machine("rack1", devices=[1, 2]), media=TIGHT),
        *(machine(f"rack{n}", devices=[1, 2]) for n in range(2, 10)),
        recorder("rec-1", on="rack1", device=2),
        warnings=("this folder is not in a git repository",),
    )
    seen = cluster(
        *(node(f"rack{n}", staged=["OLD-1.mp4"]) for n in range(1, 10)),
        row(OLD),
        sidecar(OLD, asrun_waiting=2),
        row(kids, recent_restarts=1),
        dead(kids),
        row("arts"),
        sidecar("arts"),
        row("gone", status="stopped", sending_epoch=0, on=None),
        alarm("news", "output:main"),
        known=lineup(machine("rack1"), machine("rack99")),
        catalogue=[fact(f"E{n}", size=n * 150_000_000) for n in range(1, 40)],
        held=[held],
        needed={"arts": [], "kids": []},
        last_used={"rack1": {"OLD-1.mp4": -9000}},
    )
    return make_plan(desired, seen, compiled(wanted, remarks=remarks), Leave())


def test_every_format_says_the_same_of_everything() -> None:
    plan = busy()
    for format_ in FORMATS:
        shown = text(plan, format_)
        assert "news" in shown
        assert "git repository" in shown
        assert shown.endswith("\n")
        assert "geheim" not in shown
    assert "udp://geheim" not in json.dumps(document(plan))


def test_text_keeps_to_a_hundred_columns() -> None:
    shown = text(busy()).splitlines()
    assert max(map(len, shown)) <= 100
    assert shown[0].startswith("plan ")
    assert shown[1] == "! this folder is not in a git repository"


def test_what_the_audience_notices_first_comes_first() -> None:
    shown = text(busy())
    order = [shown.index(f"\n{name}: ") for name in ("arts", "kids", "news", "gone")]
    assert order == sorted(order)


def test_long_lists_are_cut_and_counted() -> None:
    shown = text(busy())
    assert "      … and 29 more\n" in shown  # of 41 changes
    assert "    … and 2 more\n" in shown  # of 7 remarks
    assert "      … and 3 more\n" in shown  # of 9 nodes
    assert "    … and 20 more\n" in shown  # of 39 files to stage and one to evict


def test_html_and_markdown_leave_no_mark_unescaped() -> None:
    assert "&lt;b&gt;Studio | A&lt;/b&gt;" in text(busy(), "html")
    assert "\\<b\\>Studio \\| A\\</b\\>" in text(busy(), "markdown")


def test_nothing_to_do_is_one_line() -> None:
    calm = make_plan(lineup(OLD), cluster(row(OLD), sidecar(OLD), known=lineup(OLD)), {}, Leave())
    line = "nothing to do: 1 channel on air, lineup 3f2a9c1 (main)\n"
    assert text(calm) == line
    assert text(calm, "markdown") == f"**{line[:-1]}**\n".replace("_", "\\_")
    fetching = cluster(row(OLD), sidecar(OLD, asrun_waiting=9), known=lineup(OLD))
    assert text(make_plan(lineup(OLD), fetching, {}, Leave())) == line


def test_fetching_rows_is_told_where_there_is_more_to_tell() -> None:
    kids = channel("kids")
    seen = cluster(row(OLD), sidecar(OLD, asrun_waiting=9), known=lineup(OLD))
    shown = text(make_plan(lineup(OLD, kids), seen, {}, Leave()))
    assert "  ~ collect as-run from rack1 (rows wait in the spool)\n" in shown


def test_times_are_the_channels_own() -> None:
    lost = row(OLD, lease_expires_at=after(25))
    desired = lineup(OLD, machine("rack1"), machine("rack2"))
    seen = cluster(node("rack1", silent_for=60), node("rack2"), lost, known=desired)
    assert "\nnews: starts at 13:00:27\n" in text(make_plan(desired, seen, {}, Leave()))


def test_holds_without_a_channel_stand_with_the_inventory() -> None:
    before = lineup(machine("rack1"), machine("rack2"))
    seen = cluster(row("gone", on="rack2", status="stopped"), known=before)
    shown = text(make_plan(lineup(), seen, {}, Leave()))
    assert "inventory\n  · remove node rack2 held: gone may be sending from it\n" in shown


def test_json_is_stable() -> None:
    plan = busy()
    found = json.loads(text(plan, "json"))
    assert found["version"] == 1
    assert found["digest"] == plan.digest
    assert [a["do"] for a in found["actions"]].count("stage_media") == 39
    load = next(a for a in found["actions"] if a["do"] == "load_rundown")
    assert (load["events"], load["first_change_at"]) == (41, "2026-03-02T12:09:00+00:00")
    assert load["start"] == "2026-03-02T11:59:00+00:00"
    assert "rundown" not in load
    output = next(a for a in found["actions"] if a["do"] == "add_output")["output"]
    assert output["address"] == "srt://mux.example:9001"
    assert {c["channel"]: c["impact"]["text"] for c in found["channels"]} == {
        "arts": "goes off air",
        "gone": "none",
        "kids": "starts now",
        "news": "output main changes now",
    }
    assert found["channels"][3]["remarks"][0]["text"] == "a gap, number 0"
    assert found["channels"][2]["placement"][0]["node"] == "rack1"


def test_json_of_a_first_rundown_has_no_change() -> None:
    young = sidecar(OLD, rundown_digest="", sending=False, ready=False)
    seen = cluster(row(OLD, sending_epoch=0), young, known=lineup(OLD))
    plan = make_plan(lineup(OLD), seen, compiled(rundown("news", event("ONE"))), Leave())
    (load,) = told(plan)["actions"]
    assert (load["changes"], load["first_change_at"]) == ([], None)
    moved = replace(plan, taken_at=None)
    assert document(moved)["taken_at"] is None


def test_impacts_and_holds_tell_their_instants() -> None:
    held = rundown("news", event("ONE", at=-60, seconds=600), event("TWO", at=540))
    wanted = rundown("news", held.events[0], event("SIX", at=540))
    new = channel("news", edition=2)
    seen = cluster(row(OLD), sidecar(OLD), known=lineup(OLD), held=[held])
    found = told(make_plan(lineup(new), seen, compiled(wanted), Leave()))
    (note,) = found["channels"]
    assert note["impact"] == {"kind": "at", "at": "2026-03-02T12:09:00+00:00", "text": "at 13:09"}
    (hold,) = found["holds"]
    assert hold["until"] == "2026-03-02T12:09:00+00:00"


def test_a_format_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match="expected one of text, json, markdown, html, found 'pdf'"):
        text(busy(), "pdf")


def test_an_undefined_name_in_a_template_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        render(busy(), "text", DictLoader({"plan.txt.j2": "{{ plan.nonsense }}"}))


def test_a_channel_that_nobody_wants_is_told_in_utc() -> None:
    gone = make_plan(lineup(), cluster(row(OLD), sidecar(OLD)), {}, Leave())
    assert gone.notes[ChannelName("news")].timezone == "UTC"


def test_the_fixture_has_something_of_everything() -> None:
    kinds = {type(action).__name__ for action in busy().actions}
    assert {"RetireSidecar", "SpawnSidecar", "EvictMedia", "WriteRecorder", "ClearAlarm"} <= kinds
