"""Where the lineup says that media comes from: assets, stores, patterns and live inputs."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.model.ids import AssetId
from reconciler.model.spans import Span
from reconciler.model.text import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredStore:
    """An S3-compatible object store, and the keys to it, which only the reconciler ever holds.

    `endpoint` empty means Amazon's own for the region; `path_style` puts the bucket into the path
    instead of the host's name. Keys that are None come from the environment, or there are none.
    """

    name: str
    endpoint: str = ""
    region: str = "us-east-1"
    path_style: bool = True
    access_key: Text | None = None
    secret_key: Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredAsset:
    """What the lineup says of an asset; None where it leaves it to the media itself."""

    id: AssetId
    uri: str
    store: DesiredStore | None = None  # of an `s3://` uri
    title: str = ""
    som: Span | None = (
        None  # start of message: the position in the file that in and out points count from
    )
    duration: Span | None = None
    sha256: str | None = None
    size: int | None = None  # bytes
    loudness: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaSource:
    """A pattern that turns a house number into a uri.

    `{asset}` stands for the number, `.*` for any suffix; what is relative counts from the lineup.
    """

    match: str  # a glob over house numbers
    uri: str
    store: DesiredStore | None = None  # of an `s3://` uri


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSource:
    """A live input, by URL."""

    name: str
    url: Text
