"""`reconcile status`: every channel on one line, as read back from its engine."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict

import click

from reconciler import wiring
from reconciler.cli.common import Context, lineup_or_nothing, pass_context, say
from reconciler.cli.options import format_option
from reconciler.cli.table import cut, table
from reconciler.model.desired import Desired
from reconciler.model.ids import ChannelName
from reconciler.model.observed import Health, Life, SidecarSeen, Snapshot
from reconciler.shell.observe import Observer

_TITLE = 32  # characters of what is on air
_COLOURS = {"on air": "green", "dead": "red", "silent": "red", "not running": "red"}

Row = tuple[str, str, str, str, str, str]  # channel, state, transport, title, where, outputs


@click.command(
    "status",
    epilog="""
\b
Examples:
  reconcile status                  a line per channel
  reconcile status --format json    everything that the sidecars told
""",
)
@format_option("text", "json")
@pass_context
def command(context: Context, form: str) -> None:
    """Show what is on air now: as the engines were read back, not as it was asked for."""
    with wiring.open_world(context.settings, tell=say) as world:
        desired = lineup_or_nothing(world.lineup)
        seen = Observer(world).observe(desired)
    if form == "json":
        click.echo(json.dumps([asdict(s) for s in seen.sidecars], indent=2, default=str))
        return
    for line in status_lines(desired, seen):
        click.echo(line)


def status_lines(desired: Desired, seen: Snapshot) -> Iterator[str]:
    """A line per sidecar, or one for a channel without any; below it, what is wrong."""
    names = sorted({*desired.channels, *(s.channel for s in seen.sidecars)})
    found = [pair for name in names for pair in _rows(name, desired, seen)]
    for line, (row, faults) in zip(table(row for row, _ in found), found, strict=True):
        yield _coloured(line, row[1])
        yield from (f"  ! {fault}" for fault in faults)
    for node in seen.nodes.values():
        if node.health is not Health.ANSWERING:
            yield f"! node {node.name} does not answer: {node.why}"


def _rows(
    name: ChannelName, desired: Desired, seen: Snapshot
) -> Iterator[tuple[Row, tuple[str, ...]]]:
    here = [s for s in seen.sidecars if s.channel == name]
    for sidecar in here:
        yield _row(sidecar), sidecar.answer.faults if sidecar.answer is not None else ()
    if not here:
        wanted = desired.channels[name].on_air
        yield (name, "not running" if wanted else "off", "", "", "", ""), ()


def _row(sidecar: SidecarSeen) -> Row:
    where = f"{sidecar.node} epoch {sidecar.epoch}"
    answer = sidecar.answer
    if sidecar.life is Life.DEAD:
        return sidecar.channel, "dead", "", "", where, ""
    if answer is None:
        silence = f"no answer for {sidecar.silent_for.total_seconds():.0f} s"
        return sidecar.channel, "silent", "", silence, where, ""
    state = "on air" if answer.sending else "ready" if answer.ready else "starting"
    title = answer.on_air.title or answer.on_air.event if answer.on_air else "slate"
    outputs = " ".join(f"{output.name}:{output.state}" for output in answer.outputs)
    return sidecar.channel, state, answer.transport, cut(title, _TITLE), where, outputs


def _coloured(line: str, state: str) -> str:
    colour = _COLOURS.get(state)
    return click.style(line, fg=colour) if colour and sys.stdout.isatty() else line
