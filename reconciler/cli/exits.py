"""Exit codes, and how an error becomes one: the only place where it does."""

from __future__ import annotations

import click

from reconciler.errors import AdapterError, LineupError, PlanRefused, ReconcilerError, UsageError

DONE = 0
FAILED = 1
PENDING = 2  # changes are pending; only with --detailed-exitcode
REFUSED = 3
WAITED = 4  # --wait ended first
USAGE = 64


def run(command: click.Command) -> int:
    """Run `command` on the process's arguments; returns its exit code.

    Where nobody reads what it prints, click ends the process with 1 and without a word.
    """
    try:
        result = command.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return USAGE
    except click.Abort:
        return FAILED
    except ReconcilerError as error:
        click.echo(told(error), err=True)
        return _code(error)
    return result if isinstance(result, int) else DONE


def _code(error: ReconcilerError) -> int:
    match error:
        case PlanRefused():
            return REFUSED
        case UsageError():
            return USAGE
        case _:
            return FAILED


def told(error: ReconcilerError) -> str:
    """What a person reads: every fault of a lineup on a line, then how many there are."""
    text = str(error)
    match error:
        case LineupError():
            count = len(error.faults)
            mistakes = "1 mistake" if count == 1 else f"{count} mistakes"
            return f"{text}\n{mistakes}; what is on air stays as it is"
        case AdapterError() if error.system and not text.startswith(f"{error.system}: "):
            return f"{error.system}: {text}"
        case _:
            return text
