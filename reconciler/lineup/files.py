"""The shape of each file of a lineup, one class per file; playlists have a module of their own.

Everything arrives as text (see `parse`) and is typed here. What spans files is judged in `checks`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from reconciler.lineup.findings import either, expected, nearest
from reconciler.lineup.outputs import OutputFile, Strict, an_address
from reconciler.lineup.scalars import (
    Bandwidth,
    Bitrate,
    Bool,
    ClockSpan,
    Day,
    DeviceName,
    Fence,
    Format,
    House,
    Name,
    PlaylistRef,
    Positive,
    PositiveClockSpan,
    PositiveSpan,
    Scalar,
    Share,
    Size,
    SpanText,
    TimeOfDay,
    Title,
    Zone,
    choice,
    matching,
    whole,
    word,
)
from reconciler.lineup.short_forms import Listed, Under
from reconciler.lineup.stores import StoreFile
from reconciler.model.desired import EngineKind, OnNodeLoss, Resume, Runtime, StartType

_DAY_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_WORDS = {
    "daily": tuple(range(7)),
    "weekdays": (0, 1, 2, 3, 4),
    "weekend": (5, 6),
    **{name: (index,) for index, name in enumerate(_DAY_NAMES)},
}


def _days(text: str) -> tuple[int, ...]:
    if text not in _DAY_WORDS:
        raise ValueError(expected(either(_DAY_WORDS), text) + nearest(text, _DAY_WORDS))
    return _DAY_WORDS[text]


DayWord = Annotated[tuple[int, ...], Scalar(either(_DAY_WORDS), _days, {"enum": list(_DAY_WORDS)})]
Labels = Mapping[Name, Title]
Engine = Annotated[EngineKind, choice(EngineKind)]


class LayerFile(Strict):
    """One line of a schedule."""

    playlist: PlaylistRef
    loop: Bool = False
    at: TimeOfDay | None = None
    days: Annotated[tuple[DayWord, ...], Listed()] = Field(
        (), description="mon … sun, daily, weekdays, weekend; absent: every day"
    )
    on: Annotated[tuple[Day, ...], Listed()] = Field((), description="a date, or a list of dates")
    start: Annotated[StartType, choice(StartType)] | None = None
    early: ClockSpan | None = Field(None, description="how much sooner a soft start may be")
    late: ClockSpan | None = Field(None, description="how much later a soft start may be")
    until: PositiveClockSpan | None = Field(None, description="how long after its start it ends")


class FillerFile(Strict):
    """What closes gaps."""

    playlist: PlaylistRef
    max_repeat: ClockSpan | None = None


class PreviewFile(Strict):
    """What people may watch of a channel beside its outputs."""

    hls: Bool = True


class PlaceFile(Strict):
    """Where a channel may run."""

    labels: Labels = Field(default_factory=dict)
    prefer: Annotated[tuple[Name, ...], Listed()] = ()


class FailoverFile(Strict):
    """What may happen after a loss."""

    on_node_loss: Annotated[OnNodeLoss, choice(OnNodeLoss)] | None = None
    resume: Annotated[Resume, choice(Resume)] | None = None
    fence: Fence | None = Field(None, description="a time such as 30s, or never")


class GuardFile(Strict):
    """What is protected against edits."""

    freeze: ClockSpan | None = None
    allow_interrupt: Bool | None = None


class Defaults(Strict):
    """What channels share unless they say otherwise: the part of a channel that may be shared."""

    format: Format | None = None
    timezone: Zone | None = None
    preview: PreviewFile | None = None
    filler: Annotated[FillerFile, Under("playlist")] | None = None
    slate: House | None = None
    place: PlaceFile | None = None
    failover: FailoverFile | None = None
    guard: GuardFile | None = None
    engine: Engine | None = None
    bitrate: Bitrate | None = None


class ChannelFile(Defaults):
    """channels/NAME.yaml: one channel."""

    title: Title | None = None
    project: Name | None = None
    on_air: Bool = True
    outputs: tuple[OutputFile, ...] = ()
    schedule: tuple[LayerFile, ...] = ()


class PolicyFile(Strict):
    """Limits that a plan keeps."""

    max_interrupted: Annotated[
        int | None,
        Scalar(
            "a number of channels, or none",
            lambda text: None if text == "none" else whole(0, 10**6, "").read(text),
            {"type": ["integer", "string"]},
        ),
    ] = 3
    max_interrupted_percent: Annotated[int, whole(0, 100, "a percentage from 0 to 100")] = 25
    lost_after: PositiveClockSpan = timedelta(seconds=10)
    horizon: PositiveClockSpan = timedelta(hours=24)
    stage_horizon: PositiveClockSpan = timedelta(hours=24)
    respawn_budget: Annotated[int, whole(0, 1000, "a number from 0 to 1000")] = 5
    headroom: Share | None = None
    stage_rate: Bandwidth | None = Field(
        None, description="what staging may take of each node's line, in bits per second"
    )


class MediaFile(Strict):
    """Where assets are found: a pattern of house numbers, and an address with `{asset}` in it."""

    match: Title = Field("*", description="a pattern such as SP-*")
    uri: Annotated[
        str,
        Scalar(
            "an address with {asset} in it, such as file://media/{asset}.*",
            matching(r"\S.*\{asset\}.*"),
            {"type": "string"},
        ),
    ]
    store: Name | None = Field(None, description="one of `stores`, for s3://bucket/{asset}.mxf")


class LiveFile(Strict):
    """A live source."""

    url: Annotated[
        str,
        an_address(
            "an address such as srt://studio.example:9000",
            *("udp", "srt", "rtmp", "rtmps", "rtsp", "http", "https", "file", "rtp"),
        ),
    ]


class LineupFile(Strict):
    """lineup.yaml: what the whole lineup shares."""

    version: Annotated[int, whole(1, 1, "version 1, the only one so far")]
    timezone: Zone = "UTC"
    defaults: Defaults = Defaults()
    policy: PolicyFile = PolicyFile()
    stores: Mapping[Name, Annotated[StoreFile, Under("endpoint")]] = Field(default_factory=dict)
    media: tuple[MediaFile, ...] = ()
    live: Mapping[Name, Annotated[LiveFile, Under("url")]] = Field(default_factory=dict)
    vars: Mapping[
        Annotated[str, Scalar("a name of letters, digits and `_`", matching(r"[A-Za-z_]\w*"), {})],
        Annotated[str, Scalar("text", str, {"type": ["string", "number", "boolean"]})],
    ] = Field(default_factory=dict)


class DeviceFile(Strict):
    """One DeckLink connector."""

    index: Annotated[int, whole(1, 16, "a device number from 1 to 16")]
    id: (
        Annotated[
            str,
            Scalar(
                "a persistent id",
                matching(r"[0-9A-Za-z._:-]{3,64}"),
                {"type": ["string", "integer"]},
            ),
        ]
        | None
    ) = Field(None, description="the persistent id, as Desktop Video shows it")


class MediaRoomFile(Strict):
    """How much of a node's disk media may take."""

    budget: Size | None = Field(None, description="such as 200GB; absent: all that the disk has")
    high_water: Share | None = Field(
        None, description="the part of it up to which unused files are kept; absent: 90%"
    )


class NodeFile(Strict):
    """One machine."""

    runtime: Annotated[Runtime, choice(Runtime)]
    address: (
        Annotated[
            str,
            an_address(
                "an address such as ssh://playout@rack1-a", "unix", "ssh", "tcp", "http", "https"
            ),
        ]
        | None
    ) = None
    labels: Labels = Field(default_factory=dict)
    devices: tuple[Annotated[DeviceFile, Under("index")], ...] = ()
    engines: tuple[Engine, ...] | None = None
    cores: Positive | None = None
    max_channels: Annotated[int, whole(0, 1000, "a number of channels")] | None = None
    maintenance: Bool = False
    media: Annotated[MediaRoomFile, Under("budget")] = MediaRoomFile()
    stage_rate: Bandwidth | None = Field(
        None, description="what staging may take of its line, in bits per second"
    )


class RecorderFile(Strict):
    """Somebody else who may hold a DeckLink device."""

    node: Name
    device: DeviceName


class AssetFile(Strict):
    """What the lineup itself says of an asset."""

    uri: Title | None = None
    store: Name | None = Field(None, description="one of `stores`, for an s3:// address")
    title: Title | None = None
    som: SpanText | None = Field(
        None, description="start of message: where in and out points count from"
    )
    duration: PositiveSpan | None = None
    sha256: (
        Annotated[str, Scalar("64 hex digits", matching(r"[0-9a-f]{64}"), {"type": "string"})]
        | None
    ) = None
    size: Annotated[int, whole(1, 10**12 - 1, "a number of bytes")] | None = None
    loudness: (
        Annotated[
            str,
            Scalar(
                "a loudness such as -23LUFS",
                matching(r"-?\d{1,2}(\.\d)? ?LU?FS|-?\d{1,2}(\.\d)? ?LKFS"),
                {"type": "string"},
            ),
        ]
        | None
    ) = None


class ProjectFile(Strict):
    """A group of channels that the same people see and operate."""

    title: Title | None = None


def _hash(text: str) -> str:
    if re.fullmatch(r"[0-9a-f]{64}", text) is None:
        # What was found may be the token itself: it is not repeated.
        raise ValueError(
            "expected the SHA-256 of the token as 64 hex digits, found something else (not shown:"
            " if it was the token itself, it is known now to all who read the repository)"
        )
    return text


class TokenFile(Strict):
    """One token's owner. Only the SHA-256 of the token is written down."""

    sha256: Annotated[
        str,
        Scalar(
            "the SHA-256 of the token as 64 hex digits",
            _hash,
            {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        ),
    ]
    admin: Bool = False
    roles: Mapping[Name, Annotated[str, word("view", "edit")]] = Field(default_factory=dict)


class AccessFile(Strict):
    """access.yaml: who may see and operate what."""

    projects: Mapping[Name, Annotated[ProjectFile, Under("title")]] = Field(default_factory=dict)
    tokens: Mapping[Name, TokenFile] = Field(default_factory=dict)


Nodes = Mapping[Name, NodeFile]
Recorders = Mapping[Name, RecorderFile]
Assets = Mapping[House, AssetFile]
