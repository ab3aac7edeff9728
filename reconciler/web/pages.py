"""The two pages: the wall, and one channel."""

from __future__ import annotations

from flask import Blueprint, render_template

from reconciler.web.site import site, visible, visitor

pages = Blueprint("pages", __name__)


@pages.get("/")
def wall() -> str:
    """Every channel, the plan, the holds, the latest as-run rows and the journal."""
    return render_template("wall.html", visitor=visitor(), accounts=bool(site().deps.accounts()))


@pages.get("/channels/<asked>")
def channel(asked: str) -> str:
    """One channel, its rundown and its as-run."""
    found = visible(asked)
    title = found.facts.title if found.facts else found.name
    return render_template(
        "channel.html",
        visitor=visitor(),
        accounts=bool(site().deps.accounts()),
        name=found.name,
        title=title,
        watch=found.facts.watch if found.facts else (),
    )
