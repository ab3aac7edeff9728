"""The part of the store that is about media: copies on nodes, and requests for new ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from psycopg.types.json import Jsonb

from reconciler.adapters.postgres_pool import Database, Session
from reconciler.model.copies import CopyProgress, CopyWanted
from reconciler.model.findings import Findings
from reconciler.model.ids import AssetId, NodeName
from reconciler.model.media import StagedSeen


def record_media(session: Session, node: NodeName, staged: Mapping[str, StagedSeen]) -> None:
    """See `Store.record_media`, within the caller's transaction."""
    known: dict[str, int] = dict(session.all("copies_of", node=node))
    names = sorted(staged)
    held = {name: staged[name].size for name in names}
    changed = sorted({name for name, _ in known.items() ^ held.items()})
    if changed:
        session.do("forget_copies", node=node, stored=names)
        session.do("record_copies", node=node, stored=names, sizes=list(held.values()))
        session.do("mark_items", node=node, changed=changed)


def want_media(session: Session, node: NodeName, wanted: Sequence[CopyWanted]) -> None:
    """See `Store.want_media`, within the caller's transaction."""
    names = [one.stored for one in wanted]
    rows = [
        {
            "stored": one.stored,
            "asset": one.asset,
            "size": one.size,
            "due_at": one.due_at.isoformat(),
            "error": one.error,
        }
        for one in wanted
    ]
    dropped = [row[0] for row in session.all("drop_wants", node=node, stored=names)]
    session.do("want_copies", node=node, rows=Jsonb(rows))
    session.do("mark_items", node=node, changed=[*names, *dropped])


def read_findings(session: Session) -> Mapping[str, Findings]:
    """What was found in every file, by stored name."""
    return {stored: Findings.of(document) for stored, document in session.all("read_findings")}


class PostgresMedia:
    """What anyone may tell of copies, and ask: facts and requests, no decisions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note_copy(self, node: NodeName, copy: CopyProgress) -> None:
        """See `Store.note_copy`."""
        with self._database.transaction(f"note {copy.stored} on {node}") as session:
            session.all("mark_as_ours")
            session.do(
                "note_copy",
                stored=copy.stored,
                node=node,
                asset=copy.asset,
                size=copy.size,
                state=copy.state.value,
                done=copy.done,
                eta_at=copy.eta_at,
                error=copy.error,
            )
            session.do("mark_items", node=node, changed=[copy.stored])

    def read_uses(self, node: NodeName) -> Mapping[str, datetime]:
        """See `Store.read_uses`."""
        with self._database.transaction(f"read uses on {node}", reading=True) as session:
            return dict(session.all("read_uses", node=node))

    def keep_findings(self, stored: str, findings: Findings) -> None:
        """See `Store.keep_findings`."""
        with self._database.transaction(f"keep what was found in {stored}") as session:
            session.do("keep_findings", stored=stored, document=Jsonb(findings.to_json()))

    def ask_restage(self, asset: AssetId, node: NodeName | None, who: str) -> tuple[NodeName, ...]:
        """See `Store.ask_restage`."""
        with self._database.transaction(f"ask for a new copy of {asset}") as session:
            rows = session.all("ask_restage", asset=asset, node=node, who=who)
            session.all("notify", what="media")
        return tuple(sorted(NodeName(row[0]) for row in rows))

    def end_restage(self, request: int, outcome: str) -> None:
        """See `Store.end_restage`."""
        with self._database.transaction(f"end request {request}") as session:
            session.do("end_restage", id=request, outcome=outcome)
