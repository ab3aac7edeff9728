"""What end-to-end tests prove with: wait for an item, take the output once, compare every frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from tests.stack import Row, Stack, until
from tests.stack_receiver import Aired, Receiver, Seen, seen


def item_on_air(stack: Stack, channel: str, item: str, *, left: int = 0, within: float = 40) -> Row:
    """Wait until `item` is on air with at least `left` frames to come; gives the status."""

    def look() -> Row | None:
        answer = stack.sending(channel)
        on_air = answer["on_air"] if answer is not None else None
        is_it = on_air is not None and on_air["item"] == item and on_air["left_frames"] >= left
        return answer if is_it else None

    return until(f"{item} on air on {channel}", look, within)


def run_on(stack: Stack, channel: str, frames: int) -> None:
    """Let a channel run on for so many frames of its own."""
    answer = stack.status(channel)
    end = int(answer["tick"]) + frames if answer is not None else 0
    until(f"{frames} frames of {channel}", lambda: _tick(stack, channel) >= end)


def _tick(stack: Stack, channel: str) -> int:
    answer = stack.status(channel)
    return int(answer["tick"]) if answer is not None else 0


def seen_once(receiver: Receiver, begin: int, end: int | None = None) -> Seen:
    """The output since `begin`, which must be of one sender without a turn."""
    (output,) = seen(receiver.taken(begin, end))
    return output


def exact(output: Seen, wanted: Mapping[int, tuple[int, int]]) -> None:
    """Every output frame is the wanted one of its tick, and no tick is missing or doubled."""
    assert output.lost == ()
    wrong = wrong_frames(output.frames, wanted)
    assert wrong == [], f"{len(wrong)}: {wrong[:5]}\n{output.report.describe()}"


def wrong_frames(frames: Sequence[Aired], wanted: Mapping[int, tuple[int, int]]) -> list[str]:
    """Every frame that is not the wanted one of its tick, and every tick missing or doubled."""
    return breaks(frames) + [
        f"tick {frame.tick}: expected {wanted.get(frame.tick)}, found {frame.clip, frame.number}"
        for frame in frames
        if wanted.get(frame.tick) != (frame.clip, frame.number)
    ]


def breaks(frames: Sequence[Aired]) -> list[str]:
    """Every tick that is missing or doubled, whatever was shown."""
    return [
        f"tick {before.tick} is followed by {after.tick}"
        for before, after in pairwise(frames)
        if after.tick != before.tick + 1
    ]
