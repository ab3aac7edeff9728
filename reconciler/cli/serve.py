"""`reconcile serve`: the web endpoint."""

from __future__ import annotations

import logging

import click

from reconciler import wiring
from reconciler.cli.common import Context, pass_context, say, setup_log
from reconciler.cli.options import page_address, page_options
from reconciler.web.serve import serve


@click.command(
    "serve",
    epilog="""
\b
Examples:
  reconcile serve                               the page on this machine alone
  reconcile serve --host 0.0.0.0 --port 8090    for others too; needs accounts
""",
)
@page_options
@pass_context
def command(context: Context, host: str | None, port: int | None) -> None:
    """Serve the page and the HTTP API.

    Without accounts in access.yaml it listens on loopback alone.
    """
    setup_log(logging.DEBUG if context.verbose else logging.INFO, stamped=True)
    settings = context.settings
    address, number = page_address(settings, host, port)
    with wiring.open_world(settings, tell=say) as world:
        say(f"page: http://{address}:{number}/")
        serve(world, address, number)
