"""The part of the fake database that is about media; see `tests.fakes_store`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime, timedelta

from reconciler.model.copies import CopyProgress, CopyState, CopyWanted
from reconciler.model.findings import Findings
from reconciler.model.ids import AssetId, ChannelName, NodeName
from reconciler.model.media import StagedSeen
from reconciler.model.observed import RestageSeen
from tests.fakes_database import FakeCopy, FakeDatabase

_GIVEN_UP = timedelta(days=1)


class FakeMedia:
    """What `Store` says of copies and requests."""

    database: FakeDatabase
    _deciding: Callable[[str], AbstractContextManager[FakeDatabase]]

    def record_media(self, node: NodeName, staged: Mapping[str, StagedSeen]) -> None:
        with self._deciding("record_media") as db:
            gone = [
                key
                for key, one in db.copies.items()
                if key[0] == node and one.state is CopyState.READY and key[1] not in staged
            ]
            for key in gone:
                del db.copies[key]
            by_stored = {stored: asset for asset, stored in sorted(db.stored_names.items())}
            for name, file in staged.items():
                known = db.copies.get((node, name))
                db.copies[node, name] = FakeCopy(
                    asset=known.asset if known else by_stored.get(name),
                    state=CopyState.READY,
                    size=file.size,
                    done=file.size,
                    used_at=known.used_at if known else db.now(),
                )

    def want_media(self, node: NodeName, wanted: Sequence[CopyWanted]) -> None:
        with self._deciding("want_media") as db:
            names = {one.stored for one in wanted}
            db.copies = {
                key: one
                for key, one in db.copies.items()
                if key[0] != node or one.state is CopyState.READY or key[1] in names
            }
            for want in wanted:
                known = db.copies.get((node, want.stored))
                if known is not None and known.state is CopyState.READY:
                    continue
                base = known or FakeCopy(asset=None, state=CopyState.PENDING, used_at=db.now())
                pending = base.state is CopyState.PENDING
                db.copies[node, want.stored] = replace(
                    base,
                    asset=want.asset,
                    size=want.size,
                    due_at=want.due_at,
                    error=want.error if pending else base.error,
                )

    def note_copy(self, node: NodeName, copy: CopyProgress) -> None:
        with self.database.open("note_copy"):
            db = self.database
            known = db.copies.get((node, copy.stored))
            ready = copy.state is CopyState.READY
            db.copies[node, copy.stored] = FakeCopy(
                asset=copy.asset,
                state=copy.state,
                size=copy.size,
                done=copy.done,
                due_at=None if ready or known is None else known.due_at,
                eta_at=copy.eta_at,
                error=copy.error,
                used_at=known.used_at if known else db.now(),
            )

    def note_uses(self, channel: ChannelName, needs: frozenset[str]) -> None:
        """What saving a rundown does."""
        db = self.database
        old = db.rundowns[channel][1].files if channel in db.rundowns else frozenset()
        for key, one in db.copies.items():
            if key[1] in needs | old:
                db.copies[key] = replace(one, used_at=db.now())

    def read_uses(self, node: NodeName) -> Mapping[str, datetime]:
        with self.database.open("read_uses"):
            found = ((key, one.used_at) for key, one in self.database.copies.items())
            return {key[1]: at for key, at in found if key[0] == node and at is not None}

    def keep_findings(self, stored: str, findings: Findings) -> None:
        with self.database.open("keep_findings"):
            self.database.findings[stored] = findings

    def ask_restage(self, asset: AssetId, node: NodeName | None, who: str) -> tuple[NodeName, ...]:
        with self.database.open("ask_restage"):
            db = self.database
            here = {
                place
                for (place, stored), one in db.copies.items()
                if one.asset == asset or stored == db.stored_names.get(asset)
            }
            places = sorted(here) if node is None else [node]
            is_open = {(one.asset, one.node) for one in self._open()}
            for place in places:
                if (asset, place) not in is_open:
                    db.asked += 1
                    db.restages.append(
                        RestageSeen(
                            id=db.asked, asset=asset, node=place, who=who, asked_at=db.now()
                        )
                    )
            return tuple(places)

    def end_restage(self, request: int, outcome: str) -> None:  # noqa: ARG002  # kept by the real one alone
        with self.database.open("end_restage"):
            db = self.database
            db.restages = [one for one in db.restages if one.id != request]

    def _open(self) -> tuple[RestageSeen, ...]:
        oldest = self.database.now() - _GIVEN_UP
        return tuple(one for one in self.database.restages if one.asked_at > oldest)
