"""Collect what a schedule will do that its author may not want; each with its local time."""

from __future__ import annotations

from dataclasses import dataclass, field

from reconciler.model.rundown import Remark, RemarkKind
from reconciler.rundown.localtime import LocalClock


@dataclass(slots=True)
class Notes:
    """Remarks on what lies at or after frame `since`; what lies before that is not told."""

    clock: LocalClock
    since: int
    _told: set[tuple[str, ...]] = field(default_factory=set)
    _found: set[Remark] = field(default_factory=set)

    def add(self, frame: int, kind: RemarkKind, text: str, *, event: str = "") -> None:
        """Remark `text` of `frame`, unless that lies before the window."""
        if frame >= self.since:
            told = f"{self.clock.words(frame)}: {text}"
            self._found.add(Remark(frame=frame, kind_name=kind.value, text=told, event=event))

    def once(self, key: tuple[str, ...], frame: int, kind: RemarkKind, text: str) -> None:
        """The same, but only the first of what repeats under `key`."""
        if frame >= self.since and key not in self._told:
            self._told.add(key)
            self.add(frame, kind, text)

    def sorted(self) -> tuple[Remark, ...]:
        """All of them, by frame and kind."""
        return tuple(sorted(self._found))
