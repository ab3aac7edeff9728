"""One stretch of what should be shown: an event of the effective rundown, or what stands in."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.model.rundown import Clip, Event, Frozen


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """`event`, from its start for its frames. `gap`: nothing is planned, so that filler is due.

    `key` names this showing for the engine: the same event shown from another frame, or from
    another position of its file, is another showing.
    """

    event: Event
    gap: bool = False

    @property
    def start(self) -> int:
        """The first frame of it."""
        return self.event.start

    @property
    def end(self) -> int:
        """The first frame after it."""
        return self.event.end

    @property
    def frames(self) -> int:
        """How long it is."""
        return self.event.frames

    @property
    def in_frame(self) -> int:
        """The position in its file at its start."""
        return self.event.material.in_frame if isinstance(self.event.material, Clip) else 0

    @property
    def frozen(self) -> bool:
        """Whether it is the picture last shown, held."""
        return isinstance(self.event.material, Frozen)

    @property
    def key(self) -> str:
        """Unique in a timeline, equal in every timeline that holds this showing."""
        held = "!" if self.frozen else ""
        return f"{self.event.id}@{self.start}+{self.in_frame}{held}"
