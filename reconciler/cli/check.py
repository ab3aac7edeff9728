"""`reconcile check`: read the lineup alone, for editors and commit hooks."""

from __future__ import annotations

import click

from reconciler import wiring
from reconciler.cli.common import Context, pass_context
from reconciler.settings import read_settings


@click.command(
    "check",
    epilog="""
\b
Examples:
  reconcile check                check the files as they lie on disk
  reconcile check lineups/oslo   check another folder
  reconcile check --ref HEAD     check what is committed
""",
)
@click.argument("folder", required=False, type=click.Path(exists=True, file_okay=False))
@click.option("--ref", help="Check this branch, tag or commit instead of the files on disk.")
@pass_context
def command(context: Context, folder: str | None, ref: str | None) -> None:
    """Tell every mistake in the lineup at once, each with its file and line."""
    settings = read_settings(lineup=folder) if folder else context.settings
    reader = wiring.open_lineup(settings)
    desired = reader.desired(ref) if ref else reader.working_tree()
    for warning in desired.warnings:
        click.echo(f"warning: {warning}", err=True)
    click.echo(
        f"{desired.revision.label}: good: {_count(len(desired.channels), 'channel')}, "
        f"{_count(len(desired.playlists), 'playlist')}, {_count(len(desired.nodes), 'node')}"
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
