"""One life of an engine: its connection is cut while it plays, and made again."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from reconciler.model.video import VideoFormat
from reconciler.sidecar.casparcg.helm import Helm
from reconciler.sidecar.casparcg.life import Life
from reconciler.sidecar.casparcg.sending import Sending
from reconciler.sidecar.casparcg.shelf import Shelf
from reconciler.sidecar.casparcg.slate import write_slate
from reconciler.sidecar.casparcg.ticks import WallClock
from reconciler.sidecar.engine_port import Began, ClipSource, Cue, Evidence
from reconciler.sidecar.position import wall_frame
from tests.casparcg.caspar import FakeCaspar
from tests.casparcg.config import Setup
from tests.casparcg.media import Folder
from tests.casparcg.server import Server
from tests.integration.casparcg_kit import make_clip

pytestmark = [pytest.mark.media, pytest.mark.slow]
VIDEO = VideoFormat.parse("720p2500")


def test_a_connection_that_is_cut_is_made_again_and_the_picture_goes_on(tmp_path: Path) -> None:
    media = tmp_path / "media"
    media.mkdir()
    clip = make_clip(tmp_path / "a.mp4")
    slate = write_slate(tmp_path, VIDEO)
    helm = Helm(VIDEO, Shelf(media), slate)
    wall = WallClock(VIDEO.rate, wall=time.time_ns(), mono=time.monotonic_ns())
    setup = Setup(modes=("720p2500",), media=f"{media}{os.sep}")
    told: list[Evidence] = []
    with Server(FakeCaspar(Folder(media), setup), realtime=True) as server:
        life = Life(("127.0.0.1", server.port), "phrase", helm, Sending(), wall)
        try:
            start = wall_frame(VIDEO.clock) + 40
            source = ClipSource(path=str(clip), in_frame=0)
            helm.show([Cue(key="a", start=start, frames=120, source=source)], 1)
            cut = False
            while wall_frame(VIDEO.clock) < start + 110:
                if not life.call():
                    continue
                told += life.turn(0.1)
                if not cut and told and wall_frame(VIDEO.clock) > start + 40:
                    cut = True
                    with server.locked():
                        for client in tuple(server._clients):
                            server._drop(client)
            assert life.trouble() == ""
            with server.locked() as caspar:
                shown = [each for each in caspar.channel().shown if each.kind == "film"]
        finally:
            life.close()
    assert cut
    assert [each.key for each in told if isinstance(each, Began)] == ["a"]
    assert len(shown) > 100
    numbers = [each.frame for each in shown]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert not any(each.frozen for each in shown)
