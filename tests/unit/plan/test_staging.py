"""What is staged, and what may go."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from reconciler.model.desired import BreakItem, Filler, LiveItem, Policy
from reconciler.model.ids import AssetId, PlaylistName
from reconciler.model.rundown import Clip, SlatePicture
from reconciler.model.spans import Frames
from reconciler.plan.staging import assets_of
from tests.builders import (
    Found,
    channel,
    cluster,
    compiled,
    event,
    fact,
    item,
    lineup,
    machine,
    node,
    playlist,
    row,
    rundown,
    sidecar,
)
from tests.unit.plan.telling import tell

NEWS, KIDS = channel("news"), channel("kids")
MEDIA = [fact("ONE"), fact("TWO"), fact("IDENT"), fact("SLATE"), fact("BAD", problem="truncated")]
LINEUP = lineup(NEWS)
RUNDOWN = rundown("news", event("ONE", at=-60, seconds=600), event("TWO", at=540))


def media(told: list[str]) -> list[str]:
    return [line for line in told if line.startswith("*")]


def here(*parts: Found, staged: list[str] | None = None, **more: object) -> list[str]:
    seen = cluster(
        node("rack1", staged=staged or []),
        row(NEWS),
        sidecar(NEWS),
        *parts,
        catalogue=MEDIA,
        **more,  # type: ignore[arg-type]  # passed on
    )
    return media(tell(LINEUP, seen, compiled(RUNDOWN)))


def test_what_airs_next_goes_first() -> None:
    assert here() == [
        "* + stage ONE on rack1 (1.0 kB) for news, due now (DUE)",
        "* + stage TWO on rack1 (1.0 kB) for news, due in 9 min (DUE)",
    ]


def test_what_is_there_is_not_staged_again() -> None:
    assert here(staged=["ONE-1.mp4", "TWO-1.mp4"]) == []


def test_filler_and_slate_are_due_at_once_and_files_are_shared() -> None:
    ident = Clip(asset=AssetId("IDENT"), stored="IDENT-1.mp4", in_frame=0)
    slate = Clip(asset=AssetId("SLATE"), stored="SLATE-1.mp4", in_frame=0)
    ours = replace(RUNDOWN, filler=(ident,), slate=slate)
    theirs = rundown("kids", event("ONE", at=-60, seconds=600))
    seen = cluster(row(NEWS), sidecar(NEWS), row(KIDS), sidecar(KIDS), catalogue=MEDIA)
    assert media(tell(lineup(NEWS, KIDS), seen, compiled(ours, theirs))) == [
        "* + stage IDENT on rack1 (1.0 kB) for news, due now (DUE)",
        "* + stage ONE on rack1 (1.0 kB) for kids, news, due now (DUE)",
        "* + stage SLATE on rack1 (1.0 kB) for news, due now (DUE)",
        "* + stage TWO on rack1 (1.0 kB) for news, due in 9 min (DUE)",
    ]


def test_past_the_stage_horizon_nothing_is_fetched() -> None:
    soon = lineup(NEWS, policy=Policy(stage_horizon=timedelta(minutes=5)))
    seen = cluster(row(NEWS), sidecar(NEWS), catalogue=MEDIA)
    assert media(tell(soon, seen, compiled(RUNDOWN))) == [
        "* + stage ONE on rack1 (1.0 kB) for news, due now (DUE)"
    ]


def test_what_cannot_be_had_is_not_asked_for() -> None:
    odd = rundown(
        "news",
        event("BAD", seconds=60),
        event("NOWHERE", at=60, seconds=60),
        event("ONE", at=120, material=Clip(asset=AssetId("ONE"), stored="ONE-0.mp4", in_frame=0)),
        event("SLATE", at=3720, material=SlatePicture()),
    )
    seen = cluster(row(NEWS), sidecar(NEWS), catalogue=MEDIA)
    assert media(tell(LINEUP, seen, compiled(odd))) == []


def test_an_unread_disk_is_left_alone() -> None:
    seen = cluster(node("rack1", staged=None), row(NEWS), sidecar(NEWS), catalogue=MEDIA)
    assert media(tell(LINEUP, seen, compiled(RUNDOWN))) == []


def test_a_channel_that_is_nowhere_stages_nothing() -> None:
    seen = cluster(node("rack1", silent_for=3), row(NEWS), catalogue=MEDIA)
    assert media(tell(LINEUP, seen, compiled(RUNDOWN))) == []


def test_a_rundown_of_a_channel_that_left_stages_nothing() -> None:
    seen = cluster(row(NEWS), sidecar(NEWS), catalogue=MEDIA)
    assert media(tell(lineup(), seen, compiled(RUNDOWN))) == []


def test_what_nobody_needs_is_evicted() -> None:
    files = ["ONE-1.mp4", "TWO-1.mp4", "OLD-1.mp4", "NEXT-1.mp4", "THEN-1.mp4"]
    held = rundown("news", event("NEXT", seconds=60))
    told = here(staged=files, held=[held], needed={"news": ["THEN-1.mp4"]})
    assert told == ["* - evict OLD-1.mp4 from rack1 (UNUSED)"]


def test_nothing_is_evicted_while_a_neighbour_is_unknown() -> None:
    both = lineup(NEWS, KIDS)
    parts = (row(NEWS), sidecar(NEWS), row(KIDS), sidecar(KIDS))
    files = node("rack1", staged=["ONE-1.mp4", "TWO-1.mp4", "OLD-1.mp4"])
    blind = cluster(files, *parts, catalogue=MEDIA)
    assert media(tell(both, blind, compiled(RUNDOWN))) == []
    told = cluster(files, *parts, catalogue=MEDIA, needed={"kids": ["OLD-1.mp4"]})
    assert media(tell(both, told, compiled(RUNDOWN))) == []
    free = cluster(files, *parts, catalogue=MEDIA, needed={"kids": []})
    assert media(tell(both, free, compiled(RUNDOWN))) == ["* - evict OLD-1.mp4 from rack1 (UNUSED)"]


def test_media_is_staged_where_a_sidecar_is_about_to_be() -> None:
    desired = lineup(NEWS, machine("rack1", maintenance=True), machine("rack2"))
    seen = cluster(
        node("rack1", staged=["ONE-1.mp4", "TWO-1.mp4"]),
        node("rack2"),
        row(NEWS),
        sidecar(NEWS),
        catalogue=MEDIA,
    )
    assert [line[:22] for line in media(tell(desired, seen, compiled(RUNDOWN)))] == [
        "* + stage ONE on rack2",
        "* + stage TWO on rack2",
    ]


def test_every_asset_that_a_channel_may_play() -> None:
    live = LiveItem(id="s", live="studio", duration=Frames(1))
    parts = (
        playlist("base", item("ONE"), BreakItem(id="b", items=(item("TWO"),)), live),
        playlist("idents", item("IDENT")),
    )
    plain = channel("news")
    full = channel("news", filler=Filler(playlist=PlaylistName("idents")), slate=AssetId("SLATE"))
    assert assets_of(plain, lineup(plain, *parts)) == {"ONE", "TWO"}
    assert assets_of(full, lineup(full, *parts)) == {"ONE", "TWO", "IDENT", "SLATE"}
