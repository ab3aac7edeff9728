"""What reading a file through has shown of its pictures and its sound, and what that means. Pure.

Healthy files come in many shapes, and a false alarm costs more than a miss: a hole in the
timestamps counts only where something else tells of damage too, and nothing is inferred from
pictures that a decoder chose not to show. Times are microseconds from the file's beginning.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from reconciler.model.findings import Loss, place_text

SECOND = 1_000_000
_MOST = 32  # losses that are told, the longest
_NEAR = SECOND  # a complaint so near to a hole in the timestamps explains it
_HOLE = {"pictures": SECOND // 2, "sound": SECOND // 10}  # less is how clocks are rounded
_TOLD = SECOND  # silence, or an early end, that people should know of
_EARLY = 5 * SECOND  # sound that ends so much before the pictures was not meant to
_TENTH = 10  # and no less than one part in so many of them
_SHORT = SECOND // 2  # what a file may lack of the length that its header promises

Span = tuple[int, int]


@dataclass(slots=True)
class Track:
    """One stream's packets as they come; what its decoder complains of."""

    what: str  # pictures, sound
    promised: int | None = None  # how long it is by its own header, if that says so
    end: int | None = None
    count: int = 0
    keys: list[int] = field(default_factory=list)  # pictures that need no others
    faults: list[Span] = field(default_factory=list)
    holes: list[Span] = field(default_factory=list)
    jumps: list[int] = field(default_factory=list)

    def packet(self, at: int, lasts: int, *, begins: int | None = None) -> None:
        """Take note of a packet; `begins` is where it is shown, of a picture that needs none."""
        if self.end is not None:
            if at - self.end > _HOLE[self.what]:
                self.holes.append((self.end, at))
            elif at < self.end - SECOND:
                self.jumps.append(self.end)
                self.end = None
        self.end = at + lasts if self.end is None else max(self.end, at + lasts)
        self.count += 1
        if begins is not None:
            self.keys.append(begins)

    def fault(self, at: int, lasts: int) -> None:
        """The container or the decoder complains of what lies there."""
        self.faults.append((at, at + max(lasts, 1)))

    def spoilt(self) -> Iterator[Span]:
        """What the faults cost: sound by itself, pictures up to the next that needs no others."""
        if self.what == "sound":
            yield from self.faults
            return
        bad = {at for at, _ in self.faults}
        good = sorted(at for at in self.keys if at not in bad)
        for at, end in self.faults:
            after = bisect_right(good, at)
            yield at, good[after] if after < len(good) else max(end, self.end or 0)


def judge(
    tracks: Iterable[Track], *, promised: int | None = None, is_steady: bool = False
) -> tuple[tuple[Loss, ...], tuple[str, ...]]:
    """The losses, by time, and what else people should know.

    `promised`: how long the file as a whole is by its header, if that says so. `is_steady`: its
    container never leaves sound out for a while, so that a hole in it is damage.
    """
    found = tuple(tracks)
    losses: list[Loss] = []
    remarks: list[str] = []
    for track in found:
        others = [one for one in found if one is not track]
        spans = list(track.spoilt())
        for hole in track.holes:
            if _is_damage(hole, track, others) or (is_steady and track.what == "sound"):
                spans.append(hole)
            elif track.what == "sound" and hole[1] - hole[0] >= _TOLD:
                remarks.append(f"it has no sound from {_told(hole[0])} to {_told(hole[1])}")
        spans += _missing_end(track, others, promised)
        losses += _losses(track.what, spans)
        if track.jumps:
            remarks.append(f"the timestamps of its {track.what} go back at {_told(track.jumps[0])}")
    remarks += _early_ends(found)
    longest = sorted(losses, key=lambda loss: (-loss.lasts_ms, loss.at_ms))[:_MOST]
    return tuple(sorted(longest, key=lambda loss: (loss.at_ms, loss.what))), tuple(remarks[:_MOST])


def _is_damage(hole: Span, track: Track, others: Iterable[Track]) -> bool:
    """Whether anything besides the hole itself says that something is gone."""
    for one in (track, *others):
        if any(at < hole[1] + _NEAR and end > hole[0] - _NEAR for at, end in one.faults):
            return True
    return any(start < hole[1] and end > hole[0] for one in others for start, end in one.holes)


def _missing_end(track: Track, others: Iterable[Track], promised: int | None) -> Iterator[Span]:
    """What is not there at the end: by the headers, or of sound by the pictures."""
    if track.end is None:
        return
    end, last = track.end, max(one.end or 0 for one in (track, *others))
    if track.promised is not None and track.promised - end > _SHORT:
        yield end, track.promised
    elif promised is not None and promised - last > _SHORT:
        yield end, promised
    else:
        pictures = next((one.end for one in others if one.what == "pictures"), None)
        if track.what == "sound" and pictures is not None and _is_cut(end, pictures):
            yield end, pictures


def _is_cut(sound: int, pictures: int) -> bool:
    return pictures - sound >= max(_EARLY, pictures // _TENTH)


def _early_ends(tracks: Iterable[Track]) -> Iterator[str]:
    ends = {track.what: track.end for track in tracks if track.end is not None}
    sound, pictures = ends.get("sound"), ends.get("pictures")
    if sound is None or pictures is None:
        return
    if pictures - sound >= _TOLD and not _is_cut(sound, pictures):
        yield f"its sound ends {(pictures - sound) / SECOND:.1f} s before its pictures"


def _losses(what: str, spans: Iterable[Span]) -> Iterator[Loss]:
    """Spans that overlap or touch are one loss."""
    joined: list[list[int]] = []
    for at, end in sorted(spans):
        if joined and at <= joined[-1][1] + SECOND // 100:
            joined[-1][1] = max(joined[-1][1], end)
        else:
            joined.append([max(at, 0), end])
    for at, end in joined:
        if end > at:
            yield Loss(what=what, at_ms=at // 1000, lasts_ms=max((end - at) // 1000, 1))


def _told(at: int) -> str:
    return place_text(max(at, 0) // 1000)
