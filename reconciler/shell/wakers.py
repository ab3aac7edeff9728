"""Threads that ring the loop's bell: a new commit, a sidecar that died, a node fallen silent.

They never decide anything; a bell that nobody rang costs one interval at most.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import partial

from watchfiles import watch

from reconciler.errors import AdapterError
from reconciler.model.desired import Desired, DesiredNode
from reconciler.ports import LineupReader, MediaLibrary
from reconciler.shell.loop import Wake
from reconciler.shell.world import World

log = logging.getLogger(__name__)

_QUIET_MS = 50  # a commit moves several refs within some milliseconds: wait for so much quiet
_LONGEST_MS = 400  # but not for longer than this
_ASK = 1.0  # seconds that one wait for a node may take before `stop` is looked at


def on_lineup(lineup: LineupReader, wake: Wake, stop: threading.Event) -> threading.Thread:
    """Ring when the lineup's refs or files change; our own filter, as the default hides `.git`."""

    def run() -> None:
        try:
            for _ in watch(
                *(path for path in lineup.watch_paths() if path.exists()),
                watch_filter=lambda _change, path: lineup.concerns(path),
                debounce=_LONGEST_MS,
                step=_QUIET_MS,
                stop_event=stop,
                raise_interrupt=False,
            ):
                wake.ring()
        except (OSError, RuntimeError) as error:  # too many watches on this machine, say
            log.warning("commits are noticed by looking, not at once: %s", error)

    return _start("wake-lineup", run)


class NodeBells:
    """Ring when a sidecar dies or appears on a node of the lineup, or a node falls silent."""

    def __init__(self, world: World, wake: Wake, stop: threading.Event) -> None:
        self._world = world
        self._wake = wake
        self._stop = stop
        self._watched: frozenset[DesiredNode] = frozenset()

    def follow(self, desired: Desired) -> None:
        """Watch the nodes of this lineup, and no longer those that left it."""
        wanted = frozenset(desired.nodes.values())
        fresh = wanted - self._watched
        self._watched = wanted
        for node in sorted(fresh, key=lambda node: node.name):
            _start(f"wake-{node.name}", partial(self._attend, node))

    def _attend(self, node: DesiredNode) -> None:
        answers = True
        while node in self._watched and not self._stop.is_set():
            try:
                rings = self._world.connect(node).changed(_ASK) or not answers
                answers = True
            except AdapterError as error:
                log.debug("watching node=%s: %s", node.name, error)
                rings, answers = answers, False
            if rings:
                self._wake.ring()
            if not answers:
                self._stop.wait(_ASK)


def on_media(library: MediaLibrary, wake: Wake, stop: threading.Event) -> threading.Thread:
    """Ring when more is known of assets in distant stores than a pass was told."""

    def run() -> None:
        while not stop.is_set():
            if library.changed(_ASK):
                wake.ring()
                stop.wait(_ASK)  # others may be known at nearly the same time

    return _start("wake-media", run)


def at_end(wake: Wake, stop: threading.Event) -> threading.Thread:
    """Ring when `stop` is set, so that the loop need not wait for its interval."""

    def run() -> None:
        stop.wait()
        wake.ring()

    return _start("wake-end", run)


def _start(name: str, run: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    return thread
