"""Options that more than one command has: in what form to print, and where the page listens."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import click

from reconciler.settings import Settings

Command = TypeVar("Command", bound=Callable[..., object])


def format_option(*forms: str) -> Callable[[Command], Command]:
    """`--format`, handed over as `form`; the first of `forms` is the default."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(forms),
        default=forms[0],
        help="How to print it.",
    )


def page_options(command: Command) -> Command:
    """`--host` and `--port` of the page; `page_address` reads them."""
    host = click.option(
        "--host", metavar="ADDRESS", help="Address that the page listens on (default: 127.0.0.1)."
    )
    port = click.option(
        "--port",
        type=click.IntRange(0, 65535),
        metavar="PORT",
        help="Port that the page listens on (default: 8080).",
    )
    return host(port(command))


def page_address(settings: Settings, host: str | None, port: int | None) -> tuple[str, int]:
    """Where the page listens: as the command was told, else as the settings say."""
    return host or settings.web_host, settings.web_port if port is None else port
