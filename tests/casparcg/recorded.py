"""The pictures of a recording in one line, as read back from its file and as the fake gave them.

Kept: which frames of which clip, in what order, and black and mixed pictures between them. Left
out, for they are the machine's speed or the recorder's eyes: how long anything was held or black,
the stale first picture, how far into a mix a clip could be read, where the recording was cut off.
"""

from __future__ import annotations

from collections.abc import Iterable

from tests.casparcg.pictures import Picture

CODES = {
    "clip1": "clip1", "clip2": "clip2", "clip3": "clip3", "long": "clip4", "clip50": "clip5",
    "clip2997": "clip6", "clip24": "clip7", "bframes": "clip8", "g250_48k": "clip9",
    "g25_44k": "clip10", "g250_44k": "clip11", "g250_48k_b": "clip12", "mono44k": "clip13",
    "dup.mkv": "clip3", "dup.mov": "clip2", "full": "clip2", "trunc_faststart": "clip2",
    "trunc": "clip2", "videoonly": "clip1", "still": "clip2",
}  # fmt: skip
KNOWN = frozenset(CODES.values())


def told_runs(runs: Iterable[tuple[str, int, int]]) -> str:
    """The recorder's own runs, which begin after the stale picture if there is one."""
    return _joined((what, frame) for what, *ends in runs for frame in dict.fromkeys(ends))


def told(pictures: Iterable[Picture]) -> str:
    """What a consumer of the fake got."""
    return _joined(_read(one) for one in list(pictures)[1:])


def _read(one: Picture) -> tuple[str, int]:
    """What the recorder would read from this picture: sound alone has none."""
    if one.kind in {"black", "mix"}:
        return one.kind, 0
    name = one.path.rpartition("/")[2]
    code = CODES.get(name) or CODES.get(name.rpartition(".")[0], "black")
    return code, one.frame


def _joined(seen: Iterable[tuple[str, int]]) -> str:
    """Runs as `clip1 0-124`, the last without its end."""
    runs: list[tuple[str, int, int]] = []
    for what, place in seen:
        name = what if what in KNOWN or what == "black" else "mix"
        frame = place if name in KNOWN else 0
        if runs and runs[-1][0] == name and runs[-1][2] <= frame:
            runs[-1] = (name, runs[-1][1], frame)
        else:
            runs.append((name, frame, frame))
    lines = [_line(runs, at) for at in range(len(runs))]
    return " | ".join(line for at, line in enumerate(lines) if at == 0 or line != lines[at - 1])


def _line(runs: list[tuple[str, int, int]], at: int) -> str:
    name, first, last = runs[at]
    if name not in KNOWN:
        return name
    after_mix = at > 0 and runs[at - 1][0] == "mix"
    open_end = at == len(runs) - 1 or runs[at + 1][0] == "mix"
    return f"{name} {'' if after_mix else first}-{'' if open_end else last}"
