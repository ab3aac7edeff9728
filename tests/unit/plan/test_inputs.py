"""What a rundown is made from, as one digest."""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.ids import AssetId
from reconciler.model.media import AssetFact, Catalogue
from reconciler.plan.inputs import inputs_of, marks_of
from tests.builders import channel, fact, item, lineup, playlist

NEWS = channel("news")
LINEUP = lineup(NEWS, playlist("base", item("ONE"), item("TWO")))
FACTS: Catalogue = {AssetId(name): fact(name) for name in ("ONE", "TWO", "OTHER")}


def digest(catalogue: Catalogue = FACTS) -> str:
    return inputs_of(NEWS, LINEUP, marks_of(catalogue))


def with_fact(changed: AssetFact) -> Catalogue:
    return {**FACTS, changed.asset: changed}


def test_it_stays_while_nothing_that_is_played_changes() -> None:
    backwards = dict(reversed(list(FACTS.items())))

    assert digest(backwards) == digest()
    assert digest(with_fact(fact("OTHER", stored="OTHER.new.mp4"))) == digest()


def test_it_changes_with_every_fact_of_what_is_played() -> None:
    one = FACTS[AssetId("ONE")]
    changed = [
        with_fact(replace(one, stored="ONE.new.mp4")),
        with_fact(replace(one, duration=None)),
        with_fact(replace(one, still=True)),
        with_fact(replace(one, problem="it is truncated")),
        {asset: known for asset, known in FACTS.items() if asset != "ONE"},
    ]

    assert len({digest(), *map(digest, changed)}) == len(changed) + 1


def test_two_assets_that_change_places_are_a_change() -> None:
    one, two = FACTS[AssetId("ONE")], FACTS[AssetId("TWO")]
    swapped = {
        **FACTS,
        one.asset: replace(one, stored=two.stored),
        two.asset: replace(two, stored=one.stored),
    }

    assert digest(swapped) != digest()


def test_it_changes_with_the_lineup() -> None:
    edited = replace(NEWS, digest="edited")

    assert inputs_of(edited, LINEUP, marks_of(FACTS)) != digest()
