"""`reconcile down`: take everything of this installation off air, and stop its database."""

from __future__ import annotations

import click

from reconciler import wiring
from reconciler.cli import exits
from reconciler.cli.common import Context, lineup_or_nothing, pass_context, say
from reconciler.cli.exits import told
from reconciler.cli.programs import stop_programs
from reconciler.errors import AdapterError, PlanRefused
from reconciler.model.desired import Desired
from reconciler.shell.local import Ground
from reconciler.shell.world import World

_LEAD_TRIES = 40  # a killed leader's term ends within five seconds
_PAUSE = 0.25  # seconds between them


@click.command(
    "down",
    epilog="""
\b
Examples:
  reconcile down                          asks first
  reconcile down --yes --keep-database    for scripts
""",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--keep-database", is_flag=True, help="Leave the embedded database running.")
@pass_context
def command(context: Context, *, yes: bool, keep_database: bool) -> None:
    """Take every channel of this installation off air. The lineup stays as it is.

    To take one channel off air for good, commit `on_air: false` instead.
    """
    settings = context.settings
    with wiring.open_world(settings, tell=say) as world:
        desired = lineup_or_nothing(world.lineup)
        names = sorted({str(s.channel) for s in Ground(world, desired).sidecars})
        if names and not yes:
            click.confirm(f"This takes off air: {', '.join(names)}. Go on?", abort=True, err=True)
        stop_programs(settings)
        _lead(world)
        failed = _take_off(world, desired)
    if not keep_database and not settings.database_url:
        wiring.embedded_database(settings, tell=say).stop()
    if failed:
        raise click.exceptions.Exit(exits.FAILED)
    if not names:
        say("nothing was on air")


def _lead(world: World) -> None:
    for _ in range(_LEAD_TRIES):
        if world.leadership.try_lead() is not None:
            return
        world.pause(_PAUSE)
    raise PlanRefused("refused: another reconciler leads, and would start the channels again")


def _take_off(world: World, desired: Desired) -> int:
    """Take off what runs now, the loop having ended; returns how many could not be."""
    ground, failed = Ground(world, desired), 0
    for seen in ground.sidecars:
        try:
            ground.take_off(seen)
        except AdapterError as error:
            failed += 1
            say(f"! {seen.channel}: {told(error)}")
        else:
            click.echo(f"- {seen.channel} (epoch {seen.epoch})")
    return failed
