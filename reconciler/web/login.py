"""The login page: exchanges a token for a cookie that scripts cannot read."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from reconciler.web.access import recognise
from reconciler.web.gate import COOKIE
from reconciler.web.site import site

login = Blueprint("login", __name__)

_KEPT = 30 * 24 * 3600  # seconds; a screen on a wall should not ask every morning


@login.get("/login")
def page() -> str:
    """The form."""
    return render_template("login.html", next=_local(request.args.get("next")), wrong=False)


@login.post("/login")
def enter() -> Response | tuple[str, int]:
    """Check the token and set the cookie."""
    token = request.form.get("token", "").strip()
    after = _local(request.form.get("next"))
    if recognise(token, site().deps.accounts()) is None:
        return render_template("login.html", next=after, wrong=True), 401
    answer = redirect(after, 303)
    answer.set_cookie(
        COOKIE, token, max_age=_KEPT, httponly=True, samesite="Strict", secure=request.is_secure
    )
    return answer


@login.post("/logout")
def leave() -> Response:
    """Forget the cookie."""
    answer = redirect("/login", 303)
    answer.delete_cookie(COOKIE, httponly=True, samesite="Strict")
    return answer


def _local(path: str | None) -> str:
    """Keep a path of this site; anything else leads to the wall."""
    if path and path.startswith("/") and not path.startswith(("//", "/\\")):
        return path
    return "/"
