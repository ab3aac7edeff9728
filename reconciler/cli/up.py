"""`reconcile up`: everything on one machine: sample media, database, loop and page."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from pathlib import Path

import click

from reconciler import wiring
from reconciler.cli.common import Context, pass_context, say
from reconciler.cli.options import page_address, page_options
from reconciler.cli.programs import Program
from reconciler.cli.sample import make_missing_samples
from reconciler.cli.signals import until_told
from reconciler.model.desired import Desired, StreamOutput
from reconciler.settings import Settings
from reconciler.shell.local import on_air
from reconciler.shell.world import World

_NAME = "reconcile"
_SHOW = 120.0  # seconds after which we stop waiting for the channels and say so
_GLANCE = 0.5


@click.command(
    "up",
    epilog="""
\b
Examples:
  reconcile up                 the lineup in configs/, or in this folder
  reconcile up --port 8090     its page elsewhere
""",
)
@page_options
@pass_context
def command(context: Context, host: str | None, port: int | None) -> None:
    """Run the loop and the page, and print where to look.

    Ctrl-C ends both; the channels stay on air. `reconcile down` takes them off.
    """
    settings = context.settings
    desired = wiring.open_lineup(settings).desired(None)
    page = page_address(settings, host, port)
    with until_told() as stop, wiring.open_world(settings, tell=say) as world:
        (settings.state / "up.pid").write_text(f"{os.getpid()}\n", encoding="ascii")
        make_missing_samples(world, desired, settings.lineup, tell=say)
        programs = [
            Program(settings, ["watch"], stop),
            Program(settings, ["serve", "--host", page[0], "--port", str(page[1])], stop),
        ]
        for program in programs:
            program.start()
        _wait_on_air(world, desired, settings, stop)
        if not stop.is_set():
            say(_welcome(settings, desired, page))
        stop.wait()
        for program in programs:
            program.join()
    (settings.state / "up.pid").unlink(missing_ok=True)
    say("\nstopped; the channels stay on air (take them off with: reconcile down)")


def _wait_on_air(world: World, desired: Desired, settings: Settings, stop: threading.Event) -> None:
    """Tell each channel as it comes on air, for at most two minutes."""
    wanted = {str(name) for name, channel in desired.channels.items() if channel.on_air}
    told: set[str] = set()
    deadline = time.monotonic() + _SHOW
    while told < wanted and time.monotonic() < deadline and not stop.wait(_GLANCE):
        for name, title in sorted(on_air(world, desired).items()):
            if name in wanted - told:
                told.add(name)
                say(f"on air: {name}: {title}")
    for name in sorted(wanted - told) if not stop.is_set() else ():
        say(f"not on air yet: {name}; see: reconcile status, and {settings.state / 'watch.log'}")


def _welcome(settings: Settings, desired: Desired, page: tuple[str, int]) -> str:
    lineup, reconcile = _near(settings.lineup), _command()
    first = next(iter(desired.channels), "NAME")
    watch = "\n".join(f"            {line}" for line in _players(desired)).lstrip()
    return f"""
  page      http://{page[0]}:{page[1]}/
  try       edit a file under {lineup}/playlists/, then
            {reconcile} --dry-run
            git commit -am "my first change"     and see the page follow
  live      {reconcile} live {first} skip
            (or pause, resume, hold, stop, play)
  watch     {watch or "every channel's preview is on the page"}
  stop      Ctrl-C: the channels stay on air; this takes them off:
            {reconcile} down
"""


def _players(desired: Desired) -> list[str]:
    """How to watch each stream that leaves this machine for itself."""
    streams = [
        (name, output)
        for name, channel in desired.channels.items()
        for output in channel.outputs
        if isinstance(output, StreamOutput) and output.type in ("udp", "srt", "rtmp")
    ]
    return [f"ffplay '{output.url.shown}'   ({name})" for name, output in streams]


def _command() -> str:
    """How this command can be typed here: by its name where that is found, else by its path."""
    own = Path(sys.executable).parent / _NAME
    return _NAME if shutil.which(_NAME) or not own.exists() else _near(own)


def _near(path: Path) -> str:
    """A path as one would type it here."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
