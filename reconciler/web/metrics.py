"""For machines that watch: liveness, and gauges in Prometheus' text form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from flask import Blueprint, Response, jsonify

from reconciler.model.ids import ChannelName
from reconciler.web.shelf import Shelved
from reconciler.web.site import sees, site

metrics = Blueprint("metrics", __name__)

_PER_CHANNEL = (
    ("on_air", "gauge", "Whether a programme leaves the channel, read back from its engine."),
    ("late_frames_total", "counter", "Frames that its engine showed late."),
    ("dropped_frames_total", "counter", "Frames that its engine dropped."),
    ("engine_restarts_total", "counter", "Times that its engine was restarted in place."),
    ("faults", "gauge", "Faults that its sidecar reports now."),
    ("outputs_sending", "gauge", "Outputs that send now."),
)


@metrics.get("/healthz")
def healthz() -> Response:
    """Say that the endpoint itself lives; nothing else is asked."""
    return jsonify(ok=True)


@metrics.get("/metrics")
def exposition() -> Response:
    """Gauges of every channel that the visitor may see, and of the loop."""
    deps, shelf = site().deps, site().shelf.first()
    shown = {name: one for name, one in site().board.look().items() if sees(name)}
    lines = [*_loop(shelf, is_valid=deps.lineup_error() is None), *_channels(shown)]
    return Response(
        "\n".join(lines) + "\n", content_type="text/plain; version=0.0.4; charset=utf-8"
    )


def _loop(shelf: Shelved, *, is_valid: bool) -> Iterator[str]:
    last = shelf.last_pass
    yield from _one("lineup_valid", "Whether the newest commit is the one in force.", int(is_valid))
    yield from _one("database_up", "Whether the database answered.", int(not shelf.error))
    yield from _one("held", "Things that the last pass held back.", len(last.holds))
    yield from _one("alarms", "Alarms that are raised.", len(shelf.alarms))
    if last.at_ms is not None:
        yield from _one("last_pass_timestamp_seconds", "When it ended.", last.at_ms / 1000)


def _channels(shown: Mapping[ChannelName, Mapping[str, object]]) -> Iterator[str]:
    readings = {name: _values(one) for name, one in shown.items()}
    for key, kind, text in _PER_CHANNEL:
        yield f"# HELP playout_channel_{key} {text}"
        yield f"# TYPE playout_channel_{key} {kind}"
        for name, values in readings.items():
            if key in values:
                yield f'playout_channel_{key}{{channel="{name}"}} {values[key]}'


def _values(one: Mapping[str, object]) -> dict[str, int]:
    """What is known of a channel; an unread one has no values rather than wrong ones."""
    tally, outputs, faults = one["tally"], one["outputs"], one["faults"]
    if not isinstance(tally, dict) or tally["colour"] == "unread":
        return {}
    values = {"on_air": int(tally["colour"] == "red")}
    if one["transport"] is None:
        return values
    for key, field in (
        ("late", "late_frames_total"),
        ("dropped", "dropped_frames_total"),
        ("restarts", "engine_restarts_total"),
    ):
        values[field] = int(str(one[key]))
    values["faults"] = len(faults) if isinstance(faults, list) else 0
    values["outputs_sending"] = (
        sum(o["state"] == "sending" for o in outputs) if isinstance(outputs, list) else 0
    )
    return values


def _one(name: str, text: str, value: float) -> Iterator[str]:
    yield f"# HELP playout_{name} {text}"
    yield f"# TYPE playout_{name} gauge"
    yield f"playout_{name} {value}"
