"""Live acts: they go straight to the sidecar, and into the journal whatever became of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypedDict

from flask import Blueprint, Response, abort, jsonify, make_response, request

from reconciler.errors import AdapterError
from reconciler.model.observed import Life, SidecarSeen
from reconciler.web.lookup import Found, parse_uuid
from reconciler.web.site import operable, record, site

transport = Blueprint("transport", __name__, url_prefix="/playout")

_CAUSE = "an operator's live act"
_ACTS = {
    "pause": "pause",
    "resume": "resume",
    "skip": "skip",
    "hold": "hold",
    "stop-playback": "stop",
}
_ITEM = (
    "id",
    "asset_id",
    "media_path",
    "in_point",
    "out_point",
    "transition",
    "transition_ms",
    "clip_name",
)


class _Playlist(TypedDict):
    name: str
    loop: bool
    items: list[dict[str, object]]


@transport.post("/channels/<asked>/<any('pause','resume','skip','hold','stop-playback'):call>")
def act(asked: str, call: str) -> Response:
    """Perform one live act; answers what the sidecar answered."""
    found = operable(asked)
    seen = _running(found)
    body = _body()
    return _perform(found, seen, _ACTS[call], lambda: _client_act(seen, _ACTS[call], body))


@transport.post("/channels/<asked>/play")
def play(asked: str) -> Response:
    """Play a playlist's items now, or, with no `playlist_id`, return to the schedule."""
    found = operable(asked)
    body = _body()
    if body.get("playlist_id") is None:
        seen = _running(found)
        return _perform(found, seen, "play", lambda: _client_act(seen, "play", {}))
    playlist = str(parse_uuid(str(body["playlist_id"]), "playlist"))
    wanted = _loaded(found, playlist)
    seen = _running(found)
    pending = [str(item["id"]) for item in wanted["items"] if item["media_status"] != "ready"]
    if pending and not body.get("skip_pending"):
        return make_response(_not_staged(pending), 409)
    ready = [item for item in wanted["items"] if str(item["id"]) not in set(pending)]
    if not ready:
        return make_response(_not_staged(pending), 409)
    load = {
        "loop": wanted["loop"],
        "items": [{key: item.get(key) for key in _ITEM} for item in ready],
    }
    return _perform(
        found,
        seen,
        f"play playlist {wanted['name']}",
        lambda: site().deps.client.load_playlist(seen, load),
    )


def _body() -> dict[str, object]:
    if not request.get_data(cache=True):
        return {}
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, dict):
        abort(400, "expected a JSON object, or no body at all")
    return body


def _running(found: Found) -> SidecarSeen:
    try:
        seen = site().deps.sidecars(found.name)
    except AdapterError as error:
        abort(502, f"{found.name}: {error}")
    if seen is None or seen.life is Life.DEAD:
        abort(409, f"channel {found.name} is not running")
    return seen


def _client_act(seen: SidecarSeen, name: str, body: Mapping[str, object]) -> Mapping[str, object]:
    return site().deps.client.transport(seen, name, body)


def _perform(
    found: Found, seen: SidecarSeen, what: str, do: Callable[[], Mapping[str, object]]
) -> Response:
    try:
        answer = do()
    except AdapterError as error:
        late = record(what, found.name, seen.node, cause=_CAUSE, outcome=f"failed: {error}")
        body = {"error": f"{found.name}: {what}: {error}", **late}
        return make_response(body, 502)
    finally:
        site().board.nudge(found.name)
    late = record(what, found.name, seen.node, cause=_CAUSE, outcome="done")
    return jsonify({**answer, **late})


def _loaded(found: Found, playlist: str) -> _Playlist:
    rows = site().deps.reports.playlists(found.name)
    row = next((row for row in rows if str(row["id"]) == playlist), None)
    if row is None:
        abort(404, f"channel {found.name} has no playlist {playlist}")
    items = [dict(item) for item in site().deps.reports.items(playlist)]
    if not items:
        abort(400, f"playlist {row['name']} has no items")
    return _Playlist(name=str(row["name"]), loop=bool(row["loop"]), items=items)


def _not_staged(pending: list[str]) -> dict[str, object]:
    return {
        "error": f"{len(pending)} items are not staged on the channel's node yet; "
        "wait for it, or send skip_pending: true to leave them out",
        "pending": pending,
    }
