"""What a sidecar says of itself, as JSON and as Prometheus text. Reads; changes nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from reconciler.errors import Unreachable
from reconciler.model.rundown import Event, EventKind
from reconciler.sidecar.conductor import Conductor
from reconciler.sidecar.engine_port import EngineSeen, OnAir
from reconciler.sidecar.recorder import kind_of
from reconciler.sidecar.showing import Showing

COMING = 5  # events shown as coming
ENDS_SOON = timedelta(minutes=10)  # before its end a rundown is worth a word


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at a conductor: the engine as read back, and whether that is fresh."""

    seen: EngineSeen
    fresh: bool
    now: int


def read(conductor: Conductor) -> Reading:
    """Look once."""
    seen = conductor.engine.read()
    return Reading(seen, conductor.is_fresh(seen), conductor.now())


def status(conductor: Conductor) -> dict[str, object]:
    """The JSON of `GET /status`."""
    reading = read(conductor)
    seen, spec, bent = reading.seen, conductor.spec, conductor.bent
    held = conductor.held
    lease = conductor.lease
    monotonic = time.monotonic()
    left = lease.left(monotonic)
    on_air = on_air_of(conductor, reading)
    return {
        "channel": spec.channel,
        "title": spec.title,
        "epoch": spec.epoch,
        "fingerprint": spec.fingerprint,
        "commit": spec.commit,
        "format": spec.format.name,
        "rate": str(spec.format.rate),
        "tick": reading.now,
        "running": reading.fresh,
        "engine": {
            "state": seen.engine,
            "restarts": seen.restarts,
            "error": seen.error,
            "preset": seen.preset,
            "cpu": seen.cpu,
            "offset_ms": seen.offset_ms,
            "late_frames": seen.late,
            "dropped_frames": seen.dropped,
            "capabilities": _capabilities(conductor),
        },
        "ready": is_ready(conductor, reading),
        "sending": reading.fresh and seen.sending,
        "on_air": on_air,
        "evidence": {
            "kind": "engine" if reading.fresh else "none",
            "age_ms": None if seen.read_at is None else round((monotonic - seen.read_at) * 1000),
        },
        "next": _next(conductor, reading.now),
        "coming": [_event(conductor, s, reading.now) for s in coming(conductor, reading.now)],
        "transport": bent.transport,
        "level_db": list(seen.level_db) if reading.fresh else [],
        "rundown": {
            "digest": held.digest if held else "",
            "commit": held.rundown.commit if held else "",
            "until": bent.rundown.end if bent.rundown else 0,
            "acts_seq": conductor.acts_seq,
        },
        "outputs": _outputs(conductor, reading),
        "asrun": {"waiting": _waiting(conductor), "spool": conductor.spool.spool_id},
        "lease": {
            "epoch": lease.highest,
            "granted": lease.may_send(monotonic),
            "left_ms": None if left is None else round(left.total_seconds() * 1000),
        },
        "clock_ms": round(monotonic * 1000),
        "faults": list(faults(conductor, reading)),
        "preview": "/preview/index.m3u8" if spec.preview else None,
    }


def on_air_of(conductor: Conductor, reading: Reading) -> dict[str, object] | None:
    """What is on air: what the engine was read back as showing, not longer than a second ago."""
    on_air = reading.seen.on_air
    if not reading.fresh or on_air is None:
        return None
    showing = conductor.recorder.meaning(on_air.key)
    if showing is None:
        return {**_read_back(on_air), "event": on_air.key, "title": "", "frames": 0, "kind": ""}
    left = max(0, showing.end - reading.now)
    return {
        **_read_back(on_air),
        **_about(showing),
        "frames": showing.frames,
        "position": max(0, reading.now - showing.start),
        "left_frames": left,
        "left_ms": _ms(conductor, left),
    }


def _read_back(on_air: OnAir) -> dict[str, object]:
    return {
        "key": on_air.key,
        "start": on_air.start,
        "source_frame": on_air.source_frame,
        "moving": on_air.moving,
        "since": on_air.since,
    }


def _about(showing: Showing) -> dict[str, object]:
    event = showing.event
    return {
        "event": event.id,
        "title": event.title,
        "kind": kind_of(showing),
        "playlist": event.playlist,
        "item": event.item,
    }


def is_ready(conductor: Conductor, reading: Reading) -> bool:
    """Whether it could send at once: engine up, rundown loaded and shown as it should be."""
    seen = reading.seen
    wanted = conductor.picture.at(seen.tick)
    return (
        reading.fresh
        and conductor.held is not None
        and seen.serial > 0
        and wanted is not None
        and seen.on_air is not None
        and seen.on_air.key == wanted.key
    )


def coming(conductor: Conductor, now: int) -> Iterator[Showing]:
    """What comes next, as the engine was told."""
    count = 0
    for cue in conductor.picture.cues:
        showing = conductor.picture.shown[cue.key]
        if showing.start > now and count < COMING:
            count += 1
            yield showing


def _next(conductor: Conductor, now: int) -> dict[str, object] | None:
    for showing in coming(conductor, now):
        return _event(conductor, showing, now)
    return None


def _event(conductor: Conductor, showing: Showing, now: int) -> dict[str, object]:
    return {
        **_about(showing),
        "start": showing.start,
        "frames": showing.frames,
        "starts_at": conductor.spec.format.clock.instant(showing.start).isoformat(),
        "countdown_ms": _ms(conductor, showing.start - now),
    }


def _ms(conductor: Conductor, frames: int) -> int:
    return round(frames * 1000 / conductor.spec.format.rate)


def _capabilities(conductor: Conductor) -> dict[str, object]:
    able = conductor.engine.capabilities
    return {
        "outputs": sorted(able.outputs),
        "layers": able.layers,
        "exact_as_run": able.exact_as_run,
        "live_inputs": able.live_inputs,
    }


def _outputs(conductor: Conductor, reading: Reading) -> list[dict[str, object]]:
    """The wanted outputs, each as the engine reports it."""
    reported = {output.name: output for output in reading.seen.outputs}
    found: list[dict[str, object]] = []
    for wanted in conductor.outputs:
        output = reported.get(wanted.name)
        state = output.state if output is not None and reading.fresh else "down"
        found.append(
            {
                "name": wanted.name,
                "type": wanted.type,
                "digest": wanted.digest,
                "state": "opening" if output is None and reading.fresh else state,
                "error": output.error if output is not None else "",
                "bytes": output.sent_bytes if output is not None else 0,
                "restarts": output.restarts if output is not None else 0,
            }
        )
    return found


def _waiting(conductor: Conductor) -> int:
    try:
        return conductor.spool.waiting() + conductor.recorder.waiting
    except Unreachable:
        return conductor.recorder.waiting


def faults(conductor: Conductor, reading: Reading) -> Iterator[str]:
    """What is wrong, in words for an operator; the gravest first."""
    seen = reading.seen
    if not reading.fresh:
        yield f"the engine is {seen.engine}" + (f": {seen.error}" if seen.error else "")
    elif seen.error:
        yield f"engine: {seen.error}"
    if conductor.lease.is_fenced:
        yield f"silent: epoch {conductor.lease.highest} took over"
    if conductor.recorder.trouble:
        yield f"as-run cannot be written: {conductor.recorder.trouble}"
    for output in seen.outputs:
        if output.state == "down":
            yield f"output {output.name} is down" + (f": {output.error}" if output.error else "")
    yield from _content_faults(conductor, reading)


def _content_faults(conductor: Conductor, reading: Reading) -> Iterator[str]:
    rundown = conductor.bent.rundown
    if rundown is None:
        yield "no rundown is loaded: slate"
        return
    if reading.now >= rundown.end:
        yield "the rundown has run out: filler, then slate"
    elif reading.now + ENDS_SOON.total_seconds() * rundown.rate > rundown.end:
        at = conductor.spec.format.clock.instant(rundown.end)
        yield f"the rundown ends at {at:%H:%M:%S} UTC"
    for showing, failure in conductor.picture.replaced:
        if showing.end > reading.now:
            at = conductor.spec.format.clock.instant(showing.start)
            yield f"{_name(showing.event)} at {at:%H:%M:%S} UTC is replaced: {failure.why}"


def _name(event: Event) -> str:
    return event.title or (event.id if event.kind is EventKind.PROGRAMME else event.kind.value)


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
        "asrun_waiting": ("as-run rows nobody acknowledged", _waiting(conductor)),
        "rundown_left_seconds": ("seconds until the rundown ends", _left(conductor, reading)),
        "faults": ("things that are wrong", len(list(faults(conductor, reading)))),
        "epoch": ("this sidecar's epoch", conductor.spec.epoch),
    }
    lines: list[str] = []
    for name, (text, value) in gauges.items():
        kind = "counter" if name.endswith("_total") else "gauge"
        full = f"playout_{name}"
        lines += [f"# HELP {full} {text}", f"# TYPE {full} {kind}", f"{full}{label} {value + 0:g}"]
    return "\n".join(lines) + "\n"


def _left(conductor: Conductor, reading: Reading) -> float:
    rundown = conductor.bent.rundown
    if rundown is None:
        return 0.0
    return max(0.0, float((rundown.end - reading.now) / rundown.rate))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
