"""`reconcile schema`: JSON Schemas of the lineup's files, for editors."""

from __future__ import annotations

import json
from pathlib import Path

import click

from reconciler.lineup.schema import KINDS, schema_for


@click.command(
    "schema",
    epilog="""
\b
Examples:
  reconcile schema channel > channel.json
  reconcile schema --write schemas/      one file per kind
""",
)
@click.argument("kind", required=False, type=click.Choice(sorted(KINDS)))
@click.option("--write", "folder", type=click.Path(path_type=Path), help="Write all of them here.")
def command(kind: str | None, folder: Path | None) -> None:
    """Print the JSON Schema of one KIND of file, or write all of them."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        for name in sorted(KINDS):
            path = folder / f"{name}.schema.json"
            path.write_text(json.dumps(schema_for(name), indent=2) + "\n", encoding="utf-8")
            click.echo(str(path))
        return
    if kind is None:
        raise click.UsageError(f"expected one of {', '.join(sorted(KINDS))}, or --write DIR")
    click.echo(json.dumps(schema_for(kind), indent=2))
