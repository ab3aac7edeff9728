"""The older system's reading calls under /playout: channels, their status, playlists, items."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, Response, abort, jsonify, request
from werkzeug.exceptions import NotFound

from reconciler.errors import AdapterError
from reconciler.model.observed import Life
from reconciler.web.lookup import Found
from reconciler.web.site import require_view, sees, site, visible

older = Blueprint("older", __name__, url_prefix="/playout")


@older.get("/channels")
def channels() -> Response:
    """List the channels that the visitor may see, newest first."""
    rows = site().deps.reports.channels()
    return jsonify([dict(row) for row in rows if sees(row["name"])])


@older.get("/channels/<asked>")
def channel(asked: str) -> Response:
    """One channel."""
    found = visible(asked)
    return jsonify(dict(row_of(found)))


@older.get("/channels/<asked>/status")
def status(asked: str) -> Response:
    """Whether it runs, and what its engine shows."""
    found = visible(asked)
    row = row_of(found)
    try:
        seen = site().deps.sidecars(found.name)
    except AdapterError as error:
        return jsonify(
            running=row["status"] == "running",
            status=row["status"],
            engine=None,
            engine_error=str(error),
        )
    if seen is None or seen.life is Life.DEAD:
        return jsonify(running=False, status=row["status"])
    answer: dict[str, object] = {"running": True, "status": row["status"], "engine": None}
    try:
        answer["engine"] = dict(site().deps.client.raw_status(seen))
    except AdapterError as error:
        answer["engine_error"] = str(error)
    return jsonify(answer)


@older.get("/playlists")
def playlists() -> Response:
    """A channel's playlists."""
    asked = request.args.get("channel_id")
    if not asked:
        abort(400, "channel_id is needed: GET /playout/playlists?channel_id=ID")
    found = visible(asked)
    return jsonify([dict(row) for row in site().deps.reports.playlists(found.name)])


@older.get("/playlists/<asked>/items")
def items(asked: str) -> Response:
    """A playlist's items, in order."""
    playlist, found = site().directory.playlist_owner(asked)
    require_view(found.project)
    return jsonify([dict(row) for row in site().deps.reports.items(playlist)])


def row_of(found: Found) -> Mapping[str, object]:
    """The older row of a channel; 404 while the lineup has it and the database not yet."""
    for row in site().deps.reports.channels():
        if row["name"] == found.name:
            return row
    raise NotFound(f"channel {found.name} is not in the database yet: the next pass writes it")
