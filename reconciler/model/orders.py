"""What nodes are asked for: a sidecar to start, a file to hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from reconciler.model.ids import ChannelName


@dataclass(frozen=True, slots=True, kw_only=True)
class SidecarStart:
    """What a sidecar is started with. `document` is `sidecar.spec`'s JSON, secrets included."""

    channel: ChannelName
    epoch: int
    fingerprint: str
    commit: str
    document: Mapping[str, object]

    def __repr__(self) -> str:
        """Name it without telling its secrets."""
        return f"SidecarStart({self.channel}, epoch {self.epoch})"


@dataclass(frozen=True, slots=True, kw_only=True)
class StageOrder:
    """A file that a node is to hold: what it must be, and where its bytes are.

    `content` names the bytes, safe as a file's name: equal content, equal name. `address` gives a
    URL that can be read now with `headers`: of object storage a presigned one, renewed before it
    lapses, so that nodes never see credentials; whoever holds it may read the file, so it is
    never shown. `due` is in seconds until it airs, for the share of a limited line; None: no hurry.
    """

    stored: str
    uri: str  # for people; holds no credentials
    size: int
    content: str
    address: Callable[[], str] = field(repr=False, compare=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    sha256: str | None = None
    etag: str | None = None
    due: int | None = None
