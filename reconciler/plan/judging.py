"""What was found in files, against what the lineup says of them: notes that people should read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction

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
    return {
        asset: _judged(fact, findings.get(fact.stored), assets.get(asset))
        for asset, fact in catalogue.items()
    }


def _judged(fact: AssetFact, found: Findings | None, declared: DesiredAsset | None) -> AssetFact:
    notes = [*([fact.note] if fact.note else []), *_notes(fact, found, declared)]
    container = found.container if found is not None else ""
    inexact = container if container.startswith(INEXACT) else ""
    if not notes and inexact == fact.inexact:
        return fact  # what was found changes no rundown, so it is no other fact
    return replace(fact, note="; ".join(notes) or None, inexact=inexact)


def _notes(fact: AssetFact, found: Findings | None, declared: DesiredAsset | None) -> Iterator[str]:
    if found is not None and found.damage:
        yield found.damage
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
