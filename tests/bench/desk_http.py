"""The desk's sidecars over HTTP, each on a port of its own, in a process of its own.

    .venv/bin/python -m tests.bench.desk_http FOLDER

Prints the addresses as one line of JSON, and serves until its standard input ends. Answers are made
by hand, so that the machine's time goes to the measured program and not to this one.
"""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from tests.bench.station import Desk, Place

_END = b"\r\n\r\n"
_OK = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "


class _Speaker(asyncio.Protocol):
    """One connection of one sidecar."""

    def __init__(self, desk: Desk, place: Place) -> None:
        self._desk, self._place = desk, place
        self._came = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        self._came += data
        while (end := self._came.find(_END)) >= 0:
            head = self._came[:end].decode("latin-1").split("\r\n")
            length = next((int(h[15:]) for h in head if h.lower().startswith("content-length")), 0)
            whole = end + len(_END) + length
            if len(self._came) < whole:
                return
            body, self._came = self._came[whole - length : whole], self._came[whole:]
            method, path, _ = head[0].split(" ")
            said = json.dumps(self._answer(f"{method} {path.partition('?')[0]}", body)).encode()
            told = f"{_OK}{len(said)}".encode()
            self._transport.write(told + _END + said)

    def _answer(self, what: str, body: bytes) -> object:
        desk, place = self._desk, self._place
        match what:
            case "GET /status":
                return desk.status(place)
            case "GET /rundown":
                return {"rundown": desk.held(place)}
            case "GET /asrun":
                return {"spool": place.key, "channel": place.channel, "epoch": 1, "rows": []}
            case "PUT /rundown":
                desk.load(place, json.loads(body))
            case "POST /lease":
                place.sending = True
            case "PUT /outputs":
                place.outputs = json.loads(body)["outputs"]
            case _:
                raise NotImplementedError(what)
        return {"ok": True, "counts": True}


async def _serve(desk: Desk) -> None:
    loop = asyncio.get_running_loop()
    ports: dict[str, str] = {}
    for key, place in desk.places.items():
        server = await loop.create_server(partial(_Speaker, desk, place), "127.0.0.1", 0)
        ports[key] = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    sys.stdout.write(f"{json.dumps(ports)}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)
    desk.save(desk.folder / "places.json")


def allow_many_files() -> None:
    """A connection to every sidecar of a large station takes as many descriptors."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


@contextmanager
def served(folder: Path) -> Iterator[dict[str, str]]:
    """Run the program, and give every sidecar's address by its key."""
    allow_many_files()
    argv = [sys.executable, "-m", "tests.bench.desk_http", str(folder)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.stdin.close()


if __name__ == "__main__":
    allow_many_files()
    where = Path(sys.argv[1])
    asyncio.run(_serve(Desk.load_from(where / "places.json", where)))
