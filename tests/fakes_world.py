"""A whole `shell.world.World` of fakes: `FakeWorld(lineup(channel("news")))`, then passes on it.

    world = FakeWorld(lineup(channel("news")))
    world.converge()                       pass after pass until settled
    world.lineup.set(other)                another lineup is committed
    world.clock.tick(5)                    time passes; nothing else moves it
    world.yard, world.database             knobs of nodes, sidecars and the database

Every part is a fake that passes the contract suite of its port. Several reconcilers may live in
one world: `world.another()` is the same world as another process sees it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from reconciler.errors import ReconcilerError, Rejected
from reconciler.model.desired import Desired, DesiredNode
from reconciler.model.ids import ChannelName
from reconciler.plan.actions import Leave, Staging
from reconciler.ports import NodeControl
from reconciler.shell.converge import Judgement, Pass, Reconciler
from reconciler.shell.stage import Stager
from reconciler.shell.world import World
from tests.builders import NOW
from tests.fakes_database import FakeDatabase, FakeLeadership
from tests.fakes_nodes import FakeLibrary, FakeSidecar, Yard
from tests.fakes_reports import FakeReports
from tests.fakes_store import FakeStore


class FakeClock:
    """Stands still until told."""

    def __init__(self, now: datetime = NOW) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._now.timestamp()

    def tick(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


class FakeLineup:
    """`LineupReader` in memory: `set` commits; `fail` makes the newest commit one that is wrong."""

    def __init__(self, desired: Desired) -> None:
        self._found: Desired | ReconcilerError = desired
        self._number = 0
        self.reads = 0
        self.paths: tuple[Path, ...] = ()

    def set(self, found: Desired | ReconcilerError) -> None:
        self._found = found
        self._number += 1

    def desired(self, ref: str | None) -> Desired:  # noqa: ARG002  # the port's shape
        self.reads += 1
        if isinstance(self._found, ReconcilerError):
            raise self._found
        return self._found

    def working_tree(self) -> Desired:
        return self.desired(None)

    def current(self) -> str:
        return str(self._number)

    def watch_paths(self) -> tuple[Path, ...]:
        return self.paths

    def concerns(self, path: str) -> bool:
        return not path.endswith(".tmp")


class FakeWorld:
    """One cluster, and one process's view of it in `self.ports`."""

    def __init__(self, desired: Desired, *, media: Mapping[str, int | str] | None = None) -> None:
        self.clock = FakeClock()
        self.database = FakeDatabase(now=self.clock.now)
        self.yard = Yard(clock=self.clock.now)
        self.lineup = FakeLineup(desired)
        self.library = FakeLibrary(media or {"BARS": 3600})
        self.staged: list[tuple[Staging, str | None]] = []
        for node in desired.nodes.values():
            self.yard.node(node.name, cores=8, devices=[d.index for d in node.devices])
        self._join()

    def _join(self) -> None:
        self.leadership = FakeLeadership(self.database)
        self.store = FakeStore(self.database, self.leadership.term)
        self.stager = Stager(self._note_staged, self.clock, lambda seconds: seconds)
        self.ports = World(
            store=self.store,
            reports=FakeReports(self.database),
            sidecars=self.yard.client(),
            library=self.library,
            clock=self.clock,
            connect=self._connect,
            nodes=lambda: tuple(self.desired.nodes.values()),
            lineup=self.lineup,
            leadership=self.leadership,
            jitter=lambda seconds: seconds,
            pause=self.clock.tick,
        )
        self.reconciler = Reconciler(self.ports, self.stager)

    def another(self) -> FakeWorld:
        """Another process in the same cluster, with a memory and a leadership of its own."""
        other = object.__new__(FakeWorld)
        other.__dict__.update(self.__dict__)
        other._join()
        return other

    @property
    def desired(self) -> Desired:
        return self.lineup.desired(None)

    def _connect(self, node: DesiredNode) -> NodeControl:
        found = self.yard.nodes.get(node.name)
        if found is None:
            raise Rejected(f"{node.name}: runtime docker is not supported in this release")
        return found

    def _note_staged(self, action: Staging, error: str | None) -> None:
        self.staged.append((action, error))

    # ── passes ───────────────────────────────────────────────────────────────────────────────────

    def judge(self, leave: Leave | None = None) -> Judgement:
        return self.reconciler.judge(self.desired, leave or Leave())

    def one_pass(self, leave: Leave | None = None) -> Pass:
        """Lead, judge, apply, and wait for what is staged."""
        assert self.leadership.try_lead() is not None, "somebody else leads"
        done = self.reconciler.converge(self.judge(leave), may_act=self.leadership.is_leading)
        assert self.stager.wait(10)
        return done

    def converge(self, *, passes: int = 12, tick: float = 1) -> Pass:
        """Pass after pass until nothing is left to do."""
        done = self.one_pass()
        for _ in range(passes):
            if done.settled and not done.failed:
                return done
            self.clock.tick(tick)
            done = self.one_pass()
        raise AssertionError(f"not settled after {passes} passes: {done.judgement.plan.actions}")

    # ── what is there ────────────────────────────────────────────────────────────────────────────

    def sending(self, name: str) -> list[FakeSidecar]:
        """The sidecars that send a channel, in truth: nobody is asked."""
        now = self.clock.monotonic()
        return [s for s in self.yard.sidecars.values() if s.start.channel == name and s.sends(now)]

    def on_air(self) -> list[str]:
        """Channels that one sidecar sends; more than one fails."""
        names = sorted({str(s.start.channel) for s in self.yard.sidecars.values()})
        found = {name: len(self.sending(name)) for name in names}
        assert all(count < 2 for count in found.values()), f"two senders: {found}"
        return [name for name, count in found.items() if count]

    def status(self, name: str) -> str:
        return self.database.channels[ChannelName(name)].status

    def journal(self) -> list[tuple[str, str]]:
        return [(entry.what, entry.outcome) for entry in self.database.journal]
