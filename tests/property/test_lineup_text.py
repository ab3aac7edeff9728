"""Whatever the text, a lineup loads or its faults are told, in whatever order it is read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.errors import LineupError
from reconciler.lineup.load import load_lineup
from reconciler.lineup.parse import Mistake, read_yaml
from reconciler.lineup.scalars import canonical_span
from reconciler.lineup.tree import Tree
from reconciler.model.desired import Desired
from reconciler.model.spans import Frames, Seconds, Timecode, parse_span
from tests.unit.lineup.lineups import (
    BASE,
    LINEUP,
    NEWS,
    NODES,
    REVISION,
    SECRET,
    VALUES,
    load,
    texts,
)

FILES = (
    "lineup.yaml", "nodes.yaml", "recorders.yaml", "access.yaml", "assets.yaml",
    "channels/news.yaml", "playlists/base.yaml", "playlists/sub/more.yaml",
)  # fmt: skip
WORDS = st.sampled_from(
    [
        "", "x", "true", "never", "90s", "12f", "00:00:30:00", "06:00", "2026-12-31", "1", "base",
        "local", "one", "srt", "udp", "decklink", "udp://x:1", "{{ vars.mux }}",
        "{{ secrets.stream }}",
        "{{ secrets.stream }}{{ x", "weekdays", "hard", "*", "~", "-1", "1e9", "A-1", "studio-a",
    ]
)  # fmt: skip
KEYS = st.sampled_from(
    [
        "version", "media", "match", "uri", "live", "vars", "defaults", "policy", "title", "format",
        "outputs", "type", "url", "device", "name", "schedule", "playlist", "loop", "at",
        "days", "on",
        "start", "until", "filler", "slate", "place", "labels", "prefer", "failover",
        "fence", "items",
        "id", "asset", "in", "out", "break", "duration", "transition", "runtime", "devices",
        "index",
        "projects", "tokens", "sha256", "roles", "node", "one", "base", "passphrase", "spare",
    ]
)  # fmt: skip
VALUES_OF_FILES = st.recursive(
    WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


def flow(value: object) -> str:
    """Write a value as YAML, on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    return "'" + str(value).replace("'", "''") + "'"


def tell(files: dict[str, str | bytes]) -> str:
    try:
        found = load(files)
    except LineupError as error:
        faults, told = error.faults, str(error)
    else:
        return _tell(found)
    assert faults
    assert all(fault.line <= 1 + _lines(files.get(fault.file, "")) for fault in faults)
    return told


def _tell(found: Desired) -> str:
    for playlist in found.playlists.values():
        ids = [item.id for item in playlist.items]
        assert len(set(ids)) == len(ids)
    return repr(found)


def _lines(text: str | bytes) -> int:
    held = text.decode(errors="replace") if isinstance(text, bytes) else text
    return len(held.splitlines()) + held.count("\x85") + held.count("\u2028")


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_read_or_are_a_mistake(content: bytes) -> None:
    try:
        read_yaml(content)
    except Mistake as mistake:
        told = mistake.problem
    else:
        told = "nothing"
    assert told


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(FILES), st.text(max_size=80) | st.binary(max_size=80))
def test_any_text_in_any_file_loads_or_tells_its_faults(file: str, text: str | bytes) -> None:
    if isinstance(text, str):
        text = text.encode("utf-8", "replace")
    tell({**texts(), file: text})


@settings(max_examples=250, deadline=None)
@given(st.dictionaries(st.sampled_from(FILES), VALUES_OF_FILES, min_size=1, max_size=4))
def test_any_shape_loads_or_tells_its_faults_and_never_a_secret(shapes: dict[str, object]) -> None:
    told = tell({**texts(), **{file: flow(shape) for file, shape in shapes.items()}})

    assert SECRET not in told


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from([LINEUP, NODES, NEWS, BASE]).flatmap(
        lambda text: st.tuples(st.just(text), st.integers(0, len(text)), st.text(max_size=3))
    )
)
def test_a_slip_of_the_hand_loads_or_tells_its_faults(slip: tuple[str, int, str]) -> None:
    text, at, typed = slip
    slipped = (text[:at] + typed + text[at + 1 :]).encode("utf-8", "replace")
    file = {LINEUP: "lineup", NODES: "nodes", NEWS: "channels__news", BASE: "playlists__base"}[text]

    tell(texts(**{file: slipped}))


@settings(max_examples=50, deadline=None)
@given(order=st.permutations(FILES), faulty=st.booleans())
def test_the_order_of_reading_does_not_matter(order: list[str], *, faulty: bool) -> None:
    files = {
        **texts(),
        "playlists/sub/more.yaml": "items: [{asset: A, inn: 2s}]" if faulty else BASE,
    }
    whole = Tree.of(files)

    def fetch(paths: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        return iter(sorted(whole.fetch(paths), key=lambda each: order.index(each[0])))

    shuffled = {path: whole.blobs[path] for path in order if path in whole.blobs}
    tree = Tree(blobs=shuffled, fetch=fetch)

    def told(tree: Tree) -> str:
        try:
            return repr(load_lineup(tree, REVISION, VALUES))
        except LineupError as error:
            return str(error)

    assert told(tree) == told(whole)


@given(st.integers(0, 10**9), st.sampled_from(["ms", "s", "m", "h", "f"]))
def test_a_span_written_in_one_way_is_the_same_span(number: int, unit: str) -> None:
    text = f"{number}{unit}"
    once = canonical_span(text)

    assert parse_span(once) == parse_span(text)
    assert canonical_span(once) == once


@given(st.fractions(0, 10**6, max_denominator=1).map(int), st.integers(0, 999999))
def test_a_span_with_decimals_stays_exact(whole: int, decimals: int) -> None:
    span = parse_span(canonical_span(f"{whole}.{decimals:06}s"))

    assert span == Seconds(Fraction(whole) + Fraction(decimals, 10**6))


@given(
    st.integers(0, 99),
    st.integers(0, 59),
    st.integers(0, 59),
    st.integers(0, 59),
    st.sampled_from(":;"),
)
def test_a_timecode_stays_as_it_was_written(
    hours: int, minutes: int, seconds: int, frames: int, mark: str
) -> None:
    text = f"{hours:02}:{minutes:02}:{seconds:02}{mark}{frames:02}"

    assert parse_span(canonical_span(text)) == Timecode(text)
    assert parse_span(canonical_span(f"{frames}f")) == Frames(frames)
