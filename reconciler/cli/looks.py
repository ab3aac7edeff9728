"""Looking into files now, for a person who waits: which ones, how far it is, what was found."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable, Mapping
from datetime import datetime

import click

from reconciler.cli.common import say
from reconciler.errors import AdapterError, UsageError
from reconciler.lineup.findings import nearest
from reconciler.model.desired import Desired
from reconciler.model.findings import Findings
from reconciler.model.ids import NodeName
from reconciler.model.observed import Snapshot
from reconciler.plan.unseen import Unseen, unseen
from reconciler.shell.inspect import look
from reconciler.shell.world import World

_BAR = 20  # cells of a progress bar
_CLEAR = "\r\x1b[K"


class _Told(Exception):  # nothing went wrong
    """Somebody asked us to end."""


def chosen(
    desired: Desired,
    seen: Snapshot,
    due: Mapping[str, datetime],
    *,
    names: tuple[str, ...],
    node: str | None,
) -> tuple[Unseen, ...]:
    """The files to look into: those of `names`, known or not; without names, all that are new."""
    if not names:
        return tuple(one for one in unseen(desired, seen, due) if node in (None, one.node))
    facts = {str(asset): fact for asset, fact in seen.catalogue.items()}
    found: list[Unseen] = []
    for name in names:
        if name not in facts:
            raise UsageError(
                f"expected an asset's house number, found {name!r}{nearest(name, facts)}"
            )
        fact = facts[name]
        homes = [
            home
            for home, here in sorted(seen.nodes.items())
            if home in desired.nodes and node in (None, home) and fact.stored in (here.staged or {})
        ]
        if not homes:
            where = f" on {node}" if node is not None else " on any node"
            say(f"{name}: it is not staged{where}, so there is nothing to look into")
        found += [_one(fact.stored, name, home, seen, due) for home in homes[:1]]
    return tuple(found)


def _one(
    stored: str, name: str, home: NodeName, seen: Snapshot, due: Mapping[str, datetime]
) -> Unseen:
    fact = next(fact for asset, fact in seen.catalogue.items() if asset == name)
    sha256 = (seen.nodes[home].staged or {})[stored].sha256 or ""
    return Unseen(asset=fact.asset, stored=stored, node=home, due_at=due.get(stored), sha256=sha256)


def look_now(
    world: World,
    desired: Desired,
    files: Iterable[Unseen],
    stop: threading.Event,
    *,
    again: bool,
) -> int:
    """Look into each, telling what was found; returns how many could not be looked into."""
    failed = 0
    for one in files:
        if stop.is_set():
            break
        bar = _Bar(one, stop)
        try:
            found = look(world, one, desired, bar.progress, again=again)
        except AdapterError as error:
            failed += 1
            bar.clear()
            say(f"{one.asset}: {error}")
        except _Told:
            bar.clear()
            say(f"{one.asset}: not looked into to its end")
        else:
            bar.clear()
            click.echo(_told(one, found))
    return failed


def _told(one: Unseen, found: Findings) -> str:
    loud = "" if found.loudness is None else f", {found.loudness:.1f} LUFS"
    verdict = f"! {found.wrong}" if found.wrong else "nothing wrong"
    return f"{one.asset}  {one.node}  {verdict}{loud}"


class _Bar:
    """How far one file is, on a terminal alone."""

    def __init__(self, one: Unseen, stop: threading.Event) -> None:
        self._one = one
        self._stop = stop
        self._is_shown = sys.stderr.isatty()

    def progress(self, done: int, total: int) -> None:
        """So many bytes are read; raises to end it where somebody asked us to."""
        if self._stop.is_set():
            raise _Told
        if self._is_shown and total:
            full = round(_BAR * done / total)
            bar = "━" * full + "─" * (_BAR - full)
            click.echo(f"{_CLEAR}{self._one.asset} {bar} {done / total:.0%}", nl=False, err=True)

    def clear(self) -> None:
        """Leave the line to what is told next."""
        if self._is_shown:
            click.echo(_CLEAR, nl=False, err=True)
