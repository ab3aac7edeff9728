"""`reconcile sidecar`: the program beside the engine; nodes start it, people seldom do."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.sidecar.main import run


@click.command("sidecar")
@click.option(
    "--folder",
    metavar="DIR",
    type=click.Path(path_type=Path, exists=True),
    help="Where its start document, its spool and its logs are.",
)
@click.pass_context
def command(ctx: click.Context, folder: Path | None) -> None:
    """Play one channel from the start document in FOLDER, until told to stop.

    Without FOLDER: from the variables that the older node agents set, CHANNEL_ID first of all
    (`python -m reconciler.sidecar --help` lists them), in the current folder.
    """
    ctx.exit(run(folder))
