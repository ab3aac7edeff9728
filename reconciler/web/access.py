"""Who asks, and what they may see and operate. Pure: accounts and a token in, a visitor out."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from reconciler.model.desired import Account

VIEW, EDIT = "view", "edit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Somebody known: an administrator, or a holder of roles per project."""

    name: str
    admin: bool = False
    roles: frozenset[tuple[str, str]] = frozenset()  # (project, role)

    def may_view(self, project: str | None) -> bool:
        """Whether channels of `project` (None: administrators only) may be seen."""
        return self.admin or any((project, role) in self.roles for role in (VIEW, EDIT))

    def may_edit(self, project: str | None) -> bool:
        """Whether channels of `project` may be operated."""
        return self.admin or (project, EDIT) in self.roles


LOCAL = Visitor(name="local operator", admin=True)
"""Whoever asks while no accounts are configured and only this machine can ask."""


def recognise(token: str, accounts: Iterable[Account]) -> Visitor | None:
    """Find the account that `token` belongs to; every account is compared, in constant time."""
    digest = sha256(token.encode()).hexdigest()
    found: Account | None = None
    for account in accounts:
        if hmac.compare_digest(digest, account.token_sha256.lower()):
            found = account
    if found is None:
        return None
    return Visitor(name=found.name, admin=found.admin, roles=frozenset(found.roles))
