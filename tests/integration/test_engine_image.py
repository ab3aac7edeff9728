"""The engine image, built by a real Docker from what `reconcile image` writes, and run by it.

The engine in it is the fake CasparCG, installed in the base image as a user's real one would be.
"""

from __future__ import annotations

import json
import os
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from reconciler.cli import exits
from reconciler.cli.main import cli
from tests.baseimage import TAG as BASE
from tests.baseimage import import_base
from tests.dockerhost import DockerHost, docker_on
from tests.integration.casparcg_kit import make_clip
from tests.integration.image_kit import HTTP, TAG, TOKEN, Container, Lab, container
from tests.machines import network
from tests.unit.sidecar.rig import assert_joined, from_now
from tests.waiting import eventually
from tests.wheelhouse import pack_wheels

# One daemon for all of it, and one image to build.
pytestmark = [pytest.mark.media, pytest.mark.slow]

VIDEO_GROUP = 44  # Debian's and Ubuntu's
OFFLINE = ("--network", "none", "--build-arg", "PIP_NO_INDEX=1")
# A base without tini, and with an apt-get that only says what it was asked for.
BARE = r"""FROM casparcg:fake
RUN cp /bin/tini /spare && rm /bin/tini \
 && printf '#!/bin/sh\necho "$@" >> /asked\ncp /spare /bin/tini\n' > /bin/apt-get \
 && chmod 755 /bin/apt-get
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with network() as net, docker_on(net.machine("mcr-1")) as host:
        import_base(host)
        folder = tmp_path_factory.mktemp("image") / "build"
        build(host, folder)
        outside = net.machine("outside")
        yield Lab(host=host, outside=outside, media=media_on(host), context=folder)


def build(host: DockerHost, folder: Path) -> None:
    """As the command says that it is done where there is no network."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["reconcile", "image", str(folder), "--base", BASE])
        assert exits.run(cli) == 0
    pack_wheels((folder / "requirements.txt").read_text().split(), folder / "wheels")
    host.docker("build", *OFFLINE, "--tag", TAG, str(folder), timeout=300)


def media_on(host: DockerHost) -> Path:
    """Files that belong to somebody else, whom the channel's user may only read."""
    media = host.folder / "media"
    media.mkdir()
    for name in "abcd":
        make_clip(media / f"{name}.mp4").chmod(0o444)
    return media


@pytest.fixture
def news(lab: Lab) -> Iterator[Container]:
    with container(lab) as made:
        yield made


def test_the_image_holds_what_a_channel_needs_and_asks_for_nothing(lab: Lab) -> None:
    (found,) = json.loads(lab.host.docker("image", "inspect", TAG))
    (base,) = json.loads(lab.host.docker("image", "inspect", BASE))
    config = found["Config"]

    assert config["User"] == "playout"
    assert set(config["ExposedPorts"]) == {f"{HTTP}/tcp"}
    assert found["Size"] - base["Size"] < 150_000_000
    left = lab.host.docker("run", "--rm", TAG, "sh", "-c", "ls /build; command -v pip", fails=True)
    assert "No such file" in left
    assert "/pip" not in left


def test_only_what_the_base_lacks_is_fetched(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(BARE)
    host = lab.host
    host.docker("build", "--tag", "casparcg:bare", str(tmp_path))
    base = ("--build-arg", "BASE=casparcg:bare", "--target", "system")
    host.docker("build", *OFFLINE, *base, "--tag", "system", str(lab.context))

    asked = host.docker("run", "--rm", "system", "cat", "/asked").splitlines()
    assert asked == ["update", "install -y --no-install-recommends tini"]


def test_a_channel_plays_and_nobody_without_the_token_is_told(lab: Lab, news: Container) -> None:
    with lab.hear_stream() as far_end:
        answer = news.play(from_now("a b c d " * 20, frames=75, since=0))
        assert answer.on_air is not None
        assert far_end.recv(4096), "the output reaches the other machine"
    assert httpx.get(f"{news.seen.url}/status", trust_env=False).status_code == 401
    eventually(lambda: sum(r.evidence == "engine" for r in news.rows()) >= 2)
    eventually(lambda: news.inspect()["State"]["Health"]["Status"] == "healthy")
    assert TOKEN not in news.log()
    assert news.inside("id", "-u") == "10001"
    assert "index.m3u8" in news.inside("cat", "engine/casparcg.config"), "a preview all the same"


def test_the_engines_port_is_for_the_sidecar_alone(lab: Lab, news: Container) -> None:
    news.until(lambda a: a.engine == "running")
    address = news.inspect()["NetworkSettings"]["IPAddress"]
    port, node = news.amcp_port(), lab.host.machine
    lab.outside.run("ip", "route", "replace", f"{address}/32", "via", node.address)

    node.dial(address, port, 5).close()  # it does listen on all addresses, as a real one does
    lab.outside.dial(node.address, HTTP, 5).close()
    for place in (address, node.address):
        with pytest.raises(OSError, match=r"timed out|refused"):
            lab.outside.dial(place, port, 1)


def test_a_device_is_there_for_whom_it_was_given(lab: Lab) -> None:
    node = lab.host.folder / "io0"
    os.mknod(node, stat.S_IFCHR, os.makedev(1, 3))  # a twin of /dev/null
    os.chown(node, 0, VIDEO_GROUP)
    node.chmod(0o660)
    device = ("--device", f"{node}:/dev/blackmagic/io0")
    write = ("sh", "-c", "echo word > /dev/blackmagic/io0 && echo written")

    assert lab.host.docker("run", "--rm", *device, TAG, *write) == "written"
    assert "written" not in lab.host.docker("run", "--rm", TAG, *write, fails=True)


def test_what_ends_inside_is_buried_and_the_engine_comes_back(news: Container) -> None:
    events = from_now("a b c d " * 40, frames=75, since=0)
    news.play(events)
    first = news.engine_pid()
    news.inside("sh", "-c", "sleep 0.1 & sleep 0.2 & exit 0")  # orphans, for the first process
    news.inside("sh", "-c", f"kill -9 {first}")

    answer = news.until(lambda a: a.engine_restarts > 0 and a.sending and a.on_air is not None)
    assert_joined(answer, events)
    assert news.engine_pid() != first
    eventually(lambda: not [line for line in news.processes() if line.startswith("Z")])


def test_a_stop_is_tidy_and_in_time_and_the_as_run_stays(news: Container) -> None:
    news.play(from_now("a b c d " * 60, frames=75, since=0))
    eventually(lambda: any(r.kind == "programme" for r in news.rows()))
    before = news.rows()
    began = time.monotonic()
    news.docker("stop")
    print(f"docker stop took {time.monotonic() - began:.1f} s")  # noqa: T201  # measured

    assert news.inspect()["State"]["ExitCode"] == 0, "137 would be a kill after ten seconds"
    assert news.log().endswith("ended"), "to its last word"
    news.docker("start")
    news.until(lambda a: a.on_air is not None)
    after = news.rows()
    kept = [row.seq for row in before if row.ended_at is not None]
    assert [row.seq for row in after if row.seq in kept] == kept
    assert [row.evidence for row in after if row.why == "stopped"] == ["engine"]


def test_a_kill_loses_nothing_and_the_next_life_joins_in_progress(news: Container) -> None:
    events = from_now("a b c d " * 60, frames=75, since=0)
    news.play(events)
    news.until(lambda a: a.asrun_waiting >= 1)
    before = news.rows()
    news.docker("kill")
    news.docker("start")

    assert_joined(news.until(lambda a: a.on_air is not None), events)
    after = news.rows()
    assert after[: len(before)] == before
    assert "crash" in {row.why for row in after[len(before) :]}
