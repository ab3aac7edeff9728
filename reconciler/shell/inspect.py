"""Look into staged files beside the passes, one at a time, and keep what is found.

By content, so once whatever the nodes and channels. What is wrong shows in the next plan as a
remark, with the time at which it will be heard or seen.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator

from reconciler.errors import AdapterError
from reconciler.model.desired import Desired, DesiredNode
from reconciler.model.observed import Health, Snapshot
from reconciler.shell.loop import Wake
from reconciler.shell.world import World

log = logging.getLogger(__name__)

_PAUSE = 0.5  # seconds between two files; what airs has the machine first


class Inspector:
    """A thread that works through what nobody has looked into yet."""

    def __init__(self, world: World, wake: Wake, stop: threading.Event) -> None:
        self._world = world
        self._wake = wake
        self._stop = stop
        self._changed = threading.Condition()
        self._todo: dict[str, DesiredNode] = {}
        self._given_up: set[str] = set()

    def follow(self, desired: Desired, seen: Snapshot) -> None:
        """Learn which staged files the lineup plays that were not looked into."""
        todo = dict(_unseen(desired, seen))
        with self._changed:
            self._todo = {s: n for s, n in todo.items() if s not in self._given_up}
            self._changed.notify_all()

    def run(self) -> None:
        """Work until `stop` is set."""
        while not self._stop.is_set():
            with self._changed:
                self._changed.wait_for(lambda: bool(self._todo), _PAUSE)
                found = next(iter(self._todo.items()), None)
            if found is not None:
                self.look_into(*found)
                self._stop.wait(_PAUSE)

    def look_into(self, stored: str, node: DesiredNode) -> None:
        """Inspect one file and keep what is found; one that cannot be is left alone."""
        with self._changed:
            self._todo.pop(stored, None)
            self._given_up.add(stored)
        try:
            findings = self._world.connect(node).inspect(stored)
            self._world.store.keep_findings(stored, findings)
        except AdapterError as error:
            log.info("inspect stored=%s node=%s outcome=%r", stored, node.name, f"failed: {error}")
            return
        except Exception:  # a bug must not end the looking into other files
            log.exception("inspect stored=%s node=%s", stored, node.name)
            return
        if findings.damage:
            log.warning("inspect stored=%s damage=%r", stored, findings.damage)
            self._wake.ring()


def _unseen(desired: Desired, seen: Snapshot) -> Iterator[tuple[str, DesiredNode]]:
    known = seen.database.findings
    wanted = {
        fact.stored
        for fact in seen.catalogue.values()
        if fact.problem is None and not fact.still and fact.stored not in known
    }
    for name, node in sorted(seen.nodes.items()):
        machine = desired.nodes.get(name)
        if machine is None or node.health is not Health.ANSWERING or not wanted:
            continue
        for stored in sorted(wanted & (node.staged or {}).keys()):
            yield stored, machine
