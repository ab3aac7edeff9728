"""The running parts that all views of one app share, and how a view reaches them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from flask import Flask, abort, current_app, g

from reconciler.model.ids import ChannelName, NodeName
from reconciler.model.records import JournalEntry
from reconciler.web.access import Visitor
from reconciler.web.board import Board
from reconciler.web.deps import ChannelFacts, WebDeps
from reconciler.web.ledger import Ledger
from reconciler.web.lookup import Directory, Found
from reconciler.web.shelf import Shelf

_KEY = "reconciler"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One app's ports and its shared readings."""

    deps: WebDeps
    board: Board
    shelf: Shelf
    ledger: Ledger
    directory: Directory

    def close(self) -> None:
        """Stop the threads that read."""
        self.board.close()
        self.shelf.close()


def found(deps: WebDeps) -> Site:
    """Start the shared parts (their threads start when somebody looks)."""
    ledger = Ledger(deps)
    shelf = Shelf(deps, ledger.flush)
    return Site(
        deps=deps,
        board=Board(deps, also=shelf.refresh),
        shelf=shelf,
        ledger=ledger,
        directory=Directory(deps),
    )


def attach(app: Flask, site: Site) -> None:
    """Make `site` the one that the app's views use."""
    app.extensions[_KEY] = site


def site_of(app: Flask) -> Site:
    """The site of an app, for whoever serves it (to close it)."""
    return cast("Site", app.extensions[_KEY])


def site() -> Site:
    """The site of the request's app."""
    return site_of(current_app)


def visitor() -> Visitor:
    """Who asks; the gate has let them in."""
    return cast("Visitor", g.visitor)


def lineup() -> Mapping[ChannelName, ChannelFacts]:
    """The channels of the lineup in force, the same throughout one request."""
    if "lineup" not in g:
        g.lineup = {facts.name: facts for facts in site().deps.channels()}
    return cast("Mapping[ChannelName, ChannelFacts]", g.lineup)


def project_of(name: ChannelName) -> str | None:
    """Whose a channel is; what is not in the lineup is the administrators'."""
    facts = lineup().get(name)
    return facts.project if facts else None


def sees(name: object) -> bool:
    """Whether the visitor may see the channel of that name; no name is the cluster's own."""
    return visitor().may_view(project_of(ChannelName(str(name or ""))))


def require_view(project: str | None) -> None:
    """Answer 403 unless the visitor may see channels of `project`."""
    if not visitor().may_view(project):
        abort(403, f"{visitor().name} may not see this channel")


def require_edit(project: str | None) -> None:
    """Answer 403 unless the visitor may operate channels of `project`."""
    if not visitor().may_edit(project):
        abort(403, f"{visitor().name} may not operate this channel")


def visible(asked: str) -> Found:
    """Find a channel that the visitor may see."""
    found = site().directory.channel(asked)
    require_view(found.project)
    return found


def operable(asked: str) -> Found:
    """Find a channel that the visitor may operate."""
    found = site().directory.channel(asked)
    require_edit(found.project)
    return found


def record(
    what: str, channel: ChannelName, node: NodeName, *, cause: str, outcome: str
) -> Mapping[str, str]:
    """Write down what the visitor did; tells, for the answer, why it is not in the journal yet."""
    waits = site().ledger.write(
        JournalEntry(
            at=site().deps.clock.now(),
            who=visitor().name,
            what=what,
            channel=channel,
            node=node,
            cause=cause,
            outcome=outcome,
        )
    )
    return {"journal": waits} if waits else {}
