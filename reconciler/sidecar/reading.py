"""One look at a channel: what its engine was read back as, and whether that is fresh."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.sidecar.conductor import Conductor
from reconciler.sidecar.engine_port import EngineSeen
from reconciler.sidecar.position import is_fresh


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at a conductor: the engine as read back, and whether that is fresh."""

    seen: EngineSeen
    fresh: bool
    now: int


def read(conductor: Conductor) -> Reading:
    """Look once."""
    seen = conductor.engine.read()
    return Reading(seen, is_fresh(seen), conductor.now())


def is_ready(conductor: Conductor, reading: Reading) -> bool:
    """Whether it could send at once: engine up, rundown loaded and shown as it should be."""
    seen = reading.seen
    wanted = conductor.picture.at(seen.tick)
    return (
        reading.fresh
        and conductor.held is not None
        and seen.serial > 0
        and wanted is not None
        and seen.on_air is not None
        and seen.on_air.key == wanted.key
    )
