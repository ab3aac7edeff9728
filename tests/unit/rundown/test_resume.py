from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

from reconciler.model.desired import Filler, Layer
from reconciler.model.ids import PlaylistName
from reconciler.model.rundown import Live, Rundown
from reconciler.rundown import Carry, Compiled, Window, carry_of, compile_rundown
from tests.unit.rundown.builders import (
    HARD,
    SOFT,
    asset,
    base,
    channel,
    check,
    compiled,
    frame,
    item,
    layer,
    listing,
    live,
    playlist,
    sources,
    told,
    window,
)

ASSETS = {"a": 600, "b": 900, "c": 1200, "n": 300, "o": 300, "x": 120, "y": 240, "i": 20}
BASE, NEWS = playlist("base", "a", "b", "c"), playlist("news", "n", "o")
DAY = "2026-11-24T04:50:00"  # 05:50 in Oslo
SPAN = window(DAY, 0.75)


def at(clock: str) -> int:
    return frame(f"2026-11-24T{clock}")


def news(when: str = "06:00") -> Layer:
    return layer("news", when, start=HARD)


OLD = compiled(channel(base("base"), news()), [BASE, NEWS], ASSETS, SPAN).rundown


def warm(*schedule: Layer, keep: str, lists: tuple[object, ...] = (BASE, NEWS)) -> Compiled:
    out = compiled(channel(*schedule), lists, ASSETS, SPAN, carry_of(OLD, at(keep)))  # type: ignore[arg-type]  # any sequence of playlists
    check(out.rundown)
    return out


def test_nothing_edited_leaves_everything_as_it_was() -> None:
    assert warm(base("base"), news(), keep="04:55:00").rundown == OLD


def test_new_hard_start_behind_what_is_kept_trims_the_event_on_air() -> None:
    out = warm(base("base"), news("05:57"), keep="04:55:00")

    assert listing(out.rundown)[:2] == ["04:40:00 base/c 1020s", "04:57:00 news/n 300s hard"]
    assert told(out) == ["overrun 05:57:00 Tue: base/c is cut by news after 0:17:00 of 0:20:00"]


def test_new_hard_start_before_what_is_kept_begins_at_the_next_boundary_and_says_so() -> None:
    out = warm(base("base"), news("05:52"), keep="04:55:00")

    assert listing(out.rundown)[:2] == ["04:40:00 base/c 1200s", "05:00:00 news/n 300s"]
    what = "news (hard) is due, but it begins at 06:00:00 Tue: covered until then"
    assert told(out) == [f"missed window 05:52:00 Tue: {what}"]


def test_cut_that_is_gone_lets_the_event_run_to_its_own_end() -> None:
    cut = warm(base("base"), news("05:57"), keep="04:55:00").rundown
    out = compiled(
        channel(base("base")), [BASE], ASSETS, SPAN, carry_of(cut, at("04:56:00"))
    ).rundown

    assert listing(out)[:2] == ["04:40:00 base/c 1200s", "05:00:00 base/a 600s"]
    assert not out.events[0].is_cut


def test_layer_that_vanished_ends_with_its_event_on_air() -> None:
    out = warm(base("base"), keep="05:02:00")

    assert listing(out.rundown)[1:3] == ["05:00:00 news/n 300s hard", "05:05:00 base/a 600s"]


def test_event_of_a_vanished_layer_is_cut_by_what_now_lies_on_top() -> None:
    out = warm(base("other"), layer("film", "06:03", start=HARD), keep="05:02:00",
               lists=(playlist("other", "x"), playlist("film", "y")))  # fmt: skip

    assert listing(out.rundown)[1:3] == ["05:00:00 news/n 180s hard", "05:03:00 film/y 240s hard"]


def test_layer_that_moved_a_little_keeps_its_run_going() -> None:
    out = warm(base("base"), news("06:01"), keep="05:02:00")

    assert listing(out.rundown)[1:4] == [
        "05:00:00 news/n 300s hard",
        "05:05:00 news/o 300s",
        "05:10:00 base/a 600s",
    ]


def test_layer_that_moved_to_another_time_of_day_is_due_again_then() -> None:
    out = warm(base("base"), news("06:20"), keep="05:02:00")

    assert listing(out.rundown)[1:5] == [
        "05:00:00 news/n 300s hard",
        "05:05:00 base/a 600s",
        "05:15:00 base/b 300s",
        "05:20:00 news/n 300s hard",
    ]


def test_layer_that_moved_by_most_of_a_day_is_another() -> None:
    late = compiled(
        channel(base("base"), news("20:00")), [BASE, NEWS], ASSETS, window("2026-11-24T18:50:00")
    ).rundown
    carry = carry_of(late, at("19:02:00"))
    out = compiled(
        channel(base("base"), news("06:00")),
        [BASE, NEWS],
        ASSETS,
        window("2026-11-24T18:50:00"),
        carry,
    )

    assert listing(out.rundown)[2:4] == ["19:00:00 news/n 300s hard", "19:05:00 base/a 600s"]


def test_run_goes_on_behind_an_item_that_was_inserted_before_it() -> None:
    lists = (playlist("base", "x", "a", "b", "c"), NEWS)
    out = warm(base("base"), news(), keep="05:12:00", lists=lists)

    assert listing(out.rundown)[3:] == ["05:10:00 base/a 600s", "05:20:00 base/b 900s"]


def test_vanished_item_is_gone_on_from_behind_its_surviving_neighbour() -> None:
    lists = (playlist("base", "a", "c"), NEWS)
    out = compiled(
        channel(base("base"), news()), lists, ASSETS, window(DAY, 1), carry_of(OLD, at("05:25:00"))
    )

    assert listing(out.rundown)[4:] == ["05:20:00 base/b 900s", "05:35:00 base/c 1200s"]


def test_vanished_item_without_a_neighbour_goes_on_before_the_next_that_the_old_one_had() -> None:
    lists = (playlist("base", "y", "b"), NEWS)
    out = warm(base("base"), news(), keep="05:12:00", lists=lists)

    assert listing(out.rundown)[3:5] == ["05:10:00 base/a 600s", "05:20:00 base/b 900s"]


def test_list_of_which_nothing_is_left_begins_from_the_top() -> None:
    lists = (playlist("base", "x", "y"), NEWS)
    out = warm(base("base"), news(), keep="05:12:00", lists=lists)

    assert listing(out.rundown)[3:5] == ["05:10:00 base/a 600s", "05:20:00 base/x 120s"]


def test_item_that_has_lost_its_length_is_passed_over() -> None:
    lists = (playlist("base", item("a", "gone"), "b", "c"), NEWS)
    out = warm(base("base"), news(), keep="05:12:00", lists=lists)

    assert listing(out.rundown)[3:5] == ["05:10:00 base/a 600s", "05:20:00 base/b 900s"]


def test_slate_gives_way_to_what_can_now_be_played() -> None:
    empty = compiled(channel(), [], {}, SPAN).rundown
    carry = carry_of(empty, at("04:51:00"))
    out = compiled(channel(base("base")), [BASE], ASSETS, SPAN, carry)

    assert listing(out.rundown)[:2] == ["04:00:00 slate 3060s", "04:51:00 base/a 600s"]


def test_filler_is_not_trimmed_by_a_base_that_comes_but_by_a_start() -> None:
    empty = compiled(channel(filler="idents"), [playlist("idents", "c")], ASSETS, SPAN).rundown
    on_air = next(e for e in empty.events if e.end > SPAN.start)
    carry = carry_of(empty, SPAN.start)
    lists = [playlist("idents", "c"), BASE, NEWS]
    based = compiled(channel(base("base"), filler="idents"), lists, ASSETS, SPAN, carry).rundown
    timed = compiled(channel(news("05:51"), filler="idents"), lists, ASSETS, SPAN, carry).rundown

    assert based.events[0].end == on_air.end
    assert timed.events[0].end == at("04:51:00")


def test_gap_still_lasts_until_the_item_that_its_run_waits_for() -> None:
    list_ = playlist("news", "n", item("o", at="06:10", start=HARD))
    wanted = channel(news())
    old = compiled(wanted, [list_], ASSETS, SPAN).rundown
    out = compiled(wanted, [list_], ASSETS, SPAN, carry_of(old, at("05:07:00"))).rundown

    assert out == old


def test_item_that_filler_stands_in_for_goes_on_and_ends_where_it_ended() -> None:
    wanted = channel(base("base"), filler="idents")
    lists = [playlist("base", item("gone", out="60s"), "a"), playlist("idents", "i")]
    span = Window(at("04:59:50"), at("05:20:00"))
    old = compiled(wanted, lists, ASSETS, span).rundown
    stands_in = next(e for e in old.events if e.item == "gone")
    keep = stands_in.start + 25
    out = compiled(wanted, lists, ASSETS, span, carry_of(old, keep))

    assert out.rundown == old
    assert any("asset gone is unknown" in text for text in told(out))


def test_stand_in_is_trimmed_by_a_new_hard_start() -> None:
    wanted = channel(base("base"), filler="idents")
    lists = [playlist("base", item("gone", out="60s"), "a"), playlist("idents", "i"), NEWS]
    old = compiled(wanted, lists, ASSETS, Window(at("04:59:50"), at("05:20:00"))).rundown
    first = next(e for e in old.events if e.item == "gone" and e.end > at("05:00:30"))
    carry = carry_of(old, first.start + 25)
    span = Window(first.start, at("05:20:00"))
    out = compiled(
        replace(wanted, schedule=(base("base"), news("06:03:30"))), lists, ASSETS, span, carry
    )

    assert "05:03:30 news/n 300s hard" in listing(out.rundown)


def test_remarks_on_what_is_kept_are_told_again_while_they_lie_ahead() -> None:
    schedule = (base("base"), layer("news", "06:05", start=SOFT, early=10, late=10))
    old = compiled(channel(*schedule), [BASE, NEWS], ASSETS, SPAN)
    cut = ["missed window 06:05:10 Tue: base/a is cut by news after 0:05:10 of 0:10:00"]
    assert told(old) == cut

    for now, keep in (("05:01:00", "05:01:30"), ("05:05:00", "05:06:00"), ("05:06:00", "05:07:00")):
        span = Window(at(now), SPAN.end)
        out = compiled(
            channel(*schedule), [BASE, NEWS], ASSETS, span, carry_of(old.rundown, at(keep))
        )
        assert told(out) == (cut if now < "05:05:10" else [])


def test_kept_slate_and_repeated_filler_are_told_again() -> None:
    wanted = replace(
        channel(), filler=Filler(playlist=PlaylistName("idents"), max_repeat=timedelta(minutes=5))
    )
    lists, later = [playlist("idents", "i")], at("04:51:10")
    old = compiled(wanted, lists, ASSETS, SPAN)
    out = compiled(
        wanted, lists, ASSETS, Window(SPAN.start, SPAN.end), carry_of(old.rundown, later)
    )
    assert told(out) == told(old)
    assert told(out)[0].startswith("repeated filler")

    bare = compiled(channel(news()), [NEWS], ASSETS, SPAN)
    span = Window(at("05:08:00"), SPAN.end)
    again = compiled(channel(news()), [NEWS], ASSETS, span, carry_of(bare.rundown, at("05:11:00")))
    assert told(bare) == ["gap 06:10:00 Tue: slate for 0:50:00 or longer: no filler fits"]
    assert again.remarks[0].frame == bare.remarks[0].frame


def test_slate_that_has_long_been_on_is_not_told_anew() -> None:
    bare = compiled(channel(), [], {}, SPAN)
    span = Window(at("04:00:00"), SPAN.end)
    again = compiled(channel(), [], {}, span, carry_of(bare.rundown, at("04:51:00")))

    assert told(again) == told(bare) == []


def test_window_that_begins_before_what_is_held_is_filled() -> None:
    out = compiled(
        channel(base("base")),
        [BASE],
        ASSETS,
        Window(OLD.start - 250, SPAN.end),
        Carry(events=OLD.events, keep_until=at("04:55:00")),
    )

    check(out.rundown)
    assert listing(out.rundown)[:2] == ["04:39:50 slate 10s", "04:40:00 base/c 1200s"]


def test_hole_in_what_is_held_makes_history_of_what_lies_before_it() -> None:
    events = (OLD.events[0], *OLD.events[2:])
    out = compiled(
        channel(base("base"), news()),
        [BASE, NEWS],
        ASSETS,
        Window(at("05:06:00"), SPAN.end),
        Carry(events=events, keep_until=at("05:12:00")),
    )

    check(out.rundown)
    assert listing(out.rundown)[0] == "05:05:00 news/o 300s"
    assert OLD.events[0].id in {event.id for event in out.rundown.history}


def test_history_alone_lets_each_run_go_on_where_it_stood() -> None:
    events = tuple(e for e in OLD.events if e.item == "a")
    start = events[0].end
    out = compiled(
        channel(base("base")),
        [BASE],
        ASSETS,
        Window(start, SPAN.end),
        Carry(events=events, keep_until=events[0].start),
    )

    assert out.rundown.events[0].item in {"a", "b", "c"}
    check(out.rundown)


def test_carry_that_ended_long_ago_is_no_use() -> None:
    wanted = channel(base("base"), news())
    span = window("2026-11-26T04:50:00", 0.75)
    carry = carry_of(OLD, span.start)

    out = compiled(wanted, [BASE, NEWS], ASSETS, span, carry).rundown
    assert out == compiled(wanted, [BASE, NEWS], ASSETS, span).rundown


def test_open_act_keeps_the_events_since_it_began_and_the_acts_are_counted_on() -> None:
    held = replace(OLD, acts_seq=7, open_from=at("05:02:00"))
    out = compiled(
        channel(base("base"), news()),
        [BASE, NEWS],
        ASSETS,
        Window(at("05:12:00"), SPAN.end),
        carry_of(held, at("05:12:30")),
    ).rundown

    assert out.acts_seq == 7
    assert out.events[0].id == OLD.events[1].id


def test_secret_address_survives_a_carry() -> None:
    lists = [playlist("base", live("st", "studio", "10m"))]
    made = sources(channel(base("base")), lists, [asset("a", 600)])
    old = compile_rundown(made, SPAN).rundown
    new = compile_rundown(made, SPAN, carry_of(old, at("04:55:00"))).rundown

    assert isinstance(new.events[0].material, Live)
    assert new.events[0].material.url == "udp://secret"


def test_base_moved_into_spans_keeps_its_place() -> None:
    days = base("base", days=[1])  # Tuesday: the day itself
    assert same_items(warm(days, news(), keep="04:55:00").rundown)


def same_items(rundown: Rundown) -> bool:
    return [e.item for e in rundown.events] == [e.item for e in OLD.events]


def test_stand_in_that_ends_with_its_item_leaves_nothing_to_stand_in_for() -> None:
    wanted = channel(base("base"), filler="idents")
    lists = [playlist("base", item("gone", out="60s"), "a"), playlist("idents", "i")]
    span = Window(at("04:59:50"), at("05:20:00"))
    old = compiled(wanted, lists, ASSETS, span).rundown
    last = next(e for e, after in pairwise(old.events) if e.item == "gone" != after.item)
    out = compiled(wanted, lists, ASSETS, span, carry_of(old, last.start + 1)).rundown

    assert out == old


def test_item_played_a_second_time_in_its_round_has_a_name_of_its_own() -> None:
    lists = (playlist("base", "b", "a", "c"), NEWS)
    span = Window(SPAN.start, at("05:50:00"))
    out = compiled(
        channel(base("base"), news()), lists, ASSETS, span, carry_of(OLD, at("05:25:00"))
    )

    assert [e.item for e in out.rundown.events[3:]] == ["a", "b", "a", "c"]
    check(out.rundown)


def test_cut_on_the_first_frame_of_a_window_is_told_again() -> None:
    schedule = (base("base"), news("06:05"))
    old = compiled(channel(*schedule), [BASE, NEWS], ASSETS, SPAN)
    span = Window(at("05:05:00"), SPAN.end)
    carry = carry_of(old.rundown, span.start + 1)

    assert told(compiled(channel(*schedule), [BASE, NEWS], ASSETS, span, carry)) == told(old)
    assert told(old) == ["overrun 06:05:00 Tue: base/a is cut by news after 0:05:00 of 0:10:00"]
