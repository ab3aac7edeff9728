"""`reconcile status`: every channel on one line, as read back from its engine."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

import click

from reconciler import wiring
from reconciler.cli.common import Context, pass_context, say
from reconciler.model.observed import Life, SidecarSeen, Snapshot
from reconciler.shell.observe import Observer


@click.command("status")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@pass_context
def command(context: Context, form: str) -> None:
    """Show what is on air now, as the engines were read back, not as it was asked for."""
    with wiring.open_world(context.settings, tell=say) as world:
        desired = world.lineup.desired(None)
        seen = Observer(world).observe(desired)
    if form == "json":
        click.echo(json.dumps([asdict(s) for s in seen.sidecars], indent=2, default=str))
        return
    names = sorted({*desired.channels, *(s.channel for s in seen.sidecars)})
    width = max((len(name) for name in names), default=0)
    for name in names:
        for line in _lines(seen, str(name)):
            click.echo(f"{name:<{width}}  {_coloured(line)}")


def _lines(seen: Snapshot, name: str) -> list[str]:
    here = [s for s in seen.sidecars if s.channel == name]
    return [_line(s) for s in here] or ["off"]


def _line(sidecar: SidecarSeen) -> str:
    where = f"{sidecar.node} epoch {sidecar.epoch}"
    if sidecar.life is Life.DEAD:
        return f"dead       {where}"
    answer = sidecar.answer
    if answer is None:
        return f"silent     {where}  no answer for {sidecar.silent_for.total_seconds():.0f} s"
    state = (
        "on air" if answer.sending and answer.on_air else "sending" if answer.sending else "ready"
    )
    title = answer.on_air.title or answer.on_air.event if answer.on_air else "slate"
    outputs = " ".join(f"{o.name}:{o.state}" for o in answer.outputs)
    trouble = f"  ! {'; '.join(answer.faults)}" if answer.faults else ""
    return f"{state:<9}  {answer.transport:<8}  {title:<32.32}  {where}  {outputs}{trouble}"


def _coloured(line: str) -> str:
    if not sys.stdout.isatty():
        return line
    colour = {"on air": "green", "dead": "red", "silent": "red"}.get(line[:9].strip())
    return click.style(line, fg=colour) if colour else line
