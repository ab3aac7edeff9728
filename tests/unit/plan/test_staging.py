"""What is staged, and what may go."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from reconciler.model.desired import BreakItem, Desired, Filler, LiveItem, Policy
from reconciler.model.ids import AssetId, PlaylistName
from reconciler.model.rundown import Clip, SlatePicture
from reconciler.model.spans import Frames
from reconciler.plan.assets import assets_of
from tests.builders import (
    Found,
    after,
    alarm,
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
    restage,
    row,
    rundown,
    sidecar,
)
from tests.unit.plan.telling import planned, tell

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


NEEDED = {"news": ["ONE-1.mp4", "TWO-1.mp4"]}


def test_what_a_kept_rundown_lacks_is_staged_as_if_it_were_compiled() -> None:
    parts = (row(NEWS), sidecar(NEWS))
    kept = cluster(*parts, catalogue=MEDIA, needed=NEEDED, plays=[RUNDOWN])
    assert tell(LINEUP, kept) == [
        "* + stage ONE on rack1 (1.0 kB) for news, due now (DUE)",
        "* + stage TWO on rack1 (1.0 kB) for news, due in 9 min (DUE)",
    ]


def test_who_cannot_be_asked_stages_nothing_by_its_kept_rundown() -> None:
    silent = replace(sidecar(NEWS), answer=None)
    seen = cluster(row(NEWS), silent, catalogue=MEDIA, needed=NEEDED, plays=[RUNDOWN])
    assert media(tell(LINEUP, seen)) == []


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


FULL = lineup(NEWS, machine("rack1", budget=4))
AGES = {"rack1": {"OLD-1.mp4": -900.0, "OLDER-1.mp4": -9000.0}}


def test_above_the_mark_what_nobody_needs_is_evicted_the_oldest_first() -> None:
    files = ["ONE-1.mp4", "TWO-1.mp4", "OLD-1.mp4", "OLDER-1.mp4", "NEXT-1.mp4", "THEN-1.mp4"]
    seen = cluster(
        node("rack1", staged=files),
        row(NEWS),
        sidecar(NEWS),
        catalogue=MEDIA,
        held=[rundown("news", event("NEXT", seconds=60))],
        needed={"news": ["THEN-1.mp4"]},
        last_used=AGES,
    )
    assert media(tell(FULL, seen, compiled(RUNDOWN))) == [
        "* - evict OLDER-1.mp4 from rack1 (UNUSED)",
        "* - evict OLD-1.mp4 from rack1 (UNUSED)",
    ]
    roomy = lineup(NEWS, machine("rack1", budget=5))
    assert media(tell(roomy, seen, compiled(RUNDOWN))) == [
        "* - evict OLDER-1.mp4 from rack1 (UNUSED)"
    ]


def test_below_the_mark_what_nobody_needs_is_kept() -> None:
    files = ["ONE-1.mp4", "TWO-1.mp4", "OLD-1.mp4"]
    seen = cluster(
        node("rack1", staged=files), row(NEWS), sidecar(NEWS), catalogue=MEDIA, last_used=AGES
    )
    assert media(tell(FULL, seen, compiled(RUNDOWN))) == []


def test_a_settled_cluster_gives_up_what_is_unused_as_well() -> None:
    seen = cluster(
        node("rack1", staged=["ONE-1.mp4", "a", "b", "c", "OLD-1.mp4"]),
        row(NEWS),
        sidecar(NEWS),
        catalogue=MEDIA,
        needed={"news": ["ONE-1.mp4", "a", "b", "c"]},
        last_used=AGES,
    )
    assert media(tell(FULL, seen)) == ["* - evict OLD-1.mp4 from rack1 (UNUSED)"]


def test_nothing_is_evicted_while_a_neighbour_is_unknown() -> None:
    both = lineup(NEWS, KIDS, machine("rack1", budget=2))
    parts = (row(NEWS), sidecar(NEWS), row(KIDS), sidecar(KIDS))
    files = node("rack1", staged=["ONE-1.mp4", "TWO-1.mp4", "OLD-1.mp4"])
    blind = cluster(files, *parts, catalogue=MEDIA, last_used=AGES)
    assert media(tell(both, blind, compiled(RUNDOWN))) == []
    told = cluster(files, *parts, catalogue=MEDIA, needed={"kids": ["OLD-1.mp4"]}, last_used=AGES)
    assert media(tell(both, told, compiled(RUNDOWN))) == []
    ageless = cluster(files, *parts, catalogue=MEDIA, needed={"kids": []})
    assert media(tell(both, ageless, compiled(RUNDOWN))) == []
    free = cluster(files, *parts, catalogue=MEDIA, needed={"kids": []}, last_used=AGES)
    assert media(tell(both, free, compiled(RUNDOWN))) == ["* - evict OLD-1.mp4 from rack1 (UNUSED)"]


def test_room_is_made_first_and_what_needs_it_comes_in_the_next_pass() -> None:
    desired = lineup(NEWS, machine("rack1", budget=2000))
    before = {"OLD-1.mp4": 1500}
    seen = cluster(
        node("rack1", staged=before), row(NEWS), sidecar(NEWS), catalogue=MEDIA, last_used=AGES
    )
    assert media(tell(desired, seen, compiled(RUNDOWN))) == [
        "* - evict OLD-1.mp4 from rack1 (UNUSED)"
    ]
    after_it = cluster(
        node("rack1"), row(NEWS), sidecar(NEWS), catalogue=MEDIA, last_used={"rack1": {}}
    )
    assert [line[:13] for line in media(tell(desired, after_it, compiled(RUNDOWN)))] == [
        "* + stage ONE",
        "* + stage TWO",
    ]


SHORT = lineup(NEWS, machine("rack1", budget=1500))
HURT = "base/two is hurt at 13:09"
ALLOW = "[a larger `media: budget` or disk for rack1, or a shorter stage_horizon]"


def test_what_does_not_fit_is_told_with_the_event_that_it_hurts() -> None:
    seen = cluster(row(NEWS), sidecar(NEWS), catalogue=MEDIA)
    told = [line for line in tell(SHORT, seen, compiled(RUNDOWN)) if "load rundown" not in line]
    assert told == [
        f"news ! alarm room:rack1: rack1 has no room for TWO (1.0 kB): {HURT} (FAULTY)",
        "* + stage ONE on rack1 (1.0 kB) for news, due now (DUE)",
        (
            f"news · stage TWO on rack1: no room on the disk: 1.0 kB wanted, 1.5 kB of 1.5 kB left;"
            f" {HURT} {ALLOW}"
        ),
    ]


def test_what_does_not_fit_is_told_in_the_same_words_by_a_kept_rundown() -> None:
    parts = (row(NEWS), sidecar(NEWS))
    made = tell(SHORT, cluster(*parts, catalogue=MEDIA), compiled(RUNDOWN))
    kept = cluster(*parts, catalogue=MEDIA, needed=NEEDED, plays=[RUNDOWN])
    assert tell(SHORT, kept) == [line for line in made if "load rundown" not in line]
    text = f"rack1 has no room for TWO (1.0 kB): {HURT}"
    told = cluster(
        alarm("news", "room:rack1", text), *parts, catalogue=MEDIA, needed=NEEDED, plays=[RUNDOWN]
    )
    assert not [line for line in tell(SHORT, told) if "alarm" in line]


def test_an_alarm_about_room_ends_when_what_did_not_fit_is_over() -> None:
    told = alarm("news", "room:rack1", f"rack1 has no room for TWO (1.0 kB): {HURT}")
    over = replace(
        cluster(told, row(NEWS), sidecar(NEWS), catalogue=MEDIA, needed=NEEDED),
        plays={NEWS.name: ()},
    )
    assert tell(SHORT, over) == ["news ~ clear alarm room:rack1 (RECOVERED)"]


def test_an_alarm_about_room_ends_when_all_is_there() -> None:
    told = alarm("news", "room:rack1", f"rack1 has no room for TWO (1.0 kB): {HURT}")
    again = cluster(told, row(NEWS), sidecar(NEWS), catalogue=MEDIA)
    assert not [line for line in tell(SHORT, again, compiled(RUNDOWN)) if "alarm" in line]
    files = node("rack1", staged=["ONE-1.mp4", "TWO-1.mp4"])
    needed = {"news": ["ONE-1.mp4", "TWO-1.mp4"]}
    there = cluster(files, told, row(NEWS), sidecar(NEWS), catalogue=MEDIA, needed=needed)
    assert tell(SHORT, there) == ["news ~ clear alarm room:rack1 (RECOVERED)"]
    lacking = cluster(told, row(NEWS), sidecar(NEWS), catalogue=MEDIA, needed=needed)
    assert tell(SHORT, lacking) == []


def test_filler_that_does_not_fit_and_several_files_are_told_in_one_line() -> None:
    ident = Clip(asset=AssetId("IDENT"), stored="IDENT-1.mp4", in_frame=0)
    ours = replace(RUNDOWN, filler=(ident,))
    tight = lineup(NEWS, machine("rack1", budget=500))
    seen = cluster(row(NEWS), sidecar(NEWS), catalogue=MEDIA)
    (hold,) = [line for line in tell(tight, seen, compiled(ours)) if " · " in line]
    assert hold == (
        "news · stage 3 files on rack1: no room on the disk: 3.0 kB wanted, 500 bytes of 500 bytes"
        f" left; its filler or slate IDENT is not there {ALLOW}"
    )


def test_what_is_under_way_goes_on_whatever_is_due_before_it() -> None:
    seen = cluster(
        node("rack1", arriving={"TWO-1.mp4": 400}), row(NEWS), sidecar(NEWS), catalogue=MEDIA
    )
    told = media(tell(SHORT, seen, compiled(RUNDOWN)))
    assert [line[:13] for line in told] == ["* + stage TWO"]


# ── a new copy, asked for ────────────────────────────────────────────────────────────────────────


def test_a_new_copy_is_brought_although_one_is_there() -> None:
    files = node("rack1", staged=["ONE-1.mp4", "TWO-1.mp4"])
    needed = {"news": ["ONE-1.mp4", "TWO-1.mp4"]}
    seen = cluster(restage("TWO"), files, row(NEWS), sidecar(NEWS), catalogue=MEDIA, needed=needed)
    assert tell(LINEUP, seen) == [
        "* ~ stage TWO on rack1 (1.0 kB) again, asked by anna (ASKED)",
    ]
    (again,) = media(tell(LINEUP, seen, compiled(RUNDOWN)))
    assert again == (
        "* ~ stage TWO on rack1 (1.0 kB) again, asked by anna, for news, due in 9 min (ASKED)"
    )


def test_a_request_that_cannot_be_met_says_why() -> None:
    parts = (row(NEWS), sidecar(NEWS))
    seen = cluster(
        restage("BAD"),
        restage("NOWHERE", number=4),
        restage("TWO", on="rack9", number=5),
        *parts,
        catalogue=MEDIA,
    )
    assert tell(LINEUP, seen) == [
        "* · new copy of BAD on rack1 (asked by anna): truncated",
        "* · new copy of NOWHERE on rack1 (asked by anna): no channel of the lineup plays it",
        (
            "* · new copy of TWO on rack9 (asked by anna): rack9 does not answer, or is no node of"
            " the lineup"
        ),
    ]
    full = lineup(NEWS, machine("rack1", budget=10))
    seen = cluster(restage("TWO"), *parts, catalogue=MEDIA)
    assert tell(full, seen) == ["* · new copy of TWO on rack1 (asked by anna): no room on the disk"]


def test_what_nodes_lack_is_known_for_screens() -> None:
    seen = cluster(row(NEWS), sidecar(NEWS), catalogue=MEDIA)
    (wanted,) = planned(SHORT, seen, compiled(RUNDOWN)).wanted.values()
    assert [(one.stored, one.size, one.due_at, one.error) for one in wanted] == [
        ("ONE-1.mp4", 1000, after(0), ""),
        ("TWO-1.mp4", 1000, after(540), "no room on the disk"),
    ]


def test_an_alternate_is_staged_beside_what_it_stands_in_for() -> None:
    spare = Clip(asset=AssetId("IDENT"), stored="IDENT-1.mp4", in_frame=0, material=500)
    both = rundown("news", replace(event("ONE", seconds=600), alternate=spare))
    seen = cluster(row(NEWS), sidecar(NEWS), catalogue=MEDIA)
    assert media(tell(LINEUP, seen, compiled(both))) == [
        "* + stage IDENT on rack1 (1.0 kB) for news, due now (DUE)",
        "* + stage ONE on rack1 (1.0 kB) for news, due now (DUE)",
    ]


# ── a copy in another container ──────────────────────────────────────────────────────────────────

MOV = Clip(asset=AssetId("TWO"), stored="TWO-1.mp4.mov", in_frame=25)
RECUT = rundown("news", event("ONE", at=-60, seconds=600), event("TWO", at=540, material=MOV))


def recut(staged: list[str], desired: Desired = LINEUP) -> list[str]:
    seen = cluster(
        node("rack1", staged=staged), row(NEWS), sidecar(NEWS), catalogue=MEDIA, last_used=AGES
    )
    return media(tell(desired, seen, compiled(RECUT)))


def test_a_mov_is_made_from_the_file_once_that_is_there() -> None:
    assert recut(["ONE-1.mp4"]) == [
        "* + stage TWO on rack1 (1.0 kB) for news, due in 9 min (DUE)",
    ]
    assert recut(["ONE-1.mp4", "TWO-1.mp4"]) == [
        "* ~ copy TWO on rack1 (1.0 kB) into a MOV for news, due in 9 min (CONTAINER)",
    ]
    assert recut(["ONE-1.mp4", "TWO-1.mp4", "TWO-1.mp4.mov"]) == []


def test_the_file_stays_until_its_mov_is_made() -> None:
    tight = lineup(NEWS, machine("rack1", budget=1002))
    assert recut(["ONE-1.mp4", "TWO-1.mp4"], tight) == [
        "* ~ copy TWO on rack1 (1.0 kB) into a MOV for news, due in 9 min (CONTAINER)",
    ]
    small = lineup(NEWS, machine("rack1", budget=2))
    assert recut(["ONE-1.mp4", "TWO-1.mp4", "TWO-1.mp4.mov"], small) == [
        "* - evict TWO-1.mp4 from rack1 (UNUSED)"
    ]


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
    spared = replace(item("TWO"), alternate=AssetId("SPARE"))
    parts = (
        playlist("base", item("ONE"), BreakItem(id="b", items=(spared,)), live),
        playlist("idents", item("IDENT")),
    )
    plain = channel("news")
    full = channel("news", filler=Filler(playlist=PlaylistName("idents")), slate=AssetId("SLATE"))
    assert assets_of(plain, lineup(plain, *parts)) == {"ONE", "TWO", "SPARE"}
    assert assets_of(full, lineup(full, *parts)) == {"ONE", "TWO", "SPARE", "IDENT", "SLATE"}
