"""The proof of the fake: every exchange of the recordings, replayed in virtual time, byte by byte.

What cannot match stands in `transcripts/unmatched.json` with its reason and the exact difference.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from tests.casparcg.proof import complaints, count, files, replayed, table
from tests.casparcg.replay import Outcome

FEWEST_EXCHANGES = 1400  # so that a reader that loses lines cannot pass for a match


@cache
def outcomes(name: str) -> tuple[Outcome, ...]:
    return tuple(replayed(name))


@pytest.mark.parametrize("name", files())
def test_recording_is_matched_or_explained(name: str) -> None:
    assert complaints(outcomes(name), table().get(name, {})) == []


def test_the_share_that_matches_byte_for_byte(capsys: pytest.CaptureFixture[str]) -> None:
    counts = [count(name, outcomes(name)) for name in files()]
    matched, exchanges = sum(one.matched for one in counts), sum(one.exchanges for one in counts)
    looks = sum(one.looks_matched for one in counts), sum(one.looks for one in counts)
    films = sum(one.recordings_matched for one in counts), sum(one.recordings for one in counts)
    with capsys.disabled():
        print()  # noqa: T201  # the proof says what it proved
        for one in counts:
            print(one)  # noqa: T201
        print(f"{matched} of {exchanges} exchanges match byte for byte")  # noqa: T201
        print(f"{looks[0]} of {looks[1]} noted states match word for word")  # noqa: T201
        print(f"{films[0]} of {films[1]} recordings show the same pictures")  # noqa: T201
    assert exchanges >= FEWEST_EXCHANGES
    assert matched >= exchanges * 0.99


def test_table_names_only_recordings() -> None:
    assert set(table()) <= set(files())


@pytest.mark.parametrize("at", [0, 20, 47])
def test_one_damaged_byte_is_noticed(at: int) -> None:
    name = "01-connect-and-queries.txt"
    every = list(outcomes(name))
    reply = every[at].recorded or b"\0"
    every[at] = replace(every[at], recorded=bytes([reply[0] ^ 1]) + reply[1:])
    assert len(complaints(every, table().get(name, {}))) == 1


def test_an_explanation_for_what_matches_is_noticed() -> None:
    name = "01-connect-and-queries.txt"
    stale = {"9": {"reason": "none any more", "differences": []}}
    assert complaints(outcomes(name), stale) == ["line 9: matches; take it out"]


def test_an_explained_difference_that_changes_is_noticed() -> None:
    name = "01-connect-and-queries.txt"
    every = [replace(outcomes(name)[0], given=b"201 VERSION OK\r\n2.6.0\r\n")]
    entry = {str(every[0].line): {"reason": "another", "differences": ["-x", "+y"]}}
    assert "differs otherwise now" in complaints(every, entry)[0]
