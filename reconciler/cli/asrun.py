"""`reconcile asrun`: what went out."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Mapping, Sequence

import click

from reconciler import wiring
from reconciler.cli.common import Context, pass_context, say
from reconciler.model.ids import ChannelName

_COLUMNS = ("started_at", "ended_at", "kind", "title", "event", "why", "evidence", "error")


@click.command("asrun")
@click.argument("channel")
@click.option("--limit", default=20, show_default=True, help="How many rows, newest first.")
@click.option("--format", "form", type=click.Choice(["text", "json", "csv"]), default="text")
@pass_context
def command(context: Context, channel: str, limit: int, form: str) -> None:
    """Show what CHANNEL sent, newest first, with the evidence for it."""
    with wiring.open_world(context.settings, tell=say) as world:
        rows = world.reports.asrun(ChannelName(channel), limit=limit)
    match form:
        case "json":
            click.echo(json.dumps(rows, indent=2, default=str))
        case "csv":
            click.echo(_csv(rows), nl=False)
        case _:
            for row in rows:
                click.echo(_line(row))


def _csv(rows: Sequence[Mapping[str, object]]) -> str:
    text = io.StringIO()
    names = list(rows[0]) if rows else list(_COLUMNS)
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _line(row: Mapping[str, object]) -> str:
    started = str(row["started_at"])[:19].replace("T", " ")
    title = str(row.get("title") or row.get("event") or "")
    trouble = f"  {row['error']}" if row.get("error") else ""
    colour = sys.stdout.isatty() and bool(trouble)
    line = (
        f"{started}  {row['kind']!s:<9}  {title:<32.32}  {row['why']!s:<8} {row['evidence']!s:<8}"
    )
    return click.style(line + trouble, fg="red") if colour else line + trouble
