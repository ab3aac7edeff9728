"""Writes one channel's rows (channel, playlists, items, assets), touching only what differs.

Rows keep the ids that they have: a playlist is found by its name, an item by its id in the
lineup or, where an imported lineup carries the older id, by that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from uuid import UUID

from psycopg.types.json import Jsonb

from reconciler.adapters.postgres_pool import Session
from reconciler.adapters.postgres_rows import (
    ChannelRows,
    PlaylistRow,
    Row,
    item_row_id,
    playlist_row_id,
)
from reconciler.model.ids import ChannelName, row_id


def write_channel_rows(session: Session, name: ChannelName, rows: ChannelRows) -> None:
    """Bring the tables to `rows` within the caller's transaction."""
    channel_id, node = _write_channel(session, name, rows.channel)
    playlists = _write_playlists(session, name, channel_id, rows.playlists)
    _write_items(session, name, playlists, channel_id, node=node)
    if rows.assets and session.all("write_assets", rows=Jsonb(list(rows.assets))):
        session.do("note_assets_changed")


def _write_channel(session: Session, name: ChannelName, row: Row) -> tuple[UUID, str | None]:
    found = session.one("find_channel", name=name, title=row["adopts"])
    channel_id, node, older = found or (row_id("channel", name), None, name)
    session.do("write_channel", id=channel_id, row=Jsonb(row))
    if older != name:
        session.do("rename_claims", name=name, older=older)
    return channel_id, node


def _write_playlists(
    session: Session, name: ChannelName, channel_id: UUID, wanted: tuple[PlaylistRow, ...]
) -> Mapping[UUID, PlaylistRow]:
    existing: dict[str, UUID] = {}
    for found_id, found_name, _ in session.all("find_playlists", channel_id=channel_id):
        existing.setdefault(found_name, found_id)
    by_id = {
        existing.get(playlist.name) or playlist_row_id(name, playlist.name): playlist
        for playlist in wanted
    }
    session.do("remove_playlists", channel_id=channel_id, keep=list(by_id))
    rows = [
        {"id": str(key), "channel_id": str(channel_id), "name": one.name, "loop": one.loop}
        for key, one in by_id.items()
    ]
    session.do("write_playlists", rows=Jsonb(rows))
    return by_id


def _write_items(
    session: Session,
    name: ChannelName,
    playlists: Mapping[UUID, PlaylistRow],
    channel_id: UUID,
    *,
    node: str | None,
) -> None:
    known: dict[UUID, dict[str, UUID]] = {key: {} for key in playlists}
    for playlist_id, item_id, item in session.all("find_items", channel_id=channel_id):
        if playlist_id in known:
            known[playlist_id][str(item_id) if item is None else item] = item_id
    rows = list(_item_rows(name, playlists, known))
    keep = [UUID(str(row["id"])) for row in rows]
    session.do("remove_items", playlists=list(playlists), keep=keep)
    session.do("write_items", rows=Jsonb(rows), node=node)


def _item_rows(
    name: ChannelName,
    playlists: Mapping[UUID, PlaylistRow],
    known: Mapping[UUID, Mapping[str, UUID]],
) -> Iterator[Row]:
    for playlist_id, playlist in playlists.items():
        for item in playlist.items:
            item_id = known[playlist_id].get(item.item)
            yield {
                "id": str(item_id or item_row_id(name, playlist.name, item.item)),
                "playlist_id": str(playlist_id),
                "item": item.item,
                **item.values,
            }
