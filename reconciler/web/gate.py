"""Who gets in: recognises visitors, turns forged requests away, and seals every answer.

Three ways in: a bearer token, the cookie that the login page sets (it holds the same token), and,
while the lineup has no accounts, being on this machine. A browser cannot be made to act by another
site: writing requests must come from this origin, and a cookie alone is not enough for one.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, Response, abort, g, redirect, request
from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Response as AnyResponse

from reconciler.errors import UsageError
from reconciler.web.access import LOCAL, Visitor, recognise
from reconciler.web.deps import WebDeps

COOKIE = "playout_token"
_OPEN = frozenset({"login.page", "login.enter", "login.leave", "metrics.healthz", "static"})
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_THIS_MACHINE = frozenset({"127.0.0.1", "localhost", "::1"})
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "media-src 'self' blob:; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)


def guard(app: Flask, deps: WebDeps) -> None:
    """Put the gate before every view; raises `UsageError` if it would let a whole network in."""
    if not deps.on_loopback and not deps.accounts():
        raise UsageError(
            "the lineup has no accounts, so the endpoint serves this machine only: "
            "add accounts to access.yaml, or bind it to 127.0.0.1"
        )

    @app.before_request
    def _enter() -> AnyResponse | None:
        _refuse_foreign_origin()
        if request.endpoint in _OPEN:
            return None
        visitor, by_cookie = _who(deps)
        if visitor is None:
            return _ask_to_log_in()
        if by_cookie and request.method not in _SAFE:
            _require_intent()
        g.visitor = visitor
        return None

    app.after_request(_seal)


def _who(deps: WebDeps) -> tuple[Visitor | None, bool]:
    accounts = deps.accounts()
    if not accounts:
        return _local_only(deps), False
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return recognise(token.strip(), accounts), False
    token = request.cookies.get(COOKIE, "")
    return (recognise(token, accounts) if token else None), True


def _local_only(deps: WebDeps) -> Visitor:
    """Let this machine in. The name asked for is checked too, against DNS rebinding."""
    name = urlsplit(f"//{request.host}").hostname
    if deps.on_loopback and name in _THIS_MACHINE:
        return LOCAL
    raise Forbidden("the lineup has no accounts, so only this machine may ask: see access.yaml")


def _refuse_foreign_origin() -> None:
    if request.method in _SAFE:
        return
    origin = request.headers.get("Origin")
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    if site not in {"same-origin", "none"} or (
        origin is not None and urlsplit(origin).netloc != request.host
    ):
        abort(403, "a request from another site is refused")


def _require_intent() -> None:
    """Ask for what a plain form on another site cannot send."""
    if not (request.is_json or request.headers.get("X-Requested-With")):
        abort(403, "with a cookie, send JSON or the header X-Requested-With")


def _ask_to_log_in() -> AnyResponse:
    wants_page = (
        request.method == "GET"
        and request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html"
    )
    if wants_page and not request.path.startswith(("/playout/", "/api/")):
        return redirect(f"/login?next={request.path}")
    answer = Response('{"error": "a valid token is needed"}\n', 401, mimetype="application/json")
    answer.headers["WWW-Authenticate"] = 'Bearer realm="playout"'
    return answer


def _seal(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["X-Frame-Options"] = "DENY"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers.setdefault("Cache-Control", "no-store")
    return response
