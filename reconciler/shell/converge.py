"""One pass: observe, plan, apply; the steps in order, and nothing decided here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from reconciler.errors import PlanRefused
from reconciler.model.desired import Desired
from reconciler.model.ids import ChannelName
from reconciler.model.observed import Health, Snapshot
from reconciler.plan.actions import CollectAsRun, Leave, Plan
from reconciler.plan.check import check
from reconciler.plan.planner import make_plan
from reconciler.plan.safety import insist
from reconciler.rundown import digest
from reconciler.shell.apply import Outcome, apply, channel_of, journal_of
from reconciler.shell.compile import Compilation, Compiler
from reconciler.shell.finish import finish
from reconciler.shell.media_rows import MediaRows
from reconciler.shell.observe import Observer
from reconciler.shell.patience import is_starting
from reconciler.shell.perform import Hand
from reconciler.shell.record import observations
from reconciler.shell.stage import Stager
from reconciler.shell.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A plan with what it was made from."""

    desired: Desired
    made: Compilation
    plan: Plan

    @property
    def seen(self) -> Snapshot:
        """The reading of the cluster that it was made from."""
        return self.made.seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """A plan, and how each of its actions ended; `written` if screens were told all of it."""

    judgement: Judgement
    outcomes: tuple[Outcome, ...]
    written: bool = True

    @property
    def acted(self) -> frozenset[ChannelName]:
        """The channels that had something done, or tried."""
        return _channels(self.outcomes)

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """The actions that did not succeed."""
        return tuple(o for o in self.outcomes if o.error is not None)

    @property
    def failed_channels(self) -> frozenset[ChannelName]:
        """The channels with a failed action; nodes and media are told by the log."""
        return _channels(self.failed)

    @property
    def is_under_way(self) -> bool:
        """Whether this pass changed something that another has to go on from at once."""
        judgement = self.judgement
        return (
            not self.written
            or is_starting(judgement.desired, judgement.seen)
            or any(
                o.error is None and not o.under_way and not isinstance(o.action, CollectAsRun)
                for o in self.outcomes
            )
        )

    @property
    def settled(self) -> bool:
        """Nothing was left to do but to go on fetching as-run, and nothing is starting."""
        judgement = self.judgement
        return judgement.plan.is_routine and not is_starting(judgement.desired, judgement.seen)


def _channels(outcomes: tuple[Outcome, ...]) -> frozenset[ChannelName]:
    names = (channel_of(outcome.action) for outcome in outcomes)
    return frozenset(name for name in names if name is not None)


class Reconciler:
    """Judge and converge, with one memory of when things last answered."""

    def __init__(self, world: World, stager: Stager) -> None:
        self._world = world
        self._stager = stager
        self._observer = Observer(world)
        self._compiler = Compiler(world)
        self._media_rows = MediaRows(world.store)

    def look(self, desired: Desired) -> Snapshot:
        """Observe alone: for who stands by, and before a plan."""
        return self._observer.observe(desired)

    def finish(self, desired: Desired, may_act: Callable[[], bool]) -> None:
        """What a new leader does before it looks at everything; see `shell.finish`."""
        finish(self._world, desired, self._observer, self._stager, may_act)

    def judge(self, desired: Desired, leave: Leave, seen: Snapshot | None = None) -> Judgement:
        """Observe (unless `seen` is handed in) and plan; changes nothing."""
        made = self._compiler.compile(desired, self.look(desired) if seen is None else seen)
        return Judgement(
            desired=desired, made=made, plan=make_plan(desired, made.seen, made.rundowns, leave)
        )

    def converge(
        self,
        judgement: Judgement,
        *,
        only: str | None = None,
        may_act: Callable[[], bool] = lambda: True,
        not_now: frozenset[ChannelName] = frozenset(),
        hurry: Callable[[], bool] = lambda: False,
    ) -> Pass:
        """Perform the plan of `judgement`, and write down that it was.

        Channels in `not_now` wait out a back-off: their actions stay for a later pass. Once `hurry`
        says that another pass is waited for, what only screens read is left to a later one too.

        Raises `PlanRefused` for a plan past the limits, and where `only` names another digest: the
        world has moved on since.
        """
        plan = judgement.plan
        complaints = check(plan, judgement.desired, judgement.seen)
        if complaints:
            raise AssertionError(f"the plan contradicts itself: {'; '.join(complaints)}")
        if only is not None:
            insist_on_digest(plan, only)
        insist(plan)
        self._record(judgement)
        self._note_equal(judgement)
        hand = Hand(judgement.desired, judgement.made, self._world)
        outcomes = apply(plan, hand, self._stager, may_act=may_act, not_now=not_now)
        self._write_down(plan, outcomes)
        whole = self._media_rows.write(judgement.seen, plan, hurry)
        return Pass(judgement=judgement, outcomes=outcomes, written=whole)

    def _record(self, judgement: Judgement) -> None:
        """Write down what was seen, for the older screens; what is unread stays as it was."""
        store, seen = self._world.store, judgement.seen
        store.record(observations(judgement.desired, seen))
        store.record_nodes(n for n, node in seen.nodes.items() if node.health is Health.ANSWERING)
        store.record_sidecars(seen.sidecars)

    def _note_equal(self, judgement: Judgement) -> None:
        """Rundowns that came out as they were kept need not be compiled again for these inputs."""
        rows, made = judgement.seen.database.channels, judgement.made
        equal = {
            name: made.inputs[name]
            for name, compiled in made.rundowns.items()
            if name in rows
            and rows[name].rundown_digest
            and rows[name].rundown_inputs != made.inputs[name]
            and rows[name].rundown_digest == digest(compiled.rundown)
        }
        if equal:
            self._world.store.note_inputs(equal)

    def _write_down(self, plan: Plan, outcomes: tuple[Outcome, ...]) -> None:
        entries = journal_of(plan, outcomes, self._world.clock.now())
        if entries:
            self._world.store.journal(entries)


def insist_on_digest(plan: Plan, only: str) -> None:
    """Raise `PlanRefused` for a plan other than the one that was asked for."""
    if not plan.digest.startswith(only):
        raise PlanRefused(
            f"refused: --only {only} was asked for, but the plan is now {plan.digest[:6]}; "
            "look at it again with: reconcile --dry-run"
        )
