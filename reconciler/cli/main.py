"""`reconcile`: one pass by default, and the commands beside it."""

from __future__ import annotations

import logging
import sys

import click
from click.core import ParameterSource

from reconciler import __version__
from reconciler.cli import exits
from reconciler.cli.common import Context, setup_log
from reconciler.cli.passes import PASS_OPTIONS, PassOptions, one_pass
from reconciler.lineup.findings import nearest
from reconciler.settings import read_settings

_EPILOG = """
\b
Examples:
  reconcile --dry-run                    what would change, when, and who would notice
  reconcile --dry-run --ref my-branch    the same for another branch
  reconcile                              do it, once
  reconcile --only a90b11                do exactly the plan that was shown, or nothing
  reconcile up                           everything on this machine: loop, page, database
"""


class _Group(click.Group):
    """List commands in the order in which a newcomer meets them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command's module when it is asked for, to keep the start quick."""
        where = _COMMANDS.get(cmd_name)
        if where is None:
            return super().get_command(ctx, cmd_name)
        module = __import__(f"reconciler.cli.{where}", fromlist=["command"])
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Name the nearest command where there is none of that name."""
        if args[0] not in _COMMANDS and not args[0].startswith("-"):
            ctx.fail(f"expected a command, found {args[0]!r}{nearest(args[0], _COMMANDS)}")
        return super().resolve_command(ctx, args)


_COMMANDS = {
    "init": "init",
    "check": "check",
    "up": "up",
    "down": "down",
    "watch": "watch",
    "serve": "serve",
    "status": "status",
    "asrun": "asrun",
    "live": "live",
    "fence": "fence",
    "media": "media",
    "schema": "schema",
    "image": "image",
    "sidecar": "sidecar",
}


@click.group(
    cls=_Group,
    invoke_without_command=True,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    subcommand_metavar="[COMMAND]...",
)
@click.version_option(__version__, "-V", "--version", prog_name="reconcile")
@click.option("--lineup", metavar="DIR", help="The lineup's folder (default: configs, or here).")
@click.option("--state", metavar="DIR", help="This installation's memory (default: state/run).")
@click.option("--database-url", metavar="URL", help="A PostgreSQL to use (default: our own).")
@click.option("-v", "--verbose", is_flag=True, help="Tell more on standard error.")
@PASS_OPTIONS
@click.pass_context
def cli(
    ctx: click.Context,
    /,
    *,
    lineup: str | None,
    state: str | None,
    database_url: str | None,
    verbose: bool,
    **options: object,
) -> None:
    """Make what is on air what the lineup says: observe, plan, apply, once."""
    setup_log(logging.DEBUG if verbose else logging.WARNING)
    settings = read_settings(lineup=lineup, state=state, database_url=database_url)
    ctx.obj = Context(settings=settings, verbose=verbose)
    if ctx.invoked_subcommand is None:
        ctx.exit(one_pass(ctx.obj, PassOptions.of(options)))
    for name in options:
        if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            flag = "--format" if name == "form" else f"--{name.replace('_', '-')}"
            raise click.UsageError(
                f"{flag} is for a pass: expected it after {ctx.invoked_subcommand!r}, if at all"
            )


def main() -> None:
    """Run the command line and exit as STYLE's table of codes says."""
    sys.exit(exits.run(cli))
