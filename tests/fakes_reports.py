"""The fake `Reports`: what screens read of a `FakeDatabase`; see `tests.fakes_store`."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.adapters.postgres_reports import instant_text
from reconciler.adapters.postgres_rows import item_row_id, playlist_row_id
from reconciler.model.ids import ChannelName, NodeName, row_id
from reconciler.model.records import AsRunRow, PassSeen
from tests.fakes_database import FakeDatabase

Rows = tuple[Mapping[str, object], ...]


class FakeReports:
    """See `ports.Reports`."""

    def __init__(self, database: FakeDatabase) -> None:
        self._db = database

    def channels(self) -> Rows:
        with self._db.open("channels"):
            found = [self._channel(name) for name in sorted(self._db.channels)]
            return tuple(sorted(found, key=lambda one: str(one["created_at"]), reverse=True))

    def _channel(self, name: ChannelName) -> dict[str, object]:
        row, said = self._db.channels[name], self._db.laid_out[name].channel
        shown = self._db.shown[name]
        restarted = row.last_restart_at
        return {
            "id": str(row_id("channel", name)),
            **{key: said[key] for key in ("name", "title", "output_type", "output_config")},
            "outputs": said["outputs"],
            "video_format": said["video_format"],
            "node_id": str(row_id("node", row.node)) if row.node in self._db.nodes else None,
            "node": row.node,
            "status": row.status,
            "container_id": shown.get("container_id"),
            "container_meta": {"sidecar_url": shown["url"]} if shown.get("url") else None,
            "error_message": row.error_message or None,
            "project_id": said["project"],
            "restart_count": row.restart_count,
            "last_restart_at": instant_text(restarted) if restarted else None,
            "last_heartbeat_at": shown.get("last_heartbeat_at"),
            "created_at": shown["created_at"],
            "updated_at": shown["updated_at"],
            "lineup_digest": row.digest,
        }

    def asrun(self, channel: ChannelName, *, limit: int, before: int | None = None) -> Rows:
        with self._db.open("asrun"):
            numbered = list(enumerate(self._db.asrun.values(), start=1))
            rows = [
                (row.started_at, number, row) for number, row in numbered if row.channel == channel
            ]
            rows.sort(key=lambda one: one[:2], reverse=True)
            if before is not None:
                at = next(index for index, one in enumerate(rows) if one[1] == before)
                rows = rows[at + 1 :]
            return tuple(_asrun(number, row) for _, number, row in rows[:limit])

    def playlists(self, channel: ChannelName) -> Rows:
        with self._db.open("playlists"):
            laid_out = self._db.laid_out.get(channel)
            return tuple(
                {
                    "id": str(playlist_row_id(channel, one.name)),
                    "channel_id": str(row_id("channel", channel)),
                    "name": one.name,
                    "loop": one.loop,
                    "created_at": self._db.shown[channel]["created_at"],
                }
                for one in (laid_out.playlists if laid_out else ())
            )

    def items(self, playlist_id: str) -> Rows:
        with self._db.open("items"):
            for name, rows in self._db.laid_out.items():
                for one in rows.playlists:
                    if str(playlist_row_id(name, one.name)) == playlist_id:
                        return tuple(
                            self._item(name, playlist_id, one.name, dict(item.values), item.item)
                            for item in one.items
                        )
            return ()

    def _item(
        self,
        name: ChannelName,
        playlist_id: str,
        playlist: str,
        values: dict[str, object],
        item: str,
    ) -> Mapping[str, object]:
        assets = {one["asset"]: one for one in self._db.laid_out[name].assets}
        asset = assets.get(values["asset"], {})
        node = self._db.channels[name].node or NodeName("")
        copy = self._db.copies.get((node, str(values["media_path"])))
        if values["media_status"] == "pending" and copy is not None:
            values["media_status"] = copy.state.value
        for key in ("in_point", "out_point"):
            values[key] = None if values[key] is None else float(str(values[key]))
        return {
            **values,
            "id": str(item_row_id(name, playlist, item)),
            "playlist_id": playlist_id,
            "item": item,
            "asset_id": asset.get("id"),
            "updated_at": self._db.shown[name]["updated_at"],
            "clip_name": values["title"] or asset.get("title") or values["asset"] or values["live"],
            "asset_duration_ms": asset.get("duration_ms"),
        }

    def item(self, item_id: str) -> Mapping[str, object] | None:
        for name in self._db.laid_out:
            for playlist in self.playlists(name):
                for item in self.items(str(playlist["id"])):
                    if item["id"] == item_id.lower():
                        return {**item, "channel": name, "node": self._db.channels[name].node}
        return None

    def media(self, *, whole: bool, limit: int) -> Rows:
        with self._db.open("media"):
            rows = [self._copy(*key) for key in sorted(self._db.copies)]
            unwell = [
                row
                for row in rows
                if row["media_status"] != "ready"
                or row["error"]
                or row["eta_at"]
                or row["asked_by"]
            ]
            found = rows if whole else unwell
            found.sort(key=lambda one: (one["due_at"] is None, str(one["due_at"])))
            return tuple(found[:limit])

    def _copy(self, node: NodeName, stored: str) -> dict[str, object]:
        one = self._db.copies[node, stored]
        laid_out = (asset for rows in self._db.laid_out.values() for asset in rows.assets)
        asset = next((row for row in laid_out if row["asset"] == one.asset), {})
        asked = (r.who for r in self._db.restages if (r.asset, r.node) == (one.asset, node))
        return {
            "asset": one.asset,
            "title": asset.get("title", ""),
            "node": node,
            "media_path": stored,
            "media_status": one.state.value,
            "size": one.size,
            "done": one.done,
            "due_at": instant_text(one.due_at) if one.due_at else None,
            "eta_at": instant_text(one.eta_at) if one.eta_at else None,
            "error": one.error,
            "used_at": instant_text(one.used_at) if one.used_at else None,
            "duration_ms": asset.get("duration_ms"),
            "loudness": getattr(self._db.findings.get(stored), "loudness", None),
            "note": asset.get("note") or "",
            "asked_by": next(asked, ""),
            "channels": sorted(
                name
                for name, rows in self._db.laid_out.items()
                if any(
                    item.values["media_path"] == stored
                    for playlist in rows.playlists
                    for item in playlist.items
                )
            ),
        }

    def alarms(self) -> Rows:
        return tuple(
            {
                "channel": one.channel,
                "key": one.key,
                "text": one.text,
                "since": instant_text(one.since),
            }
            for one in sorted(
                self._db.alarms.values(), key=lambda one: (one.since, one.channel, one.key)
            )
        )

    def journal_tail(self, limit: int) -> Rows:
        with self._db.open("journal_tail"):
            numbered = list(enumerate(self._db.journal, start=1))
            return tuple(
                {
                    "id": number,
                    "at": instant_text(one.at),
                    "who": one.who,
                    "what": one.what,
                    "channel": one.channel,
                    "node": one.node,
                    "cause": one.cause,
                    "outcome": one.outcome,
                    "commit": one.commit,
                    "plan": one.plan,
                }
                for number, one in numbered[::-1][:limit]
            )

    def last_pass(self) -> PassSeen | None:
        with self._db.open("last_pass"):
            return self._db.passes[-1] if self._db.passes else None


def _asrun(number: int, row: AsRunRow) -> Mapping[str, object]:
    names = [name for name in AsRunRow.__slots__ if name not in {"started_at", "ended_at"}]
    return {
        "id": number,
        "channel_id": str(row_id("channel", row.channel)),
        **{name: getattr(row, name) for name in names},
        "started_at": instant_text(row.started_at),
        "ended_at": instant_text(row.ended_at) if row.ended_at else None,
    }
