"""A minute of trouble: hundreds of cues, broken ones among them; nothing may pile up."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path

from reconciler.model.video import VideoFormat
from tests.conformance.coded import FAST, OLD, PAL, TALL, WEB
from tests.conformance.driver import Cue, Embedded
from tests.conformance.suite import LEAD, Media

CUES, FRAMES = 320, 5
AHEAD = 12  # cues in each timeline; one is sent for every second cue
ENOUGH = 0.8  # of the good ones come on air; to open a file within its fifth of a second is luck
WARM = 80  # cues until caches and pools have their size
MORE_MEMORY = 24_000  # kB that may come and go with what is decoded just then
MORE_FILES, MORE_THREADS = 4, 4


@dataclass(frozen=True, slots=True)
class _Held:
    memory: int
    files: int
    threads: int


def hundreds_of_cues_leave_nothing_behind(folder: Path, media: Media) -> None:
    """Each cue lasts a fifth of a second; every fourth cannot be played."""
    good = itertools.cycle([media[clip] for clip in (PAL, FAST, OLD, WEB, TALL)])
    bad = itertools.cycle([media.missing, media.garbage, media.truncated])
    held: list[_Held] = []
    with Embedded(folder=folder, video=VideoFormat.parse("160x96p2500")) as engine:
        at = engine.now() + LEAD
        cues = [
            Cue(key=f"{n}", start=at + n * FRAMES, frames=FRAMES, begin=n % 40,
                path=next(bad) if n % 4 == 3 else next(good), loop=n % 3 == 0)
            for n in range(CUES)
        ]  # fmt: skip
        for n in range(0, CUES, 2):
            engine.show(*cues[max(0, n - 1) : n + AHEAD])
            engine.wait_for(cues[n].start)
            if n >= WARM:
                held.append(_held_by(engine.pid))
        engine.wait_for(cues[-1].start + 60)
        began = {str(one["key"]) for one in engine.seen("began")}
        last = engine.seen("status")[-1]
        engine.stop()

    whole = {cue.key for n, cue in enumerate(cues) if n % 4 != 3}
    assert len(whole & began) >= ENOUGH * len(whole), sorted(whole - began)
    assert last["serial"] == CUES // 2
    _write_down(folder / "held.txt", held)
    quarter = len(held) // 4
    early, late = held[:quarter], held[-quarter:]
    assert _most(late).memory <= _most(early).memory + MORE_MEMORY, (early, late)
    assert _most(late).files <= _most(early).files + MORE_FILES, (early, late)
    assert _most(late).threads <= _most(early).threads + MORE_THREADS, (early, late)


def _held_by(pid: int) -> _Held:
    process = Path(f"/proc/{pid}")
    said = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
    return _Held(
        memory=int(said["VmRSS"].split()[0]),
        files=len(list((process / "fd").iterdir())),
        threads=int(said["Threads"]),
    )


def _write_down(path: Path, held: list[_Held]) -> None:
    """For whoever wants to know more than that it passed."""
    lines = [f"{one.memory} kB, {one.files} files, {one.threads} threads" for one in held]
    path.write_text("\n".join(lines) + "\n")


def _most(held: list[_Held]) -> _Held:
    return _Held(
        memory=max(one.memory for one in held),
        files=max(one.files for one in held),
        threads=max(one.threads for one in held),
    )
