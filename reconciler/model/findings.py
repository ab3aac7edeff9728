"""What is found in a staged file by looking into all of it: streams, loudness, what is lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

METHOD = 2  # of looking; what an older one found out is found out again
_END_MS = 1 << 60  # behind the end of any file


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """A part of a file that cannot be shown, or heard, as it was made."""

    what: str  # pictures, sound
    at_ms: int  # from the file's beginning
    lasts_ms: int

    @property
    def end_ms(self) -> int:
        """Where it is over."""
        return self.at_ms + self.lasts_ms

    def within(self, start_ms: int, end_ms: int) -> int:
        """How many milliseconds of it lie between two places of the file."""
        return max(min(self.end_ms, end_ms) - max(self.at_ms, start_ms), 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """One file's content; `loudness` is integrated, in LUFS (EBU R 128), None where it is silent.

    `damage` says why nothing of the file can be relied on; `losses` are the parts that are lost of
    one that plays, by time; `remarks` what people should know and nothing is decided by.
    """

    container: str = ""  # as FFmpeg names it: `mov,mp4,m4a,3gp,3g2,mj2`, `mpegts`
    width: int = 0
    height: int = 0
    rate: str = ""  # frames a second, such as `25` or `30000/1001`
    interlaced: bool = False
    channels: int = 0  # of its first sound
    loudness: float | None = None
    damage: str = ""
    losses: tuple[Loss, ...] = ()
    remarks: tuple[str, ...] = ()
    method: int = 0  # how it was looked into; 0: nobody has
    sha256: str = ""  # of what was looked into, where that is known: equal content, equal findings

    @property
    def is_current(self) -> bool:
        """Whether there is nothing more to be found out by looking again."""
        return self.method >= METHOD

    @property
    def wrong(self) -> str:
        """What is wrong with the file, in words; empty where nothing is."""
        told = (self.damage, losses_text(self.losses, 0, _END_MS), *self.remarks)
        return "; ".join(text for text in told if text)

    def to_json(self) -> dict[str, object]:
        """As plain values, with `wrong` for screens; `of` reads them."""
        losses = [asdict(loss) for loss in self.losses]
        return {
            **asdict(self),
            "losses": losses,
            "remarks": list(self.remarks),
            "wrong": self.wrong,
        }

    @staticmethod
    def of(values: Mapping[str, Any]) -> Findings:
        """Read what `to_json` wrote, ignoring what a newer program may have added."""
        known = {name: values[name] for name in Findings.__slots__ if name in values}
        known["losses"] = tuple(_loss(loss) for loss in known.get("losses", ()))
        known["remarks"] = tuple(known.get("remarks", ()))
        return Findings(**known)


def _loss(values: Mapping[str, Any]) -> Loss:
    return Loss(what=values["what"], at_ms=values["at_ms"], lasts_ms=values["lasts_ms"])


def lost_ms(losses: Iterable[Loss], start_ms: int, end_ms: int) -> int:
    """How much of a part is lost: of its pictures or of its sound, whichever is more."""
    sums: dict[str, int] = {}
    for loss in losses:
        sums[loss.what] = sums.get(loss.what, 0) + loss.within(start_ms, end_ms)
    return max(sums.values(), default=0)


def losses_text(losses: Iterable[Loss], start_ms: int, end_ms: int) -> str:
    """What is lost of a part, in words: `its pictures are lost from 0:12.0 for 2.1 s`."""
    told = []
    for what in ("pictures", "sound"):
        found = [x for x in losses if x.what == what and x.within(start_ms, end_ms)]
        if found:
            lost = lost_ms(found, start_ms, end_ms) / 1000
            places = f" in {len(found)} places" if len(found) > 1 else ""
            verb = "are" if what == "pictures" else "is"
            first = max(found[0].at_ms, start_ms)
            told.append(f"its {what} {verb} lost from {place_text(first)} for {lost:.1f} s{places}")
    return " and ".join(told)


def place_text(at_ms: int) -> str:
    """A place in a file: `0:12.0`, `1:02:03.4`."""
    tenths = at_ms // 100
    hours, minutes, seconds = tenths // 36_000, tenths // 600 % 60, tenths // 10 % 60
    begin = f"{hours}:{minutes:02}" if hours else f"{minutes}"
    return f"{begin}:{seconds:02}.{tenths % 10}"
