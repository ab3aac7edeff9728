"""Playlists in two sizes: a summary that every load needs, and the items that few ever ask for.

A thousand playlists of five hundred items are half a million values. What a load has to know of
them (digest, assets, live sources, which timecodes) is a few lines each; the items are kept as
canonical JSON and become values only when somebody reads that playlist.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from sys import intern
from typing import Any, cast

from reconciler.lineup.names import unique_names
from reconciler.lineup.playlist_file import AssetPart, BreakEntry, LiveEntry, PlaylistFile
from reconciler.lineup.scalars import as_time
from reconciler.lineup.tree import digest_of
from reconciler.lineup.typed import adapter
from reconciler.model.desired import (
    AssetItem,
    BreakItem,
    DesiredPlaylist,
    DesiredTransition,
    Item,
    LiveItem,
    StartType,
    TransitionType,
)
from reconciler.model.ids import AssetId, PlaylistName
from reconciler.model.spans import Span, parse_span

_KNOWN = 1 << 14  # playlists whose assets are kept apart
_READ_AHEAD = 64  # decoded playlists that are kept: a channel's own, several times over
_span = lru_cache(maxsize=1 << 16)(parse_span)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a load has to know of a playlist without its items.

    `house` holds the assets' names, sorted, one on a line: few loads ever take it apart.
    `top_frame` is the highest frame number in its timecodes (-1: none), `drop` its drop-frame
    labels, `mixed` whether some item's in and out points can be compared only at a rate.
    """

    title: str
    content: str  # digest of the items
    house: str
    lives: tuple[str, ...]  # sorted
    top_frame: int
    drop: tuple[str, ...]
    mixed: bool

    def to_json(self) -> dict[str, object]:
        """As plain values; `from_json` reads them."""
        return {name: getattr(self, name) for name in Summary.__slots__}

    @staticmethod
    def from_json(values: Mapping[str, Any]) -> Summary:
        """Read what `to_json` wrote; raises `KeyError` or `TypeError` for anything else."""
        lists = {name: tuple(values[name]) for name in ("lives", "drop")}
        return Summary(**{**values, **lists})

    @property
    def assets(self) -> tuple[str, ...]:
        """The assets that it plays; sorted."""
        return _names(self.house)

    def digest(self, name: str) -> str:
        """The digest of the playlist under this name."""
        return digest_of((self.title or name, self.content))


@lru_cache(maxsize=_KNOWN)
def _names(house: str) -> tuple[str, ...]:
    # Playlists share assets, and lineups playlists: each name is in memory once.
    return tuple(map(intern, house.split("\n"))) if house else ()


def summarise(playlist: PlaylistFile) -> tuple[Summary, bytes]:
    """Sum a checked playlist up; also returns its items as canonical JSON."""
    body = adapter(PlaylistFile).dump_json(
        playlist, by_alias=True, exclude_defaults=True, include={"items"}
    )
    parts = list(parts_of(playlist))
    lives = {each.live for each in playlist.items if isinstance(each, LiveEntry)}
    points = {(part.in_point, part.out_point) for part in parts}
    spans = {point for pair in points for point in pair if point is not None}
    spans.update(_durations(playlist))
    labels = [span for span in spans if ":" in span]
    return Summary(
        title=playlist.title or "",
        content=sha256(body).hexdigest()[:16],
        house="\n".join(sorted({name for part in parts for name in assets_of(part)})),
        lives=tuple(sorted(lives)),
        top_frame=max((int(text[9:]) for text in labels if text[8] == ":"), default=-1),
        drop=tuple(sorted(text for text in labels if text[8] == ";")),
        mixed=any(a and b and shape(a) != shape(b) for a, b in points),
    ), body


def parts_of(playlist: PlaylistFile) -> Iterator[AssetPart]:
    """Every asset of a playlist, those in breaks too, in order."""
    for each in playlist.items:
        if isinstance(each, AssetPart):
            yield each
        elif isinstance(each, BreakEntry):
            yield from each.break_


def assets_of(part: AssetPart) -> tuple[str, ...]:
    """What one item may play: its asset, and the one in its place."""
    return (part.asset,) if part.alternate is None else (part.asset, part.alternate)


def _durations(playlist: PlaylistFile) -> Iterator[str]:
    for each in playlist.items:
        if isinstance(each, LiveEntry):
            yield each.duration
        if not isinstance(each, BreakEntry) and each.transition is not None:
            yield each.transition.duration


def shape(span: str) -> str:
    """What a canonical span counts in: `s`, `f`, `:`, `;`. Equal shapes compare without a rate."""
    return span[8] if ":" in span else span[-1]


class Playlists(Mapping[PlaylistName, DesiredPlaylist]):
    """A lineup's playlists by name, decoded when read; it iterates sorted by name."""

    def __init__(self, summaries: Mapping[str, Summary], body: Callable[[str], bytes]) -> None:
        self._summaries = {name: summaries[name] for name in sorted(summaries)}
        self._body = body
        self._read = lru_cache(maxsize=_READ_AHEAD)(self._decode)

    def _decode(self, name: str) -> DesiredPlaylist:
        summary = self._summaries[name]
        return DesiredPlaylist(
            name=PlaylistName(name),
            title=summary.title or name,
            items=read_items(self._body(name)),
            digest=summary.digest(name),
        )

    def __getitem__(self, name: PlaylistName) -> DesiredPlaylist:
        if name not in self._summaries:
            raise KeyError(name)
        return self._read(name)

    def __contains__(self, name: object) -> bool:
        return name in self._summaries

    def __iter__(self) -> Iterator[PlaylistName]:
        return map(PlaylistName, self._summaries)

    def __len__(self) -> int:
        return len(self._summaries)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Playlists):
            return self._summaries == other._summaries
        return super().__eq__(other)

    __hash__ = None  # type: ignore[assignment]  # a mapping is compared, not hashed

    def __repr__(self) -> str:
        return f"Playlists({len(self)})"


class Houses(Mapping[PlaylistName, tuple[AssetId, ...]]):
    """The assets that playlists name, sorted, by playlist; taken apart when read."""

    def __init__(self, summaries: Mapping[str, Summary]) -> None:
        self._summaries = {name: summaries[name] for name in sorted(summaries)}

    def __getitem__(self, name: PlaylistName) -> tuple[AssetId, ...]:
        return cast("tuple[AssetId, ...]", self._summaries[name].assets)

    def __iter__(self) -> Iterator[PlaylistName]:
        return map(PlaylistName, self._summaries)

    def __len__(self) -> int:
        return len(self._summaries)

    def __repr__(self) -> str:
        return f"Houses({len(self)})"


def read_items(body: bytes) -> tuple[Item, ...]:
    """Turn canonical JSON into items, giving each the id that it lacks."""
    written: list[dict[str, Any]] = json.loads(body)["items"]
    ids = unique_names(
        [each.get("id") for each in written],
        [each.get("asset") or each.get("live") or "break" for each in written],
        joint="~",
    )
    return tuple(_item(name, each) for name, each in zip(ids, written, strict=True))


def _item(name: str, each: dict[str, Any]) -> Item:
    at = as_time(each["at"]) if "at" in each else None
    started = StartType.FOLLOW if at is None else StartType.HARD
    start = StartType(each["start"]) if "start" in each else started
    if "break" in each:
        parts = tuple(
            _asset(f"{name}/{number}", part, None, StartType.FOLLOW)
            for number, part in enumerate(each["break"], 1)
        )
        return BreakItem(id=name, items=parts, title=each.get("title", ""), at=at, start=start)
    if "live" in each:
        return LiveItem(
            id=name,
            live=each["live"],
            duration=_span(each["duration"]),
            title=each.get("title", ""),
            transition=_transition(each),
            at=at,
            start=start,
        )
    return _asset(name, each, at, start)


def _asset(name: str, each: dict[str, Any], at: Any, start: StartType) -> AssetItem:
    return AssetItem(
        id=name,
        asset=AssetId(each["asset"]),
        title=each.get("title", ""),
        in_point=_optional_span(each.get("in")),
        out_point=_optional_span(each.get("out")),
        transition=_transition(each),
        at=at,
        start=start,
        alternate=AssetId(each["alternate"]) if "alternate" in each else None,
    )


def _optional_span(text: str | None) -> Span | None:
    return None if text is None else _span(text)


def _transition(each: dict[str, Any]) -> DesiredTransition | None:
    written = each.get("transition")
    if written is None:
        return None
    return DesiredTransition(
        type=TransitionType(written["type"]), duration=_span(written.get("duration", "0f"))
    )
