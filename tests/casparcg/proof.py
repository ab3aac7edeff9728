"""Judge a replay: what differs from the recording must be in the table, and nothing else may be."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tests.casparcg.replay import Outcome, play
from tests.casparcg.scenes import scene
from tests.casparcg.transcript import FOLDER

TABLE = FOLDER / "unmatched.json"
Entry = Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class Count:
    """How much of one file's recording the fake gave again."""

    name: str
    exchanges: int
    matched: int
    looks: int
    looks_matched: int
    recordings: int
    recordings_matched: int

    def __str__(self) -> str:
        told = f"{self.name}: {self.matched} of {self.exchanges} exchanges match"
        if self.looks:
            told += f"; {self.looks_matched} of {self.looks} noted states"
        if self.recordings:
            told += f"; {self.recordings_matched} of {self.recordings} recordings"
        return told


def files() -> list[str]:
    return sorted(path.name for path in FOLDER.glob("*.txt"))


def replayed(name: str) -> list[Outcome]:
    return play(FOLDER / name, scene(name))


def count(name: str, outcomes: Iterable[Outcome]) -> Count:
    every = list(outcomes)
    exchanges = [one.matches for one in every if one.kind == "exchange"]
    looks = [one.matches for one in every if one.kind == "look"]
    recordings = [one.matches for one in every if one.kind == "recording"]
    return Count(
        name=name,
        exchanges=len(exchanges),
        matched=sum(exchanges),
        looks=len(looks),
        looks_matched=sum(looks),
        recordings=len(recordings),
        recordings_matched=sum(recordings),
    )


def table() -> dict[str, dict[str, Entry]]:
    """The explained differences, by file and line."""
    value: dict[str, dict[str, Entry]] = json.loads(TABLE.read_text(encoding="utf-8"))
    return value


def differences(outcome: Outcome) -> list[str]:
    """Every line that is not the same, `-` as recorded, `+` as the fake has it."""
    recorded = outcome.recorded.decode("utf-8", "replace").splitlines()
    given = outcome.given.decode("utf-8", "replace").splitlines()
    lines = difflib.unified_diff(recorded, given, n=0, lineterm="")
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


def complaints(outcomes: Iterable[Outcome], explained: Mapping[str, Entry]) -> list[str]:
    """What is wrong with the proof: unexplained, explained otherwise, or explained for nothing."""
    found = {str(one.line): one for one in outcomes if not one.matches}
    said = []
    for line, one in found.items():
        if line not in explained:
            said.append(f"line {line}: {one.sent}: unexplained: {differences(one)}")
        elif explained[line]["differences"] != differences(one):
            said.append(f"line {line}: {one.sent}: differs otherwise now: {differences(one)}")
    said += [f"line {line}: matches; take it out" for line in explained if line not in found]
    said += [f"line {line}: no reason" for line, one in explained.items() if not one.get("reason")]
    return said
