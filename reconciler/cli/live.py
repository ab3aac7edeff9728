"""`reconcile live`: live acts on one channel, straight to its sidecar."""

from __future__ import annotations

from collections.abc import Mapping

import click

from reconciler import wiring
from reconciler.cli.common import Context, insist_on_names, pass_context, say
from reconciler.cli.who import who_acts
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
        insist_on_names([channel], world.store.read().channels)
        shown = live_act(world, ChannelName(channel), act, {}, who=who_acts())
    click.echo(_told(channel, act, shown))


def _told(channel: str, act: str, shown: Mapping[str, object]) -> str:
    on_air = shown.get("on_air")
    what = "slate"
    if isinstance(on_air, Mapping) and on_air.get("kind") != "slate":
        what = str(on_air.get("title") or on_air.get("event"))
    took = shown.get("latency_ms")
    after = f", after {took:.0f} ms" if isinstance(took, int | float) else ""
    if not shown.get("changed", True):
        after = "; nothing to change"
    elif not shown.get("shown", True):
        after = "; the engine has not shown it yet"
    return f"{channel}: {act}: {shown.get('transport', '')}, on air: {what}{after}"
