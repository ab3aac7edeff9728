"""`reconcile live`: live acts on one channel, straight to its sidecar."""

from __future__ import annotations

import getpass
from collections.abc import Mapping

import click

from reconciler import wiring
from reconciler.cli.common import Context, pass_context, say
from reconciler.model.ids import ChannelName
from reconciler.shell.acts import ACTS, live_act


@click.command(
    "live",
    epilog="""
\b
Examples:
  reconcile live news skip      leave the event on air, take the next
  reconcile live news pause     freeze the picture, silent
  reconcile live news resume    go on (after stop: join the schedule in progress)
""",
)
@click.argument("channel")
@click.argument("act", type=click.Choice(ACTS))
@pass_context
def command(context: Context, channel: str, act: str) -> None:
    """Act on CHANNEL now; tells what the engine then showed.

    What should outlive a restart belongs in the lineup instead.
    """
    with wiring.open_world(context.settings, tell=say) as world:
        shown = live_act(world, ChannelName(channel), act, {}, who=getpass.getuser())
    click.echo(_told(channel, act, shown))


def _told(channel: str, act: str, shown: Mapping[str, object]) -> str:
    on_air = shown.get("on_air")
    what = on_air.get("title") or on_air.get("event") if isinstance(on_air, Mapping) else "slate"
    took = shown.get("took_ms")
    after = f" after {took} ms" if took is not None else ""
    return f"{channel}: {act}: {shown.get('transport', '')}, on air: {what}{after}"
