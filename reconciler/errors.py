"""Every error that we raise on purpose, drawn as a tree.

    ReconcilerError
    ├── LineupError        the lineup is wrong; its author must act
    ├── PlanRefused        valid but too dangerous to apply unasked
    ├── UsageError         a command or request that cannot be meant; its sender must act
    └── AdapterError       the outside misbehaved
        ├── Unreachable    no answer in time: trying again may help
        └── Rejected       an answer, and it was no: trying again will not

The class says who must act and whether to retry; the message says the rest.
"""

from __future__ import annotations

from dataclasses import dataclass


class ReconcilerError(Exception):
    """Anything that we raise on purpose."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Fault:
    """One mistake in a lineup: where, what was found, what was expected, what to do.

    `file` is relative to the lineup's folder; `line` counts from 1 (0: the file as a whole);
    `field` is a path such as `outputs[0].device`.
    """

    file: str
    line: int
    field: str
    problem: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return (
            f"{where}: {self.field}: {self.problem}" if self.field else f"{where}: {self.problem}"
        )


class LineupError(ReconcilerError):
    """The lineup is wrong in one or more places; all of them are told together."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        self.faults = tuple(sorted(faults))
        super().__init__("\n".join(str(fault) for fault in self.faults))


class PlanRefused(ReconcilerError):
    """A valid plan that is too dangerous, or no longer the one asked for."""

    def __init__(self, message: str, *, limit: str = "", count: int = 0) -> None:
        self.limit = limit
        self.count = count
        super().__init__(message)


class UsageError(ReconcilerError):
    """A command or request that cannot be meant as it stands."""


class AdapterError(ReconcilerError):
    """The outside misbehaved; `system` names the part that did."""

    def __init__(self, message: str, *, system: str = "", attempt: str = "") -> None:
        self.system = system
        self.attempt = attempt
        super().__init__(message)


class Unreachable(AdapterError):
    """No answer in time: trying again may help."""


class Rejected(AdapterError):
    """An answer, and it was no: trying again will not help."""
