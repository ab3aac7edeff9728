"""Media on nodes: what is under way or in trouble, and the older call that asks for a new copy."""

from __future__ import annotations

from flask import Blueprint, Response, abort, jsonify
from werkzeug.exceptions import NotFound

from reconciler.model.ids import AssetId, ChannelName, NodeName
from reconciler.web.lookup import parse_uuid
from reconciler.web.site import project_of, record, require_edit, site, visitor

media = Blueprint("media", __name__, url_prefix="/playout")


@media.post("/items/<asked>/stage")
def stage_item(asked: str) -> Response:
    """Ask for a new, verified copy of an item's asset on its channel's node."""
    row = site().deps.reports.item(str(parse_uuid(asked, "item")))
    if row is None:
        raise NotFound(f"there is no item {asked!r}")
    channel = ChannelName(str(row["channel"]))
    require_edit(project_of(channel))
    if not row["asset"]:
        abort(400, f"item {row['item']} is the live source {row['live']}: nothing of it is staged")
    if not row["node"]:
        abort(409, f"channel {channel} is on no node yet: it is staged there by itself")
    asset, node = AssetId(str(row["asset"])), NodeName(str(row["node"]))
    site().deps.restage(asset, node, visitor().name)
    what = f"ask for a new copy of {asset} on {node}"
    late = record(what, channel, node, cause="an operator's act", outcome="done")
    return jsonify({"queued": True, **late})
