"""The sound of the sample media: stereo at 48 kHz, calm, at the level that mixers line up to.

Alignment level is a sine of -20 dBFS; everything else is brought to the same loudness (RMS).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float32]  # 2 x samples
Composer = Callable[[int], Sound]  # number of samples -> sound

RATE = 48_000
_PEAK = 0.1  # -20 dBFS
_LOUD = _PEAK / np.sqrt(2)  # RMS of the alignment sine
_MOST = 0.5  # a crest that is higher is turned down as a whole
_EDGE = 480  # samples of fade at both ends: no click at a join


def tone(samples: int) -> Sound:
    """1 kHz at alignment level; the left channel pauses for a quarter second every three."""
    t = _time(samples)
    sine = np.sin(2 * np.pi * 1000 * t) * _PEAK
    left = np.where(t % 3 < 0.25, 0, sine)  # noqa: PLR2004  # EBU's way to tell left from right
    return np.stack([left, sine]).astype(np.float32)


def pips(samples: int) -> Sound:
    """A short pip on each second, the last one higher and longer."""
    t = _time(samples)
    last = np.floor(samples / RATE) - 1
    pitch = np.where(t >= last, 1320.0, 880.0)
    length = np.where(t >= last, 0.4, 0.09)
    beat = t % 1
    envelope = np.clip(beat / 0.004, 0, 1) * np.clip((length - beat) / 0.02, 0, 1)
    mono = np.sin(2 * np.pi * pitch * t) * envelope * _PEAK * 1.6
    return np.stack([mono, mono]).astype(np.float32)


def sweep(samples: int) -> Sound:
    """A slow glide from 60 Hz to 6 kHz and back, twice, wandering between the channels."""
    t = _time(samples)
    whole = samples / RATE
    place = np.abs((t / whole * 4) % 2 - 1)
    pitch = 60 * 100 ** (1 - place)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    voice = np.sin(phase) / (1 + pitch / 2500)
    pan = 0.5 + 0.4 * np.sin(2 * np.pi * t / 5)
    return _level(np.stack([voice * (1 - pan), voice * pan]))


def chords(*steps: tuple[float, ...], each: float = 4.0) -> Composer:
    """Soft chords (frequencies in Hz), `each` seconds long, swelling into one another."""

    def compose(samples: int) -> Sound:
        sound = np.zeros((2, samples))
        span = int(each * RATE)
        for number, begin in enumerate(range(0, samples, span)):
            notes = steps[number % len(steps)]
            end = min(samples, begin + int(span * 1.4))
            t = _time(end - begin)
            swell = np.minimum(t / 0.5, 1) * np.clip((each * 1.4 - t) / (each * 0.6), 0, 1)
            for place, note in enumerate(notes):
                voice = np.sin(2 * np.pi * note * t) + 0.3 * np.sin(4 * np.pi * note * t + 0.4)
                pan = 0.5 + 0.35 * (place / max(1, len(notes) - 1) * 2 - 1)
                sound[0, begin:end] += voice * swell * (1 - pan)
                sound[1, begin:end] += voice * swell * pan
        return _level(sound)

    return compose


def plucks(*notes: float, beat: float = 0.25) -> Composer:
    """A figure of plucked notes (Hz; 0 rests) that repeats, one every `beat` seconds."""

    def compose(samples: int) -> Sound:
        sound = np.zeros((2, samples + RATE))
        t = _time(int(RATE * 0.9))
        voices = {n: np.sin(2 * np.pi * n * t) + 0.4 * np.sin(4 * np.pi * n * t) for n in notes}
        fading = np.exp(-t * 6) * np.minimum(t / 0.004, 1)
        for number, begin in enumerate(range(0, samples, int(beat * RATE))):
            note = notes[number % len(notes)]
            if note:
                pan = 0.5 + 0.3 * np.sin(number)
                struck = voices[note] * fading
                sound[0, begin : begin + len(t)] += struck * (1 - pan)
                sound[1, begin : begin + len(t)] += struck * pan
        return _level(sound[:, :samples])

    return compose


def _time(samples: int) -> NDArray[np.float64]:
    return np.arange(samples) / RATE


def _level(sound: NDArray[np.float64]) -> Sound:
    loud = float(np.sqrt(np.mean(sound**2))) or 1.0
    gain = min(_LOUD / loud, _MOST / (float(np.abs(sound).max()) or 1.0))
    ramp = np.minimum(np.arange(1, _EDGE + 1) / _EDGE, 1)
    sound = sound * gain
    sound[:, :_EDGE] *= ramp[: sound.shape[1]]
    sound[:, -_EDGE:] *= ramp[::-1][: sound.shape[1]]
    return sound.astype(np.float32)
