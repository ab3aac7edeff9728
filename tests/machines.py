"""Machines that a test makes: processes with namespaces of their own, on a network of their own.

PYTEST_DONT_REWRITE. A `Machine` has its own processes, mounts, /run, host name and network; nothing
of it is seen outside, the network of the machine that runs the tests included, and two runs never
meet. When its first process ends, the kernel ends all that ran on it: a power cut, and the way in
which every machine goes. That first process dies with the tests.

    with network() as lab:
        one, two = lab.machine("one"), lab.machine("two")
        two.run("ping", "-c1", one.address)
        with door(two, one.address, 80) as port: ...  # 127.0.0.1:port is one:80 as two sees it
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from tests.strict import missing, unable

NEEDED = ("unshare", "nsenter", "setpriv", "ip", "tini")
T = TypeVar("T")
PATIENCE = 20.0  # seconds for what takes milliseconds
_SUBNET = "10.201.0"
_CLONE_NEWNET = 0x40000000
_BEGIN = "mount -t tmpfs tmpfs /run && hostname {name} && ip link set lo up && echo up && "
_LIVE = "exec tini -s -- sleep infinity >/dev/null"


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine, by its first process; `address` is what the others call it by."""

    name: str
    first: int
    address: str = ""

    def argv(self, *command: str) -> list[str]:
        """The command line that runs `command` on it."""
        inside = ["nsenter", f"--target={self.first}", "--pid", "--net", "--mount", "--uts", "--"]
        return [*inside, *command]

    def run(self, *command: str, timeout: float = PATIENCE) -> str:
        """Run to the end; returns what was written, fails if it did."""
        done = subprocess.run(
            self.argv(*command), capture_output=True, text=True, timeout=timeout, check=False
        )
        assert done.returncode == 0, f"{self.name}: {command}: {done.stderr}"
        return done.stdout

    def dial(self, host: str, port: int, timeout: float = PATIENCE) -> socket.socket:
        """Connect as this machine would; raises `OSError`."""
        return self.within(lambda: socket.create_connection((host, port), timeout))

    def within(self, make: Callable[[], T]) -> T:
        """What `make` returns on this machine's network; a socket stays on that of its birth."""
        with ThreadPoolExecutor(1) as alone:  # a thread that enters a network is there for good
            alone.submit(self._enter_network).result()
            return alone.submit(make).result()

    def _enter_network(self) -> None:
        with Path(f"/proc/{self.first}/ns/net").open("rb") as space:
            if ctypes.CDLL(None, use_errno=True).setns(space.fileno(), _CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), f"the network of {self.name}")


@dataclass(slots=True)
class Network:
    """A switch, and the machines that are plugged into it."""

    switch: Machine
    _stack: ExitStack
    _machines: list[Machine] = field(default_factory=list)

    def machine(self, name: str) -> Machine:
        """Switch on another machine."""
        number = len(self._machines) + 1
        bare = self._stack.enter_context(_powered(name))
        made = Machine(name=name, first=bare.first, address=f"{_SUBNET}.{number}")
        pair = f"add port{number} type veth peer name eth0 netns {made.first}"
        _ip(self.switch, f"link {pair}")
        _ip(self.switch, f"link set port{number} master hub up")
        _ip(made, f"addr add {made.address}/24 dev eth0")
        _ip(made, "link set eth0 up")
        self._machines.append(made)
        return made

    def cut(self, machine: Machine) -> None:
        """Pull the cable."""
        _ip(self.switch, f"link set port{self._machines.index(machine) + 1} down")

    def heal(self, machine: Machine) -> None:
        """Plug it in again."""
        _ip(self.switch, f"link set port{self._machines.index(machine) + 1} up")


@contextmanager
def network() -> Iterator[Network]:
    """A network without machines; skips where there can be none."""
    lacking = [name for name in NEEDED if shutil.which(name) is None]
    if lacking:
        missing(f"{lacking[0]} (Debian's iproute2 and docker.io)")
    if os.geteuid() != 0:
        unable("only root may make machines of namespaces")
    with ExitStack() as stack:
        switch = stack.enter_context(_powered("switch"))
        _ip(switch, "link add hub type bridge")
        _ip(switch, "link set hub up")
        yield Network(switch, stack)


@contextmanager
def door(machine: Machine, host: str, port: int) -> Iterator[int]:
    """A port of 127.0.0.1 here that leads to `host`:`port`, as `machine` sees it."""
    with socket.create_server(("127.0.0.1", 0)) as ear:
        thread = threading.Thread(target=_let_in, args=(ear, machine, host, port), daemon=True)
        thread.start()
        try:
            yield int(ear.getsockname()[1])
        finally:
            ear.shutdown(socket.SHUT_RDWR)
            thread.join()


def _let_in(ear: socket.socket, machine: Machine, host: str, port: int) -> None:
    while True:
        try:
            caller, _ = ear.accept()
        except OSError:
            return
        try:
            far = machine.dial(host, port, timeout=5)
        except OSError:
            caller.close()
            continue
        far.settimeout(None)
        threading.Thread(target=_join, args=(caller, far), daemon=True).start()


def _join(caller: socket.socket, far: socket.socket) -> None:
    """Carry both directions to their ends."""
    with caller, far:
        back = threading.Thread(target=_carry, args=(far, caller), daemon=True)
        back.start()
        _carry(caller, far)
        back.join()


def _carry(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(1 << 16):
            sink.sendall(piece)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


@contextmanager
def _powered(name: str) -> Iterator[Machine]:
    """A machine that is on no network; in the end the power is cut."""
    spaces = ("--pid", "--fork", "--kill-child", "--mount-proc", "--net", "--mount", "--uts")
    argv = ["setpriv", "--pdeathsig", "KILL", "unshare", *spaces]
    with subprocess.Popen(
        [*argv, "sh", "-c", _BEGIN.format(name=name) + _LIVE],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as power:
        try:
            assert power.stdout is not None
            assert power.stderr is not None
            if power.stdout.readline() != b"up\n":
                unable(f"no machine can be made: {power.stderr.read().decode()[-200:]}")
            yield Machine(name=name, first=_first_of(power.pid))
        finally:
            power.kill()  # and the kernel kills its child, and with it all of the machine


def _first_of(pid: int) -> int:
    deadline = time.monotonic() + PATIENCE
    children = Path(f"/proc/{pid}/task/{pid}/children")
    while not (found := children.read_text().split()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return int(found[0])


def _ip(machine: Machine, words: str) -> None:
    """Set up a machine's network; processes are named by the numbers that they have here."""
    argv = ["nsenter", f"--target={machine.first}", "--net", "ip", *words.split()]
    subprocess.run(argv, check=True, capture_output=True, timeout=PATIENCE)
