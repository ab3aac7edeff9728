"""Which channel, or playlist, an address means: by UUID as the older screens ask, or by name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from uuid import UUID

from werkzeug.exceptions import BadRequest, NotFound

from reconciler.model.ids import ChannelName, row_id
from reconciler.web.deps import ChannelFacts, WebDeps

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_KEPT = 10_000  # playlists whose channel is remembered


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A channel that exists: in the lineup in force (`facts`), in the database, or both."""

    name: ChannelName
    facts: ChannelFacts | None = None

    @property
    def project(self) -> str | None:
        """Whose it is; what left the lineup belongs to administrators."""
        return self.facts.project if self.facts else None


class Directory:
    """Find channels and playlists. Names of the lineup are found without the database."""

    def __init__(self, deps: WebDeps) -> None:
        self._deps = deps
        self._playlists: dict[str, ChannelName] = {}

    def channel(self, asked: str) -> Found:
        """Find a channel by id or name; answers 400 for a malformed one, 404 for an unknown one."""
        wanted = _parse(asked)
        lineup = {facts.name: facts for facts in self._deps.channels()}
        if isinstance(wanted, str):
            name = ChannelName(wanted)
            if name in lineup:
                return Found(name=name, facts=lineup[name])
            return self._in_rows(asked, "name", wanted)
        for name, facts in lineup.items():
            if row_id("channel", name) == wanted:
                return Found(name=name, facts=facts)
        return self._in_rows(asked, "id", str(wanted))

    def _in_rows(self, asked: str, column: str, value: str) -> Found:
        for row in self._deps.reports.channels():
            if str(row[column]).lower() == value.lower():
                name = ChannelName(str(row["name"]))
                return Found(name=name, facts=self.facts(name))
        raise NotFound(f"there is no channel {asked!r}")

    def facts(self, name: ChannelName) -> ChannelFacts | None:
        """What the lineup in force says of a channel."""
        return next((one for one in self._deps.channels() if one.name == name), None)

    def playlist_owner(self, asked: str) -> tuple[str, Found]:
        """Find a playlist's id and its channel; answers 400 or 404."""
        wanted = str(parse_uuid(asked, "playlist"))
        name = self._playlists.get(wanted) or self._search(wanted)
        if name is None:
            raise NotFound(f"there is no playlist {asked!r}")
        return wanted, Found(name=name, facts=self.facts(name))

    def _search(self, wanted: str) -> ChannelName | None:
        if len(self._playlists) > _KEPT:
            self._playlists.clear()
        for row in self._deps.reports.channels():
            name = ChannelName(str(row["name"]))
            for playlist in self._deps.reports.playlists(name):
                self._playlists[str(playlist["id"])] = name
            if wanted in self._playlists:
                return name
        return None


def parse_uuid(asked: str, what: str) -> UUID:
    """Read an id as the older tables have it; answers 400 if it is not one."""
    try:
        return UUID(asked)
    except ValueError as error:
        raise BadRequest(f"expected the id (a UUID) of a {what}, found {asked!r}") from error


def _parse(asked: str) -> UUID | str:
    try:
        return UUID(asked)
    except ValueError:
        if _NAME.fullmatch(asked):
            return asked
    raise BadRequest(f"expected a channel's id (a UUID) or name, found {asked!r}")
