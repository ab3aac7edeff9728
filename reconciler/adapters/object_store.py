"""An S3-compatible store: what an object is, which there are, an address to read it by (boto3).

The keys of a store are used here and nowhere else. What boto3 raises becomes `Absent`, `Rejected`
or `Unreachable`, and says what the store answered.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from reconciler.errors import AdapterError, Rejected, Unreachable
from reconciler.model.sources import DesiredStore

VALID = 3600  # seconds that a presigned address is good for
_CONNECT, _READ = 3.0, 10.0  # seconds
_AT_ONCE = 16  # connections to one store
_PAGE = 1000  # keys of one listing; a house number has a handful of files
_HASH = "sha256"  # the name of an object's metadata that tells its digest, in any case
_DIGITS = 64
# How botocore finds its own settings: name in a file, in the environment, value, how to read it.
_BARE: Any = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}


class Absent(Rejected):
    """The far end answered, and there is no such object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectSeen:
    """One object as its store shows it: what tells whether its content is the same."""

    size: int
    etag: str | None
    modified: str
    sha256: str | None


class ObjectStore:
    """One store, with its keys or (where the lineup has none) those of the environment."""

    def __init__(self, store: DesiredStore, env: Mapping[str, str]) -> None:
        self._store = store
        self._env = env
        self._lock = Lock()
        self._made: Any = None  # boto3's client, which has no type of its own

    def look(self, bucket: str, key: str) -> ObjectSeen:
        """What is there under `key`; raises `Absent`, `Rejected` or `Unreachable`."""
        try:
            told = self._client().head_object(Bucket=bucket, Key=key)
        except Exception as error:
            raise _ours(error, self._store.name) from error
        return ObjectSeen(
            size=told["ContentLength"],
            etag=told.get("ETag"),
            modified=told["LastModified"].isoformat(),
            sha256=digest_in(told.get("Metadata", {})),
        )

    def names(self, bucket: str, prefix: str) -> tuple[str, ...]:
        """The keys that begin with `prefix` and lie in its folder, at most a thousand."""
        try:
            told = self._client().list_objects_v2(
                Bucket=bucket, Prefix=prefix, Delimiter="/", MaxKeys=_PAGE
            )
        except Exception as error:
            raise _ours(error, self._store.name) from error
        return tuple(sorted(each["Key"] for each in told.get("Contents", ())))

    def address(self, bucket: str, key: str) -> str:
        """A URL by which the object can be read for `VALID` seconds, without credentials."""
        try:
            return str(
                self._client().generate_presigned_url(
                    "get_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=VALID
                )
            )
        except Exception as error:
            raise _ours(error, self._store.name) from error

    def _client(self) -> Any:
        with self._lock:
            if self._made is None:
                self._made = self._make()
            return self._made

    def _make(self) -> Any:
        import boto3
        import botocore.session
        from botocore import UNSIGNED
        from botocore.config import Config

        keys = self._keys()
        config = Config(
            signature_version="s3v4" if keys else UNSIGNED,
            s3={"addressing_style": "path" if self._store.path_style else "virtual"},
            connect_timeout=_CONNECT,
            read_timeout=_READ,
            retries={"mode": "standard", "max_attempts": 2},
            max_pool_connections=_AT_ONCE,
            # Some stores answer ranges with the whole object's checksum.
            response_checksum_validation="when_required",
            proxies={},
        )
        # Nothing but what is declared: no profile, no files in a home folder.
        bare = botocore.session.Session(session_vars=_BARE)
        session = boto3.session.Session(
            botocore_session=bare, region_name=self._store.region, **keys
        )
        endpoint = self._store.endpoint or None
        return session.client("s3", endpoint_url=endpoint, config=config)

    def _keys(self) -> dict[str, Any]:
        store = self._store
        if store.access_key is not None and store.secret_key is not None:
            return {
                "aws_access_key_id": store.access_key.value,
                "aws_secret_access_key": store.secret_key.value,
            }
        access, secret = (
            self._env.get(f"AWS_{name}") for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY")
        )
        if not access or not secret:
            return {}
        token = self._env.get("AWS_SESSION_TOKEN") or None
        return {
            "aws_access_key_id": access,
            "aws_secret_access_key": secret,
            "aws_session_token": token,
        }


def bucket_and_key(uri: str) -> tuple[str, str]:
    """The two parts of `s3://bucket/key`."""
    split = urlsplit(uri, allow_fragments=False)
    bucket, _, key = uri.removeprefix(f"{split.scheme}://").partition("/")
    return bucket, key


def digest_in(metadata: Mapping[str, str]) -> str | None:
    """The SHA-256 that an object's metadata tells; some servers change the case of its name."""
    for name, value in metadata.items():
        if name.lower() == _HASH and len(value) == _DIGITS:
            return value.lower()
    return None


def _ours(error: Exception, store: str) -> AdapterError:
    """What went wrong, in our own words; no address and no key is repeated."""
    from botocore.exceptions import BotoCoreError, ClientError

    if isinstance(error, ClientError):
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        code = str(error.response.get("Error", {}).get("Code", ""))
        told = f"store {store}: HTTP {status}" + (f" {code}" if not code.isdigit() else "")
        return judged(status, told)
    if isinstance(error, BotoCoreError | OSError):
        return Unreachable(f"store {store} does not answer: {type(error).__name__}", system=store)
    raise error


def judged(status: int, told: str) -> AdapterError:
    """An answer that is not the object, by its HTTP status."""
    if status == 404:  # noqa: PLR2004  # not found
        return Absent(f"{told}: no such object")
    if status in (401, 403):
        return Rejected(f"{told}: its credentials are refused")
    if status == 429 or status >= 500:  # noqa: PLR2004  # asked too much, or broken
        return Unreachable(f"{told}: it does not answer now")
    return Rejected(told)
