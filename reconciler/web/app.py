"""The app factory: puts the views, the gate and the error answers together."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from flask import Flask, Response, jsonify, render_template, request
from flask.json.provider import DefaultJSONProvider
from jinja2 import StrictUndefined
from werkzeug.exceptions import HTTPException, InternalServerError

from reconciler.errors import AdapterError, LineupError
from reconciler.web.api import api
from reconciler.web.asrun import asrun
from reconciler.web.deps import WebDeps
from reconciler.web.gate import guard
from reconciler.web.lineup_calls import lineup_calls
from reconciler.web.login import login
from reconciler.web.media import media
from reconciler.web.metrics import metrics
from reconciler.web.older import older
from reconciler.web.pages import pages
from reconciler.web.previews import previews
from reconciler.web.site import attach, found
from reconciler.web.transport import transport

_LARGEST_REQUEST = 64 * 1024  # bytes; a live act is a few


class _Json(DefaultJSONProvider):
    """JSON as given (key order kept), with instants in ISO 8601 and ids as text."""

    sort_keys = False
    compact = True

    @staticmethod
    def default(o: object) -> object:
        """Write what JSON has no word for."""
        if isinstance(o, datetime):
            return o.isoformat()
        if isinstance(o, UUID):
            return str(o)
        return DefaultJSONProvider.default(o)


def create_app(deps: WebDeps) -> Flask:
    """Make the WSGI app; raises `UsageError` if it would stand open to a network."""
    folder = deps.templates / "web"
    app = Flask("reconciler.web", template_folder=str(folder), static_folder=str(folder / "static"))
    app.json = _Json(app)
    app.jinja_env.undefined = StrictUndefined
    app.config["MAX_CONTENT_LENGTH"] = _LARGEST_REQUEST
    attach(app, found(deps))
    guard(app, deps)
    for views in (
        pages,
        login,
        api,
        older,
        asrun,
        transport,
        media,
        lineup_calls,
        previews,
        metrics,
    ):
        app.register_blueprint(views)
    app.register_error_handler(HTTPException, _refused)
    app.register_error_handler(AdapterError, _away)
    app.register_error_handler(LineupError, _away)
    return app


def _refused(error: HTTPException) -> Response:
    """Answer an HTTP error, the framework's own included, as JSON, or as a page to a browser."""
    if isinstance(error, InternalServerError):
        return _answer("a fault of ours: see the endpoint's log", 500)
    answer = _answer(str(error.description), error.code or 500)
    for name, value in error.get_headers():
        if name == "Allow":
            answer.headers[name] = value
    return answer


def _away(error: Exception) -> Response:
    """Answer that something we need did not answer."""
    return _answer(str(error), 503)


def _answer(text: str, status: int) -> Response:
    if _is_for_a_person():
        page = render_template("error.html", text=text, status=status)
        return Response(page, status, mimetype="text/html")
    answer = jsonify(error=text)
    answer.status_code = status
    return answer


def _is_for_a_person() -> bool:
    if request.path.startswith(("/playout/", "/api/", "/previews/")):
        return False
    return bool(
        request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html"
    )
