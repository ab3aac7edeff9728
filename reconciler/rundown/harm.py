"""What the damage found in a file means for an item that plays a part of it.

The rule is the audience's loss. Less than a second lost is a blemish: a remark, and it airs. From a
second on the item's alternate loses less, and airs; without one the item itself does, since filler
would lose all of it. Once more than a tenth of the part is lost it is no programme any more, and
filler airs.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from reconciler.model.findings import losses_text, lost_ms
from reconciler.model.media import AssetFact

SPOILT_FROM = 1000  # ms; a shorter click or a torn picture passes
RUINED_OVER = 10  # one part in so many; what is left is no programme
_END_MS = 1 << 60  # behind the end of any file


class Grade(Enum):
    """How bad it is."""

    BLEMISHED = "blemished"
    SPOILT = "spoilt"
    RUINED = "ruined"


@dataclass(frozen=True, slots=True)
class Harm:
    """How much the part of a file suffers that an item plays, in words too."""

    grade: Grade
    text: str


def harm_of(fact: AssetFact, start_ms: int, end_ms: int) -> Harm | None:
    """The harm done between two places of an asset's file; None where all is well."""
    if fact.ruin:
        return Harm(Grade.RUINED, fact.ruin)
    lost = lost_ms(fact.losses, start_ms, end_ms)
    if not lost:
        return None
    text = losses_text(fact.losses, start_ms, end_ms)
    if lost < SPOILT_FROM:
        return Harm(Grade.BLEMISHED, text)
    ruined = lost * RUINED_OVER > end_ms - start_ms
    return Harm(Grade.RUINED if ruined else Grade.SPOILT, text)


def known_of(fact: AssetFact) -> str:
    """All that people should know of an asset's file, whatever part of it is played."""
    lost = losses_text(fact.losses, 0, _END_MS)
    return "; ".join(text for text in (fact.ruin, lost, fact.unfit, fact.note) if text)
