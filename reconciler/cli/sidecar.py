"""`reconcile sidecar`: the program beside the engine; nodes start it, people seldom do."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.sidecar.main import run


@click.command("sidecar")
@click.option("--folder", required=True, type=click.Path(path_type=Path, exists=True))
@click.pass_context
def command(ctx: click.Context, folder: Path) -> None:
    """Play one channel from the start document in FOLDER, until told to stop."""
    ctx.exit(run(folder))
