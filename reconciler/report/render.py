"""Render a plan for a reader: text for a terminal, markdown for a merge request, HTML, JSON."""

from __future__ import annotations

import json
import textwrap

from jinja2 import BaseLoader, Environment, StrictUndefined, select_autoescape

from reconciler.errors import UsageError
from reconciler.plan.actions import Plan
from reconciler.report.document import document
from reconciler.report.view import view

FORMATS = ("text", "json", "markdown", "html")
_COLUMNS = 100  # what a terminal beside an editor shows
_FILES = {"text": "plan.txt.j2", "markdown": "plan.md.j2", "html": "plan.html.j2"}


def render(plan: Plan, format: str, templates: BaseLoader) -> str:  # noqa: A002  # as the option is called
    """Render `plan`; raises `UsageError` for a format that is none of `FORMATS`.

    `templates` loads `plan.txt.j2`, `plan.md.j2` and `plan.html.j2`. One newline ends the text.
    """
    if format == "json":
        return json.dumps(document(plan), indent=2, ensure_ascii=False) + "\n"
    if format not in _FILES:
        raise UsageError(f"--format: expected one of {', '.join(FORMATS)}, found {format!r}")
    environment = Environment(
        loader=templates,
        undefined=StrictUndefined,
        autoescape=select_autoescape(enabled_extensions=("html.j2",)),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["wrapped"] = _wrapped
    environment.filters["cell"] = _cell
    text = environment.get_template(_FILES[format]).render(plan=view(plan))
    return text.rstrip("\n") + "\n"


def _wrapped(text: str, indent: str, hang: str) -> str:
    """Lines of at most `_COLUMNS`, the first after `indent`, the others after `hang`."""
    lines = textwrap.wrap(
        text,
        _COLUMNS,
        initial_indent=indent,
        subsequent_indent=hang,
        break_on_hyphens=False,
    )
    return "\n".join(lines)


_SPECIAL = str.maketrans({c: f"\\{c}" for c in "\\`*_<>|[]"})


def _cell(text: str) -> str:
    """Text that markdown leaves as it is."""
    return text.translate(_SPECIAL).replace("\n", " ")
