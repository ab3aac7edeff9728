"""Members of a JSON object, fetched with their type checked and named in the complaint."""

from __future__ import annotations

import json
from collections.abc import Mapping

from reconciler.errors import UsageError

_SHOWN = 60  # characters of a wrong value that fit a log line


class Fields:
    """One JSON object. A secret may be in it: complaints show the type of a text, not the text."""

    def __init__(self, value: object, where: str) -> None:
        if not isinstance(value, dict):
            raise UsageError(f"{where}: expected an object, found {_shown(value)}")
        self._value: dict[str, object] = value
        self._where = where

    def wrong(self, name: str, expected: str) -> UsageError:
        """Make the complaint about member `name`."""
        found = _shown(self._value[name]) if name in self._value else "nothing"
        return UsageError(f"{self._where}.{name}: expected {expected}, found {found}")

    def has(self, name: str) -> bool:
        """Whether the member is there and not null."""
        return self._value.get(name) is not None

    def text(self, name: str, default: str | None = None) -> str:
        """Fetch a text; empty only where the default is."""
        value = self._value.get(name)
        value = default if value is None else value
        if not isinstance(value, str) or (not value and default is None):
            raise self.wrong(name, "a text")
        return value

    def optional_text(self, name: str) -> str | None:
        """Fetch a text, or None."""
        return self.text(name) if self.has(name) else None

    def integer(self, name: str, default: int | None = None) -> int:
        """Fetch a whole number from 0 up."""
        value = self._value.get(name)
        value = default if value is None else value
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self.wrong(name, "a whole number from 0 up")
        return value

    def optional_integer(self, name: str) -> int | None:
        """Fetch a whole number, or None."""
        return self.integer(name) if self.has(name) else None

    def number(self, name: str, default: float) -> float:
        """Fetch a number."""
        value = self._value.get(name)
        value = default if value is None else value
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise self.wrong(name, "a number")
        return float(value)

    def flag(self, name: str, *, default: bool) -> bool:
        """Fetch true or false."""
        value = self._value.get(name)
        value = default if value is None else value
        if not isinstance(value, bool):
            raise self.wrong(name, "true or false")
        return value

    def items(self, name: str) -> tuple[object, ...]:
        """Fetch a list; empty when absent."""
        value = self._value.get(name)
        value = [] if value is None else value
        if not isinstance(value, list):
            raise self.wrong(name, "a list")
        return tuple(value)

    def mapping(self, name: str) -> Mapping[str, object]:
        """Fetch an object as it is; empty when absent."""
        value = self._value.get(name)
        value = {} if value is None else value
        if not isinstance(value, dict):
            raise self.wrong(name, "an object")
        return dict(value)

    def inner(self, name: str) -> Fields:
        """Fetch an object whose members are to be fetched in turn."""
        return Fields(self._value.get(name), f"{self._where}.{name}")


def _shown(value: object) -> str:
    if isinstance(value, str):
        return "a text" if value else "an empty text"
    text = json.dumps(value, default=str)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."
