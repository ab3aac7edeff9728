"""`reconcile init`: a new lineup repository, with comments that teach."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler import wiring
from reconciler.errors import UsageError


@click.command(
    "init",
    epilog="""
\b
Examples:
  reconcile init my-channels
  cd my-channels && reconcile --dry-run
""",
)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def command(folder: Path) -> None:
    """Write a small, commented lineup into FOLDER and make it a git repository.

    Where FOLDER lies in a repository already, the commit is left to you.
    """
    if folder.exists() and any(path.name != ".git" for path in folder.iterdir()):
        raise UsageError(f"{folder}: expected an empty or new folder; nothing was written")
    written, committed = wiring.write_starter(folder)
    for path in written:
        click.echo(f"+ {path}")
    first = "" if committed else '  git add --all && git commit -m "first lineup"\n'
    click.echo(
        f"\nNext:\n  cd {folder}\n{first}  reconcile check\n  reconcile --dry-run\n  reconcile up"
    )
