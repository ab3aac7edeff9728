"""Threads that ring the loop's bell: a new commit, a sidecar that died, a lapsed term elsewhere.

They never decide anything; a bell that nobody rang costs one interval at most.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from watchfiles import watch

from reconciler.errors import AdapterError
from reconciler.ports import LineupReader, NodeControl
from reconciler.shell.loop import Wake

log = logging.getLogger(__name__)

_QUIET_MS = 50  # a commit moves several refs within some milliseconds: wait for so much quiet
_LONGEST_MS = 400  # but not for longer than this
_ASK = 1.0  # seconds that one wait for a node may take before `stop` is looked at


def on_lineup(lineup: LineupReader, wake: Wake, stop: threading.Event) -> threading.Thread:
    """Ring when the lineup's refs or files change; our own filter, as the default hides `.git`."""

    def run() -> None:
        for _ in watch(
            *(path for path in lineup.watch_paths() if path.exists()),
            watch_filter=lambda _change, path: lineup.concerns(path),
            debounce=_LONGEST_MS,
            step=_QUIET_MS,
            stop_event=stop,
            raise_interrupt=False,
        ):
            wake.ring()

    return _start("wake-lineup", run)


def on_node(node: NodeControl, wake: Wake, stop: threading.Event) -> threading.Thread:
    """Ring when a sidecar of `node` dies or appears."""

    def run() -> None:
        while not stop.is_set():
            try:
                if node.changed(_ASK):
                    wake.ring()
            except AdapterError as error:
                log.debug("watching a node: %s", error)
                stop.wait(_ASK)

    return _start("wake-node", run)


def _start(name: str, run: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    return thread
