"""`reconcile` and `reconcile --dry-run`: one pass, or the plan of one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import click

from reconciler import wiring
from reconciler.cli import exits
from reconciler.cli.common import Context, say
from reconciler.cli.terms import DURATION, seconds
from reconciler.errors import PlanRefused
from reconciler.model.desired import Desired
from reconciler.model.ids import ChannelName
from reconciler.plan.actions import Leave
from reconciler.shell.apply import line_of
from reconciler.shell.converge import Judgement, Pass, Reconciler
from reconciler.shell.world import World

F = TypeVar("F", bound=Callable[..., object])

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
        click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when changes are pending."),
        click.option("--only", metavar="DIGEST", help="Apply this plan, or nothing."),
        click.option("--ref", metavar="REF", help="Plan this branch or commit (dry run)."),
        click.option("--channel", metavar="NAME", multiple=True, help="These channels alone."),
        click.option(
            "--format",
            "form",
            type=click.Choice(["text", "json", "markdown", "html"]),
            default="text",
            help="How to print the plan.",
        ),
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
    if options.ref and not options.dry_run:
        raise click.UsageError("--ref goes with --dry-run: what is applied is the branch in force")
    with wiring.open_world(context.settings, tell=say) as world:
        stager = wiring.open_stager(world)
        reconciler = Reconciler(world, stager)
        if options.dry_run:
            desired = _planned(world.lineup.working_tree, world.lineup.desired, options.ref)
            judgement = reconciler.judge(desired, options.leave)
            click.echo(wiring.render(judgement, options.form), nl=False)
            return _pending(judgement, options)
        if world.leadership.try_lead() is None:
            raise PlanRefused(
                "refused: another reconciler leads and applies commits by itself; "
                "see what it will do with: reconcile --dry-run"
            )
        try:
            code = _apply(reconciler, world.lineup.desired(None), options, world)
            stager.wait(seconds(hours=1))
        finally:
            world.leadership.resign()
        return code


def _planned(
    working_tree: Callable[[], Desired], at: Callable[[str], Desired], ref: str | None
) -> Desired:
    return working_tree() if ref is None else at(ref)


def _pending(judgement: Judgement, options: PassOptions) -> int:
    pending = options.detailed_exitcode and not judgement.plan.is_routine
    return exits.PENDING if pending else exits.DONE


def _apply(reconciler: Reconciler, desired: Desired, options: PassOptions, world: World) -> int:
    started = world.clock.monotonic()
    done = _once(reconciler, desired, options, options.only, world)
    while options.wait is not None and not done.settled:
        if world.clock.monotonic() - started >= options.wait:
            say(f"still {len(done.judgement.plan.actions)} to do after {options.wait:.0f} s")
            return exits.WAITED
        world.pause(_PAUSE)
        done = _once(reconciler, desired, options, None, world)
    return exits.FAILED if done.failed else exits.DONE


def _once(
    reconciler: Reconciler,
    desired: Desired,
    options: PassOptions,
    only: str | None,
    world: World,
) -> Pass:
    judgement = reconciler.judge(desired, options.leave)
    done = reconciler.converge(judgement, only=only, may_act=world.leadership.is_leading)
    click.echo(wiring.render(judgement, options.form), nl=False)
    for outcome in done.failed:
        say(line_of(outcome.action, f"failed: {outcome.error}"))
    return done
