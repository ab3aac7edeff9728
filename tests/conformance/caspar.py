"""CasparCG behind the suite: the real steering on the fake server, in virtual time.

The recording is drawn from what the fake showed at each tick, so the pictures are judged by the
same checker as any engine's. The fake has no sound of its own: it is drawn from the same record
(a picture that stands is silent), and proves nothing but that.

Media are as staging leaves them: in a container that is fit for in points.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
from av.audio.stream import AudioStream
from av.video.stream import VideoStream
from numpy.typing import NDArray

from reconciler.model.desired import TransitionType
from reconciler.model.video import VideoFormat
from reconciler.sidecar import engine_port as port
from tests.casparcg.media import Clip
from tests.casparcg.pictures import Picture
from tests.conformance.coded import ALL, TALL, Coded, Grey, draw, pulses
from tests.conformance.driver import Cue, Seen
from tests.conformance.suite import Media
from tests.unit.sidecar.casparcg.virtual import ZERO, Virtual

SOUND_RATE = 48_000
_SLATE, _BLACK = 60, 16  # levels that are no cell of a coded picture
_WARM = 8  # ticks until the slate is on
_SOUND_SIZE = 1152  # samples of a frame of MPEG-1 layer II
Line = NDArray[np.float32]


@dataclass(slots=True)
class Caspar:
    """One fake server, one helm, one clock that moves as the suite waits."""

    folder: Path
    media: Media
    video: VideoFormat = field(default_factory=lambda: VideoFormat.parse("424x240p2500"))
    _engine: Virtual = field(init=False)
    _coded: dict[str, Coded] = field(init=False, default_factory=dict)

    def __enter__(self) -> Self:
        library: dict[str, Clip] = {}
        for coded in ALL:
            path = str(_staged(self.media[coded]))
            audio = "silent" if coded.audio is None else "video"
            library[path] = Clip(frames=coded.frames, rate=coded.rate, kind=audio)  # type: ignore[arg-type]  # one of its kinds
            self._coded[path] = coded
        half = str(_staged(self.media.truncated))
        library[half] = Clip(frames=TALL.frames // 2, rate=TALL.rate)
        self._coded[half] = TALL
        library[str(self.media.garbage)] = Clip(damage="unreadable")
        self._engine = Virtual(library, (), self.video.name)
        self._engine.until(_WARM)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing is left behind."""

    def now(self) -> int:
        return ZERO + self._engine.frame

    def show(self, *cues: Cue) -> None:
        self._engine.show(*(_written(cue) for cue in cues))

    def seen(self, kind: str) -> list[Seen]:
        if kind == "status":
            return [{"seen": "status", "dropped": 0, "late": self._engine.helm.memory.late}]
        found = (_said(each) for each in self._engine.told)
        return [each for each in found if each["seen"] == kind]

    def wait(self, what: str, until: Callable[[], bool], within: float) -> None:
        for _ in range(int(within * self.video.rate) + 1):
            if until():
                return
            self._engine.turn()
        raise AssertionError(f"waited {within:g} s for {what}: {self._engine.told[-3:]}")

    def stop(self) -> Path:
        path = self.folder / "out.ts"
        shown = [self._engine.shown[tick] for tick in range(_WARM, self._engine.frame + 1)]
        record(path, [self._piece(each) for each in shown], self.video)
        return path

    def _piece(self, picture: Picture) -> Piece:
        if picture.kind == "mix":
            old, new = picture.parts
            return Piece(under=self._piece(old).coded, coded=self._piece(new).coded)
        name = picture.path.rpartition("/")[2]
        coded = self._coded.get(self._engine.links.paths.get(name, ""))
        if picture.kind != "film" or coded is None:
            return Piece(level=_BLACK if picture.kind == "black" else _SLATE)
        # Which frame stands at a position of a converted clip is the engine's own affair.
        number = coded.frame_at(picture.at, self.video.rate)
        return Piece(coded=(coded, number), silent=picture.frozen)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What one output frame shows: a coded frame, over another one or not, or a plain level."""

    coded: tuple[Coded, int] | None = None
    under: tuple[Coded, int] | None = None
    silent: bool = False
    level: int = _SLATE


def record(path: Path, pieces: list[Piece], video: VideoFormat) -> None:
    """Draw and encode what was shown."""
    rate = video.rate
    with av.open(str(path), "w", format="mpegts") as out:
        options = {"preset": "ultrafast", "crf": "24", "bf": "0"}
        pictures = out.add_stream("libx264", rate=rate, options=options)
        assert isinstance(pictures, VideoStream)
        pictures.width, pictures.height, pictures.pix_fmt = video.width, video.height, "yuv420p"
        sound = out.add_stream("mp2", rate=SOUND_RATE, layout="mono")
        assert isinstance(sound, AudioStream)
        line, heard = _heard(pieces, rate), 0
        for number, piece in enumerate(pieces):
            luma = _drawn(piece, video)
            chroma = np.full((video.height // 2, video.width), 128, np.uint8)
            frame = av.VideoFrame.from_ndarray(np.concatenate([luma, chroma]), format="yuv420p")
            frame.pts, frame.time_base = number, 1 / rate
            out.mux(pictures.encode(frame))
            while heard < (number + 1) / rate * SOUND_RATE:
                out.mux(sound.encode(_samples(line, heard)))
                heard += _SOUND_SIZE
        out.mux(pictures.encode(None))
        out.mux(sound.encode(None))


def _drawn(piece: Piece, video: VideoFormat) -> Grey:
    if piece.coded is None:
        return np.full((video.height, video.width), piece.level, np.uint8)
    coded, number = piece.coded
    new = draw(coded.id, number, video.width, video.height)
    if piece.under is None:
        return new
    below, other = piece.under
    old = draw(below.id, other, video.width, video.height)
    mixed: Grey = (old // 2 + new // 2).astype(np.uint8)
    return mixed


def _heard(pieces: list[Piece], rate: Fraction) -> Line:
    """The sound of each picture that moves, continuous for as long as its clip goes on."""
    line = np.zeros(int(len(pieces) / rate * SOUND_RATE) + SOUND_RATE, np.float32)
    sounds: dict[int, Line] = {}
    place: Fraction | None = None
    before: tuple[Coded, int] | None = None
    for number, piece in enumerate(pieces):
        now = piece.coded if piece.under is None and not piece.silent else None
        if now is None or now[0].audio is None:
            before, place = now, None
            continue
        coded, frame = now
        goes_on = before is not None and before[0].id == coded.id and frame >= before[1]
        if goes_on and place is not None and abs(place + 1 / rate - frame / coded.rate) < 2 / rate:
            place += 1 / rate
        else:
            place = frame / coded.rate
        before = now
        if coded.id not in sounds:
            sounds[coded.id] = _resampled(coded)
        begin, end = (round(n / rate * SOUND_RATE) for n in (number, number + 1))
        source = sounds[coded.id][round(place * SOUND_RATE) :][: end - begin]
        line[begin : begin + len(source)] = source
    return line


def _resampled(coded: Coded) -> Line:
    sound = pulses(coded)
    if coded.audio_rate == SOUND_RATE:
        return sound
    length = round(len(sound) / coded.audio_rate * SOUND_RATE)
    at = np.arange(length) * (coded.audio_rate / SOUND_RATE)
    found: Line = np.interp(at, np.arange(len(sound)), sound).astype(np.float32)
    return found


def _samples(line: Line, begin: int) -> av.AudioFrame:
    piece = np.zeros(_SOUND_SIZE, np.float32)
    part = line[begin : begin + _SOUND_SIZE]
    piece[: len(part)] = part
    packed = (piece * 32767).astype(np.int16).reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(packed, format="s16", layout="mono")
    frame.sample_rate, frame.pts = SOUND_RATE, begin
    frame.time_base = Fraction(1, SOUND_RATE)
    return frame


def _staged(path: Path) -> Path:
    """Where staging leaves it: transport streams and Matroska are not fit for in points."""
    return path.with_suffix(".mp4")


def _written(cue: Cue) -> port.Cue:
    source: port.Source = port.SlateSource()
    if cue.freeze:
        source = port.FreezeSource()
    elif cue.still:
        source = port.StillSource(path=str(cue.path))
    elif cue.path is not None:
        source = port.ClipSource(path=str(_staged(cue.path)), in_frame=cue.begin, loop=cue.loop)
    return port.Cue(
        key=cue.key,
        start=cue.start,
        frames=cue.frames,
        source=source,
        transition=TransitionType(cue.blend),
        transition_frames=cue.blend_frames,
    )


def _said(evidence: port.Evidence) -> Mapping[str, object]:
    match evidence:
        case port.Began():
            return {
                "seen": "began",
                "key": evidence.key,
                "tick": evidence.tick,
                "source_frame": evidence.source_frame,
            }
        case port.Ended():
            return {
                "seen": "ended",
                "key": evidence.key,
                "why": evidence.why,
                "last_source_frame": evidence.last_source_frame,
            }
        case port.Failed():
            return {"seen": "failed", "key": evidence.key}
        case port.EngineLost():
            return {"seen": "lost"}
        case port.GateTurned():
            return {"seen": "turned"}
