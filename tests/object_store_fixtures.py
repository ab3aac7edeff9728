"""A real S3-compatible store for tests: OpenStack Swift with s3api, one per session, on loopback.

PYTEST_DONT_REWRITE. `object_store` gives a `Store`; `bucket` a fresh bucket's name in it. Swift is
correct where it matters here: wrong keys are refused, `If-Match` answers 412, presigned addresses
work, metadata keeps its case. Where it is not installed, tests that need it are skipped with its
name, or fail under RECONCILE_TEST_STRICT=1.
"""

from __future__ import annotations

import getpass
import itertools
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from reconciler.model.sources import DesiredStore
from reconciler.model.text import Text
from tests.loopback import free_ports
from tests.postgres_fixtures import short_folder
from tests.strict import missing

ACCESS_KEY, SECRET_KEY = "test:tester", "testing"
_SERVERS = ("account", "container", "object")
_NEEDED = (*(f"swift-{name}-server" for name in (*_SERVERS, "proxy")), "memcached")
_PYTHON = "/usr/bin/python3"  # Swift is a package of the system's own Python
_STARTS_WITHIN = 60.0
_numbers = itertools.count(1)

_RINGS = """
import sys
from swift.common.ring import RingBuilder
folder = sys.argv[1]
for name, port in zip(("account", "container", "object"), map(int, sys.argv[2:])):
    ring = RingBuilder(4, 1, 1)
    ring.add_dev({"region": 1, "zone": 1, "weight": 1.0, "device": "d1", "ip": "127.0.0.1",
                  "port": port, "replication_ip": "127.0.0.1", "replication_port": port})
    ring.rebalance()
    ring.get_ring().save(f"{folder}/{name}.ring.gz")
"""
_STORAGE = """
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
user = {user}
swift_dir = {folder}
devices = {folder}/devices
mount_check = false
disable_fallocate = true
workers = 0
[pipeline:main]
pipeline = {name}-server
[app:{name}-server]
use = egg:swift#{name}
"""
# `slo` stands left of `versioned_writes symlink`: otherwise multipart objects read back empty.
_PROXY = """
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
user = {user}
swift_dir = {folder}
workers = 0
[pipeline:main]
pipeline = catch_errors proxy-logging cache s3api tempauth bulk slo dlo versioned_writes symlink \
 proxy-logging proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
# A busy machine is slow to answer, not broken.
conn_timeout = 20
node_timeout = 60
error_suppression_limit = 1000000
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:proxy-logging]
use = egg:swift#proxy_logging
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:{memcached}
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
auth_pipeline_check = false
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
[filter:bulk]
use = egg:swift#bulk
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_versioned_writes = true
[filter:symlink]
use = egg:swift#symlink
"""


@dataclass(slots=True)
class Store:
    """One running store; `client` is boto3's, with the keys."""

    endpoint: str
    client: Any

    def desired(self, *, secret: str = SECRET_KEY) -> DesiredStore:
        """The store as a lineup has it."""
        return DesiredStore(
            name="archive",
            endpoint=self.endpoint,
            access_key=Text(shown="{{ secrets.access }}", value=ACCESS_KEY, mark="1"),
            secret_key=Text(shown="{{ secrets.secret }}", value=secret, mark=secret),
        )

    def put(self, bucket: str, key: str, body: bytes, **metadata: str) -> str:
        """Put one object; returns its ETag."""
        put = self.client.put_object(Bucket=bucket, Key=key, Body=body, Metadata=metadata)
        return str(put["ETag"])


@contextmanager
def _running(argv: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as file:
        process = subprocess.Popen(argv, stdout=file, stderr=file, stdin=subprocess.DEVNULL)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _client(endpoint: str) -> Any:
    import boto3
    from botocore.config import Config

    config = Config(
        signature_version="s3v4",
        s3={"addressing_style": "path"},
        retries={"mode": "standard", "total_max_attempts": 4},
        connect_timeout=2,
        read_timeout=60,
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        proxies={},
    )
    return boto3.session.Session(ACCESS_KEY, SECRET_KEY, region_name="us-east-1").client(
        "s3", endpoint_url=endpoint, config=config
    )


def _answers(client: Any, processes: list[subprocess.Popen[bytes]], logs: Path) -> None:
    from botocore.exceptions import BotoCoreError, ClientError

    deadline = time.monotonic() + _STARTS_WITHIN
    for attempt in itertools.count():
        try:
            client.create_bucket(Bucket=f"ready-{attempt}")  # asks every kind of server
            client.put_object(Bucket=f"ready-{attempt}", Key="ready", Body=b"")
        except (BotoCoreError, ClientError) as error:
            dead = [process.args for process in processes if process.poll() is not None]
            if dead or time.monotonic() > deadline:
                told = "\n".join(path.read_text("utf-8", "replace") for path in logs.glob("*.log"))
                pytest.fail(f"Swift did not start ({error}); ended: {dead}\n{told[-3000:]}")
            time.sleep(0.1)
        else:
            return


@contextmanager
def swift() -> Iterator[Store]:
    """A whole Swift in a folder of its own."""
    memcached, proxy, *storage = free_ports(2 + len(_SERVERS))
    with short_folder() as folder, ExitStack() as stack:
        (folder / "devices" / "d1").mkdir(parents=True)
        user = getpass.getuser()
        argv = [_PYTHON, "-c", _RINGS, str(folder), *map(str, storage)]
        subprocess.run(argv, check=True, capture_output=True)
        for name, port in zip(_SERVERS, storage, strict=True):
            text = _STORAGE.format(name=name, port=port, user=user, folder=folder)
            (folder / f"{name}.conf").write_text(text)
        text = _PROXY.format(port=proxy, user=user, folder=folder, memcached=memcached)
        (folder / "proxy.conf").write_text(text)
        cache = ["memcached", "-l", "127.0.0.1", "-p", str(memcached), "-U", "0", "-u", user]
        commands = {
            "memcached": cache,
            **{
                name: [f"swift-{name}-server", str(folder / f"{name}.conf")]
                for name in (*_SERVERS, "proxy")
            },
        }
        processes = [
            stack.enter_context(_running(argv, folder / f"{name}.log"))
            for name, argv in commands.items()
        ]
        client = _client(f"http://127.0.0.1:{proxy}")
        stack.callback(client.close)
        _answers(client, processes, folder)
        yield Store(f"http://127.0.0.1:{proxy}", client)


@pytest.fixture(scope="session")
def object_store() -> Iterator[Store]:
    for program in _NEEDED:
        if shutil.which(program) is None:
            missing(f"{program} (Debian's swift-proxy, swift-account, … and memcached)")
    if not os.access("/etc/swift/swift.conf", os.R_OK):
        missing("a readable /etc/swift/swift.conf (it comes with Debian's swift)")
    with swift() as store:
        yield store


@pytest.fixture
def bucket(object_store: Store) -> str:
    name = f"media-{os.getpid()}-{next(_numbers)}"
    object_store.client.create_bucket(Bucket=name)
    return name
