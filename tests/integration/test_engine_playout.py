from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.together import tell
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
    return folder


def test_skip_pause_and_resume_take_effect_at_once_and_lose_nothing(
    media: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    tell(skip_pause_and_resume, tmp_path_factory, media)


def skip_pause_and_resume(folder: Path, media: Path) -> None:
    out = folder / "out.ts"
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
