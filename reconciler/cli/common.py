"""What commands share: settings, logging to standard error, and what is said about a lineup."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable
from dataclasses import dataclass

import click

from reconciler.cli.exits import told
from reconciler.errors import ReconcilerError, UsageError
from reconciler.lineup.findings import nearest
from reconciler.model.desired import Desired, Policy, Revision
from reconciler.ports import LineupReader
from reconciler.settings import Settings

_NOTHING = Desired(
    revision=Revision(commit="", label="no lineup", digest=""),
    channels={},
    playlists={},
    nodes={},
    recorders={},
    assets={},
    media=(),
    live={},
    accounts=(),
    policy=Policy(),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What every command is handed."""

    settings: Settings
    verbose: bool = False


pass_context = click.make_pass_decorator(Context)


def setup_log(level: int, *, stamped: bool = False) -> None:
    """Log to standard error: ours from `level` on, warnings of libraries; `stamped` adds the time.

    It may be called again.
    """
    form = "%(asctime)s %(levelname)s %(message)s" if stamped else "%(levelname)s %(message)s"
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(form, datefmt="%H:%M:%S"))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("reconciler").setLevel(level)


def say(text: str) -> None:
    """Tell a person something that is not a result."""
    click.echo(text, err=True)


def lineup_or_nothing(lineup: LineupReader) -> Desired:
    """The lineup in force; one that cannot be read is told, and what runs can be seen without."""
    try:
        return lineup.desired(None)
    except ReconcilerError as error:
        say(told(error))
        return _NOTHING


def insist_on_names(names: Iterable[str], known: Iterable[str]) -> None:
    """Raise `UsageError` for the first of `names` that is no channel's."""
    channels = sorted(known)
    for name in names:
        if name not in channels:
            raise UsageError(f"expected a channel's name, found {name!r}{nearest(name, channels)}")
