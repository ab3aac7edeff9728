"""Read an output back: which coded frames it shows, in which order, and where the sound lies.

Needs nothing of the engine that made it. `check` decodes a file or captured bytes; the report
lists runs of frames, every frame that is missing, repeated or out of order within one, what was
shown between, and by how much each clip's sound is late (milliseconds; negative: early).
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from statistics import median

import av
import numpy as np
from numpy.typing import NDArray

from tests.conformance.coded import ALL, PULSE, Coded, Grey, read

RATE = 48_000
_BLACK_BELOW = 26  # mean luma
_LOUD = 0.12
_NEAR = 0.2  # seconds in which a pulse is looked for about its frame


@dataclass(frozen=True, slots=True)
class Shown:
    """One output frame: when, and what it showed."""

    at: float
    kind: str  # coded | black | other
    clip: int = 0
    number: int = 0


@dataclass(slots=True)
class Run:
    """Consecutive coded frames of one clip, from `first` to `last`.

    `at` is the place of the first in the output, `shown` how many output frames it took, `steps`
    counts the differences from one to the next, `held` those that were the same picture again.
    """

    clip: int
    first: int
    at: int
    last: int = 0
    shown: int = 1
    steps: Counter[int] = field(default_factory=Counter)

    @property
    def held(self) -> int:
        return self.steps[0]

    @property
    def brief(self) -> tuple[int, int, int]:
        """Clip, first and last frame."""
        return self.clip, self.first, self.last


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What an output contained."""

    shown: tuple[Shown, ...]
    runs: tuple[Run, ...]
    faults: tuple[str, ...]
    between: Mapping[int, str]  # output index -> black or other; a mapping keeps it sparse
    offsets: Mapping[int, float]  # clip -> milliseconds by which its sound is late
    sound: NDArray[np.float32] = field(repr=False)
    sound_from: float = 0.0

    def loudest(self, begin: int, end: int) -> float:
        """The highest sample while output frames `begin` to `end` (excluded) were shown."""
        span = [round((self.shown[i].at - self.sound_from) * RATE) for i in (begin, end - 1)]
        piece = np.abs(self.sound[max(0, span[0]) : max(0, span[1])])
        return float(piece.max()) if piece.size else 0.0

    def coded(self, begin: int, end: int) -> list[tuple[int, int]]:
        """Clip and number of each coded output frame from `begin` to `end` (excluded)."""
        return [(s.clip, s.number) for s in self.shown[begin:end] if s.kind == "coded"]

    def describe(self) -> str:
        """The report for a person, a few lines."""
        runs = [f"clip {r.clip}: {r.first}..{r.last} at {r.at}, {r.shown} shown, steps "
                f"{dict(sorted(r.steps.items()))}" for r in self.runs]  # fmt: skip
        kinds = Counter(self.between.values())
        offsets = {clip: round(ms, 1) for clip, ms in self.offsets.items()}
        return "\n".join([*runs, f"between: {dict(kinds)}", f"offsets: {offsets}", *self.faults])


def check(source: Path | bytes, clips: Iterable[Coded] = ALL, *, rate: Fraction) -> Report:
    """Decode `source`, an output at `rate` frames per second, and say what was in it."""
    known = {clip.id: clip for clip in clips}
    shown, sound, sound_from = _decode(source)
    runs, faults = _runs(shown, known, rate)
    faults += _clock_faults(shown, rate, runs[0].at if runs else 0)
    return Report(
        shown=tuple(shown),
        runs=tuple(runs),
        faults=tuple(faults),
        between={i: s.kind for i, s in enumerate(shown) if s.kind != "coded"},
        offsets=_offsets(shown, known, sound, sound_from),
        sound=sound,
        sound_from=sound_from,
    )


def allowed_steps(clip: Coded, rate: Fraction) -> frozenset[int]:
    """By how much the frame number may grow from one output frame to the next."""
    whole, rest = divmod(clip.rate / rate, 1)
    return frozenset({int(whole), int(whole) + 1} if rest else {int(whole)})


def _decode(source: Path | bytes) -> tuple[list[Shown], NDArray[np.float32], float]:
    shown: list[Shown] = []
    pieces: list[tuple[float, NDArray[np.float32]]] = []
    wanted = av.AudioResampler("fltp", "mono", RATE)
    opened = io.BytesIO(source) if isinstance(source, bytes) else str(source)
    with av.open(opened, "r") as container:
        streams = (container.streams.video[0], *container.streams.audio[:1])
        for packet in container.demux(streams):
            for frame in packet.decode():
                if isinstance(frame, av.VideoFrame):
                    if not frame.is_corrupt and frame.time is not None:
                        shown.append(_see(frame))
                elif isinstance(frame, av.AudioFrame) and frame.time is not None:
                    pieces += [
                        (frame.time, part.to_ndarray()[0]) for part in wanted.resample(frame)
                    ]
    return shown, *_lay(pieces)


def _lay(pieces: list[tuple[float, NDArray[np.float32]]]) -> tuple[NDArray[np.float32], float]:
    """Put the pieces of sound where their time stamps say."""
    if not pieces:
        return np.zeros(0, np.float32), 0.0
    begin = pieces[0][0]
    places = [(round((at - begin) * RATE), piece) for at, piece in pieces]
    line = np.zeros(max(at + len(piece) for at, piece in places), np.float32)
    for at, piece in places:
        if at >= 0:
            line[at : at + len(piece)] = piece
    return line, begin


def _see(frame: av.VideoFrame) -> Shown:
    luma = _luma(frame)
    at = frame.time or 0.0
    for view in _views(luma):
        if (found := read(view)) is not None:
            return Shown(at, "coded", *found)
    return Shown(at, "black" if luma.mean() < _BLACK_BELOW else "other")


def _luma(frame: av.VideoFrame) -> Grey:
    plane = frame.planes[0]
    stored = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    luma: Grey = stored[: frame.height, : frame.width]
    return luma


def _views(luma: Grey) -> Iterable[Grey]:
    """The picture as a whole, and what remains of it without bars left and right."""
    high, wide = luma.shape
    for shape in (None, Fraction(4, 3), Fraction(11, 9), Fraction(9, 16)):
        across = wide if shape is None else round(high * shape)
        if across <= wide:
            left = (wide - across) // 2
            yield luma[:, left : left + across]


def _runs(
    shown: list[Shown], known: Mapping[int, Coded], rate: Fraction
) -> tuple[list[Run], list[str]]:
    runs: list[Run] = []
    faults: list[str] = []
    before: Shown | None = None
    for place, now in enumerate(shown):
        if now.kind != "coded":
            before = None
            continue
        if before is None or before.clip != now.clip:
            runs.append(Run(now.clip, now.number, place, now.number))
        else:
            step = now.number - before.number
            _judge(step, runs, faults, place=place, now=now, rate=rate, clip=known[now.clip])
        before = now
    return runs, faults + _repeats(runs, known, rate)


def _judge(
    step: int,
    runs: list[Run],
    faults: list[str],
    *,
    place: int,
    now: Shown,
    rate: Fraction,
    clip: Coded,
) -> None:
    run, usual = runs[-1], allowed_steps(clip, rate)
    if step == 0 or step in usual:
        run.last, run.shown = now.number, run.shown + 1
        run.steps[step] += 1
        return
    where = f"clip {clip.id} at output frame {place}"
    if step < 0:
        faults.append(f"{where}: out of order, {now.number} after {run.last}")
    else:
        least = min(usual) or 1
        lost = ", ".join(str(n) for n in range(run.last + least, now.number, least))
        faults.append(f"{where}: missing {lost}")
    runs.append(Run(now.clip, now.number, place, now.number))


def _repeats(runs: list[Run], known: Mapping[int, Coded], rate: Fraction) -> list[str]:
    return [
        f"clip {run.clip} from output frame {run.at}: {run.held} repeated"
        for run in runs
        if run.held and 0 not in allowed_steps(known[run.clip], rate)
    ]


def _clock_faults(shown: list[Shown], rate: Fraction, begin: int) -> list[str]:
    """Where the output's own time stamps are not one frame apart, once a clip is shown."""
    one = float(1 / rate)
    return [
        f"output frame {place}: {(b.at - a.at) * 1000:.1f} ms after the one before"
        for place, (a, b) in enumerate(pairwise(shown[begin:]), begin + 1)
        if abs(b.at - a.at - one) > one / 4
    ]


def _offsets(
    shown: list[Shown], known: Mapping[int, Coded], sound: NDArray[np.float32], begin: float
) -> dict[int, float]:
    found: dict[int, list[float]] = {}
    heard = _pulses(sound) / RATE + begin
    for before, now in pairwise(shown):
        clip = known.get(now.clip)
        if now.kind != "coded" or clip is None or clip.audio is None or not len(heard):
            continue
        beat = now.number - now.number % clip.beat
        was = before.number if before.kind == "coded" and before.clip == now.clip else None
        if was is None or not was < beat <= now.number:
            continue  # the pulse's frame was not shown here for the first time
        due = now.at - float((now.number - beat) / clip.rate)
        nearest = float(heard[np.abs(heard - due).argmin()])
        if abs(nearest - due) < _NEAR:
            found.setdefault(now.clip, []).append((nearest - due) * 1000)
    return {clip: median(values) for clip, values in sorted(found.items())}


def _pulses(sound: NDArray[np.float32]) -> NDArray[np.int64]:
    """The sample at which each pulse begins: its middle, less half its length."""
    if not sound.size:
        return np.zeros(0, np.int64)
    size = round(PULSE * RATE)
    strength = np.convolve(np.abs(sound), np.ones(size, np.float32) / size, "same")
    loud = np.flatnonzero(strength > _LOUD)
    if not loud.size:
        return np.zeros(0, np.int64)
    groups = np.split(loud, np.flatnonzero(np.diff(loud) > size * 2) + 1)
    return np.array([int(g[np.argmax(strength[g])]) - size // 2 for g in groups], np.int64)
