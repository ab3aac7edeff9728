"""Values that commands take: durations as a lineup writes them."""

from __future__ import annotations

import click

from reconciler.model.spans import Seconds, parse_span


class _Duration(click.ParamType[float]):
    """A duration such as 30s or 5m, as seconds."""

    name = "duration"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Read it, or tell what was expected."""
        if isinstance(value, float):
            return value
        try:
            span = parse_span(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if not isinstance(span, Seconds):
            self.fail(
                f"expected seconds, minutes or hours such as 30s, found {value!r}", param, ctx
            )
        return float(span.value)


DURATION = _Duration()
