"""What the fake server stands on: media, folders, devices, far ends, channels. No behaviour of AMCP."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from tests.casparcg.channel import Channel
from tests.casparcg.consumers import FarEnds
from tests.casparcg.media import Clip, Shelf
from tests.casparcg.producers import Luck


@dataclass(kw_only=True)
class Machine:
    """`luck` is used up one film at a time; when it is empty every film starts as is usual."""

    shelf: Shelf
    folders: tuple[str, ...] = ("/media/",)
    channels: dict[int, Channel] = field(default_factory=dict)
    far_ends: FarEnds = field(default_factory=FarEnds)
    inputs: dict[str, Clip] = field(default_factory=dict)
    decklinks: frozenset[int] = frozenset()
    ndi: bool = False
    utf8: bool = True
    luck: deque[Luck] = field(default_factory=deque)
    config: str = ""
    paths: dict[str, str] = field(default_factory=dict)
    clear_phrase: str = "secret"
    scanner: bool = False
    stored: dict[str, str] = field(default_factory=dict)
    log_level: str = "INFO"
    locks: dict[int, Lock] = field(default_factory=dict)
    exit_code: int | None = None

    def next_luck(self) -> Luck:
        return self.luck.popleft() if self.luck else Luck()


@dataclass(kw_only=True)
class Lock:
    """LOCK on one channel: a phrase, and the connections that know it."""

    phrase: str
    holders: set[int] = field(default_factory=set)
