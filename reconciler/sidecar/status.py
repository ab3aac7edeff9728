"""What a sidecar says of itself, as JSON. Reads; changes nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator

from reconciler.errors import Unreachable
from reconciler.sidecar.conductor import Conductor
from reconciler.sidecar.engine_port import OnAir
from reconciler.sidecar.faults import faults
from reconciler.sidecar.reading import Reading, is_ready, read
from reconciler.sidecar.rows import kind_of
from reconciler.sidecar.showing import Showing

COMING = 5  # events shown as coming


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
            "sent_until": seen.sent_until,
            "keeps_from": seen.keeps_from,
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
        "outputs": outputs_of(conductor, reading),
        "asrun": {"waiting": rows_waiting(conductor), "spool": conductor.spool.spool_id},
        "lease": {
            "epoch": lease.highest,
            "granted": lease.may_send(monotonic),
            "left_ms": None if left is None else round(left.total_seconds() * 1000),
            "hush": conductor.gate.sealed,
        },
        "clock_ms": int(monotonic * 1000),  # never later than it is
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
        "seams": able.seams and not conductor.unkept,  # what it promises has to be on disk
    }


def outputs_of(conductor: Conductor, reading: Reading) -> list[dict[str, object]]:
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


def rows_waiting(conductor: Conductor) -> int:
    """How many as-run rows nobody has acknowledged, or the disk has not taken."""
    try:
        return conductor.spool.waiting() + conductor.recorder.waiting
    except Unreachable:
        return conductor.recorder.waiting
