"""The engine as the sidecar sees it: what to show, where to send, what is really on.

Words of our own, no engine's; `engines.py` names who implements it. Everything is level-triggered:
`show`, `set_outputs` and `send` state what is wanted, may be repeated, and outlive a restart of the
engine, which the port performs by itself. What was truly shown comes back by `read` and `wait`,
never by the return of a command.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Protocol

from reconciler.model.desired import TransitionType


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipSource:
    """A file from position `in_frame` (channel frames from its beginning)."""

    path: str
    in_frame: int
    loop: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StillSource:
    """One picture, silent."""

    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSource:
    """A stream by its address, which may hold a secret."""

    url: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SlateSource:
    """The holding picture."""


@dataclass(frozen=True, slots=True)
class FreezeSource:
    """The picture last shown, held, silent."""


Source = ClipSource | StillSource | LiveSource | SlateSource | FreezeSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """One source from absolute frame `start` for `frames` (None: until the next cue)."""

    key: str
    start: int
    frames: int | None
    source: Source
    transition: TransitionType = TransitionType.CUT
    transition_frames: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedOutput:
    """One output as the far end needs it; `digest` names its content for whoever asked for it."""

    name: str
    type: str
    url: str = field(repr=False)
    options: Mapping[str, object] = field(repr=False, default_factory=dict)
    digest: str = ""


LEAD = Fraction(60, 1000)  # seconds that an act needs to reach a busy engine before its frame


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What an engine can do, so that nothing else is asked of it.

    `lead` is how many seconds before its frame an act is given to it.
    """

    outputs: frozenset[str]
    layers: int
    exact_as_run: bool  # it tells first and last frame of each cue itself
    live_inputs: bool
    seams: bool = False  # it ends before, and begins with, a frame that is agreed on
    lead: Fraction = LEAD


@dataclass(frozen=True, slots=True, kw_only=True)
class OnAir:
    """What the engine shows: a cue, the frame of its source, and whether the picture moves."""

    key: str
    start: int
    source_frame: int
    moving: bool
    since: int  # the frame since which this cue is shown


@dataclass(frozen=True, slots=True, kw_only=True)
class CueState:
    """How far a cue is: opening, ready, failed."""

    state: str
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputState:
    """One output as the engine reports it: opening, waiting, sending, silent, down.

    `waiting` is a listener that nobody has called yet: nothing leaves, and nothing is wrong.
    """

    name: str
    state: str
    error: str = ""
    sent_bytes: int = 0
    restarts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSeen:
    """One reading of the engine. `read_at` is monotonic seconds; None: nothing was read yet."""

    engine: str = "starting"  # starting, running, restarting
    read_at: float | None = None
    tick: int = 0
    serial: int = 0  # the newest timeline that it adopted
    sending: bool = False
    sending_since: int | None = None  # the first frame that left, where the engine tells it
    sent_until: int | None = None  # the seam before which the gate shut, where one was agreed on
    keeps_from: int | None = None  # the gate shut: what is shown from this seam on is kept
    quiet: bool = True  # the gate shut: nothing is on its way out any more
    gate: int | None = None  # number of the newest gate that it carried out, where it tells it
    on_air: OnAir | None = None
    cued: Mapping[str, CueState] = field(default_factory=dict)
    outputs: tuple[OutputState, ...] = ()
    late: int = 0
    dropped: int = 0
    level_db: tuple[float, ...] = ()
    preset: str = ""
    cpu: float = 0.0
    offset_ms: float = 0.0
    restarts: int = 0
    error: str = ""

    def lost(self, why: str) -> EngineSeen:
        """The same once the engine is gone, and about to be started anew."""
        return replace(
            self,
            engine="restarting",
            on_air=None,
            sending=False,
            cued={},
            outputs=tuple(
                replace(each, state="down", error="the engine restarts") for each in self.outputs
            ),
            restarts=self.restarts + 1,
            error=why,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Began:
    """A cue came on air; `offset_ms` is how much later than its frame the engine's tick begins."""

    key: str
    tick: int
    source_frame: int
    start_error_frames: int = 0
    offset_ms: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A cue left the air; `why` is end, replaced, short, failed or quit."""

    key: str
    first_tick: int
    last_tick: int
    first_source_frame: int
    last_source_frame: int
    why: str
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A cue cannot be played; told as soon as it is known, before its time if possible."""

    key: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineLost:
    """The engine died or fell silent; `tick` is the last frame that it was read back at.

    `sending` is whether its gate was open then.
    """

    tick: int
    why: str
    sending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GateTurned:
    """The gate was read back as opened or shut, in its place among what begins and ends."""

    seen: EngineSeen


Evidence = Began | Ended | Failed | EngineLost | GateTurned


class EnginePort(Protocol):
    """One engine. No call blocks for long; none raises because the engine is away."""

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""

    @property
    def adopts(self) -> bool:
        """Whether, at its making, an engine of an earlier life was found playing and taken over."""

    def show(self, cues: Sequence[Cue]) -> int:
        """Replace the timeline; returns the serial by which `EngineSeen` tells its adoption."""

    def lie_beneath(self, cues: Sequence[Cue]) -> None:
        """Replace what would be shown were the picture not stopped; nothing, while it is not.

        An engine may keep it running out of sight, so that it is on air at once when it is shown.
        """

    def set_outputs(self, outputs: Sequence[WantedOutput]) -> None:
        """Replace the wanted outputs; equal ones are left untouched."""

    def send(self, *, on: bool, until: float | None = None, seam: int | None = None) -> int | None:
        """Open or shut the gate of all outputs; `until` (monotonic seconds) it shuts by itself.

        The engine keeps that time, so that it falls silent though we be frozen. `seam` is a frame:
        open, the gate shuts before it; shut, what is shown from it on leaves first once it opens.
        Returns the number by which `EngineSeen.gate` tells that this was carried out; None where
        the engine does not tell.
        """

    def read(self) -> EngineSeen:
        """What was read back last, with its age."""

    def await_seen(self, wanted: Callable[[EngineSeen], bool], timeout: float) -> EngineSeen:
        """Wait until a reading is as `wanted`, at most `timeout` seconds; returns the last one."""

    def wait(self, timeout: float) -> tuple[Evidence, ...]:
        """Evidence in the order it came; waits up to `timeout` seconds for something new."""

    def wake(self) -> None:
        """Let a `wait` return now."""

    def close(self) -> None:
        """End the engine tidily, or kill it."""
