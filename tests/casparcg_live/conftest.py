"""Drives whatever CasparCG server `RECONCILE_CASPARCG=host:port` names; without it, nothing here.

The server must have one channel that nobody uses, and a media folder that this machine can write.
`RECONCILE_CASPARCG_KNOBS` names the working folder of the fake server, if that is what it is: its
far ends are then told to go away, where those of a real server are real processes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.casparcg_live.player import Player

collect_ignore_glob = [] if os.environ.get("RECONCILE_CASPARCG") else ["test_*.py"]


@pytest.fixture
def player() -> Iterator[Player]:
    host, _, port = os.environ["RECONCILE_CASPARCG"].rpartition(":")
    made = Player((host or "127.0.0.1", int(port)))
    try:
        yield made
    finally:
        made.close()
