"""What a sidecar says of itself to Prometheus."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.sidecar.conductor import Conductor
from reconciler.sidecar.faults import faults
from reconciler.sidecar.reading import Reading, is_ready, read
from reconciler.sidecar.status import outputs_of, rows_waiting

STATES = ("opening", "waiting", "sending", "silent", "down")  # of an output


def metrics(conductor: Conductor) -> str:
    """Prometheus' text format, version 0.0.4."""
    reading = read(conductor)
    seen = reading.seen
    label = f'{{channel="{_escaped(conductor.spec.channel)}"}}'
    gauges: dict[str, tuple[str, float]] = {
        "running": ("1 if the engine answers", reading.fresh),
        "sending": ("1 if outputs are open", reading.fresh and seen.sending),
        "ready": ("1 if it could send at once", is_ready(conductor, reading)),
        "picture_moving": (
            "1 if the picture moves",
            reading.fresh and seen.on_air is not None and seen.on_air.moving,
        ),
        "engine_restarts_total": ("engine restarts", seen.restarts),
        "late_frames_total": ("frames that came late", seen.late),
        "dropped_frames_total": ("frames left out", seen.dropped),
        "engine_cpu_cores": ("cores that the engine uses", seen.cpu),
        "asrun_waiting": ("as-run rows nobody acknowledged", rows_waiting(conductor)),
        "rundown_left_seconds": ("seconds until the rundown ends", _left(conductor, reading)),
        "faults": ("things that are wrong", len(list(faults(conductor, reading)))),
        "epoch": ("this sidecar's epoch", conductor.spec.epoch),
    }
    lines: list[str] = []
    for name, (text, value) in gauges.items():
        lines += [*_head(name, text), f"playout_{name}{label} {value + 0:g}"]
    return "\n".join([*lines, *_output_lines(conductor, reading)]) + "\n"


def _head(name: str, text: str) -> list[str]:
    kind = "counter" if name.endswith("_total") else "gauge"
    return [f"# HELP playout_{name} {text}", f"# TYPE playout_{name} {kind}"]


def _output_lines(conductor: Conductor, reading: Reading) -> Iterator[str]:
    outputs = outputs_of(conductor, reading)
    channel = f'channel="{_escaped(conductor.spec.channel)}"'
    yield from _head("output_state", "1 for the state that an output is in")
    for output in outputs:
        for state in STATES:
            label = f'{channel},output="{_escaped(str(output["name"]))}",state="{state}"'
            yield f"playout_output_state{{{label}}} {int(output['state'] == state)}"
    for name, member, text in (
        ("output_bytes_total", "bytes", "bytes that an output sent"),
        ("output_restarts_total", "restarts", "times that an output began again"),
    ):
        yield from _head(name, text)
        for output in outputs:
            label = f'{channel},output="{_escaped(str(output["name"]))}"'
            yield f"playout_{name}{{{label}}} {output[member]}"


def _left(conductor: Conductor, reading: Reading) -> float:
    rundown = conductor.bent.rundown
    if rundown is None:
        return 0.0
    return max(0.0, float((rundown.end - reading.now) / rundown.rate))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
