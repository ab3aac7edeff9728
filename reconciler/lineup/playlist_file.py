"""The shape of a playlist's file: assets, breaks and live sources, with their short forms."""

from __future__ import annotations

from typing import Annotated

from pydantic import Discriminator, Field, Tag

from reconciler.lineup.outputs import Strict
from reconciler.lineup.scalars import (
    House,
    Name,
    PositiveSpan,
    SpanText,
    TimeOfDay,
    Title,
    word,
)
from reconciler.lineup.short_forms import Under


def _kind(value: object) -> str | None:
    if isinstance(value, dict):
        return next((key for key in ("asset", "break", "live") if key in value), None)
    match value:
        case str() | AssetEntry():
            return "asset"
        case BreakEntry():
            return "break"
        case LiveEntry():
            return "live"
        case _:
            return None


class TransitionFile(Strict):
    """How an item joins the one before."""

    type: Annotated[str, word("cut", "mix", "wipe")]
    duration: SpanText = "0f"


class AssetPart(Strict):
    """An asset with in and out points; out is the first frame that is not shown."""

    asset: House
    title: Title | None = None
    in_point: SpanText | None = Field(None, alias="in", description="where in the file it begins")
    out_point: SpanText | None = Field(None, alias="out", description="where in the file it ends")
    transition: TransitionFile | None = None
    alternate: House | None = Field(
        None, description="the asset that is played in its place where it cannot be"
    )


class Timed(Strict):
    """What every item may say of its place in the playlist."""

    id: Name | None = Field(None, description="unique in the playlist; absent: made from the asset")
    at: TimeOfDay | None = Field(None, description="a time of day; absent: follows the item before")
    start: Annotated[str, word("hard", "soft", "follow")] | None = None


class AssetEntry(Timed, AssetPart):
    """An asset as an item."""


class BreakEntry(Timed):
    """Assets that belong together, such as a commercial break."""

    break_: tuple[Annotated[AssetPart, Under("asset")], ...] = Field(alias="break", min_length=1)
    title: Title | None = None


class LiveEntry(Timed):
    """A live source of lineup.yaml, for a declared time."""

    live: Name
    duration: PositiveSpan
    title: Title | None = None
    transition: TransitionFile | None = None


Entry = Annotated[
    Annotated[AssetEntry, Under("asset"), Tag("asset")]
    | Annotated[BreakEntry, Tag("break")]
    | Annotated[LiveEntry, Tag("live")],
    Discriminator(
        _kind,
        custom_error_type="expected",
        custom_error_message="expected an asset, or a map with `asset`, `break` or `live`",
    ),
]


class PlaylistFile(Strict):
    """playlists/NAME.yaml: an ordered list of items."""

    title: Title | None = None
    items: tuple[Entry, ...] = Field(min_length=1)
