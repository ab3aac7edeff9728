"""on_air: false takes a channel off air, tidily, and gives its device back."""

from __future__ import annotations

from tests.builders import channel, claim, cluster, decklink, lineup, machine, row, sidecar
from tests.scenarios.telling import Story


def story() -> Story:
    on, off = channel("news", decklink()), channel("news", decklink(), on_air=False)
    sport = channel("sport")
    desired = lineup(off, sport, machine("rack1", devices=[1]))
    here = (row(on), sidecar(on), claim("news"), row(sport), sidecar(sport))
    return Story(desired=desired, seen=cluster(*here, known=desired))
