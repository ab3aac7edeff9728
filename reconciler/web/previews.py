"""HLS previews, at one address per channel however often its sidecar is replaced."""

from __future__ import annotations

import re

from flask import Blueprint, Response, abort

from reconciler.errors import AdapterError
from reconciler.web.site import site, visible

previews = Blueprint("previews", __name__)

_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,80}\.(m3u8|ts|m4s|mp4|aac)")
_TYPES = {
    "m3u8": "application/vnd.apple.mpegurl",
    "ts": "video/mp2t",
    "m4s": "video/iso.segment",
    "mp4": "video/mp4",
    "aac": "audio/aac",
}
_SEGMENT_KEPT = "private, max-age=60"  # a segment never changes under its name


@previews.get("/previews/<asked>/<name>")
def preview(asked: str, name: str) -> Response:
    """One file of a channel's preview."""
    found = visible(asked)
    match = _FILE.fullmatch(name)
    if match is None:
        abort(404, f"a preview has no file {name!r}")
    try:
        seen = site().deps.sidecars(found.name)
        content = site().deps.preview(seen, name) if seen else None
    except AdapterError as error:
        abort(502, f"{found.name}: preview: {error}")
    if content is None:
        abort(404, f"{found.name} has no preview file {name!r} now")
    answer = Response(content, mimetype=_TYPES[match[1]])
    answer.headers["Cache-Control"] = "no-store" if match[1] == "m3u8" else _SEGMENT_KEPT
    return answer
