"""The web endpoint over an open world, served until the process ends."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from ipaddress import ip_address

from flask import Flask
from waitress.server import create_server

from reconciler.adapters.shipped import shipped
from reconciler.adapters.sidecar_http import read_answer
from reconciler.errors import UsageError
from reconciler.model.desired import Account, Desired
from reconciler.shell.acts import Finder
from reconciler.shell.inforce import InForce
from reconciler.shell.world import World
from reconciler.web.app import create_app
from reconciler.web.deps import ChannelFacts, WebDeps, channel_facts

_SERVES = 1.0  # seconds
_THREADS = 16  # requests under way; a screen asks twice a second and is answered in milliseconds


def serve(world: World, host: str, port: int) -> None:
    """Serve until the process ends; raises `UsageError` where the address cannot be had."""
    app = make_web(world, host=host)
    try:
        server = create_server(app, host=host, port=port, threads=_THREADS, ident="reconcile")
    except OSError as error:
        raise UsageError(f"{host}:{port}: {error.strerror}; try --port {port + 1}") from error
    server.run()


def make_web(world: World, *, host: str) -> Flask:
    """The web endpoint over an open world."""
    lineup = _Lineup(world)
    return create_app(
        WebDeps(
            reports=world.reports,
            journal=world.store.journal,
            restage=world.store.ask_restage,
            sidecars=Finder(world).find,
            client=world.sidecars,
            read_status=read_answer,
            preview=world.sidecars.preview,
            plan=world.reports.last_pass,
            accounts=lambda: lineup.look().accounts,
            channels=lambda: lineup.look().channels,
            lineup_label=lambda: lineup.look().label,
            lineup_error=lambda: lineup.look().error,
            clock=world.clock,
            templates=shipped("templates"),
            on_loopback=_is_loopback(host),
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Looked:
    """What screens need of the lineup in force."""

    accounts: tuple[Account, ...] = ()
    channels: tuple[ChannelFacts, ...] = ()
    label: str = ""
    error: str | None = None


class _Lineup:
    """The lineup in force, looked at once a second: a page asks for it many times in one."""

    def __init__(self, world: World) -> None:
        self._in_force = InForce(world.lineup)
        self._clock = world.clock
        self._lock = threading.Lock()
        self._looked_at: float | None = None
        self._looked = _Looked()
        self._desired: Desired | None = None

    def look(self) -> _Looked:
        """What is in force, at most a second old."""
        with self._lock:
            now = self._clock.monotonic()
            if self._looked_at is None or now - self._looked_at >= _SERVES:
                self._read()
                self._looked_at = now
            return self._looked

    def _read(self) -> None:
        desired = self._in_force.read()
        error = self._in_force.error or None
        if desired is not None and desired is not self._desired:
            self._desired = desired
            self._looked = _Looked(
                accounts=desired.accounts,
                channels=channel_facts(desired),
                label=desired.revision.label,
            )
        self._looked = replace(self._looked, error=error)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
