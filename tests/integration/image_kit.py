"""A container of the engine image on a Docker host, and its channel as another machine sees it."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from reconciler.adapters.sidecar_http import SidecarHttp
from reconciler.errors import ReconcilerError
from reconciler.model.ids import ChannelName, NodeName
from reconciler.model.observed import Life, SidecarAnswer, SidecarSeen
from reconciler.model.records import AsRunRow
from reconciler.model.rundown import Event
from reconciler.rundown.wire import digest
from tests.dockerhost import DockerHost
from tests.machines import Machine, door
from tests.unit.sidecar.situations import rundown

TAG = "playout"
TOKEN = "a-token-for-tests"
CHANNEL = "news"
HTTP, STREAM = 3002, 5004
STATE = "/var/lib/reconciler"
# All that it is given up to be less able to do harm; none of it may keep it from playing.
LOCKED_DOWN = (
    *("--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
    *("--read-only", "--tmpfs", "/tmp"),
)
WITHIN = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """A machine with Docker and the image, and another machine beside it."""

    host: DockerHost
    outside: Machine
    media: Path
    context: Path

    def hear_stream(self) -> socket.socket:
        """The far end of the channel's output: a socket of the other machine."""

        def bind() -> socket.socket:
            ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            ear.bind((self.outside.address, STREAM))
            ear.settimeout(WITHIN)
            return ear

        return self.outside.within(bind)


class Container:
    """One container with one channel, asked from outside by the reconciler's own client."""

    def __init__(self, host: DockerHost, name: str, port: int) -> None:
        self._host = host
        self.name = name
        self.seen = SidecarSeen(
            channel=ChannelName(CHANNEL),
            node=NodeName(host.machine.name),
            epoch=1,
            fingerprint="",
            commit="",
            handle=name,
            url=f"http://127.0.0.1:{port}",
            life=Life.RUNNING,
            started_at=datetime.now(UTC),
        )
        self.client = SidecarHttp(lambda _seen: TOKEN)

    def docker(self, command: str, *arguments: str) -> str:
        return self._host.docker(command, *arguments, self.name)

    def inside(self, *command: str) -> str:
        """Run something in it, as the user that it runs as."""
        return self._host.docker("exec", self.name, *command)

    def log(self) -> str:
        return self._host.docker("logs", self.name, fails=True)

    def inspect(self) -> dict[str, Any]:
        found: list[dict[str, Any]] = json.loads(self.docker("inspect"))
        return found[0]

    def engine_pid(self) -> int:
        return int(json.loads(self.inside("cat", "engine.json"))["pid"])

    def amcp_port(self) -> int:
        """The port that the engine listens on in there."""
        config = self.inside("cat", "engine/casparcg.config")
        return int(re.findall(r"<port>(\d+)</port>", config)[0])

    def processes(self) -> list[str]:
        """State and name of each process that belongs to it."""
        return self.inside("ps", "-e", "-o", "stat=,comm=").splitlines()

    def until(self, wanted: Callable[[SidecarAnswer], bool]) -> SidecarAnswer:
        """Wait for an answer; fail with what the container told if it does not come."""
        deadline, last = time.monotonic() + WITHIN, "no answer"
        while time.monotonic() < deadline:
            try:
                answer = self.client.status(self.seen)
                if wanted(answer):
                    return answer
                last = str(answer)
            except ReconcilerError as error:
                last = str(error)
            time.sleep(0.05)
        pytest.fail(f"it did not come true in time: {last}\n{self.log()[-3000:]}")

    def play(self, events: Sequence[Event]) -> SidecarAnswer:
        """Load these, give it the right to send, and wait for the picture."""
        self.until(lambda a: a.engine == "running")
        made = rundown(tuple(events))
        self.client.load_rundown(self.seen, made, digest(made))
        self.client.grant(self.seen, None)
        return self.until(lambda a: a.sending and a.on_air is not None)

    def rows(self) -> tuple[AsRunRow, ...]:
        return self.client.asrun(self.seen, 1000)


@contextmanager
def container(lab: Lab, *options: str) -> Iterator[Container]:
    """A container with the channel, its state in a volume, until the end of this block."""
    host, name = lab.host, f"playout-{CHANNEL}"
    environment = {
        "CHANNEL_ID": CHANNEL,
        "OUTPUT_TYPE": "udp",
        "OUTPUT_CONFIG": json.dumps({"url": f"udp://{lab.outside.address}:{STREAM}"}),
        "VIDEO_FORMAT": "424x240p2500",
        "TOKEN": TOKEN,
    }
    given = [word for key, value in environment.items() for word in ("--env", f"{key}={value}")]
    host.docker(
        *("run", "--detach", "--name", name, "--publish", f"{HTTP}:{HTTP}", "--health-interval=1s"),
        *("--volume", f"{name}:{STATE}", "--volume", f"{lab.media}:/media:ro"),
        *(*LOCKED_DOWN, *given, *options, TAG),
    )
    with door(lab.outside, host.machine.address, HTTP) as port:
        made = Container(host, name, port)
        try:
            yield made
        finally:
            made.client.close()
            host.docker("rm", "--force", name)
            host.docker("volume", "rm", name)
