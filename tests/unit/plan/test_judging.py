"""What is said of a file that plays and is not as the lineup says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.model.findings import Findings
from reconciler.model.ids import AssetId
from reconciler.model.media import AssetFact
from reconciler.model.sources import DesiredAsset
from reconciler.model.spans import parse_span
from reconciler.plan.inputs import inputs_of, marks_of
from reconciler.plan.judging import with_findings
from tests.builders import channel, fact, lineup

ONE = AssetId("ONE")
GOOD = Findings(container="mov,mp4,m4a", loudness=-23.0)


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


def test_shorter_than_declared_and_damaged_are_told_together() -> None:
    found = replace(GOOD, damage="its last pictures are missing")
    assert judged(found, duration="61s").note == (
        "its last pictures are missing; it lasts 60.00 s, the lineup says 61.00 s"
    )
    assert judged(GOOD, duration="1500f").note is None  # frames of an unknown rate


def test_a_note_makes_the_channels_that_play_it_compile_anew() -> None:
    news = channel("news", slate=ONE)
    desired = lineup(news)
    before = inputs_of(news, desired, marks_of({ONE: fact("ONE")}))
    noted = replace(fact("ONE"), note="torn")
    assert inputs_of(news, desired, marks_of({ONE: noted})) != before


def test_findings_are_read_as_they_were_written_whatever_was_added_since() -> None:
    found = replace(GOOD, width=1920, interlaced=True, damage="torn")
    assert Findings.of({**found.to_json(), "colour": "bt709"}) == found
    assert Findings.of({}) == Findings()
