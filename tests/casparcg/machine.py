"""What the fake server stands on: media, folders, devices, far ends, channels, locks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.casparcg.channel import Channel
from tests.casparcg.consumers import FarEnds
from tests.casparcg.film import Luck
from tests.casparcg.media import Clip, Shelf


@dataclass(kw_only=True)
class Machine:
    """`choose_luck` is asked once for each film: how it starts this time."""

    shelf: Shelf
    folders: tuple[str, ...] = ("/media/",)
    channels: dict[int, Channel] = field(default_factory=dict)
    far_ends: FarEnds = field(default_factory=FarEnds)
    inputs: dict[str, Clip] = field(default_factory=dict)
    decklinks: frozenset[int] = frozenset()
    ndi: bool = False
    utf8: bool = True
    choose_luck: Callable[[], Luck] = Luck
    config: str = ""
    paths: dict[str, str] = field(default_factory=dict)
    clear_phrase: str = "secret"
    scanner: bool = False
    stored: dict[str, str] = field(default_factory=dict)
    log_level: str = "INFO"
    locks: dict[int, Lock] = field(default_factory=dict)
    exit_code: int | None = None

    def equip_like(self, other: Machine) -> None:
        """The same surroundings as another start had."""
        self.inputs, self.decklinks, self.ndi = other.inputs, other.decklinks, other.ndi
        self.utf8, self.scanner = other.utf8, other.scanner
        self.choose_luck = other.choose_luck


@dataclass(kw_only=True)
class Lock:
    """LOCK on one channel: a phrase, and the connections that know it."""

    phrase: str
    holders: set[int] = field(default_factory=set)
