"""One type per noun that has a name, and the stable UUIDs of the older tables."""

from __future__ import annotations

from typing import NewType
from uuid import UUID, uuid5

ChannelName = NewType("ChannelName", str)
PlaylistName = NewType("PlaylistName", str)
NodeName = NewType("NodeName", str)
RecorderName = NewType("RecorderName", str)
AssetId = NewType("AssetId", str)
EventId = NewType("EventId", str)
OutputName = NewType("OutputName", str)

_NAMESPACE = UUID(
    "6f2f2c62-58b0-5d0f-9d58-2b8f3a4c7e11"
)  # ours; changing it would orphan every row


def row_id(kind: str, name: str) -> UUID:
    """Derive the database id of the `kind` named `name`; the same for ever (UUID version 5)."""
    return uuid5(_NAMESPACE, f"{kind}:{name}")
