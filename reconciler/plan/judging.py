"""What was found in files, against what the lineup says of them: notes that people should read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction

from reconciler.model.copies import mov_name
from reconciler.model.findings import Findings
from reconciler.model.ids import AssetId
from reconciler.model.media import INEXACT, AssetFact, Catalogue
from reconciler.model.sources import DesiredAsset
from reconciler.model.spans import Seconds

LOUDNESS_TOLERANCE = Fraction(1)  # LU; EBU R 128 allows as much where a target is hard to meet
_SHORTER = Fraction(1, 10)  # seconds; less is how a container rounds
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def with_findings(
    catalogue: Catalogue, findings: Mapping[str, Findings], assets: Mapping[AssetId, DesiredAsset]
) -> Catalogue:
    """The facts, each with what was found in its file and what is to be said of it."""
    return {asset: _judged(fact, findings, assets.get(asset)) for asset, fact in catalogue.items()}


def _judged(
    fact: AssetFact, findings: Mapping[str, Findings], declared: DesiredAsset | None
) -> AssetFact:
    found = findings.get(fact.stored)
    notes = [*([fact.note] if fact.note else []), *_notes(fact, found, declared)]
    if found is None:
        return replace(fact, note="; ".join(notes)) if notes else fact
    copy = findings.get(mov_name(fact.stored))
    told = {
        "note": "; ".join(notes) or None,
        "inexact": found.container if found.container.startswith(INEXACT) else "",
        "losses": found.losses,
        "ruin": found.damage if found.is_current else "",
        "unfit": copy.damage if copy is not None else "",
    }
    if all(getattr(fact, name) == value for name, value in told.items()):
        return fact  # what was found changes no rundown, so it is no other fact
    return replace(fact, **told)  # type: ignore[arg-type]  # by the names of its fields


def _notes(fact: AssetFact, found: Findings | None, declared: DesiredAsset | None) -> Iterator[str]:
    if found is not None:
        yield from found.remarks
    if found is not None and found.damage and not found.is_current:
        yield found.damage  # an older look knew less of what it means
    if declared is None:
        return
    wanted = declared.duration
    if isinstance(wanted, Seconds) and fact.duration is not None:
        short = wanted.value - fact.duration
        if short > _SHORTER:
            lasts, told = float(fact.duration), float(wanted.value)
            yield f"it lasts {lasts:.2f} s, the lineup says {told:.2f} s"
    yield from _off(found, declared.loudness)


def _off(found: Findings | None, wanted: str | None) -> Iterator[str]:
    number = _NUMBER.match(wanted) if wanted is not None else None
    if number is None or found is None or found.loudness is None:
        return
    off = Fraction(str(found.loudness)) - Fraction(number[0])
    if abs(off) > LOUDNESS_TOLERANCE:
        yield f"its loudness is {found.loudness:.1f} LUFS, the lineup says {number[0]}"
