"""`reconcile fence`: say that a node is off, so that its channels may start elsewhere."""

from __future__ import annotations

import click

from reconciler import wiring
from reconciler.cli.common import Context, pass_context, say
from reconciler.cli.who import who_acts
from reconciler.errors import UsageError
from reconciler.model.ids import NodeName
from reconciler.shell.fence import fence


@click.command(
    "fence",
    epilog="""
\b
Examples:
  reconcile fence rack1-a --confirm rack1-a    its power is off; I have seen it
""",
)
@click.argument("node")
@click.option("--confirm", metavar="NODE", required=True, help="The node's name once more.")
@pass_context
def command(context: Context, node: str, confirm: str) -> None:
    """Say that NODE, which cannot be asked, is off for certain.

    Channels that may send without limit there (`failover.fence: never`) wait for this word before
    they start elsewhere. If the node is not off after all, there are two senders.
    """
    if confirm != node:
        raise UsageError(f"--confirm: expected {node!r} once more, found {confirm!r}")
    with wiring.open_world(context.settings, tell=say) as world:
        channels = fence(world, NodeName(node), who=who_acts())
    for channel in channels:
        click.echo(f"{channel}: its right to send on {node} is taken back; it may start elsewhere")
    if not channels:
        say(f"{node}: no channel has a right to send there")
