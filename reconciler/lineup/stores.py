"""Where assets may be kept besides local folders: the shape of a store, and which address may be.

A media address is a path, `file://…`, `https://…` or `s3://bucket/key`; the last counts in one of
the `stores` of lineup.yaml, the only one there is unless it is named.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from reconciler.lineup.findings import either, nearest
from reconciler.lineup.outputs import Strict, an_address
from reconciler.lineup.scalars import Bool, Scalar, matching
from reconciler.model.sources import DesiredStore
from reconciler.model.text import Text

_BUCKET = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(\S.*)")
_SCHEMES = ("file", "http", "https", "s3")
_REGION = "us-east-1"  # what self-hosted stores answer to unless told otherwise


def _secret(text: str) -> str:
    if "{{" not in text:
        # What was found is the key itself: it is not repeated.
        raise ValueError(
            "expected a secret such as {{ secrets.archive_key }}, found text in the clear (not"
            " shown: it is known now to all who read the repository); left out, the key comes from"
            " AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment"
        )
    return text


class StoreFile(Strict):
    """An S3-compatible object store."""

    endpoint: (
        Annotated[str, an_address("an address such as https://s3.example:9000", "http", "https")]
        | None
    ) = Field(None, description="absent: Amazon's own for the region")
    region: Annotated[
        str, Scalar("a region such as eu-north-1", matching(r"[a-z0-9-]{2,32}"), {"type": "string"})
    ] = _REGION
    path_style: Bool | None = Field(
        None,
        description="the bucket in the path, not in the host's name; true where an endpoint is",
    )
    access_key: (
        Annotated[str, Scalar("an access key, or a secret", matching(r"\S.*"), {"type": "string"})]
        | None
    ) = None
    secret_key: (
        Annotated[str, Scalar("a secret such as {{ secrets.x }}", _secret, {"type": "string"})]
        | None
    ) = None


Stores = Mapping[str, StoreFile]


def broken_store(store: StoreFile) -> tuple[str, str] | None:
    """What one store says that cannot be meant: a key, and the problem."""
    if store.access_key is not None and store.secret_key is None:
        return "secret_key", "is missing; expected it beside `access_key`"
    if store.secret_key is not None and store.access_key is None:
        return "access_key", "is missing; expected it beside `secret_key`"
    return None


def broken_address(uri: str, named: str | None, stores: Stores) -> tuple[str, str] | None:
    """Why assets cannot be found at `uri`, of the store that is `named`: a key, and the problem."""
    scheme = uri.partition("://")[0] if "://" in uri else "file"
    if scheme not in _SCHEMES:
        known = either(f"{each}://" for each in _SCHEMES)
        return "uri", f"expected a path or an address with {known}, found '{scheme}://'"
    if scheme == "s3":
        return _broken_in_store(uri, named, stores)
    if named is not None:
        return "store", "expected none: only an s3:// address counts in a store"
    if scheme != "file" and "*" in uri:
        return "uri", "expected a whole address: a web server does not list its files for `*`"
    return None


def _broken_in_store(uri: str, named: str | None, stores: Stores) -> tuple[str, str] | None:
    if _BUCKET.fullmatch(uri) is None:
        return "uri", f"expected s3://BUCKET/KEY, found '{uri}'"
    if named is None and len(stores) != 1:
        found = f"there are {', '.join(sorted(stores))}" if stores else "there is none"
        return "store", f"is missing; expected one of `stores` in lineup.yaml ({found})"
    if named is not None and named not in stores:
        return "store", f"no store '{named}' under `stores` in lineup.yaml{nearest(named, stores)}"
    return None


def store_of(
    uri: str, named: str | None, stores: Mapping[str, DesiredStore]
) -> DesiredStore | None:
    """The store that `uri` counts in; None for an address that is not one's."""
    if not uri.startswith("s3://"):
        return None
    return stores[named] if named is not None else next(iter(stores.values()))


def desired_store(
    name: str, written: StoreFile, access: Text | None, secret: Text | None
) -> DesiredStore:
    """One store as written, with its keys."""
    path_style = written.endpoint is not None if written.path_style is None else written.path_style
    return DesiredStore(
        name=name,
        endpoint=written.endpoint or "",
        region=written.region,
        path_style=path_style,
        access_key=access,
        secret_key=secret,
    )
