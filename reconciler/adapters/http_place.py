"""Web addresses taken apart: which server to speak to, and what to ask it for; pure.

Nothing here ever tells an address: it may be presigned.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, urlsplit

from reconciler.errors import Rejected

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)([^#]*)")
_UNSAFE = re.compile(r"[^!-~]")  # would end or split the line that an address is sent in
_SAFE = "".join(chr(code) for code in range(ord("!"), ord("~") + 1))
_PORTS = {"http": 80, "https": 443}
_KNOWN = 4096  # servers whose addresses are remembered; every sidecar is one


@dataclass(frozen=True, slots=True)
class Place:
    """The server of an address."""

    scheme: str
    host: str
    port: int
    named: str  # as the server is told that it was called

    @property
    def is_tls(self) -> bool:
        """Whether what is said to it is sealed."""
        return self.scheme == "https"


def parts_of(url: str) -> tuple[Place, str]:
    """The server of an address and what to ask it for; raises `Rejected`, telling nothing of it."""
    found = _URL.match(url)
    scheme = found[1].lower() if found else ""
    if found is None or scheme not in _PORTS:
        raise Rejected(f"only http and https can be fetched, not {scheme or 'a path'}")
    path = found[3] if found[3].startswith("/") else f"/{found[3]}"
    return _place(scheme, found[2]), quote(path, safe=_SAFE) if _UNSAFE.search(path) else path


@lru_cache(maxsize=_KNOWN)
def _place(scheme: str, netloc: str) -> Place:
    try:
        split = urlsplit(f"{scheme}://{netloc}")
        host, port = split.hostname, split.port
    except ValueError as error:
        raise Rejected("the address cannot be used") from error
    if not host:
        raise Rejected("the address names no server")
    named = netloc.rpartition("@")[2]
    return Place(scheme, _ascii(host), port or _PORTS[scheme], _ascii(named))


def _ascii(name: str) -> str:
    try:
        plain = name.encode("idna").decode("ascii")  # fails too for a name that no server can have
    except UnicodeError as error:
        raise Rejected("the address cannot be used") from error
    if _UNSAFE.search(plain):
        raise Rejected("the address cannot be used")
    return plain
