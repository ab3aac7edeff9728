"""The embedded engine's lines: our cues and outputs as its JSON, its JSON as our readings. Pure.

The contract is the engine's own (one JSON object per line each way); a line that is not of it is
a `UsageError`, which the caller counts and survives.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import assert_never

from reconciler.errors import UsageError
from reconciler.model.desired import TransitionType
from reconciler.sidecar.engine_port import (
    Began,
    ClipSource,
    Cue,
    CueState,
    Ended,
    EngineSeen,
    Evidence,
    Failed,
    FreezeSource,
    LiveSource,
    OnAir,
    OutputState,
    SlateSource,
    Source,
    StillSource,
    WantedOutput,
)
from reconciler.sidecar.fields import Fields
from reconciler.sidecar.spec import SidecarSpec

PREVIEW_HEIGHT = 240  # lines; enough for a wall of channels


def line(value: object) -> bytes:
    """One line of JSON."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def configure(spec: SidecarSpec, outputs: Iterable[WantedOutput]) -> bytes:
    """The first line: what this engine is for; it begins silent."""
    preview = {"dir": str(spec.preview_folder), "height": PREVIEW_HEIGHT}
    return line(
        {
            "do": "configure",
            "format": spec.format.name,
            "title": spec.title,
            "slate": {"path": str(spec.media_root / spec.slate)} if spec.slate else None,
            "preset": None,
            "bitrate": spec.bitrate,
            "preview": preview if spec.preview else None,
            "sending": False,
            "outputs": [_output(output) for output in outputs],
        }
    )


def show(cues: Iterable[Cue], serial: int) -> bytes:
    """The whole timeline."""
    return line({"do": "show", "cues": [_cue(cue) for cue in cues], "serial": serial})


def outputs_line(outputs: Iterable[WantedOutput]) -> bytes:
    """The whole set of outputs."""
    return line({"do": "outputs", "outputs": [_output(output) for output in outputs]})


def send(
    *, on: bool, until: float | None, now: float, seam: int | None = None, number: int = 0
) -> bytes:
    """The gate; open, it shuts by itself at `until`, on the monotonic clock that reads `now`."""
    gate: dict[str, object] = {"do": "send", "on": on, "for_ms": None, "number": number}
    if seam is not None:
        gate["seam"] = seam
    if on and until is not None:
        clock_ms = int(now * 1000)
        gate |= {"for_ms": max(0, int(until * 1000) - clock_ms), "clock_ms": clock_ms}
    return line(gate)


def _output(output: WantedOutput) -> dict[str, object]:
    return {
        "name": output.name,
        "type": output.type,
        "url": output.url,
        "options": dict(output.options),
    }


def _cue(cue: Cue) -> dict[str, object]:
    value: dict[str, object] = {
        "key": cue.key,
        "start": cue.start,
        "frames": cue.frames,
        "source": _source(cue.source),
    }
    if cue.transition is not TransitionType.CUT and cue.transition_frames:
        value["transition"] = {"type": cue.transition.value, "frames": cue.transition_frames}
    return value


def _source(source: Source) -> dict[str, object]:
    match source:
        case ClipSource():
            return {"type": "clip", "path": source.path, "in": source.in_frame, "loop": source.loop}
        case StillSource():
            return {"type": "still", "path": source.path}
        case LiveSource():
            return {"type": "live", "url": source.url}
        case SlateSource():
            return {"type": "slate"}
        case FreezeSource():
            return {"type": "freeze"}
        case _:
            assert_never(source)


def parse(raw: bytes) -> Fields:
    """Read one line of the engine; raise `UsageError` if it is not a JSON object."""
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"engine: expected one JSON object per line: {error}") from error
    return Fields(value, "engine")


def read_evidence(said: Fields) -> Evidence | None:
    """Evidence in a line, or None if it is of another kind."""
    match said.text("seen"):
        case "began":
            return Began(
                key=said.text("key"),
                tick=said.integer("tick"),
                source_frame=_signed(said, "source_frame"),
                start_error_frames=_signed(said, "start_error_frames"),
                offset_ms=said.number("offset_ms", 0.0),
            )
        case "ended":
            return Ended(
                key=said.text("key"),
                first_tick=said.integer("first_tick"),
                last_tick=said.integer("last_tick"),
                first_source_frame=_signed(said, "first_source_frame"),
                last_source_frame=_signed(said, "last_source_frame"),
                why=said.text("why"),
                error=said.text("error", ""),
            )
        case "failed":
            return Failed(key=said.text("key"), error=said.text("error", ""))
        case _:
            return None


def read_status(said: Fields, before: EngineSeen, read_at: float) -> EngineSeen:
    """A status line as a reading; keeps what only the port knows of `before`."""
    serial = said.integer("serial", 0)
    level = said.items("level_db")
    return replace(
        before,
        engine="running",
        read_at=read_at,
        tick=said.integer("tick"),
        serial=serial,
        sending=said.flag("sending", default=False),
        sending_since=said.optional_integer("sending_since"),
        sent_until=said.optional_integer("sent_until"),
        keeps_from=said.optional_integer("keeps_from"),
        quiet=said.flag("quiet", default=True),
        gate=said.optional_integer("gate"),
        on_air=_on_air(said.inner("on_air")) if said.has("on_air") else None,
        cued=dict(_cued(Fields(each, "engine.cued")) for each in said.items("cued")),
        outputs=tuple(_output_state(Fields(each, "outputs")) for each in said.items("outputs")),
        late=said.integer("late", 0),
        dropped=said.integer("dropped", 0),
        level_db=tuple(float(each) for each in level if isinstance(each, int | float)),
        preset=said.text("preset", ""),
        cpu=said.number("cpu", 0.0),
        offset_ms=said.number("offset_ms", 0.0),
        error="" if serial > before.serial else before.error,
    )


def _signed(said: Fields, name: str) -> int:
    return round(said.number(name, 0))


def _on_air(said: Fields) -> OnAir:
    return OnAir(
        key=said.text("key"),
        start=said.integer("start"),
        source_frame=_signed(said, "source_frame"),
        moving=said.flag("moving", default=False),
        since=said.integer("since", 0),
    )


def _cued(said: Fields) -> tuple[str, CueState]:
    return said.text("key"), CueState(state=said.text("state"), error=said.text("error", ""))


def _output_state(said: Fields) -> OutputState:
    return OutputState(
        name=said.text("name"),
        state=said.text("state"),
        error=said.text("error", ""),
        sent_bytes=said.integer("bytes", 0),
        restarts=said.integer("restarts", 0),
    )
