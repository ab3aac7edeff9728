"""What is said of a file that plays and is not as the lineup says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.model.copies import mov_name
from reconciler.model.findings import METHOD, Findings, Loss
from reconciler.model.ids import AssetId
from reconciler.model.media import AssetFact
from reconciler.model.sources import DesiredAsset
from reconciler.model.spans import parse_span
from reconciler.plan.inputs import inputs_of, marks_of
from reconciler.plan.judging import with_findings
from tests.builders import channel, fact, lineup

ONE = AssetId("ONE")
GOOD = Findings(container="mov,mp4,m4a", loudness=-23.0, method=METHOD)
LOSS = Loss(what="sound", at_ms=4000, lasts_ms=500)


def judged(found: Findings | None, **declared: str) -> AssetFact:
    base = fact("ONE", seconds=60)
    asset = DesiredAsset(
        id=ONE,
        uri=base.uri,
        duration=parse_span(declared["duration"]) if "duration" in declared else None,
        loudness=declared.get("loudness"),
    )
    findings = {base.stored: found} if found is not None else {}
    return with_findings({ONE: base}, findings, {ONE: asset})[ONE]


def test_what_is_as_it_should_be_is_left_alone() -> None:
    assert judged(None) == fact("ONE", seconds=60)
    assert judged(GOOD, loudness="-23LUFS", duration="60s").note is None
    assert judged(GOOD) == fact("ONE", seconds=60), "to find nothing wrong compiles nothing anew"


@pytest.mark.parametrize("container", ["mpegts", "matroska,webm"])
def test_a_container_that_cannot_be_begun_inside_of_is_noticed(container: str) -> None:
    assert judged(replace(GOOD, container=container)).inexact == container


@pytest.mark.parametrize(
    ("loudness", "wanted", "told"),
    [
        (-24.0, "-23LUFS", False),
        (-22.0, "-23 LUFS", False),
        (-21.9, "-23LUFS", True),
        (-24.1, "-23LKFS", True),
        (None, "-23LUFS", False),
    ],
)
def test_loudness_off_by_more_than_the_tolerance_is_told(
    loudness: float | None, wanted: str, *, told: bool
) -> None:
    note = judged(replace(GOOD, loudness=loudness), loudness=wanted).note
    assert (note is not None) == told
    if told:
        assert note == f"its loudness is {loudness} LUFS, the lineup says -23"


def test_shorter_than_declared_and_what_else_was_found_are_told_together() -> None:
    found = replace(GOOD, remarks=("its sound ends 1.0 s before its pictures",))
    assert judged(found, duration="61s").note == (
        "its sound ends 1.0 s before its pictures; it lasts 60.00 s, the lineup says 61.00 s"
    )
    assert judged(GOOD, duration="1500f").note is None  # frames of an unknown rate


def test_what_is_lost_goes_with_the_fact_and_is_for_the_compiler_to_judge() -> None:
    found = judged(replace(GOOD, losses=(LOSS,), damage="it cannot be read through: no"))
    assert (found.losses, found.ruin) == ((LOSS,), "it cannot be read through: no")
    assert found.note is None


def test_what_an_older_look_called_damage_is_a_remark_until_it_is_looked_into_again() -> None:
    found = judged(replace(GOOD, damage="its last pictures are missing", method=0))
    assert (found.ruin, found.note) == ("", "its last pictures are missing")


def test_a_copy_that_failed_is_known_of_what_it_was_to_be_made_from() -> None:
    base = fact("ONE", seconds=60)
    why = "its copy holds 3 pictures, not 4"
    found = {
        base.stored: replace(GOOD, container="mpegts"),
        mov_name(base.stored): Findings(damage=why, method=METHOD),
    }
    (judged_fact,) = with_findings({ONE: base}, found, {}).values()
    assert (judged_fact.inexact, judged_fact.unfit) == ("mpegts", why)


def test_a_note_makes_the_channels_that_play_it_compile_anew() -> None:
    news = channel("news", slate=ONE)
    desired = lineup(news)
    before = inputs_of(news, desired, marks_of({ONE: fact("ONE")}))
    noted = replace(fact("ONE"), note="torn")
    assert inputs_of(news, desired, marks_of({ONE: noted})) != before
    for more in ({"losses": (LOSS,)}, {"ruin": "torn"}, {"unfit": "torn"}):
        hurt = replace(fact("ONE"), **more)
        assert inputs_of(news, desired, marks_of({ONE: hurt})) != before


def test_findings_are_read_as_they_were_written_whatever_was_added_since() -> None:
    found = replace(
        GOOD, width=1920, interlaced=True, damage="torn", losses=(LOSS,), remarks=("a",)
    )
    assert Findings.of({**found.to_json(), "colour": "bt709"}) == found
    assert Findings.of({}) == Findings()
