"""What is wrong with a channel, in words for an operator."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from reconciler.model.rundown import Event, EventKind
from reconciler.sidecar.conductor import Conductor
from reconciler.sidecar.reading import Reading

ENDS_SOON = timedelta(minutes=10)  # before its end a rundown is worth a word


def faults(conductor: Conductor, reading: Reading) -> Iterator[str]:
    """What is wrong, in words for an operator; the gravest first."""
    seen = reading.seen
    if not reading.fresh:
        yield f"the engine is {seen.engine}" + (f": {seen.error}" if seen.error else "")
    elif seen.error:
        yield f"engine: {seen.error}"
    if conductor.lease.is_fenced:
        yield f"silent: epoch {conductor.lease.highest} took over"
    hush = conductor.gate.hush
    if hush is not None and hush.is_sealed:
        yield "silent: it gives way to its successor"
    if conductor.recorder.trouble:
        yield f"as-run cannot be written: {conductor.recorder.trouble}"
    if conductor.unkept:
        yield f"not kept on disk: {conductor.unkept}"
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
