"""The `Reports` over PostgreSQL: what screens read, as values that JSON can carry."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

from reconciler.adapters.postgres_pool import Database
from reconciler.model.ids import ChannelName
from reconciler.model.records import PassSeen

Rows = tuple[Mapping[str, object], ...]


class PostgresReports:
    """See `ports.Reports`. Instants are ISO 8601 text in UTC, ids are text."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def channels(self) -> Rows:
        """See `Reports.channels`."""
        return self._rows("report_channels")

    def asrun(self, channel: ChannelName, *, limit: int, before: int | None = None) -> Rows:
        """See `Reports.asrun`; newest by the instant that a row started."""
        return self._rows("report_asrun", channel=channel, limit=limit, before=before)

    def playlists(self, channel: ChannelName) -> Rows:
        """See `Reports.playlists`."""
        return self._rows("report_playlists", channel=channel)

    def items(self, playlist_id: str) -> Rows:
        """See `Reports.items`; none for an id that no playlist has, or that is none."""
        try:
            playlist = UUID(playlist_id)
        except ValueError:
            return ()
        return self._rows("report_items", playlist=playlist)

    def item(self, item_id: str) -> Mapping[str, object] | None:
        """See `Reports.item`."""
        try:
            rows = self._rows("report_item", item=UUID(item_id))
        except ValueError:
            return None
        return rows[0] if rows else None

    def media(self, *, whole: bool, limit: int) -> Rows:
        """See `Reports.media`."""
        return self._rows("report_media", whole=whole, limit=limit)

    def alarms(self) -> Rows:
        """See `Reports.alarms`."""
        return self._rows("report_alarms")

    def journal_tail(self, limit: int) -> Rows:
        """See `Reports.journal_tail`."""
        return self._rows("report_journal", limit=limit)

    def last_pass(self) -> PassSeen | None:
        """See `Reports.last_pass`."""
        with self._database.transaction("read last pass", reading=True) as session:
            row = session.one("report_pass")
        if row is None:
            return None
        at, commit, label, plan_json, outcome = row
        return PassSeen(at=at, commit=commit, label=label, plan_json=plan_json, outcome=outcome)

    def _rows(self, query: str, **values: object) -> Rows:
        with self._database.transaction(query.replace("_", " "), reading=True) as session:
            records = session.records(query, **values)
        return tuple({key: _plain(value) for key, value in row.items()} for row in records)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, UUID):
        return str(value)
    return value


def instant_text(instant: datetime) -> str:
    """Write an instant as the older screens read it: `2026-11-23T15:04:05.678Z`."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
