"""A studio in memory and a client that speaks to its endpoint."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest
from flask.testing import FlaskClient

from reconciler.model.desired import Account
from reconciler.web import create_app
from reconciler.web.site import site_of
from tests.web_fixture import Studio, small


class Client(FlaskClient):
    """A client whose answers' JSON may be anything."""

    if TYPE_CHECKING:

        def get(self, *args: Any, **kwargs: Any) -> Any: ...
        def post(self, *args: Any, **kwargs: Any) -> Any: ...
        def open(self, *args: Any, **kwargs: Any) -> Any: ...


TOKENS = {"ingrid": "token-of-ingrid", "ola": "token-of-ola", "root": "token-of-root"}


@pytest.fixture
def studio() -> Studio:
    return small()


@pytest.fixture
def open_client(studio: Studio) -> Iterator[Callable[[], Client]]:
    """Make clients of the studio as it is when called; their threads end with the test."""
    apps = []

    def make() -> Client:
        app = create_app(studio.deps())
        apps.append(app)
        app.test_client_class = Client
        return Client(app, app.response_class)

    yield make
    for app in apps:
        site_of(app).close()


@pytest.fixture
def client(open_client: Callable[[], Client]) -> Client:
    return open_client()


@pytest.fixture
def guarded(studio: Studio, open_client: Callable[[], Client]) -> Client:
    """An endpoint with accounts: ingrid edits newsroom, ola views it, root administers."""
    studio.accounts = (
        _account("ingrid", roles=(("newsroom", "edit"),)),
        _account("ola", roles=(("newsroom", "view"),)),
        _account("root", admin=True),
    )
    return open_client()


def _account(name: str, *, admin: bool = False, roles: tuple[tuple[str, str], ...] = ()) -> Account:
    digest = sha256(TOKENS[name].encode()).hexdigest()
    return Account(name=name, token_sha256=digest, admin=admin, roles=roles)
