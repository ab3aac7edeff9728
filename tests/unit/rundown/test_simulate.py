from __future__ import annotations

from reconciler.model.rundown import EventKind
from tests.unit.rundown.builders import (
    FOLLOW,
    HARD,
    SOFT,
    base,
    brk,
    channel,
    check,
    compiled,
    item,
    layer,
    listing,
    live,
    playlist,
    told,
    window,
)

ASSETS = {"a": 600, "b": 900, "c": 1200, "n": 300, "o": 300}
BASE, NEWS = playlist("base", "a", "b", "c"), playlist("news", "n", "o")
DAY = "2026-11-24T04:50:00"  # 05:50 in Oslo


def test_hard_start_cuts_what_runs_and_the_base_goes_on_with_its_next_item() -> None:
    wanted = channel(base("base"), layer("news", "06:05", start=HARD))
    out = compiled(wanted, [BASE, NEWS], ASSETS, window(DAY, 0.5))

    assert listing(out.rundown) == [
        "04:40:00 base/c 1200s",
        "05:00:00 base/a 300s",
        "05:05:00 news/n 300s hard",
        "05:10:00 news/o 300s",
        "05:15:00 base/b 900s",
    ]
    assert told(out) == ["overrun 06:05:00 Tue: base/a is cut by news after 0:05:00 of 0:10:00"]


def test_soft_start_takes_the_boundary_inside_its_window() -> None:
    wanted = channel(base("base"), layer("news", "06:05", start=SOFT, early=600, late=600))
    out = compiled(wanted, [BASE, NEWS], ASSETS, window(DAY, 0.3))

    assert listing(out.rundown)[:2] == ["04:40:00 base/c 1200s", "05:00:00 news/n 300s soft"]
    assert told(out) == []


def test_soft_start_without_a_boundary_cuts_at_the_end_of_its_window() -> None:
    wanted = channel(base("base"), layer("news", "06:05", start=SOFT, early=10, late=10))
    out = compiled(wanted, [BASE, NEWS], ASSETS, window(DAY, 0.3))

    assert listing(out.rundown)[1:3] == ["05:00:00 base/a 310s", "05:05:10 news/n 300s soft"]
    assert told(out) == [
        "missed window 06:05:10 Tue: base/a is cut by news after 0:05:10 of 0:10:00"
    ]


def test_soft_start_in_a_gap_begins_on_time_rather_than_early() -> None:
    wanted = channel(layer("news", "06:05", start=SOFT, early=120, late=10))
    out = compiled(wanted, [NEWS], ASSETS, window(DAY, 0.3))

    assert "05:05:00 news/n 300s soft" in listing(out.rundown)


def test_follow_begins_when_the_item_before_it_ends_however_late() -> None:
    wanted = channel(base("base"), layer("news", "06:05", start=FOLLOW))
    out = compiled(wanted, [BASE, NEWS], ASSETS, window(DAY, 0.45))

    assert listing(out.rundown)[1:] == [
        "05:00:00 base/a 600s",
        "05:10:00 news/n 300s",
        "05:15:00 news/o 300s",
    ]


def test_loop_ends_at_its_until_and_the_base_goes_on() -> None:
    wanted = channel(base("base"), layer("news", "06:00", start=HARD, loop=True, until=1000))
    out = compiled(wanted, [BASE, NEWS], ASSETS, window(DAY, 0.5))

    assert listing(out.rundown)[1:] == [
        "05:00:00 news/n 300s hard",
        "05:05:00 news/o 300s",
        "05:10:00 news/n 300s",
        "05:15:00 news/o 100s",
        "05:16:40 base/a 600s",
    ]
    assert told(out) == []


def test_loop_on_top_is_ended_by_a_later_layer() -> None:
    schedule = (layer("news", "06:00", start=HARD, loop=True), layer("film", "06:07", start=HARD))
    wanted = channel(base("base"), *schedule)
    out = compiled(wanted, [BASE, NEWS, playlist("film", "n")], ASSETS, window(DAY, 0.4))

    assert listing(out.rundown)[1:] == [
        "05:00:00 news/n 300s hard",
        "05:05:00 news/o 120s",
        "05:07:00 film/n 300s hard",
        "05:12:00 base/a 600s",
    ]


def test_hard_item_cuts_the_one_before_it_and_drops_those_between() -> None:
    news = playlist("news", "n", "a", item("b"), item("o", at="06:10", start=HARD))
    out = compiled(channel(layer("news", "06:00", start=HARD)), [news], ASSETS, window(DAY, 0.4))

    assert listing(out.rundown)[1:4] == [
        "05:00:00 news/n 300s hard",
        "05:05:00 news/a 300s",
        "05:10:00 news/o 300s hard",
    ]
    assert told(out)[:2] == [
        "overrun 06:10:00 Tue: news/a is cut by an item's own time after 0:05:00 of 0:10:00",
        "overrun 06:10:00 Tue: news/b is dropped: a timed item is due",
    ]


def test_hard_item_waits_for_its_time_behind_slate() -> None:
    news = playlist("news", "n", item("o", at="06:10", start=HARD))
    out = compiled(channel(layer("news", "06:00", start=HARD)), [news], ASSETS, window(DAY, 0.4))

    assert listing(out.rundown)[1:4] == [
        "05:00:00 news/n 300s hard",
        "05:05:00 slate 300s",
        "05:10:00 news/o 300s hard",
    ]


def test_soft_item_begins_at_a_boundary_in_its_window_or_cuts_at_its_end() -> None:
    for at, start, kind in (("06:09:30", "05:10:00", None), ("06:08", "05:09:00", "missed window")):
        news = playlist("news", "a", item("o", at=at, start=SOFT))
        wanted = channel(layer("news", "06:00", start=SOFT, early=60, late=60))
        out = compiled(wanted, [news], ASSETS, window(DAY, 0.4))

        assert f"{start} news/o 300s soft" in listing(out.rundown)
        assert [t for t in told(out) if t.startswith("missed")] == (
            [f"{kind} 06:09:00 Tue: news/a is cut by an item's own time after 0:09:00 of 0:10:00"]
            if kind
            else []
        )


def test_follow_item_is_never_early_and_may_be_late() -> None:
    for at, start in (("06:08", "05:10:00"), ("06:12", "05:12:00")):
        news = playlist("news", "a", item("o", at=at, start=FOLLOW))
        out = compiled(
            channel(layer("news", "06:00", start=HARD)), [news], ASSETS, window(DAY, 0.4)
        )

        assert f"{start} news/o 300s" in listing(out.rundown)


def test_first_item_of_a_break_takes_the_time_of_the_break() -> None:
    base_list = playlist("base", "a", brk("brk", item("n"), item("o"), at="06:00", start=HARD))
    out = compiled(channel(base("base")), [base_list], ASSETS, window(DAY, 0.2))

    assert listing(out.rundown)[1:] == ["05:00:00 base/brk/1 300s hard"]


def test_looping_list_begins_anew_at_the_time_of_its_first_item() -> None:
    base_list = playlist("base", item("n", at="06:00", start=HARD), "a", "c")
    assets = {**ASSETS, "n": 7200, "c": 80_000}
    out = compiled(channel(base("base")), [base_list], assets, window(DAY, 24.5))

    assert listing(out.rundown)[1:] == [
        "05:00:00 base/n 7200s hard",
        "07:00:00 base/a 600s",
        "07:10:00 base/c 78600s",
        "05:00:00 base/n 7200s hard",
    ]
    assert told(out) == [
        "overrun 06:00:00 Wed: base/c is cut by an item's own time after 21:50:00 of 22:13:20"
    ]


def test_round_that_passed_an_items_time_says_how_long_the_item_waits() -> None:
    base_list = playlist("base", "c", item("n", at="00:10"))
    out = compiled(channel(base("base")), [base_list], ASSETS, window("2026-11-23T23:00:00", 1))

    assert told(out)[0] == "gap 00:45:00 Tue: slate for 0:15:00 or longer: no filler fits"
    assert told(out)[1] == (
        "missed window 00:45:00 Tue: base/n waits until 00:10:00 Wed: "
        "its time of the day before was over"
    )


def test_nothing_begins_that_would_flash_up_before_a_cut() -> None:
    wanted = channel(base("base"), layer("news", "06:00", start=HARD), format="360p2997")
    span = window(DAY, 0.4, wanted.format.rate)
    out = compiled(wanted, [BASE, NEWS], ASSETS, span)

    assert [event.id.partition("@")[0] for event in out.rundown.events] == [
        "base/c",
        "slate",
        "news/n",
        "news/o",
        "base/a",
    ]
    assert out.rundown.events[1].frames == 1
    assert not out.rundown.events[-1].is_cut


def test_item_shorter_than_a_second_is_played_where_it_fits() -> None:
    assets: dict[str, str | int] = {**ASSETS, "blip": "0.4", "rest": "599.2"}
    wanted = channel(base("base"), layer("news", "06:00", start=HARD))
    out = compiled(wanted, [playlist("base", "blip", "rest"), NEWS], assets, window(DAY, 0.2))

    check(out.rundown)
    assert any(e.item == "blip" and e.frames == 10 and not e.is_cut for e in out.rundown.events)


def test_transition_shortens_the_item_before_and_lies_over_its_tail() -> None:
    out = compiled(
        channel(base("base")),
        [playlist("base", "n", item("o", mix="1s"))],
        ASSETS,
        window(DAY, 0.2),
    )
    first, second = out.rundown.events[:2]
    assert first.item == "n"
    assert (first.frames, first.lap, first.nominal, first.is_cut) == (7475, 25, 7500, False)
    assert (second.frames, second.lap, second.transition.frames) == (7500, 0, 25)


def test_transition_takes_at_most_half_of_either_side() -> None:
    for assets, frames in (({"n": 300, "o": 1}, 12), ({"n": 1, "o": 300}, 12), (ASSETS, 100)):
        news = playlist("base", "n", item("o", mix="4s"))
        out = compiled(channel(base("base")), [news], assets, window(DAY, 0.2))
        into = next(event for event in out.rundown.events if event.item == "o")
        assert into.transition.frames == frames


def test_there_is_no_transition_into_a_cut_a_live_tail_or_what_is_missing() -> None:
    news = playlist("news", "n", item("gone", mix="1s", out="10s"), item("o", mix="1s"))
    wanted = channel(base("base"), layer("news", "06:00", start=HARD))
    out = compiled(
        wanted, [playlist("base", item("a", mix="1s"), "b"), news], ASSETS, window(DAY, 0.5)
    )
    mixed = [e.item for e in out.rundown.events if e.transition.frames]
    assert "gone" not in mixed
    assert "o" not in mixed
    assert all(e.kind is EventKind.PROGRAMME or not e.lap for e in out.rundown.events)


def test_run_that_a_join_leads_back_into_is_not_joined_after_an_interruption() -> None:
    wanted = channel(base("base"), layer("news", "06:00", start=HARD))
    base_list = playlist("base", "c", item("b", mix="1s"))
    out = compiled(wanted, [base_list, NEWS], ASSETS, window(DAY, 0.5))
    back = next(
        e
        for e in out.rundown.events
        if e.start > out.rundown.events[1].start and e.playlist == "base"
    )

    assert back.transition.frames == 0


def test_item_at_the_end_of_a_list_that_does_not_loop_joins_nothing() -> None:
    wanted = channel(layer("news", "06:00", start=HARD))
    news = playlist("news", item("n", mix="1s"), item("o", mix="1s"))
    out = compiled(wanted, [news], ASSETS, window(DAY, 0.4))
    laps = {e.item: e.lap for e in out.rundown.events if e.item}

    assert laps == {"n": 25, "o": 0}


def test_round_that_is_left_for_the_first_items_time_drops_its_rest() -> None:
    base_list = playlist("base", item("n", at="06:00", start=HARD), "c", "a", "b")
    assets = {**ASSETS, "n": 7200, "c": 80_000}
    out = compiled(channel(base("base")), [base_list], assets, window(DAY, 24.5))

    assert told(out) == [
        "overrun 06:00:00 Wed: base/a is dropped: a timed item is due",
        "overrun 06:00:00 Wed: base/b is dropped: a timed item is due",
        "overrun 06:00:00 Wed: base/c is cut by an item's own time after 22:00:00 of 22:13:20",
    ]


def test_items_time_in_a_looping_layer_is_the_first_since_its_round_began() -> None:
    news = playlist("news", item("n", at="06:02", start=HARD), item("o", at="06:10", start=HARD))
    wanted = channel(layer("news", "06:00", start=HARD, loop=True, until=3600))
    out = compiled(wanted, [news], ASSETS, window(DAY, 0.5))

    assert listing(out.rundown)[1:5] == [
        "05:00:00 slate 120s",
        "05:02:00 news/n 300s hard",
        "05:07:00 slate 180s",
        "05:10:00 news/o 300s hard",
    ]


def test_of_two_item_times_the_nearer_one_cuts() -> None:
    news = playlist(
        "news", "c", item("n", at="06:05", start=HARD), item("o", at="06:10", start=HARD)
    )
    out = compiled(channel(layer("news", "06:00", start=HARD)), [news], ASSETS, window(DAY, 0.3))

    assert listing(out.rundown)[1:3] == ["05:00:00 news/c 300s hard", "05:05:00 news/n 300s hard"]


def test_there_is_no_transition_into_a_timed_item_or_out_of_a_live() -> None:
    items = (live("st", "studio", "60s"), item("n", mix="1s"), item("o", mix="1s", at="06:06"))
    wanted = channel(layer("news", "06:00", start=HARD))
    out = compiled(wanted, [playlist("news", *items)], ASSETS, window(DAY, 0.3))

    assert listing(out.rundown)[1:4] == [
        "05:00:00 news/st 60s hard",
        "05:01:00 news/n 300s",
        "05:06:00 news/o 300s",
    ]
    assert not any(e.transition.frames for e in out.rundown.events)
