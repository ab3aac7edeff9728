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


def seen_once(receiver: Receiver, begin: int, end: int | None = None) -> Seen:
    """The output since `begin`, which must be of one sender without a turn."""
    (output,) = seen(receiver.taken(begin, end))
    return output


def exact(output: Seen, wanted: Mapping[int, tuple[int, int]]) -> None:
    """Every output frame is the wanted one of its tick, and no tick is missing or doubled."""
    assert output.faults == (), "\n".join(output.faults[:10])
    wrong = wrong_frames(output.frames[2:-1], wanted)  # the first and last may be cut
    assert wrong == [], f"{len(wrong)}: {wrong[:5]}\n{output.report.describe()}"


def wrong_frames(frames: Sequence[Aired], wanted: Mapping[int, tuple[int, int]]) -> list[str]:
    """Every frame that is not the wanted one of its tick, and every tick missing or doubled."""
    breaks = [
        f"tick {before.tick} is followed by {after.tick}"
        for before, after in pairwise(frames)
        if after.tick != before.tick + 1
    ]
    return breaks + [
        f"tick {frame.tick}: expected {wanted.get(frame.tick)}, found {frame.clip, frame.number}"
        for frame in frames
        if wanted.get(frame.tick) != (frame.clip, frame.number)
    ]
