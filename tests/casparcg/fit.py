"""Find the timings of a recording that no command shows: `python -m tests.casparcg.fit [FILE ...]`.

They are the phase of the ticks and, for each clip, how many ticks it took to start. Whatever makes
most of the recorded times agree is written to `fits.json`; the proof then runs with it unchanged.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tests.casparcg.replay import Outcome, Replay
from tests.casparcg.scenes import FITS, scene
from tests.casparcg.transcript import FOLDER, Event, read

STARTS = ((0, 1), (0, 0), (-1, 0), (-1, 1), (1, 0), (1, 1), (2, 0), (2, 1), (3, 0), (3, 1))
PHASES = range(0, 40, 4)
STEPS = (0, 1, -1, 2, -2)
NEAR = 3  # a clip's start shows in what is noted until so many more have been loaded
Fit = dict[str, Any]


def main(names: list[str]) -> None:
    fits = json.loads(FITS.read_text(encoding="utf-8"))
    for path in sorted(FOLDER.glob("*.txt")):
        if names and not path.name.startswith(tuple(names)):
            continue
        found = fit(path, fits.get(path.name))
        if found:
            fits[path.name] = found
            FITS.write_text(json.dumps(fits, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def fit(path: Path, before: Fit | None) -> Fit:
    events = read(path)
    best: Fit = before or {"phases_ms": [0], "luck": {}}
    score, outcomes, replay = _score(path.name, events, best)
    if score == len(outcomes):
        return best if before else {}
    if not before:
        best["phases_ms"] = [0] * replay.boots
        for boot in range(replay.boots):
            best = max(
                (_with_phase(best, boot, phase) for phase in PHASES),
                key=lambda one: _reach(path.name, events, one),
            )
        best = _choose_starts(path.name, events, best, replay.films)
    for boot in range(replay.boots):
        here = best["phases_ms"][boot]
        best = max(
            (_with_phase(best, boot, here + step) for step in STEPS),
            key=lambda one: _score(path.name, events, one)[0],
        )
    best = _choose_starts(path.name, events, best, replay.films)
    score, outcomes, _ = _score(path.name, events, best)
    sys.stdout.write(f"{path.name}: {score} of {len(outcomes)}\n")
    sys.stdout.flush()
    return best


def _with_phase(one: Fit, boot: int, phase: int) -> Fit:
    phases = list(one["phases_ms"])
    phases[boot] = phase
    return {**one, "phases_ms": phases}


def _score(name: str, events: list[Event], one: Fit) -> tuple[int, list[Outcome], Replay]:
    replay = Replay(scene(name, {name: one}))
    outcomes = replay.run(events)
    return sum(outcome.matches for outcome in outcomes), outcomes, replay


def _reach(name: str, events: list[Event], one: Fit) -> int:
    """How many outcomes agree for some common start: what this phase could come to."""
    good: set[int] = set()
    for start in STARTS[:3]:
        everywhere = {str(film): start for film in range(200)}
        _, outcomes, _ = _score(name, events, {**one, "luck": everywhere})
        good |= {at for at, outcome in enumerate(outcomes) if outcome.matches}
    return len(good)


def _choose_starts(name: str, events: list[Event], one: Fit, films: int) -> Fit:
    """For each clip in turn the first start that makes most outcomes agree."""
    score, outcomes, _ = _score(name, events, one)
    for film in range(films):
        wrong = [at.films for at in outcomes if not at.matches]
        near = any(film < number <= film + NEAR for number in wrong)
        for start in STARTS[1:] if near else ():
            tried = {**one, "luck": {**one["luck"], str(film): list(start)}}
            reached, seen, _ = _score(name, events, tried)
            if reached > score:
                one, score, outcomes = tried, reached, seen
    return one


if __name__ == "__main__":
    main(sys.argv[1:])
