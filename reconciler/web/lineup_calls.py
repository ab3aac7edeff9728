"""Older calls that change the line-up: refused, saying what to edit and commit instead."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from reconciler.web.lookup import Found, parse_uuid
from reconciler.web.site import operable, require_edit, site

lineup_calls = Blueprint("lineup_calls", __name__, url_prefix="/playout")

_COMMIT = "then commit; `reconcile --dry-run` shows the effect first"


@lineup_calls.post("/channels")
def add_channel() -> Response:
    """Refuse to add a channel."""
    require_edit(None)
    return _refuse("channels/NAME.yaml", "add a file for the channel", allow="GET, HEAD, OPTIONS")


@lineup_calls.route("/channels/<asked>", methods=["PATCH", "PUT", "DELETE"])
def change_channel(asked: str) -> Response:
    """Refuse to change or remove a channel."""
    file = _file(operable(asked))
    how = "edit it; to remove the channel: first `on_air: false`, later delete the file"
    return _refuse(file, how, allow="GET, HEAD, OPTIONS")


@lineup_calls.post("/channels/<asked>/<any('start','stop'):call>")
def start_or_stop(asked: str, call: str) -> Response:
    """Refuse to start or stop a channel."""
    value = "true" if call == "start" else "false"
    return _refuse(_file(operable(asked)), f"write `on_air: {value}`")


@lineup_calls.post("/playlists")
def add_playlist() -> Response:
    """Refuse to add a playlist."""
    require_edit(None)
    how = "add a file for the playlist and name it in the channel's schedule"
    return _refuse("playlists/NAME.yaml", how, allow="GET, HEAD, OPTIONS")


@lineup_calls.route("/playlists/<asked>", methods=["PATCH", "PUT", "DELETE"])
@lineup_calls.post("/playlists/<asked>/items", endpoint="add_item")
@lineup_calls.put("/playlists/<asked>/reorder", endpoint="reorder")
def change_playlist(asked: str) -> Response:
    """Refuse to change a playlist."""
    playlist, found = site().directory.playlist_owner(asked)
    require_edit(found.project)
    names = {str(row["id"]): row["name"] for row in site().deps.reports.playlists(found.name)}
    return _refuse(f"playlists/{names.get(playlist, 'NAME')}.yaml", "edit its `items`")


@lineup_calls.delete("/items/<asked>")
def change_item(asked: str) -> Response:
    """Refuse to remove an item."""
    parse_uuid(asked, "item")
    require_edit(None)
    return _refuse("playlists/NAME.yaml", "edit its `items`")


def _file(found: Found) -> str:
    return found.facts.file if found.facts else f"channels/{found.name}.yaml"


def _refuse(file: str, how: str, *, allow: str = "") -> Response:
    """Answer 405: the resource is there and this method does not change it (RFC 9110, 15.5.6)."""
    answer = jsonify(
        error=f"the lineup in git owns this: in {file}, {how}; {_COMMIT}", edit=file, how=how
    )
    answer.status_code = 405
    answer.headers["Allow"] = allow
    return answer
