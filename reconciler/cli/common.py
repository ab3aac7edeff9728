"""What commands share: settings, logging to standard error, and telling of slow steps."""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass

import click

from reconciler.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What every command is handed."""

    settings: Settings


pass_context = click.make_pass_decorator(Context)


def setup_log(*, verbose: bool, stamped: bool = False) -> None:
    """Log to standard error; warnings alone unless `verbose`. `stamped` adds the time."""
    form = "%(asctime)s %(levelname)s %(message)s" if stamped else "%(levelname)s %(message)s"
    root = logging.getLogger()
    root.handlers.clear()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(form, datefmt="%H:%M:%S"))
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger("reconciler").setLevel(logging.DEBUG if verbose else logging.WARNING)


def log_level(level: int) -> None:
    """Let our own log through from `level` on; libraries stay quiet."""
    logging.getLogger("reconciler").setLevel(level)


def say(text: str) -> None:
    """Tell a person something that is not a result."""
    click.echo(text, err=True)
