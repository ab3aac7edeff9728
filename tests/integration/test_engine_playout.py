from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from tests.integration.engine_driver import (
    clip,
    coded_clip,
    engine,
    now_tick,
    other,
    receive,
    to_file,
)

pytestmark = pytest.mark.media


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("media")
    coded_clip(folder / "a.mp4", 1, 60)
    coded_clip(folder / "b.mp4", 2, 60, size=(320, 192))
    coded_clip(folder / "c.ts", 3, 60, codec="mpeg2video", sound_codec="mp2", gop=12)
    coded_clip(folder / "d.mkv", 4, 60, sound=0)
    coded_clip(folder / "e.mp4", 5, 120, rate=50, sound=44_100)
    coded_clip(folder / "f.mov", 6, 72, rate=Fraction(24_000, 1001), sound_codec="pcm_s16le")
    coded_clip(folder / "loop.mp4", 7, 20)
    return folder


def test_joins_of_mixed_clips_have_no_frame_missing_or_twice(media: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.ts"
    with engine(outputs=[to_file(out)], sending=True) as driven:
        start = driven.tick() + 30
        driven.say(
            do="show",
            serial=3,
            cues=[
                clip("a", media / "a.mp4", start, 25, at=10),
                clip("b", media / "b.mp4", start + 25, 30, at=30),
                clip("c", media / "c.ts", start + 55, 25, at=17),
                clip("d", media / "d.mkv", start + 80, 20, at=40),
                clip("a2", media / "a.mp4", start + 100, 12, at=48),
                clip("l", media / "loop.mp4", start + 112, 30, at=5, loop=True),
            ],
        )
        ended = driven.wait_for("ended", key="l")
        driven.quit()
    received = receive(out)
    assert received.runs() == [
        (1, 10, 34),
        (2, 30, 59),
        (3, 17, 41),
        (4, 40, 59),
        (1, 48, 59),
        (7, 5, 19),
        (7, 5, 19),
    ]
    assert received.gaps() == 0
    assert ended["why"] == "end"
    assert [(b["key"], b["tick"] - start, b["source_frame"]) for b in driven.all_of("began")] == [
        ("a", 0, 10),
        ("b", 25, 30),
        ("c", 55, 17),
        ("d", 80, 40),
        ("a2", 100, 48),
        ("l", 112, 5),
    ]
    assert driven.status["dropped"] == 0
    assert driven.status["serial"] == 3


def test_sound_stays_with_the_picture_at_every_join(media: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.ts"
    with engine(outputs=[to_file(out)], sending=True) as driven:
        start = driven.tick() + 30
        names = ["a.mp4", "c.ts", "e.mp4", "f.mov", "b.mp4"]
        driven.say(
            do="show",
            cues=[clip(n, media / n, start + 50 * i, 50, at=5) for i, n in enumerate(names)],
        )
        driven.wait_for("ended", key="b.mp4")
        driven.quit()
    received = receive(out)
    first = received.times[next(i for i, c in enumerate(received.codes) if c == (1, 5))]
    # in point 0.2 s, a click at each half second: 0.3, 0.8, 1.3, 1.8 s after each join
    expected = [first + 2 * i + Fraction(3 + 5 * j, 10) for i in range(5) for j in range(4)]
    heard = [click for click in received.clicks() if click >= first]
    assert len(heard) == len(expected)
    assert max(abs(a - b) for a, b in zip(heard, expected, strict=True)) < Fraction(4, 1000)


def test_double_rate_is_halved_exactly_and_film_rate_is_spread(media: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.ts"
    with engine(outputs=[to_file(out)], sending=True) as driven:
        start = driven.tick() + 30
        driven.say(
            do="show",
            cues=[
                clip("e", media / "e.mp4", start, 40, at=10),
                clip("f", media / "f.mov", start + 40, 50, at=25),
            ],
        )
        driven.wait_for("ended", key="f")
        driven.quit()
    codes = [code for code in receive(out).codes if code is not None]
    assert [index for number, index in codes if number == 5] == list(range(20, 100, 2))
    film = [index for number, index in codes if number == 6]
    assert len(film) == 50
    assert set(range(film[0], film[-1] + 1)) == set(film)
    assert film == sorted(film)
    assert film[0] in {23, 24}


def test_skip_pause_and_resume_take_effect_at_once_and_lose_nothing(
    media: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.ts"
    with engine(outputs=[to_file(out)], sending=True) as driven:
        start = driven.tick() + 30
        first = clip("a", media / "a.mp4", start, 60)
        second = clip("b", media / "b.mp4", start + 60, 40, at=5)
        driven.say(do="show", cues=[first, second])
        driven.wait_status(lambda s: s["tick"] >= start + 10)
        skip = now_tick() + 3
        driven.say(do="show", cues=[first | {"frames": skip - start}, second | {"start": skip}])
        began = driven.wait_for("began", key="b")
        assert (began["tick"], began["source_frame"]) == (skip, 5)

        pause = now_tick() + 3
        freeze = other("pause", pause, None, type="freeze")
        driven.say(do="show", cues=[second | {"start": skip, "frames": pause - skip}, freeze])
        driven.wait_for("began", key="pause")
        left = driven.wait_for("ended", key="b")
        frozen = driven.wait_status(lambda s: s["tick"] > pause + 10)
        assert frozen["on_air"]["moving"] is False

        resume, at = now_tick() + 3, left["last_source_frame"] + 1
        driven.say(
            do="show",
            cues=[
                freeze | {"frames": resume - pause},
                clip("b2", media / "b.mp4", resume, 60 - at, at=at),
            ],
        )
        driven.wait_for("ended", key="b2")
        driven.quit()
    received = receive(out)
    held = left["last_source_frame"]
    codes = [code for code in received.codes if code is not None]
    assert [index for number, index in codes if number == 1] == list(range(skip - start))
    assert [index for number, index in codes if number == 2] == [
        *range(5, held + 1),
        *[held] * (resume - pause),
        *range(held + 1, 60),
    ]
    assert received.gaps() == 0


def test_event_in_the_past_is_joined_where_it_should_be(media: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.ts"
    with engine(outputs=[to_file(out)], sending=True) as driven:
        start = driven.tick() - 20
        driven.say(do="show", cues=[clip("a", media / "a.mp4", start, 60)])
        began = driven.wait_for("began", key="a")
        driven.wait_for("ended", key="a")
        driven.quit()
    assert began["source_frame"] == began["tick"] - start == began["start_error_frames"]
    assert receive(out).runs() == [(1, began["source_frame"], 59)]


def test_cue_on_air_goes_on_untouched_when_the_rest_changes(media: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.ts"
    with engine(outputs=[to_file(out)], sending=True) as driven:
        start = driven.tick() + 30
        on_air = clip("a", media / "a.mp4", start, 60)
        driven.say(do="show", cues=[on_air, clip("b", media / "b.mp4", start + 60, 20)])
        driven.wait_for("began", key="a")
        for serial in range(5):
            driven.say(
                do="show",
                serial=serial,
                cues=[on_air, clip(f"c{serial}", media / "c.ts", start + 60, 20, at=serial)],
            )
        driven.wait_for("ended", key="c4")
        driven.quit()
    assert receive(out).runs() == [(1, 0, 59), (3, 4, 23)]
    assert len(driven.all_of("began", "a")) == 1


def test_mix_and_wipe_overlap_for_their_frames_and_go_on_exactly(
    media: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.ts"
    with engine(outputs=[to_file(out)], sending=True) as driven:
        start = driven.tick() + 30
        driven.say(
            do="show",
            cues=[
                clip("a", media / "a.mp4", start, 20),
                clip("b", media / "b.mp4", start + 20, 30, blend=("mix", 10)),
                clip("c", media / "c.ts", start + 50, 30, blend=("wipe", 10)),
            ],
        )
        driven.wait_for("ended", key="c")
        driven.quit()
    received = receive(out)
    assert received.gaps() == 0
    wanted = [received.codes.index((1, 0)) + offset for offset in (19, 30, 49, 60, 79)]
    assert [received.codes[i] for i in wanted] == [(1, 19), (2, 10), (2, 29), (3, 10), (3, 29)]
    assert [e["why"] for e in driven.all_of("ended")] == ["end", "end", "end"]
