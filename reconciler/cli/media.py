"""`reconcile media`: which assets are where, how far the rest has come; asking for new copies."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime

import click

from reconciler import wiring
from reconciler.cli.common import Context, insist_on_names, pass_context, say
from reconciler.cli.copies import Line, lines_of, told
from reconciler.cli.looks import chosen, look_now
from reconciler.cli.options import format_option
from reconciler.cli.signals import until_told
from reconciler.cli.who import who_acts
from reconciler.errors import Rejected, UsageError
from reconciler.lineup.findings import nearest
from reconciler.model.desired import Desired
from reconciler.model.ids import AssetId, ChannelName, NodeName
from reconciler.model.records import JournalEntry
from reconciler.model.video import FrameClock
from reconciler.plan.assets import all_assets_of, assets_of
from reconciler.plan.judging import with_findings
from reconciler.shell.observe import Observer
from reconciler.shell.world import World

_MOST = 100_000  # copies that one look may show
_EVERY = 1.0  # seconds between two looks of --watch


class _OrList(click.Group):
    """`list` where no command is named: `reconcile media news` is `reconcile media list news`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or args[0] not in {*self.commands, "-h", "--help"}:
            args = ["list", *args]
        return super().parse_args(ctx, args)


@click.group(
    "media",
    cls=_OrList,
    epilog="""
\b
Examples:
  reconcile media                     every asset, what is due first
  reconcile media news --watch        those of one channel, until Ctrl-C
  reconcile media restage RTN-4411    bring it anew, wherever it is
  reconcile media inspect RTN-4411    look into all of it now: damage, loudness
""",
)
def command() -> None:
    """Show which assets are on which node, bring one anew, look into them."""


@command.command("list")
@click.argument("channel", required=False)
@click.option("--node", metavar="NODE", help="Copies on this node alone.")
@format_option("text", "json")
@click.option("--watch", is_flag=True, help="Keep showing them until Ctrl-C.")
@pass_context
def listing(
    context: Context, channel: str | None, node: str | None, form: str, *, watch: bool
) -> None:
    """List the assets of CHANNEL (or of all): state, size, length, loudness, next due."""
    if watch and form != "text":
        raise click.UsageError("--watch goes with --format text")
    with until_told() as stop, wiring.open_world(context.settings, tell=say) as world:
        shown: tuple[Line, ...] | None = None
        while not stop.is_set():
            lines = _look(world, channel, node)
            if form == "json":
                click.echo(json.dumps([asdict(line) for line in lines], indent=2))
                return
            _show(lines, shown, world.clock.now(), again=watch)
            shown = lines
            if not watch or stop.wait(_EVERY):
                return


@command.command("restage")
@click.argument("asset")
@click.option("--node", metavar="NODE", help="On this node alone (default: wherever it is).")
@pass_context
def restage(context: Context, asset: str, node: str | None) -> None:
    """Ask for a new, verified copy of ASSET; what plays the old one plays on from it."""
    with wiring.open_world(context.settings, tell=say) as world:
        desired = world.lineup.desired(None)
        known = {str(name) for name in all_assets_of(desired)}
        if asset not in known:
            raise UsageError(
                f"expected an asset's house number, found {asset!r}{nearest(asset, known)}"
            )
        _insist_on_node(desired, node)
        where = NodeName(node) if node is not None else None
        nodes = world.store.ask_restage(AssetId(asset), where, who_acts())
        if not nodes:
            raise Rejected(f"{asset}: no node has it or is to have it; name one with --node")
        world.store.journal([_entry(world, asset, name) for name in nodes])
    click.echo(f"{asset}: a new copy is asked for on {', '.join(nodes)}; see: reconcile media")


@command.command("inspect")
@click.argument("asset", nargs=-1)
@click.option("--node", metavar="NODE", help="Files on this node alone.")
@pass_context
def inspect(context: Context, asset: tuple[str, ...], node: str | None) -> None:
    """Look into each ASSET now, or all that are new: damage, loudness.

    All of a file is read: its sound is decoded and measured, and its key pictures are decoded. It
    gives way to what airs, and is ended by Ctrl-C at any moment.
    """
    with until_told() as stop, wiring.open_world(context.settings, tell=say) as world:
        desired = world.lineup.desired(None)
        _insist_on_node(desired, node)
        seen = Observer(world).observe(desired)
        files = chosen(desired, seen, _due(world, list(desired.channels)), names=asset, node=node)
        if not files and not asset:
            say("every staged file was looked into")
        failed = look_now(world, desired, files, stop, again=bool(asset))
    if failed:
        raise Rejected(f"{failed} of {len(files)} could not be looked into")


def _entry(world: World, asset: str, node: NodeName) -> JournalEntry:
    return JournalEntry(
        at=world.clock.now(),
        who=who_acts(),
        what=f"ask for a new copy of {asset} on {node}",
        channel=None,
        node=node,
        cause="an operator's act",
        outcome="done",
    )


def _look(world: World, channel: str | None, node: str | None) -> tuple[Line, ...]:
    desired = world.lineup.desired(None)
    names = list(desired.channels)
    if channel is not None:
        insist_on_names([channel], names)
        names = [ChannelName(channel)]
    _insist_on_node(desired, node)
    wanted = (
        all_assets_of(desired)
        if channel is None
        else assets_of(desired.channels[ChannelName(channel)], desired)
    )
    copies = world.reports.media(whole=True, limit=_MOST)
    facts = world.library.catalogue(sorted(wanted), desired.assets, desired.media)
    lines = lines_of(
        wanted,
        (row for row in copies if node in (None, row["node"])),
        with_findings(facts, world.store.read().findings, desired.assets),
        _due(world, names),
        all_copies=channel is None,
    )
    return tuple(line for line in lines if node is None or line.node)


def _insist_on_node(desired: Desired, node: str | None) -> None:
    if node is not None and node not in desired.nodes:
        hint = nearest(node, desired.nodes)
        raise UsageError(f"expected a node of the inventory, found {node!r}{hint}")


def _due(world: World, channels: Iterable[ChannelName]) -> Mapping[str, datetime]:
    """When each file airs next, by the rundowns that the channels were given last."""
    found: dict[str, datetime] = {}
    now = world.clock.now()
    for name in channels:
        rundown = world.store.load_rundown(name)
        if rundown is None:
            continue
        clock = FrameClock(rundown.rate)
        frame = clock.showing_at(now)
        for play in rundown.plays():
            at = play.frame(frame, rundown.end)
            if at is not None:
                instant = clock.instant(at) if at > frame else now
                found[play.stored] = min(found.get(play.stored, instant), instant)
    return found


def _show(
    lines: tuple[Line, ...], before: tuple[Line, ...] | None, now: datetime, *, again: bool
) -> None:
    """The whole table on a terminal, anew each time; elsewhere what is another than before."""
    terminal = sys.stdout.isatty()
    if again and terminal:
        click.clear()
    if before is not None and not terminal:
        lines = tuple(line for line in lines if line not in before)
    for text in told(lines, now, bars=terminal):
        click.echo(text)
    if not lines and before is None:
        say("no media yet")
