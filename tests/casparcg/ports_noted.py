"""Output ports as the recorder noted them: which are listed, and whether each one's frame moves.

The numbers themselves depend on how long an encoder took to open; that they move or not does not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from tests.casparcg.producers import State

_NOTE = re.compile(r"(?:ports: |\+[\d.]+ s )?(?P<ports>none|\['port_.*\])")
_PORT = re.compile(r"port_(\d+)(?::ffmpeg)?(?: frame)?=(\d+|None)")
Frames = Mapping[int, int | None]


class Ports:
    """The ports of one look after another."""

    def __init__(self) -> None:
        self._before: dict[int, int | None] = {}

    def forget(self) -> None:
        """A new consumer may begin on any port: its first frame number is no sign of anything."""
        self._before.clear()

    def told(self, frames: Frames) -> str:
        """Each port with what its frame number did since the last look."""
        words = [f"{port} {self._word(port, frame)}" for port, frame in sorted(frames.items())]
        self._before = dict(frames)
        return "ports: " + (", ".join(words) or "none")

    def _word(self, port: int, frame: int | None) -> str:
        if frame is None:
            return "without a frame"
        return "frozen" if self._before.get(port) == frame else "moving"


def noted_ports(text: str) -> Frames | None:
    """The ports in a note, or nothing if it is about something else."""
    match = _NOTE.fullmatch(text)
    if match is None:
        return None
    found = _PORT.findall(match["ports"])
    return {int(port): None if frame == "None" else int(frame) for port, frame in found}


def ports_of(state: State) -> Frames:
    """The ports in the fake's tree."""
    ports: dict[int, int | None] = {}
    for path, value in state.items():
        parts = path.split("/")
        if parts[:2] == ["output", "port"]:
            ports.setdefault(int(parts[2]), None)
            if parts[-1] == "frame" and isinstance(value, int):
                ports[int(parts[2])] = value
    return ports
