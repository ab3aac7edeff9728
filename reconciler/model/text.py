"""Text that may hold a secret."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Text:
    """Text that may hold a secret: `shown` is what anyone may read, `value` what the far end needs.

    `repr` and equality of plans see `shown` and `mark` alone; `mark` is a keyed digest of the
    value, so that a changed secret is noticed without being told.
    """

    shown: str
    value: str = field(repr=False, compare=False)
    mark: str = ""

    @staticmethod
    def plain(value: str) -> Text:
        """Text without a secret in it."""
        return Text(shown=value, value=value)
