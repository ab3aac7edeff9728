"""What an image holds is what is imported: a forgotten package would be found on air."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import reconciler
from reconciler.sidecar.needs import EMBEDDED, SIDECAR

PACKAGE = Path(reconciler.__file__).parent
WITH_FLASK = {"werkzeug"}
MODULES = {"imageio-ffmpeg": "imageio_ffmpeg", "tzdata": "zoneinfo"}
OURS = {"reconciler"}


def imported(*rooms: str) -> set[str]:
    files = [path for room in rooms for path in PACKAGE.glob(room)]
    assert files
    return {name for path in files for name in names(ast.parse(path.read_text("utf-8")))}


def names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (each.name.partition(".")[0] for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


def allowed(packages: tuple[str, ...]) -> set[str]:
    return {MODULES.get(name, name) for name in packages}


def test_a_sidecar_needs_what_is_named_and_no_more() -> None:
    found = imported("sidecar/**/*.py", "rundown/**/*.py", "model/**/*.py", "errors.py")

    assert found - OURS - WITH_FLASK - set(sys.stdlib_module_names) <= allowed(SIDECAR)
    assert allowed(SIDECAR) <= found


def test_our_own_engine_needs_what_is_named_beside() -> None:
    found = imported("engine/**/*.py") - OURS - set(sys.stdlib_module_names)

    assert found <= allowed((*SIDECAR, *EMBEDDED))
    assert allowed(EMBEDDED) <= found
