"""`reconcile watch`: keep converging."""

from __future__ import annotations

import logging

import click

from reconciler import wiring
from reconciler.cli.common import Context, pass_context, say, setup_log
from reconciler.cli.signals import until_told


@click.command(
    "watch",
    epilog="""
\b
Examples:
  reconcile watch                    follow the branch that is checked out
  git commit -am "later news"        is on its way within a second
""",
)
@pass_context
def command(context: Context) -> None:
    """Keep what is on air as the lineup says, until stopped.

    Stopping it disturbs nothing: channels play on by themselves.
    """
    setup_log(logging.DEBUG if context.verbose else logging.INFO, stamped=True)
    with until_told() as stop, wiring.open_world(context.settings, tell=say) as world:
        wiring.run_loop(world, stop)
