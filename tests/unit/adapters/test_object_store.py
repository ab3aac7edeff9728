"""What is known of a store without asking it: addresses, and who can read what from them."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from reconciler.adapters.object_store import (
    Absent,
    ObjectStore,
    bucket_and_key,
    digest_in,
    judged,
)
from reconciler.adapters.remote_facts import Place
from reconciler.adapters.remote_stores import RemoteStores
from reconciler.errors import Rejected, Unreachable
from reconciler.model.sources import DesiredStore
from reconciler.model.text import Text

SECRET = "s3cr3t-that-nobody-may-read"
KEYED = DesiredStore(
    name="archive",
    endpoint="http://127.0.0.1:9000",
    access_key=Text.plain("playout"),
    secret_key=Text(shown="{{ secrets.x }}", value=SECRET, mark="1"),
)


def test_an_address_is_signed_and_holds_no_key() -> None:
    address = ObjectStore(KEYED, {}).address("media", "films/a b.mxf")
    split = urlsplit(address)

    assert (split.netloc, split.path) == ("127.0.0.1:9000", "/media/films/a%20b.mxf")
    assert parse_qs(split.query)["X-Amz-Expires"] == ["3600"]
    assert SECRET not in address


def test_amazons_own_has_the_bucket_in_the_hosts_name() -> None:
    store = DesiredStore(name="aws", region="eu-north-1", path_style=False)
    address = ObjectStore(store, {}).address("media", "a.mxf")

    assert address == "https://media.s3.eu-north-1.amazonaws.com/a.mxf"


def test_keys_of_the_environment_serve_where_the_lineup_has_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    bare = DesiredStore(name="archive", endpoint="http://127.0.0.1:9000")
    env = {"AWS_ACCESS_KEY_ID": "me", "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_SESSION_TOKEN": "t"}

    assert "Signature" not in ObjectStore(bare, {}).address("media", "a.mxf")
    signed = ObjectStore(bare, env).address("media", "a.mxf")
    assert "X-Amz-Credential=me" in signed
    assert "X-Amz-Security-Token=t" in signed
    assert SECRET not in signed


def test_an_address_is_made_once_until_it_nears_its_end() -> None:
    address = RemoteStores({}).address("s3://media/a.mxf", KEYED)

    assert address() == address()
    assert RemoteStores({}).address("https://x.example/a.mxf", None)() == "https://x.example/a.mxf"


def test_a_place_is_known_by_its_store_as_well() -> None:
    place = Place("s3://media/a.mxf", KEYED)

    assert place.key == "archive s3://media/a.mxf"
    assert SECRET not in repr(place)


@pytest.mark.parametrize(
    ("uri", "parts"),
    [
        ("s3://media/a/b c.mxf", ("media", "a/b c.mxf")),
        ("s3://media/50%25?#.mxf", ("media", "50%25?#.mxf")),
    ],
)
def test_a_key_is_taken_as_it_is_written(uri: str, parts: tuple[str, str]) -> None:
    assert bucket_and_key(uri) == parts


def test_a_digest_is_known_by_its_name_in_any_case() -> None:
    assert digest_in({"Sha256": "AB" * 32}) == "ab" * 32
    assert digest_in({"sha256": "not one", "title": "x"}) is None


@pytest.mark.parametrize(
    ("status", "kind"),
    [(404, Absent), (403, Rejected), (401, Rejected), (400, Rejected), (429, Unreachable)],
)
def test_an_answer_tells_whether_asking_again_helps(status: int, kind: type[Exception]) -> None:
    assert type(judged(status, "x")) is kind
    assert type(judged(503, "x")) is Unreachable
