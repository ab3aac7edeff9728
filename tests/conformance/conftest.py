"""Coded clips for the conformance suite, made once per session; stories told a few at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from pathlib import Path

import pytest

for _module in ("suite", "stories_sources", "stories_outputs", "stories_live", "soak"):
    pytest.register_assert_rewrite(f"tests.conformance.{_module}")

from tests.conformance import coded  # noqa: E402  # after the registration above
from tests.conformance.suite import Media  # noqa: E402
from tests.conformance.together import together  # noqa: E402

Story = Callable[[Path, Media], None]
AT_ONCE = 6


@pytest.fixture(scope="session")
def told(request: pytest.FixtureRequest, media: Media) -> Iterator[Mapping[Story, Future[None]]]:
    """The stories that were asked for, each told in a folder of its own; in order, together."""
    with together(request, media, at_once=AT_ONCE) as telling:
        yield telling


@pytest.fixture(scope="session")
def media(tmp_path_factory: pytest.TempPathFactory) -> Media:
    folder = tmp_path_factory.mktemp("coded")
    whole = {clip.id: coded.make(clip, folder) for clip in coded.ALL}
    return Media(
        whole=whole,
        missing=folder / "NOT-THERE.mp4",
        truncated=_truncated(whole[coded.TALL.id], folder / "TRUNCATED.ts"),
        garbage=_garbage(folder / "GARBAGE.mp4"),
    )


def _truncated(whole: Path, path: Path) -> Path:
    """The first half of a transport stream, of which nothing says that it is only half."""
    import av

    with av.open(str(whole)) as source, av.open(str(path), "w", format="mpegts") as out:
        video = source.streams.video[0]
        copy = out.add_stream_from_template(video)
        for packet in source.demux(video):
            if packet.dts is not None and packet.size:
                packet.stream = copy
                out.mux(packet)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path


def _garbage(path: Path) -> Path:
    path.write_bytes(bytes((n * 7919) >> 3 & 255 for n in range(50_000)))
    return path
