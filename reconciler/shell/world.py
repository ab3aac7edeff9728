"""The outside as one value: every port that a pass needs, handed in by `wiring`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from reconciler.model.desired import DesiredNode
from reconciler.ports import (
    Clock,
    Leadership,
    LineupReader,
    MediaLibrary,
    NodeControl,
    Reports,
    SidecarClient,
    Store,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Every port that a program needs; `connect` returns the same control for the same node.

    `nodes` are those of the lineup in force; `pause` waits so many seconds.
    """

    store: Store
    reports: Reports
    sidecars: SidecarClient
    library: MediaLibrary
    clock: Clock
    connect: Callable[[DesiredNode], NodeControl]
    nodes: Callable[[], tuple[DesiredNode, ...]]
    lineup: LineupReader
    leadership: Leadership
    jitter: Callable[[float], float]  # spreads a wait in seconds
    pause: Callable[[float], None]
