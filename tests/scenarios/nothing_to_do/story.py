"""Three channels on air, as the lineup has them: one line."""

from __future__ import annotations

from tests.builders import channel, cluster, lineup, row, sidecar
from tests.scenarios.telling import Story


def story() -> Story:
    channels = [channel("arts"), channel("kids"), channel("news")]
    desired = lineup(*channels)
    here = [part for c in channels for part in (row(c), sidecar(c))]
    return Story(desired=desired, seen=cluster(*here, known=desired))
