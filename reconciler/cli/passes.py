"""`reconcile` and `reconcile --dry-run`: one pass, or the plan of one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import click

from reconciler import wiring
from reconciler.cli import exits
from reconciler.cli.common import Context, insist_on_names, say
from reconciler.cli.options import format_option
from reconciler.cli.terms import DURATION
from reconciler.errors import PlanRefused
from reconciler.model.desired import Desired
from reconciler.model.ids import ChannelName
from reconciler.plan.actions import CollectAsRun, Leave
from reconciler.plan.unseen import due_times, due_within, unseen
from reconciler.shell.apply import line_of
from reconciler.shell.converge import Judgement, Pass, Reconciler, insist_on_digest
from reconciler.shell.patience import changes_in
from reconciler.shell.world import World

F = TypeVar("F", bound=Callable[..., object])

_DIGITS = 6  # of a plan's digest; what reports print
_LONGEST = 3600.0  # seconds that a pass without --wait waits for media under way
_NAMED = 3  # files that are spelt out
_PAUSE = 0.3  # seconds between two passes of --wait; a sidecar takes about a second to be ready


@dataclass(frozen=True, slots=True, kw_only=True)
class PassOptions:
    """What one pass was asked to be."""

    dry_run: bool
    detailed_exitcode: bool
    only: str | None
    ref: str | None
    channel: tuple[str, ...]
    form: str
    allow_interrupt: tuple[str, ...]
    past_limits: bool
    wait: float | None

    @staticmethod
    def of(options: dict[str, object]) -> PassOptions:
        """Take click's values by name."""
        return PassOptions(**options)  # type: ignore[arg-type]  # click checked each against its type

    @property
    def leave(self) -> Leave:
        """What was allowed on the command line."""
        interrupt = frozenset(
            ChannelName(n) for text in self.allow_interrupt for n in text.split(",")
        )
        channels = frozenset(ChannelName(name) for text in self.channel for name in text.split(","))
        return Leave(
            interrupt=interrupt, past_limits=self.past_limits, only_channels=channels or None
        )


def PASS_OPTIONS(command: F) -> F:  # noqa: N802  # reads as the constant list that it is
    """Give `command` the options of a pass."""
    options = (
        click.option("--dry-run", is_flag=True, help="Print the plan; change nothing."),
        click.option(
            "--detailed-exitcode", is_flag=True, help="Exit 2 when changes are pending (dry run)."
        ),
        click.option("--only", metavar="DIGEST", help="Apply this plan, or nothing."),
        click.option("--ref", metavar="REF", help="Plan this branch or commit (dry run)."),
        click.option("--channel", metavar="NAME", multiple=True, help="These channels alone."),
        format_option("text", "json", "markdown", "html"),
        click.option(
            "--allow-interrupt", metavar="CHANNEL", multiple=True, help="It may be interrupted now."
        ),
        click.option("--past-limits", is_flag=True, help="Apply even past the lineup's limits."),
        click.option("--wait", type=DURATION, help="Keep passing until settled, so long at most."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def one_pass(context: Context, options: PassOptions) -> int:
    """Plan, print and, unless it is a dry run, apply; returns the exit code."""
    _insist(options)
    with wiring.open_world(context.settings, tell=say) as world:
        if options.dry_run:
            return _dry_run(world, options)
        if world.leadership.try_lead() is None:
            raise PlanRefused(
                "refused: another reconciler leads and applies commits by itself; "
                "see what it will do with: reconcile --dry-run"
            )
        try:
            return _apply(world, options)
        finally:
            world.leadership.resign()


def _insist(options: PassOptions) -> None:
    """Options that contradict one another, or that a script left empty, are mistakes."""
    if options.ref and not options.dry_run:
        raise click.UsageError("--ref goes with --dry-run: what is applied is the branch in force")
    if options.dry_run and options.wait is not None:
        raise click.UsageError("--wait goes without --dry-run: nothing is applied to be waited for")
    if options.only is not None and len(options.only) < _DIGITS:
        raise click.UsageError(
            f"--only: expected at least {_DIGITS} digits of a plan, found {options.only!r}"
        )


def _dry_run(world: World, options: PassOptions) -> int:
    lineup = world.lineup
    desired = lineup.working_tree() if options.ref is None else lineup.desired(options.ref)
    judgement = Reconciler(world, wiring.open_stager(world)).judge(desired, options.leave)
    _insist_on_channels(judgement, options)
    click.echo(wiring.render(judgement, options.form), nl=False)
    _tell_unseen(judgement)
    if options.only is not None:
        insist_on_digest(judgement.plan, options.only)
    pending = options.detailed_exitcode and not judgement.plan.is_routine
    return exits.PENDING if pending else exits.DONE


def _insist_on_channels(judgement: Judgement, options: PassOptions) -> None:
    """A name that nobody has would select nothing, and look like a quiet cluster."""
    leave, seen = options.leave, judgement.seen
    insist_on_names(
        sorted(leave.interrupt | (leave.only_channels or frozenset())),
        {*judgement.desired.channels, *seen.database.channels, *(s.channel for s in seen.sidecars)},
    )


def _apply(world: World, options: PassOptions) -> int:
    unstaged: set[str] = set()
    stager = wiring.open_stager(world, lambda action: unstaged.add(action.stored))
    try:
        code = _passes(world, Reconciler(world, stager), options)
        if code != exits.WAITED:
            stager.wait(_LONGEST)
    finally:
        stager.close()
    return exits.FAILED if unstaged and code == exits.DONE else code


def _passes(world: World, reconciler: Reconciler, options: PassOptions) -> int:
    desired = world.lineup.desired(None)
    done = _once(world, reconciler, desired, options, only=options.only)
    _show(done, options)
    if options.wait is not None:
        deadline = world.clock.monotonic() + options.wait
        while not _rests(done, left := deadline - world.clock.monotonic()):
            if left <= 0:
                say(_unsettled(done, options.wait))
                return exits.WAITED
            world.pause(_PAUSE)
            before, done = done, _once(world, reconciler, desired, options)
            if done.judgement.plan.digest != before.judgement.plan.digest:
                _show(done, options)
    return exits.FAILED if done.failed else exits.DONE


def _show(done: Pass, options: PassOptions) -> None:
    """Print the plan, and what of it failed."""
    click.echo(wiring.render(done.judgement, options.form), nl=False)
    for outcome in done.failed:
        say(line_of(outcome.action, f"failed: {outcome.error}"))
    _tell_unseen(done.judgement)


def _tell_unseen(judgement: Judgement) -> None:
    """Say what the plan cannot know: files that air soon, and nobody has looked into."""
    desired, seen = judgement.desired, judgement.seen
    due = due_times(desired, seen, judgement.made.rundowns)
    end = seen.taken_at + desired.policy.stage_horizon
    found = due_within(unseen(desired, seen, due), end)
    if not found:
        return
    names = ", ".join(str(one.asset) for one in found[:_NAMED])
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    say(
        f"not looked into for damage yet: {names}{more}, what airs first named first;"
        " look now with: reconcile media inspect"
    )


def _rests(done: Pass, left: float) -> bool:
    """Whether nothing is left to do, and nothing that is held comes free in the time left."""
    judgement = done.judgement
    frees = changes_in(judgement.plan, judgement.desired, judgement.seen)
    return done.settled and frees > left


def _unsettled(done: Pass, wait: float) -> str:
    left = [
        action for action in done.judgement.plan.actions if not isinstance(action, CollectAsRun)
    ]
    if not left:
        return f"--wait ended after {wait:g} s: a sidecar is still starting"
    return f"--wait ended after {wait:g} s, with {len(left)} still to do"


def _once(
    world: World,
    reconciler: Reconciler,
    desired: Desired,
    options: PassOptions,
    *,
    only: str | None = None,
) -> Pass:
    judgement = reconciler.judge(desired, options.leave)
    _insist_on_channels(judgement, options)
    return reconciler.converge(judgement, only=only, may_act=world.leadership.is_leading)
