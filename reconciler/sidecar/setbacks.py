"""What could not be played, as the engine told it or as the media folder shows it."""

from __future__ import annotations

import logging
from collections.abc import Callable

from reconciler.model.rundown import Clip
from reconciler.sidecar.engine_port import Ended, Evidence, Failed
from reconciler.sidecar.player import Failure, Picture
from reconciler.sidecar.showing import Showing

log = logging.getLogger(__name__)

KNOWN_MOST = 2_000


class Setbacks:
    """`failed` is keyed by cue key, and by `file:NAME` for whatever plays that file again."""

    def __init__(self, meaning: Callable[[str], Showing | None]) -> None:
        self._meaning = meaning
        self.failed: dict[str, Failure] = {}

    def take(self, evidence: Evidence, now: int) -> None:
        """Learn from evidence that came at frame `now`."""
        match evidence:
            case Failed(key=key, error=error):
                self._add(key, Failure(known_at=now + 1, why=error))
            case Ended(key=key, why=("short" | "failed"), last_tick=last, error=error):
                why = error or "it ended before its time"
                self._add(key, Failure(known_at=last + 1, why=why))
            case _:
                pass

    def note(self, picture: Picture) -> None:
        """Remember what something else stands in for, and since when."""
        for showing, failure in picture.replaced:
            if showing.key not in self.failed:
                log.warning("replaced by filler or slate: %s: %s", showing.key, failure.why)
                self.failed[showing.key] = failure

    def _add(self, key: str, failure: Failure) -> None:
        showing = self._meaning(key)
        log.warning("cannot be played: %s: %s", key, failure.why)
        self.failed[key] = failure
        if showing is not None and isinstance(showing.event.material, Clip):
            self.failed.setdefault(f"file:{showing.event.material.stored}", failure)
        while len(self.failed) > KNOWN_MOST:
            del self.failed[next(iter(self.failed))]
