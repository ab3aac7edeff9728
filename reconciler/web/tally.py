"""What the lamp of a channel shows: one word and one colour, from what was read back. Pure.

Red means that a programme is leaving the channel by at least one output, as its engine said a
moment ago. Nothing that we ordered counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.model.observed import Life, SidecarAnswer, SidecarSeen

ACTS = ("pause", "resume", "skip", "hold", "stop", "play")
"""Live acts, in the order in which screens show them."""

_POSSIBLE = {
    "playing": frozenset({"pause", "skip", "hold", "stop"}),
    "list": frozenset({"pause", "skip", "hold", "stop", "play"}),
    "paused": frozenset({"resume", "skip", "stop", "play"}),
    "holding": frozenset({"pause", "resume", "skip", "stop", "play"}),
    "stopped": frozenset({"resume", "play"}),
}


@dataclass(frozen=True, slots=True)
class Tally:
    """`colour` is red, amber, grey or unread; `why` answers what an operator asks next."""

    colour: str
    word: str
    why: str = ""


def judge(*, wanted: bool, seen: SidecarSeen | None, error: str, still: bool = False) -> Tally:
    """Judge a channel by its sidecar's last answer; `still` says that the picture need not move."""
    if seen is None:
        return _without_sidecar(wanted=wanted, error=error)
    if seen.life is Life.DEAD:
        return Tally("amber", "DOWN", f"its sidecar on {seen.node} died")
    if seen.answer is None:
        return Tally("unread", "NO ANSWER", error or f"its sidecar on {seen.node} does not answer")
    return _of_answer(seen.answer, still=still)


def _without_sidecar(*, wanted: bool, error: str) -> Tally:
    if error:
        return Tally("unread", "NOT READ", error)
    if wanted:
        return Tally("amber", "DOWN", "it should be on air, and no sidecar was found")
    return Tally("grey", "OFF", "the lineup has it off air")


def _of_answer(answer: SidecarAnswer, *, still: bool) -> Tally:
    """The first thing that keeps it from being plainly on air, or that."""
    return next(_short_of_on_air(answer, still=still), Tally("red", "ON AIR"))


def _short_of_on_air(answer: SidecarAnswer, *, still: bool) -> Iterator[Tally]:
    if answer.engine != "running":
        yield Tally("amber", "STARTING", f"its engine is {answer.engine}")
    if not answer.sending:
        yield Tally("amber", "SILENT", "it plays inside, and has no lease to send")
    yield from _without_output({output.state for output in answer.outputs})
    if answer.transport == "paused":
        yield Tally("amber", "PAUSED", "an operator froze the picture")
    if answer.transport == "stopped":
        yield Tally("amber", "STOPPED", "an operator put the slate on")
    if answer.on_air is None:
        yield Tally("amber", "SLATE", "no event covers this moment")
    elif answer.transport == "holding":
        yield Tally("amber", "HOLD", "an operator holds this event")
    elif not (answer.on_air.moving or still):
        yield Tally("amber", "FROZEN", "the picture does not move")
    if not answer.outputs:
        yield Tally("grey", "PREVIEW", "it has no outputs: only the preview shows it")


def _without_output(states: set[str]) -> Iterator[Tally]:
    if states == {"waiting"}:
        yield Tally("grey", "WAITING", "its outputs wait for somebody to call them")
    elif states and "sending" not in states:
        yield Tally("amber", "NO OUTPUT", "none of its outputs is sending")


def possible_acts(answer: SidecarAnswer | None) -> tuple[str, ...]:
    """Live acts that would change something now, in the order of `ACTS`."""
    if answer is None:
        return ()
    able = _POSSIBLE.get(answer.transport, frozenset(ACTS))
    return tuple(act for act in ACTS if act in able)
