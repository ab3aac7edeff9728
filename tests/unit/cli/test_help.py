from __future__ import annotations

import click
import pytest

from reconciler import __version__
from reconciler.cli.main import _COMMANDS, cli
from tests.unit.cli.conftest import Run

SELDOM = {"sidecar"}  # started by nodes


@pytest.mark.parametrize("command", ["", *_COMMANDS])
def test_help_fits_a_hundred_columns_and_has_examples(run: Run, command: str) -> None:
    said = run(*filter(None, [command]), "--help")
    assert said.code == 0
    assert max(map(len, said.out.splitlines())) <= 100
    assert said.out.startswith(f"Usage: reconcile {command}".rstrip())
    assert "..." not in said.out.partition("Options:")[2].replace("[ARGS]...", ""), "cut short"
    assert "Examples:" in said.out or command in SELDOM


@pytest.mark.parametrize("command", _COMMANDS)
def test_every_option_says_what_it_does(command: str) -> None:
    found = cli.get_command(click.Context(cli), command)
    assert found is not None
    for parameter in found.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{command}: {parameter.opts}"


def test_version(run: Run) -> None:
    said = run("--version")
    assert said.out.strip() == f"reconcile, version {__version__}"


def test_h_is_help(run: Run) -> None:
    assert run("-h").out == run("--help").out
