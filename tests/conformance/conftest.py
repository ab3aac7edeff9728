"""Coded clips for the conformance suite, made once per session; stories told a few at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

for _module in ("suite", "stories_sources", "stories_outputs", "stories_live", "soak"):
    pytest.register_assert_rewrite(f"tests.conformance.{_module}")

from tests.conformance import coded  # noqa: E402  # after the registration above
from tests.conformance.suite import Media  # noqa: E402

Story = Callable[[Path, Media], None]
AT_ONCE = 4  # a story is a second of work and many of waiting


@pytest.fixture(scope="session")
def told(
    request: pytest.FixtureRequest, media: Media, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mapping[Story, Future[None]]]:
    """The stories that were asked for, each told in a folder of its own; in order, together."""
    chosen = [
        item.callspec.params["story"]
        for item in request.session.items
        if isinstance(item, pytest.Function)
        and hasattr(item, "callspec")
        and "story" in item.callspec.params
    ]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {story: pool.submit(story, tmp_path_factory.mktemp("told"), media) for story in chosen}
        pool.shutdown(cancel_futures=True)


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
