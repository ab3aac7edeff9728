"""Assets in a real object store: what is told of them, and how they come to a node."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from reconciler.adapters.media_files import MediaFolder
from reconciler.adapters.media_sources import MediaSources
from reconciler.adapters.remote_media import RemoteMedia
from reconciler.adapters.remote_stores import RemoteStores
from reconciler.adapters.transfer import Line
from reconciler.errors import Rejected
from reconciler.model.ids import AssetId
from reconciler.model.media import AssetFact
from reconciler.model.sources import DesiredAsset, DesiredStore, MediaSource
from tests.object_store_fixtures import SECRET_KEY, Store
from tests.orders import nobody

A = AssetId("A-1")
LONG = 30.0  # seconds; only a test that fails waits so long
Look = Callable[..., AssetFact]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=Fraction(25), options={"preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = 160, 96, "yuv420p"
        noise = np.random.default_rng(1)
        for _ in range(100):
            picture = noise.integers(0, 255, (96, 160, 3), dtype=np.uint8)
            for packet in video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                out.mux(packet)
        for packet in video.encode(None):
            out.mux(packet)
    return path.read_bytes()


def library(tmp_path: Path, env: dict[str, str] | None = None) -> MediaSources:
    remote = RemoteMedia(RemoteStores(env or {}), tmp_path / "remote.json", patience=LONG)
    return MediaSources(tmp_path, tmp_path / "probed.json", remote)


def look(
    tmp_path: Path,
    store: DesiredStore,
    uri: str,
    *,
    env: dict[str, str] | None = None,
    **declared: object,
) -> AssetFact:
    source = MediaSource(match="*", uri=uri, store=store)
    assets = {}
    if declared:
        whole = DesiredAsset(id=A, uri=uri.replace("{asset}", A), store=store, **declared)  # type: ignore[arg-type]  # a test's own
        assets = {A: whole}
    return library(tmp_path, env).catalogue([A], assets, [source])[A]


def test_an_object_is_probed_where_it_lies(
    object_store: Store, bucket: str, film: bytes, tmp_path: Path
) -> None:
    etag = object_store.put(bucket, "films/A-1.mp4", film)
    found = look(tmp_path, object_store.desired(), f"s3://{bucket}/films/{{asset}}.mp4")

    assert (found.problem, found.note, found.duration) == (None, None, Fraction(4))
    assert (found.uri, found.size, found.etag) == (
        f"s3://{bucket}/films/A-1.mp4",
        len(film),
        etag,
    )
    assert found.stored.startswith("A-1.")
    assert found.stored.endswith(".mp4")


def test_a_pattern_finds_the_suffix_by_listing(
    object_store: Store, bucket: str, film: bytes, tmp_path: Path
) -> None:
    object_store.put(bucket, "A-1.json", b"{}")
    object_store.put(bucket, "A-1.mp4", film)
    object_store.put(bucket, "A-10.mp4", film[:100])
    found = look(tmp_path, object_store.desired(), f"s3://{bucket}/{{asset}}.*")

    assert (found.problem, found.uri) == (None, f"s3://{bucket}/A-1.mp4")


def test_the_stores_own_digest_is_known_whatever_its_case(
    object_store: Store, bucket: str, film: bytes, tmp_path: Path
) -> None:
    digest = hashlib.sha256(film).hexdigest()
    object_store.put(bucket, "A-1.mp4", film, SHA256=digest.upper())
    found = look(tmp_path, object_store.desired(), f"s3://{bucket}/{{asset}}.mp4")

    assert found.sha256 == digest
    assert found.stored == f"A-1.{digest[:12]}.mp4"
    wrong = look(tmp_path, object_store.desired(), f"s3://{bucket}/{{asset}}.mp4", sha256="0" * 64)
    assert "expected sha256 000000000000…, found" in (wrong.problem or "")


def test_what_is_wrong_is_a_fact_that_says_so(
    object_store: Store, bucket: str, film: bytes, tmp_path: Path
) -> None:
    object_store.put(bucket, "A-1.mp4", film)
    object_store.put(bucket, "text/A-1.mp4", b"no film at all")
    object_store.put(bucket, "empty/A-1.mp4", b"")
    right, uri = object_store.desired(), f"s3://{bucket}/{{asset}}.mp4"
    dead = DesiredStore(name="dead", endpoint="http://127.0.0.1:9")

    said = {
        "absent": look(tmp_path, right, f"s3://{bucket}/none/{{asset}}.mp4"),
        "unlisted": look(tmp_path, right, f"s3://{bucket}/none/{{asset}}.*"),
        "keys": look(tmp_path, object_store.desired(secret="wrong"), uri),
        "dead": look(tmp_path, dead, uri),
        "text": look(tmp_path, right, f"s3://{bucket}/text/{{asset}}.mp4"),
        "empty": look(tmp_path, right, f"s3://{bucket}/empty/{{asset}}.mp4"),
        "size": look(tmp_path, right, uri, size=7),
    }
    for name, words in {
        "absent": "HTTP 404: no such object",
        "unlisted": "no object begins with none/A-1.",
        "keys": "HTTP 403: its credentials are refused",
        "dead": "store dead does not answer",
        "text": "cannot be opened",
        "empty": "it is empty",
        "size": f"expected 7 bytes, found {len(film)}",
    }.items():
        assert words in (said[name].problem or ""), name


def test_keys_may_come_from_the_environment(
    object_store: Store, bucket: str, film: bytes, tmp_path: Path
) -> None:
    object_store.put(bucket, "A-1.mp4", film)
    bare = DesiredStore(name="archive", endpoint=object_store.endpoint)
    keys = {"AWS_ACCESS_KEY_ID": "test:tester", "AWS_SECRET_ACCESS_KEY": SECRET_KEY}

    assert look(tmp_path, bare, f"s3://{bucket}/{{asset}}.mp4", env=keys).problem is None


def test_a_node_fetches_by_a_presigned_address_and_never_sees_keys(
    object_store: Store, bucket: str, tmp_path: Path
) -> None:
    body = os.urandom(9 << 20)
    object_store.put(bucket, "A-1.mp4", body)
    store = object_store.desired()
    source = MediaSource(match="*", uri=f"s3://{bucket}/{{asset}}.mp4", store=store)
    sources = library(tmp_path)
    order = sources.order(sources.catalogue([A], {}, [source])[A])
    seen = MediaFolder(tmp_path / "media", Line()).stage(order, nobody)

    assert seen.sha256 == hashlib.sha256(body).hexdigest()
    assert (tmp_path / "media" / order.stored).read_bytes() == body
    assert SECRET_KEY not in order.address()
    assert "Signature" not in repr(order)
    kept = (tmp_path / "remote.json").read_text()
    assert SECRET_KEY not in kept
    assert "Signature" not in kept


def test_an_object_of_many_uploaded_parts_is_fetched_whole(
    object_store: Store, bucket: str, tmp_path: Path
) -> None:
    body = os.urandom(11 << 20)
    client, key = object_store.client, {"Bucket": bucket, "Key": "A-1.mp4"}
    upload = client.create_multipart_upload(**key)["UploadId"]
    parts = [
        {
            "PartNumber": number,
            "ETag": client.upload_part(
                **key, UploadId=upload, PartNumber=number, Body=body[start : start + (6 << 20)]
            )["ETag"],
        }
        for number, start in ((1, 0), (2, 6 << 20))
    ]
    client.complete_multipart_upload(**key, UploadId=upload, MultipartUpload={"Parts": parts})
    store = object_store.desired()
    source = MediaSource(match="*", uri=f"s3://{bucket}/{{asset}}.mp4", store=store)
    sources = library(tmp_path)
    fact = sources.catalogue([A], {}, [source])[A]
    MediaFolder(tmp_path / "media", Line()).stage(sources.order(fact), nobody)

    assert fact.etag is not None
    assert fact.etag.strip('"').endswith("-2")
    assert (tmp_path / "media" / fact.stored).read_bytes() == body


def test_an_object_that_was_replaced_since_it_was_looked_at_is_refused(
    object_store: Store, bucket: str, tmp_path: Path
) -> None:
    object_store.put(bucket, "A-1.mp4", os.urandom(5 << 20))
    store = object_store.desired()
    source = MediaSource(match="*", uri=f"s3://{bucket}/{{asset}}.mp4", store=store)
    sources = library(tmp_path)
    order = sources.order(sources.catalogue([A], {}, [source])[A])
    object_store.put(bucket, "A-1.mp4", os.urandom(5 << 20))

    with pytest.raises(Rejected, match=r"412.*replaced meanwhile"):
        MediaFolder(tmp_path / "media", Line()).stage(order, nobody)
    assert MediaFolder(tmp_path / "media", Line()).staged() == {}
