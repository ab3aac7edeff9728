"""The web endpoint over an open world, served until the process ends."""

from __future__ import annotations

from ipaddress import ip_address

from flask import Flask
from waitress.server import create_server

from reconciler.adapters.shipped import shipped
from reconciler.adapters.sidecar_http import read_answer
from reconciler.errors import UsageError
from reconciler.model.desired import Account
from reconciler.shell.acts import Finder
from reconciler.shell.inforce import InForce
from reconciler.shell.world import World
from reconciler.web.app import create_app
from reconciler.web.deps import ChannelFacts, WebDeps, channel_facts

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
    in_force = InForce(world.lineup)

    def accounts() -> tuple[Account, ...]:
        desired = in_force.read()
        return desired.accounts if desired is not None else ()

    def channels() -> tuple[ChannelFacts, ...]:
        desired = in_force.read()
        return channel_facts(desired) if desired is not None else ()

    def label() -> str:
        desired = in_force.read()
        return desired.revision.label if desired is not None else ""

    def wrong() -> str | None:
        in_force.read()
        return in_force.error or None

    return create_app(
        WebDeps(
            reports=world.reports,
            journal=world.store.journal,
            sidecars=Finder(world).find,
            client=world.sidecars,
            read_status=read_answer,
            preview=world.sidecars.preview,
            plan=world.reports.last_pass,
            accounts=accounts,
            channels=channels,
            lineup_label=label,
            lineup_error=wrong,
            clock=world.clock,
            templates=shipped("templates"),
            on_loopback=_is_loopback(host),
        )
    )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
