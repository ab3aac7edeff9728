"""A playout system in memory, for tests of the endpoint and its page: no database, no engine.

Channels play made-up schedules on the real frame grid, live acts bend them, and every fault that a
screen must show can be set by hand. `python -m tests.web_fixture 40` serves it, to be looked at.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from werkzeug.serving import WSGIRequestHandler, make_server

from reconciler.adapters.sidecar_http import read_answer
from reconciler.errors import AdapterError, Rejected, Unreachable
from reconciler.model.desired import Account
from reconciler.model.ids import AssetId, ChannelName, NodeName, row_id
from reconciler.model.observed import SidecarAnswer, SidecarSeen
from reconciler.model.records import AsRunRow, JournalEntry, PassSeen
from reconciler.model.rundown import Rundown
from reconciler.model.seams import SeamStep
from reconciler.ports import Grant
from reconciler.web import WebDeps, create_app
from reconciler.web.site import site_of
from tests.web_data import (
    FakeChannel,
    Row,
    asrun_of,
    channel_of,
    copy_of,
    item_of,
    playlist_id,
    skipped,
    status_of,
)
from tests.web_pictures import playlist, segment

TEMPLATES = Path(__file__).parent.parent / "templates"
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
_TITLES = (
    "News 24", "Sport One", "Archive", "Culture", "Kids", "Film", "Nature", "Music",
    "Regional North", "Regional South", "Parliament", "Science", "Travel", "Classics", "Drama",
    "Comedy", "Shopping", "Events", "Learning", "Weather",
)  # fmt: skip


class HandClock:
    """A clock that moves by hand; `steady` seconds follow it."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return (self.at - NOON).total_seconds()

    def pass_time(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class RealClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        import time

        return time.monotonic()


class Studio:
    """A whole system in memory: channels with knobs, and what the database holds."""

    def __init__(self, clock: HandClock | RealClock) -> None:
        self.clock = clock
        self.channels: dict[ChannelName, FakeChannel] = {}
        self.accounts: tuple[Account, ...] = ()
        self.lineup_error: str | None = None
        self.database_away = False
        self.journal: list[JournalEntry] = []
        self.last_pass: PassSeen | None = None
        self.alarms: list[Row] = []
        self.asrun: dict[ChannelName, list[Row]] = {}
        self.items: dict[str, list[Row]] = {}  # by playlist id
        self.media: list[Row] = []
        self.asked: list[tuple[str, str | None, str]] = []  # asset, node, who

    def __getitem__(self, name: str) -> FakeChannel:
        return self.channels[ChannelName(name)]

    def add(self, name: str, title: str, **more: object) -> FakeChannel:
        """Add a channel on air; `more` replaces facts (`project`, `on_air`, …)."""
        one = channel_of(name, title, self.clock.now(), number=len(self.channels), more=more)
        self.channels[one.facts.name] = one
        self.asrun[one.facts.name] = list(asrun_of(one, self.clock.now()))
        self.items[playlist_id(name)] = [item_of(name, number) for number in range(3)]
        return one

    def deps(self, *, on_loopback: bool = True) -> WebDeps:
        """What the app is made from."""
        return WebDeps(
            reports=FakeReports(self),
            journal=self.write,
            restage=self.ask_restage,
            sidecars=lambda name: self.channels[name].seen if name in self.channels else None,
            client=FakeClient(self),
            read_status=read_answer,
            preview=FakeClient(self).preview,
            plan=lambda: FakeReports(self).last_pass(),
            accounts=lambda: self.accounts,
            channels=lambda: tuple(one.facts for one in self.channels.values()),
            lineup_label=lambda: "3f2a9c1 (main)",
            lineup_error=lambda: self.lineup_error,
            clock=self.clock,
            templates=TEMPLATES,
            on_loopback=on_loopback,
        )

    def ask_restage(self, asset: AssetId, node: NodeName | None, who: str) -> tuple[NodeName, ...]:
        """Queue a new copy, as `Store.ask_restage` does."""
        self.require_database()
        self.asked.append((asset, node, who))
        return (node,) if node is not None else ()

    def write(self, entries: Iterable[JournalEntry]) -> None:
        """Append to the audit, as `Store.journal` does."""
        self.require_database()
        self.journal.extend(entries)

    def require_database(self) -> None:
        """Fail as the database does when it is away."""
        if self.database_away:
            raise Unreachable("database: no answer in 2 s")


class FakeReports:
    """`Reports`, from memory."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    def channels(self) -> tuple[Row, ...]:
        self._studio.require_database()
        return tuple(
            {
                "id": str(row_id("channel", name)),
                "name": name,
                "node_id": None,
                "output_type": "srt",
                "output_config": {},
                "video_format": one.facts.format.name,
                "status": "running" if one.seen else "stopped",
                "project_id": one.facts.project,
            }
            for name, one in reversed(self._studio.channels.items())
        )

    def asrun(
        self, channel: ChannelName, *, limit: int, before: int | None = None
    ) -> tuple[Row, ...]:
        self._studio.require_database()
        rows = [
            row
            for row in self._studio.asrun.get(channel, [])
            if before is None or int(str(row["id"])) < before
        ]
        return tuple(rows[:limit])

    def playlists(self, channel: ChannelName) -> tuple[Row, ...]:
        self._studio.require_database()
        if channel not in self._studio.channels:
            return ()
        owner = str(row_id("channel", channel))
        return ({"id": playlist_id(channel), "channel_id": owner, "name": "base", "loop": True},)

    def items(self, playlist_id: str) -> tuple[Row, ...]:
        self._studio.require_database()
        return tuple(self._studio.items.get(playlist_id, ()))

    def item(self, item_id: str) -> Row | None:
        self._studio.require_database()
        for name, one in self._studio.channels.items():
            for row in self._studio.items[playlist_id(name)]:
                if row["id"] == item_id:
                    node = one.seen.node if one.seen else None
                    return {"asset": "A1", "live": None, **row, "channel": name, "node": node}
        return None

    def media(self, *, whole: bool, limit: int) -> tuple[Row, ...]:
        self._studio.require_database()
        return tuple(row for row in self._studio.media if whole or row["media_status"] != "ready")[
            :limit
        ]

    def alarms(self) -> tuple[Row, ...]:
        self._studio.require_database()
        return tuple(self._studio.alarms)

    def journal_tail(self, limit: int) -> tuple[Row, ...]:
        self._studio.require_database()
        return tuple(
            {
                "at": e.at.isoformat(),
                "who": e.who,
                "what": e.what,
                "channel": e.channel,
                "node": e.node,
                "cause": e.cause,
                "outcome": e.outcome,
            }
            for e in self._studio.journal[: -limit - 1 : -1]
        )

    def last_pass(self) -> PassSeen | None:
        self._studio.require_database()
        return self._studio.last_pass


class FakeClient:
    """`SidecarClient`, to sidecars that are values."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    def _reach(self, seen: SidecarSeen) -> FakeChannel:
        one = self._studio.channels[seen.channel]
        one.asked += 1
        if one.silent:
            raise Unreachable(f"{seen.node}: {seen.channel}: no answer in 2 s")
        return one

    def _tick(self, one: FakeChannel) -> int:
        return one.facts.format.clock.showing_at(self._studio.clock.now())

    def status(self, seen: SidecarSeen) -> SidecarAnswer:
        return read_answer(self.raw_status(seen))

    def statuses(self, seen: Sequence[SidecarSeen]) -> tuple[SidecarAnswer | AdapterError, ...]:
        raise NotImplementedError

    def raw_status(self, seen: SidecarSeen) -> Row:
        one = self._reach(seen)
        return status_of(one, self._studio.clock.now())

    def held_rundown(self, seen: SidecarSeen) -> Rundown | None:
        return self._reach(seen).rundown

    def transport(self, seen: SidecarSeen, act: str, body: Row) -> Row:
        one = self._reach(seen)
        if one.refuses:
            raise Rejected(f"{seen.channel}: the engine is restarting")
        one.acts.append((act, body))
        tick = self._tick(one)
        if act == "skip":
            one.rundown = skipped(one.rundown, tick)
        one.transport = {"pause": "paused", "hold": "holding", "stop": "stopped"}.get(
            act, "playing"
        )
        one.paused_at = tick if act == "pause" else None
        return {"transport": one.transport, "tick": tick}

    def load_playlist(self, seen: SidecarSeen, body: Row) -> Row:
        one = self._reach(seen)
        one.lists.append(body)
        one.transport = "list"
        items = body["items"]
        return {"loaded": len(items) if isinstance(items, list) else 0}

    def preview(self, seen: SidecarSeen, name: str) -> bytes | None:
        """One file of a preview that moves."""
        if self._studio.channels[seen.channel].silent:
            return None
        if name == "index.m3u8":
            return playlist(self._studio.clock.now().timestamp())
        number = name.removeprefix("seg-").removesuffix(".ts")
        scene = list(self._studio.channels).index(seen.channel)
        return segment(scene, int(number)) if number.isdigit() else None

    # What a screen never asks for.

    def load_rundown(self, seen: SidecarSeen, rundown: Rundown, digest: str) -> None:
        raise NotImplementedError

    def grant(self, seen: SidecarSeen, ttl: timedelta | None, *, lift: int = 0) -> bool:
        raise NotImplementedError

    def turn(self, seen: SidecarSeen, step: SeamStep) -> int:
        raise NotImplementedError

    def grants(self, leases: Sequence[Grant]) -> tuple[AdapterError | bool, ...]:
        raise NotImplementedError

    def silence(self, seen: SidecarSeen, higher_epoch: int) -> None:
        raise NotImplementedError

    def set_outputs(self, seen: SidecarSeen, outputs: Sequence[Row]) -> None:
        raise NotImplementedError

    def asrun(self, seen: SidecarSeen, limit: int) -> tuple[AsRunRow, ...]:
        raise NotImplementedError

    def acknowledge(self, seen: SidecarSeen, seq: int) -> None:
        raise NotImplementedError


def small(clock: HandClock | RealClock | None = None) -> Studio:
    """Three channels: two of one project, one that only administrators may see."""
    studio = Studio(clock or HandClock())
    studio.add("archive", "Archive")
    studio.add("news", "News 24")
    studio.add("sport", "Sport One", project=None)
    return studio


def large(count: int, clock: HandClock | RealClock | None = None) -> Studio:
    """Many channels, some of them in every kind of trouble."""
    studio = Studio(clock or RealClock())
    for number in range(count):
        title = _TITLES[number % len(_TITLES)] + (f" {number // 20 + 1}" if number >= 20 else "")
        studio.add(title.lower().replace(" ", "-"), title)
    trouble(studio)
    return studio


def trouble(studio: Studio) -> None:
    """Put some of the channels into the states that a wall must tell apart."""
    ones = list(studio.channels.values())
    if len(ones) > 1:
        ones[1].outputs["social"] = ("down", "connection refused")
        ones[1].faults = ("output social: connection refused, trying again",)
    for one, state in zip(
        ones[5::4], ("hold", "off", "silent", "mute", "slate", "down"), strict=False
    ):
        match state:
            case "hold":
                one.transport = "holding"
            case "off":
                one.seen, one.facts = None, replace(one.facts, on_air=False)
            case "silent":
                one.silent = True
            case "mute":
                one.sending = False
            case "slate":
                one.slate = True
            case _:
                one.seen = None
    _database_of(studio, ones)


def _database_of(studio: Studio, ones: Sequence[FakeChannel]) -> None:
    now = studio.clock.now()
    first, last = ones[0].facts.name, ones[-1].facts.name
    plan = {
        "digest": "a90b11c4",
        "actions": [
            {"do": "load_rundown", "channel": first, "node": "mcr-1", "cause": "lineup changed"},
            {"do": "stage_media", "asset": "RTN-004411", "node": "mcr-2", "cause": "it airs soon"},
        ],
        "holds": [
            {"channel": last, "what": "load rundown",
             "because": "the edit touches an event that starts within 30 s",
             "until": (now + timedelta(seconds=95)).isoformat(), "allow": ""},
        ],
        "channels": [
            {"channel": first, "impact": {"kind": "at", "text": "at 21:00"}, "remarks": [
                {"frame": ones[0].rundown.events[3].start, "kind": "overrun",
                 "text": "The Long Coast, part 2 is cut by a hard start"}]},
        ],
    }  # fmt: skip
    studio.last_pass = PassSeen(
        at=now - timedelta(seconds=42), commit="3f2a9c1", label="3f2a9c1 (main)",
        plan_json=json.dumps(plan), outcome="done",
    )  # fmt: skip
    studio.alarms.append(
        {
            "channel": last,
            "key": "output",
            "text": "output social is down",
            "since": now.isoformat(),
        }
    )
    studio.media += [
        copy_of("FILM-0091", first, now, done=0.42, due=5400),
        copy_of("RTN-004411", last, now, error="mcr-2: RTN-004411: the store answers 503", due=840),
        copy_of("SP-88121", first, now, due=10_900),
    ]
    for age, who, what in (
        (900, "ingrid", "skip"),
        (300, "reconciler", "load rundown"),
        (60, "ola", "pause"),
    ):
        studio.journal.append(
            JournalEntry(
                at=now - timedelta(seconds=age), who=who, what=what, channel=first,
                node=NodeName("mcr-1"), cause="an operator's live act", outcome="done",
            )
        )  # fmt: skip


@contextmanager
def served(studio: Studio) -> Iterator[str]:
    """Serve a studio on a free port of this machine; yields its address."""
    app = create_app(studio.deps())
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join(timeout=10)
        server.server_close()
        site_of(app).close()


class _Quiet(WSGIRequestHandler):
    """Keeps connections, says nothing, and shrugs at a browser that goes away."""

    protocol_version = "HTTP/1.1"
    timeout = 2.0

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002  # as inherited
        """Say nothing."""

    def connection_dropped(self, error: BaseException, environ: object = None) -> None:
        """Let it go."""


if __name__ == "__main__":
    with served(large(int(sys.argv[1]))) as address:
        print(address, flush=True)  # noqa: T201  # that is what it is for
        threading.Event().wait()
