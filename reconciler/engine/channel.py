"""The channel: one thread ticks, and everything else is arranged so that it never waits."""

from __future__ import annotations

import sys
import threading
import time
import traceback
from datetime import UTC, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.engine import director
from reconciler.engine.clock import TickClock
from reconciler.engine.coding_line import CodingLine
from reconciler.engine.composer import Composer
from reconciler.engine.director import Began, Ended, Missed, Moment, Note, ShowSlate, State
from reconciler.engine.encoder import Coding
from reconciler.engine.events import (
    CueBegan,
    CuedSeen,
    CueEnded,
    CueFailed,
    OnAirSeen,
    Said,
    Status,
)
from reconciler.engine.hls import HlsWriter
from reconciler.engine.outputs import OutputSet
from reconciler.engine.protocol import Configure, Freeze, OutputSpec, Send, Show
from reconciler.engine.shelf import Shelf
from reconciler.engine.sinks import Sink
from reconciler.engine.sound import Meter
from reconciler.engine.source import Grid, start_thread
from reconciler.engine.timeline import Timeline, needs_opening
from reconciler.model.video import Scan

if TYPE_CHECKING:
    from collections.abc import Callable

    import av

    from reconciler.engine.encoder import Chunk
    from reconciler.engine.picture import Sound

_SECOND = 1_000_000_000
_JUMP_AFTER = _SECOND  # a process that was stopped longer goes on at the present, not in a burst
_STATUS_EVERY = _SECOND // 10
_STEER_EVERY = _SECOND
_COMPLAIN_SECONDS = 10
_FIRST_WITHIN = 1  # seconds that a starting engine waits for a picture before it sends the slate
_STATES = {"ready": "ready", "waiting": "opening", "ended": "ready", "failed": "failed"}


class Channel:
    """One channel from `start` to `stop`. Its commands may come from any one other thread."""

    def __init__(self, config: Configure, preset: str, say: Callable[[Said], None]) -> None:
        self._config = config
        self._preset = preset
        self._say = say
        video = config.format
        self._rate = video.rate
        self._frames = video.clock
        self._clock = TickClock(video.rate, wall=time.time_ns(), mono=time.monotonic_ns())
        grid = Grid.of(video)
        self._shelf = Shelf(grid)
        self._composer = Composer(grid, self._shelf, title=config.title, slate=config.slate)
        coding = Coding(
            width=video.width,
            height=video.height,
            rate=video.rate,
            interlaced=video.scan is Scan.INTERLACED,
            preset=preset,
            bitrate=config.bitrate,
        )
        self._outputs = OutputSet(video.rate, coding.segment, self._force_key)
        self._preview_sink, self._preview_line = self._make_preview(coding)
        self._line = CodingLine(coding, self._deliver, name="programme")
        self._outputs.want(config.outputs)
        self._outputs.send(on=config.sending)
        self._timeline = Timeline()
        self._state = State()
        self._meter = Meter()
        self._late = 0
        self._complain_at = 0
        self._offset = 0
        self._status_at = self._steer_at = 0
        self._slate_from = 0  # the tick from which on the slate is sent, too
        self._gate = 0
        self._told: object = None  # of the gate, in the last status
        self._cpu = _CpuShare()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin ticking."""
        self._thread = start_thread(self._run, "clock")

    def show(self, command: Show) -> None:
        """Replace the timeline, from the next tick on."""
        self._timeline = Timeline(command.cues, command.serial)

    def want_outputs(self, outputs: tuple[OutputSpec, ...]) -> None:
        """Replace the outputs."""
        self._outputs.want(outputs)

    def send(self, command: Send) -> None:
        """Open or shut the gate; at a seam there is a picture that decodes by itself."""
        until = command.until(time.monotonic_ns())
        if command.seam is not None:
            self._line.force_key(command.seam)
        self._outputs.send(on=command.on, until=until, seam=command.seam)
        self._gate = command.number

    def stop(self) -> None:
        """End tidily: what is on air is noted, what is encoded is sent."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(2)
        self._tell(director.close(self._state), self._clock.tick_at(time.monotonic_ns()))
        self._shelf.close()
        for line in (self._line, self._preview_line):
            if line is not None:
                line.finish(3)
        if self._preview_sink is not None:
            self._preview_sink.close(flush=True)
        self._outputs.close()

    def _make_preview(self, coding: Coding) -> tuple[Sink | None, CodingLine | None]:
        """A preview sink; fed by the programme itself where that is small enough."""
        wanted = self._config.preview
        if wanted is None:
            return None, None
        folder = Path(wanted.dir)
        sink = Sink("preview", lambda: HlsWriter(folder, coding.rate, coding.segment))
        if coding.height <= wanted.height:
            return sink, None
        small = coding.for_preview(wanted.height)
        return sink, CodingLine(small, sink.offer, name="preview")

    def _deliver(self, chunk: Chunk) -> None:
        self._outputs.offer(chunk)
        if self._preview_sink is not None and self._preview_line is None:
            self._preview_sink.offer(chunk)

    def _force_key(self) -> None:
        line = getattr(self, "_line", None)  # outputs may be opened before there is an encoder
        if line is not None:
            line.force_key()

    def _run(self) -> None:
        tick = self._clock.tick_at(time.monotonic_ns()) + 1
        self._slate_from = tick + _FIRST_WITHIN * round(self._rate)
        while not self._stopping.is_set():
            now = time.monotonic_ns()
            due = self._clock.due(tick)
            if now < due:
                time.sleep((due - now) / _SECOND)
                continue
            if now - due > _JUMP_AFTER:
                present = self._clock.tick_at(now)
                self._late += present - tick
                tick = present
            elif now - due > self._clock.frame:
                self._late += 1
            try:
                self._tick(tick)
            except Exception:  # noqa: BLE001  # a bug costs this tick its cue, never the channel its picture
                self._complain(tick)
                self._begin(tick, ShowSlate())
                self._send(tick, *self._composer.compose(ShowSlate(), tick))
            tick += 1

    def _complain(self, tick: int) -> None:
        """Write down what went wrong, at most once in a while."""
        if tick >= self._complain_at:
            self._complain_at = tick + _COMPLAIN_SECONDS * round(self._rate)
            traceback.print_exc(file=sys.stderr)

    def _tick(self, tick: int) -> None:
        self._outputs.lapse(time.monotonic_ns())
        timeline = self._timeline
        self._arrange(timeline, tick)
        patience = -(-self._rate.numerator // self._rate.denominator)
        moment = Moment(tick=tick, timeline=timeline, patience=patience, read=self._shelf.read)
        verdict = director.judge(self._state, moment)
        picture, sound = self._composer.compose(verdict.look, tick)
        self._state = verdict.state
        self._begin(tick, verdict.look)
        self._send(tick, picture, sound)
        turned = self._told != (self._gate, self._outputs.leaves(tick))
        self._report(timeline, tick, at_once=turned)  # before the notes: what they tell of leaves
        self._tell(verdict.notes, tick)
        self._report(timeline, tick, at_once=bool(verdict.notes))

    def _begin(self, tick: int, look: director.Look) -> None:
        """Begin to send where the gate was opened, with a picture that decodes by itself.

        An engine that starts waits for its first picture, so that the first one sent is right.
        """
        self._outputs.reach(tick)
        is_early = isinstance(look, ShowSlate) and tick < self._slate_from
        if self._outputs.is_to_begin and not is_early:
            self._outputs.begin_at(tick)
            self._line.force_key(tick)

    def _send(self, tick: int, picture: av.VideoFrame, sound: Sound) -> None:
        self._line.put(tick, picture, sound)
        if self._preview_line is not None:
            self._preview_line.put(tick, picture, sound)
        self._meter.add(sound)

    def _arrange(self, timeline: Timeline, tick: int) -> None:
        readings = self._shelf.readings()
        failed = {key for key, seen in readings.items() if seen.readiness.value == "failed"}
        second = round(self._rate)
        wanted = list(timeline.to_open(tick, per_second=second, failed=failed))
        state = self._state
        here = (state.on_air, state.under)  # both go on, though the timeline may know them no more
        for cue in (one.cue for one in here if one is not None):
            known = {(one.key, one.source) for one in wanted}
            if cue is not None and needs_opening(cue) and (cue.key, cue.source) not in known:
                wanted.append(cue)
        now = timeline.covering(tick)
        frozen = now is not None and isinstance(now.source, Freeze)
        self._shelf.arrange(wanted, tick, frozen=frozen)
        for key, error in self._shelf.failures():
            self._say(CueFailed(key=key, error=error))

    def _tell(self, notes: tuple[Note, ...], tick: int) -> None:
        frame_of = self._shelf.source_frame
        for note in notes:
            match note:
                case Began(running=running):
                    self._say(
                        CueBegan(
                            key=running.cue.key,
                            tick=tick,
                            wall=self._wall(tick),
                            source_frame=frame_of(running.cue, running.first_source),
                            start_error_frames=tick - running.cue.start,
                            offset_ms=self._offset_ms,
                        )
                    )
                case Ended(running=running, why=why, error=error):
                    self._say(
                        CueEnded(
                            key=running.cue.key,
                            first_tick=running.first_tick,
                            last_tick=running.last_tick,
                            first_source_frame=frame_of(running.cue, running.first_source),
                            last_source_frame=frame_of(running.cue, running.last_source),
                            held_frames=running.held,
                            wall=self._wall(running.last_tick + 1),
                            why=why.value,
                            error=error,
                        )
                    )
                case Missed(cue=cue, error=error):
                    self._say(CueFailed(key=cue.key, error=error))

    def _report(self, timeline: Timeline, tick: int, *, at_once: bool) -> None:
        now = time.monotonic_ns()
        if now - self._steer_at >= _STEER_EVERY:
            self._steer_at = now
            self._offset = self._clock.steer(wall=time.time_ns(), mono=time.monotonic_ns())
        if not at_once and now - self._status_at < _STATUS_EVERY:
            return
        self._status_at = now
        gate = self._gate  # read first: what is told of the outputs is not older
        leaves = self._outputs.leaves(tick)
        self._told = (gate, leaves)
        self._say(
            Status(
                tick=tick,
                wall=self._wall(tick),
                offset_ms=self._offset_ms,
                serial=timeline.serial,
                sending=leaves.since is not None,
                sending_since=leaves.since,
                sent_until=leaves.until,
                keeps_from=leaves.keeps_from,
                quiet=leaves.quiet,
                gate=gate,
                on_air=self._on_air(),
                cued=tuple(
                    CuedSeen(key=key, state=_STATES[seen.readiness.value], error=seen.error)
                    for key, seen in self._shelf.readings().items()
                ),
                outputs=self._outputs.seen(),
                late=self._late,
                dropped=self._line.dropped,
                level_db=self._meter.read(),
                preset=self._preset,
                cpu=self._cpu.read(now),
            )
        )

    @property
    def _offset_ms(self) -> float:
        return round(self._offset / 1e6, 3)

    def _on_air(self) -> OnAirSeen | None:
        running = self._state.on_air
        if running is None:
            return None
        return OnAirSeen(
            key=running.cue.key,
            start=running.cue.start,
            source_frame=self._composer.source_frame,
            moving=running.moving,
            since=running.first_tick,
        )

    def _wall(self, tick: int) -> str:
        """When `tick` begins; by the wall clock, should that be more than a frame away."""
        instant = self._frames.instant(tick)
        if abs(self._offset) > self._clock.frame:
            instant += timedelta(microseconds=self._offset // 1000)
        return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


class _CpuShare:
    """Cores used by this process, over the last second."""

    def __init__(self) -> None:
        self._at, self._used = time.monotonic_ns(), time.process_time_ns()
        self._share = 0.0

    def read(self, now: int) -> float:
        if now - self._at >= _SECOND:
            used = time.process_time_ns()
            self._share = round((used - self._used) / (now - self._at), 3)
            self._at, self._used = now, used
        return self._share
