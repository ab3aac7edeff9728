"""JSON Schemas of the lineup's files, for editors.

They accept what an editor's YAML reader makes of a value (a number, a boolean) as well as its text,
and describe each key in the words of the faults. They cannot judge what spans files.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.lineup.files import (
    AccessFile,
    Assets,
    ChannelFile,
    LineupFile,
    Nodes,
    Recorders,
)
from reconciler.lineup.playlist_file import PlaylistFile
from reconciler.lineup.typed import adapter

KINDS: Mapping[str, Any] = {
    "access": AccessFile,
    "assets": Assets,
    "channel": ChannelFile,
    "lineup": LineupFile,
    "nodes": Nodes,
    "playlist": PlaylistFile,
    "recorders": Recorders,
}
# Which files of a lineup each is for, as editors match them.
FILES: Mapping[str, str] = {
    "access": "access.yaml",
    "assets": "assets.yaml",
    "channel": "channels/*.yaml",
    "lineup": "lineup.yaml",
    "nodes": "nodes.yaml",
    "playlist": "playlists/**/*.yaml",
    "recorders": "recorders.yaml",
}


def schema_for(kind: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of one kind of file; raises `KeyError` for a kind that is none."""
    schema = adapter(KINDS[kind]).json_schema(by_alias=True, mode="validation")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": f"a lineup's {FILES[kind]}",
    }


def all_schemas() -> dict[str, dict[str, Any]]:
    """Every schema, by kind."""
    return {kind: schema_for(kind) for kind in KINDS}
