"""A Docker host for tests: a daemon of its own on a machine of its own (`machines.py`).

PYTEST_DONT_REWRITE. `docker_on` makes one on any machine of any network. Its data is in a folder of
its own, its socket is a file there that works from everywhere. With the machine all of it ends:
daemon, shims, containers, mounts.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.machines import Machine
from tests.postgres_fixtures import short_folder
from tests.strict import missing

NEEDED = ("dockerd", "docker", "containerd", "runc", "iptables")
PATH = f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin"
STARTS_WITHIN = ENDS_WITHIN = 60.0  # seconds; either takes one
_PID = "/run/docker.pid"
_CGROUPS = Path("/sys/fs/cgroup")


@dataclass(slots=True, kw_only=True)
class DockerHost:
    """One machine with a Docker daemon, and how to talk to it."""

    machine: Machine
    folder: Path
    _daemon: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """What DOCKER_HOST is for it."""
        return f"unix://{self.folder}/docker.sock"

    @property
    def environment(self) -> dict[str, str]:
        """What a client is started with: no settings, proxies or keys of this machine's user."""
        return {
            "PATH": PATH,
            "DOCKER_HOST": self.url,
            "DOCKER_CONFIG": str(self.folder / "config"),
            "DOCKER_BUILDKIT": "0",  # the newer builder is a plugin that not every client has
        }

    def docker(self, *command: str, timeout: float = 60.0, fails: bool = False) -> str:
        """Run `docker …`; returns what it wrote, both streams of it where it may fail."""
        done = subprocess.run(
            ["docker", *command],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if fails else subprocess.PIPE,
            text=True,
            timeout=timeout,
            check=False,
        )
        told = f"{done.stdout}\n{done.stderr}"[-2000:]
        assert fails or done.returncode == 0, f"docker {command}: {told}"
        return done.stdout.strip()

    def start(self, *options: str) -> None:
        """Start the daemon with `options`, and wait until it answers."""
        argv = [
            *("dockerd", "--data-root", str(self.folder / "data"), "--exec-root", "/run/docker"),
            *("--pidfile", _PID, "--host", self.url, "--cgroup-parent", f"/{self.folder.name}"),
        ]
        with (self.folder / "dockerd.log").open("ab") as log:
            daemon = subprocess.Popen(
                self.machine.argv(*argv, *options),
                env={"PATH": PATH},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._daemon.append(daemon)
        deadline = time.monotonic() + STARTS_WITHIN
        while self.docker("version", "--format", "ok", timeout=10, fails=True) != "ok":
            told = (self.folder / "dockerd.log").read_text(errors="replace")[-2000:]
            assert daemon.poll() is None, f"dockerd ended: {told}"
            assert time.monotonic() < deadline, f"dockerd did not start: {told}"
            time.sleep(0.1)

    def stop(self) -> None:
        """End the daemon tidily, and its containers with it."""
        pid = self.machine.run("cat", _PID).strip()
        self.machine.run("kill", pid)
        self._daemon.pop().wait(ENDS_WITHIN)

    def close(self) -> None:
        """Leave nothing behind."""
        if self._daemon and self._daemon[-1].poll() is None:
            left = self.docker("ps", "--all", "--quiet", fails=True).split()
            if left:
                self.docker("rm", "--force", *left, fails=True)
            self.stop()
        for controller in _CGROUPS.glob(f"*/{self.folder.name}"):
            with contextlib.suppress(OSError):
                controller.rmdir()


@contextmanager
def docker_on(machine: Machine, *options: str) -> Iterator[DockerHost]:
    """A Docker host until the end of this block."""
    need_docker()
    with short_folder() as folder:
        host = DockerHost(machine=machine, folder=folder)
        (folder / "config").mkdir()
        try:
            host.start(*options)
            yield host
        finally:
            host.close()


def need_docker() -> None:
    """Skip where there is no daemon to start."""
    for program in NEEDED:
        if shutil.which(program, path=PATH) is None:
            missing(f"{program} (Debian's docker.io)")
