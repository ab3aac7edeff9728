"""This process's own settings, read from the environment once.

The lineup says what should be on air; settings say where this process finds things.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.errors import UsageError

SECRET_PREFIX = "RECONCILE_SECRET_"  # noqa: S105  # the prefix of a name, not a secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where things are, for one process.

    `lineup` is the folder of lineup.yaml; `state` this installation's memory; `database_url` empty
    means the embedded PostgreSQL. `casparcg` starts a CasparCG server on a node of this machine,
    given a config's path. `environment` is what `{{ env.X }}` may read.
    """

    lineup: Path
    state: Path
    database_url: str = field(default="", repr=False)
    web_host: str = "127.0.0.1"
    web_port: int = 8080
    casparcg: tuple[str, ...] = ("casparcg",)
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


def read_settings(
    *, lineup: str | None = None, state: str | None = None, database_url: str | None = None
) -> Settings:
    """Read the environment once; arguments given on the command line come first."""
    env = dict(os.environ)
    where = lineup or env.get("RECONCILE_LINEUP") or _default_lineup()
    return Settings(
        lineup=Path(where).absolute(),
        state=Path(state or env.get("RECONCILE_STATE") or "state/run").absolute(),
        database_url=database_url or env.get("RECONCILE_DATABASE_URL", ""),
        web_host=env.get("RECONCILE_WEB_HOST", "127.0.0.1"),
        web_port=_port(env.get("RECONCILE_WEB_PORT", "8080")),
        casparcg=_command(env.get("RECONCILE_CASPARCG") or "casparcg"),
        environment={k: v for k, v in env.items() if not k.startswith("RECONCILE_")},
        secrets=_secrets(env),
    )


def _default_lineup() -> str:
    """The current folder where it is a lineup, else `configs`."""
    return "." if Path("lineup.yaml").is_file() else "configs"


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) < 1 << 16):
        raise UsageError(f"RECONCILE_WEB_PORT: expected a port from 0 to 65535, found {text!r}")
    return int(text)


def _command(text: str) -> tuple[str, ...]:
    try:
        words = tuple(shlex.split(text))
    except ValueError as error:
        raise UsageError(f"RECONCILE_CASPARCG: expected a command, found {text!r}") from error
    if not words:
        raise UsageError(f"RECONCILE_CASPARCG: expected a command, found {text!r}")
    return words


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"RECONCILE_SECRETS_FILE: {path}: cannot be read: {error}") from error


def _secrets(env: Mapping[str, str]) -> dict[str, str]:
    """`RECONCILE_SECRET_X`, and the lines `NAME=value` of `RECONCILE_SECRETS_FILE`."""
    found: dict[str, str] = {}
    path = env.get("RECONCILE_SECRETS_FILE")
    if path:
        for line in _lines(path):
            name, equals, value = line.partition("=")
            if equals and not name.lstrip().startswith("#"):
                found[name.strip().lower()] = value.strip()
    for name, value in env.items():
        if name.startswith(SECRET_PREFIX):
            found[name.removeprefix(SECRET_PREFIX).lower()] = value
    return found
