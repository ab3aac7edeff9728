"""The environment of the programs that we start on this machine: ours, without our keys."""

from __future__ import annotations

import os
from pathlib import Path

import reconciler

_OURS_ALONE = ("RECONCILE_SECRET", "RECONCILE_DATABASE_URL", "AWS_")  # no business of theirs


def child_environment() -> dict[str, str]:
    """What a child of ours needs to find this package, wherever it is run from."""
    root = str(Path(reconciler.__file__).resolve().parent.parent)
    env = {name: value for name, value in os.environ.items() if not name.startswith(_OURS_ALONE)}
    env["PYTHONPATH"] = os.pathsep.join(filter(None, [root, env.get("PYTHONPATH", "")]))
    env["PYTHONUNBUFFERED"] = "1"
    return env
