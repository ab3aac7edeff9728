from __future__ import annotations

from tests.unit.rundown.builders import (
    FOLLOW,
    HARD,
    SOFT,
    base,
    channel,
    compiled,
    day,
    layer,
    listing,
    playlist,
    told,
    window,
)

ASSETS = {"a": 600, "b": 900, "c": 1200, "n": 300, "o": 300, "f": 1500}
LISTS = [
    playlist("base", "a", "b", "c"),
    playlist("news", "n", "o"),
    playlist("film", "f"),
    playlist("night", "c"),
]
DAY = "2026-11-24T04:50:00"  # 05:50 in Oslo, a Tuesday


def test_later_layer_lies_on_top_and_the_lower_one_begins_late_behind_it() -> None:
    wanted = channel(
        layer("news", "06:20", start=HARD, until=1800), layer("film", "06:00", start=HARD)
    )
    out = compiled(wanted, LISTS, ASSETS, window(DAY, 0.7))

    assert listing(out.rundown)[1:4] == [
        "05:00:00 film/f 1500s hard",
        "05:25:00 news/n 300s",
        "05:30:00 news/o 300s",
    ]
    assert told(out)[0] == (
        "missed window 06:20:00 Tue: news (hard) is due, but it begins at 06:25:00 Tue: "
        "covered until then"
    )


def test_layer_covered_until_its_end_is_dropped() -> None:
    wanted = channel(layer("news", "06:05", start=HARD), layer("film", "06:00", start=HARD))
    out = compiled(wanted, LISTS, ASSETS, window(DAY, 0.7))

    assert not any("news" in line for line in listing(out.rundown))
    assert told(out)[0] == (
        "missed window 06:05:00 Tue: news (hard) is due, but it is dropped: covered until its end"
    )


def test_covered_layer_goes_on_with_its_next_item_while_its_time_lasts() -> None:
    wanted = channel(layer("film", "06:00", start=HARD), layer("news", "06:02", start=HARD))
    lists = [LISTS[1], playlist("film", "n", "f")]
    out = compiled(wanted, lists, ASSETS, window(DAY, 0.8))

    assert listing(out.rundown)[1:5] == [
        "05:00:00 film/n 120s hard",
        "05:02:00 news/n 300s hard",
        "05:07:00 news/o 300s",
        "05:12:00 film/f 1500s",
    ]


def test_layer_due_again_cuts_itself() -> None:
    wanted = channel(layer("news", "06:00", start=HARD), layer("news", "06:03", start=HARD))
    out = compiled(wanted, LISTS, ASSETS, window(DAY, 0.5))

    assert listing(out.rundown)[1:4] == [
        "05:00:00 news/n 180s hard",
        "05:03:00 news/n 300s hard",
        "05:08:00 news/o 300s",
    ]


def test_follow_layer_that_waited_begins_though_its_time_is_over() -> None:
    wanted = channel(base("base"), layer("news", "06:25", start=FOLLOW))
    lists = [playlist("base", "f", "a"), LISTS[1]]
    out = compiled(wanted, lists, {**ASSETS, "f": 7200}, window(DAY, 2.2))

    assert any("news/n" in line for line in listing(out.rundown))


def test_due_that_was_not_played_before_the_next_is_told() -> None:
    wanted = channel(
        layer("news", "06:05", start=FOLLOW, until=90_000),
        layer("film", "06:00", days=[1], start=HARD),
    )
    lists = [playlist("news", "c"), LISTS[2]]
    assets = {"c": 88_000, "f": 90_000}
    out = compiled(wanted, lists, assets, window(DAY, 26))

    assert (
        "missed window 06:05:00 Tue: news (follow) is due, "
        "but it is not played before it is due again"
    ) in told(out)


def test_of_the_same_list_due_twice_at_once_the_upper_layer_counts() -> None:
    wanted = channel(layer("news", "06:00"), layer("news", "06:00", start=HARD))
    out = compiled(wanted, LISTS, ASSETS, window(DAY, 0.3))

    assert listing(out.rundown)[1] == "05:00:00 news/n 300s hard"


def test_base_of_some_days_or_hours_lies_over_the_other_and_cuts_it() -> None:
    wanted = channel(base("base"), base("night", until=6 * 3600 + 300))
    out = compiled(wanted, LISTS, ASSETS, window(DAY, 0.4))

    assert listing(out.rundown) == ["04:40:00 night/c 1200s", "05:00:00 night/c 300s",
                                    "05:05:00 base/a 600s"]  # fmt: skip
    nights = channel(base("base"), base("night", days=[2]))
    out = compiled(nights, LISTS, ASSETS, window("2026-11-24T22:40:00", 0.5))
    assert "23:00:00 night/c 1200s" in listing(out.rundown)
    assert told(out) == []


def test_base_over_another_cuts_it_when_its_days_begin() -> None:
    nights = channel(base("base"), base("night", days=[2, 3]))
    lists = [playlist("base", "f"), LISTS[3]]
    out = compiled(nights, lists, {**ASSETS, "f": 1400}, window("2026-11-24T22:40:00", 0.5))

    assert "23:00:00 night/c 1200s" in listing(out.rundown)
    assert told(out) == ["overrun 00:00:00 Wed: base/f is cut by night after 0:16:40 of 0:23:20"]


def test_gap_before_a_base_that_comes_lasts_to_its_first_frame() -> None:
    only = channel(base("night", days=[2, 4]))
    out = compiled(only, LISTS, ASSETS, window("2026-11-24T22:40:00", 25))

    assert listing(out.rundown)[0] == "22:00:00 slate 3600s"
    assert "23:00:00 night/c 1200s" in listing(out.rundown)


def test_layer_on_a_date_plays_on_that_date_only() -> None:
    wanted = channel(base("base"), layer("film", "06:00", dates=[day("2026-11-25")], start=HARD))
    assert not any(
        "film" in x for x in listing(compiled(wanted, LISTS, ASSETS, window(DAY)).rundown)
    )
    out = compiled(wanted, LISTS, ASSETS, window("2026-11-25T04:50:00"))
    assert any("film" in line for line in listing(out.rundown))


def test_soft_layer_begins_late_in_its_window_behind_a_layer_on_top() -> None:
    wanted = channel(
        layer("news", "06:20", start=SOFT, late=600), layer("film", "06:00", start=HARD)
    )
    out = compiled(wanted, LISTS, ASSETS, window(DAY, 0.7))

    assert "05:25:00 news/n 300s soft" in listing(out.rundown)


def test_base_whose_days_do_not_come_is_never_on() -> None:
    wanted = channel(base("night", dates=[day("2020-01-01")]))
    out = compiled(wanted, LISTS, ASSETS, window(DAY))

    assert listing(out.rundown) == ["04:00:00 slate 3600s", "05:00:00 slate 3600s"]
