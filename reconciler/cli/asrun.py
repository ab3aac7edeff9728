"""`reconcile asrun`: what went out."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence

import click

from reconciler import wiring
from reconciler.cli.common import Context, insist_on_names, pass_context, say
from reconciler.cli.options import format_option
from reconciler.cli.table import cut, table
from reconciler.model.ids import ChannelName

_COLUMNS = ("started_at", "ended_at", "kind", "title", "event", "why", "evidence", "error")
_HEADER = ("started (UTC)", "off by", "kind", "title", "end", "evidence", "")
_TITLE = 32  # characters of a title
_SECONDS = len("2026-11-23T12:00:01")

Rows = Sequence[Mapping[str, object]]


@click.command(
    "asrun",
    epilog="""
\b
Examples:
  reconcile asrun news                              the last twenty
  reconcile asrun news --limit 5000 --format csv    for a spreadsheet
""",
)
@click.argument("channel")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="How many rows, newest first.",
)
@format_option("text", "json", "csv")
@pass_context
def command(context: Context, channel: str, limit: int, form: str) -> None:
    """Show what CHANNEL sent, newest first, with the evidence for it."""
    with wiring.open_world(context.settings, tell=say) as world:
        rows = world.reports.asrun(ChannelName(channel), limit=limit)
        if not rows:
            insist_on_names([channel], [str(row["name"]) for row in world.reports.channels()])
            say(f"{channel}: nothing went out yet")
    match form:
        case "json":
            click.echo(json.dumps(rows, indent=2, default=str))
        case "csv":
            click.echo(_csv(rows), nl=False)
        case _:
            for line in table([_HEADER, *map(_cells, rows)]) if rows else ():
                click.echo(line)


def _csv(rows: Rows) -> str:
    text = io.StringIO()
    names = list(rows[0]) if rows else list(_COLUMNS)
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _cells(row: Mapping[str, object]) -> tuple[str, ...]:
    title = str(row["title"] or ("" if row["kind"] == "slate" else row["event"] or ""))
    return (
        str(row["started_at"])[:_SECONDS].replace("T", " "),
        _off_by(row["start_error_ms"]),
        str(row["kind"]),
        cut(title, _TITLE),
        str(row["why"]),
        str(row["evidence"]),
        str(row["error"] or ""),
    )


def _off_by(error_ms: object) -> str:
    """How late it began, or how early; nothing where nothing began."""
    return "" if error_ms is None else f"{error_ms:+} ms"
