"""The whole path at 10, 100 and 1,000 channels: no-op passes, and a commit until it is applied.

    .venv/bin/python -m tests.bench.bench_pass [CHANNELS ...] [--items 500] [--tries 7]

Real git, PostgreSQL (embedded, of its own), media library and loop; nodes and sidecars are those
of `tests.bench.station`. The station is put on air first, by one process; a second one, fresh,
measures. Prints seconds (wall, and this process's CPU), and ratios to the bare parse of the same
YAML in the same run; asserts nothing.
"""

from __future__ import annotations

import argparse
import gc
import json
import logging
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from reconciler import wiring
from reconciler.adapters.embedded_postgres import EmbeddedPostgres
from reconciler.model.observed import SidecarSeen
from reconciler.model.rundown import Rundown
from reconciler.plan.actions import Leave
from reconciler.settings import Settings
from reconciler.shell.converge import Judgement, Reconciler
from reconciler.shell.leases import LeaseKeeper
from reconciler.shell.loop import Loop, Wake
from reconciler.shell.stage import Stager
from reconciler.shell.watch import _Publisher, watch
from reconciler.shell.world import World
from tests.bench.bench_lineup import git, tell
from tests.bench.station import Desk, DeskClient, Racks, playlist, write_station
from tests.postgres_fixtures import short_folder

PATIENCE = 900.0  # seconds for any one step


@dataclass(frozen=True, slots=True)
class Station:
    """Where one station lies, and its database."""

    folder: Path
    url: str

    @property
    def lineup(self) -> Path:
        return self.folder / "lineup"

    @property
    def desk(self) -> Path:
        return self.folder / "desk"

    def settings(self) -> Settings:
        return Settings(
            lineup=self.lineup,
            state=self.folder / "state",
            database_url=self.url,
            secrets={"key": "a-secret-of-the-far-end"},
        )


@contextmanager
def opened(station: Station) -> Iterator[tuple[World, Desk, Racks]]:
    """The real world, but for its nodes and sidecars."""
    kept = station.desk / "places.json"
    desk = Desk.load_from(kept, station.desk) if kept.exists() else Desk(station.desk)
    racks = Racks(desk)
    if kept.exists():
        racks.load(station.desk / "media.json")
    with wiring.open_world(station.settings(), tell=lambda _: None) as world:
        yield replace(world, connect=racks.connect, sidecars=DeskClient(desk)), desk, racks


def loop_of(world: World) -> tuple[Loop, Stager]:
    """The loop as `watch` makes it, to be turned by hand."""
    stager = wiring.open_stager(world)
    publisher = _Publisher(world, LeaseKeeper(world), lambda j: wiring.render(j, "json"))
    return Loop(world, Reconciler(world, stager), Wake(), publish=publisher.publish), stager


# ── putting it on air ────────────────────────────────────────────────────────────────────────────


def put_on_air(station: Station) -> None:
    """Converge from nothing until there is nothing to do; keep what the sidecars know."""
    station.desk.mkdir()
    with opened(station) as (world, desk, racks):
        loop, stager = loop_of(world)
        began = time.perf_counter()
        passes = 0
        while loop._turn() < 1.0:
            passes += 1
            stager.wait(PATIENCE)
            assert time.perf_counter() - began < PATIENCE
        assert all(place.sending for place in desk.places.values())
        desk.save(station.desk / "places.json")
        racks.save(station.desk / "media.json")
        took = time.perf_counter() - began
        tell(json.dumps({"first s": took, "passes": passes, "first MiB": peak()}))


# ── measuring ────────────────────────────────────────────────────────────────────────────────────


def peak() -> float:
    """This process's highest memory so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@contextmanager
def clocked(into: dict[str, list[float]], name: str) -> Iterator[None]:
    """Note wall and CPU seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    into.setdefault(name, []).append(time.perf_counter() - wall)
    into.setdefault(f"{name} cpu", []).append(time.process_time() - cpu)


def one_shot(station: Station) -> None:
    """What `reconcile` does, timed from within a fresh process."""
    found: dict[str, list[float]] = {}
    with clocked(found, "open"):
        context = opened(station)
        world, _, _ = context.__enter__()
    reconciler = Reconciler(world, wiring.open_stager(world))
    world.leadership.try_lead()
    with clocked(found, "lineup"):
        desired = world.lineup.desired(None)
    with clocked(found, "judge"):
        judgement = reconciler.judge(desired, Leave())
    with clocked(found, "converge"):
        reconciler.converge(judgement)
        wiring.render(judgement, "text")
    told = {name: values[0] for name, values in found.items()}
    context.__exit__(None, None, None)
    tell(json.dumps({**told, "actions": len(judgement.plan.actions), "MiB": peak()}))


def in_loop(station: Station, tries: int) -> None:
    """No-op passes in a running loop; then commits, each until its sidecar has the rundown."""
    found: dict[str, list[float]] = {}
    with opened(station) as (world, desk, _):
        loop, _ = loop_of(world)
        with clocked(found, "first pass"):
            loop._turn()
        for _ in range(tries):
            time.sleep(0.2)
            with clocked(found, "no-op"):
                loop._turn()
        told: dict[str, object] = {"no-op MiB": peak()}
        world.leadership.resign()
        commits(station, world, desk, found, tries)
        told["commit MiB"] = peak()
    tell(json.dumps({**told, **{name: statistics.median(each) for name, each in found.items()},
                     "worst commit": max(found["taken"])}))


class Listening(DeskClient):
    """Tells when a rundown was taken."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.taken: dict[str, float] = {}
        self.bell = threading.Event()

    def load_rundown(self, seen: SidecarSeen, rundown: Rundown, digest: str) -> None:
        super().load_rundown(seen, rundown, digest)
        self.taken[seen.channel] = time.perf_counter()
        self.bell.set()


def commits(station: Station, world: World, desk: Desk, found: dict[str, list[float]], tries: int) -> None:
    """Run the real loop with its watchers, commit one file after another, and wait for each."""
    client = Listening(desk)
    applied = threading.Event()
    at: list[tuple[str, float]] = []

    def as_json(judgement: Judgement) -> str:
        text = wiring.render(judgement, "json")
        at.append((judgement.plan.commit, time.perf_counter()))
        applied.set()
        return text

    stop = threading.Event()
    listening = replace(world, sidecars=client)
    thread = threading.Thread(target=watch, args=(listening, stop, as_json))
    thread.start()
    try:
        assert applied.wait(PATIENCE)
        time.sleep(1.0)
        for number in range(tries):
            _commit(station, client, found, number)
            time.sleep(1.0)
    finally:
        stop.set()
        thread.join()


def _commit(station: Station, client: Listening, found: dict[str, list[float]], number: int) -> None:
    items = len((station.lineup / f"playlists/list-{number:04}.yaml").read_text().splitlines()) - 2
    text = playlist(number, items, mark=f"Edit of {time.time():.0f}, part")
    (station.lineup / f"playlists/list-{number:04}.yaml").write_text(text)
    client.bell.clear()
    git(station.lineup, "commit", "-q", "-a", "-m", "an edit")
    returned, cpu = time.perf_counter(), time.process_time()
    assert client.bell.wait(PATIENCE)
    found.setdefault("taken", []).append(client.taken[f"channel-{number:04}"] - returned)
    found.setdefault("taken cpu", []).append(time.process_time() - cpu)


# ── the table ────────────────────────────────────────────────────────────────────────────────────


def step(station: Station, name: str, tries: int) -> dict[str, float]:
    """Run one step in a process of its own; returns what it told, and its own wall seconds."""
    began = time.perf_counter()
    argv = [sys.executable, "-m", "tests.bench.bench_pass", "--step", name, "--tries", str(tries)]
    argv += ["--station", str(station.folder), "--url", station.url]
    done = subprocess.run(argv, check=True, stdout=subprocess.PIPE, timeout=3 * PATIENCE)
    return {**json.loads(done.stdout.splitlines()[-1]), "process": time.perf_counter() - began}


def bare(paths: list[Path]) -> float:
    """Seconds in which the YAML parser reads these, with its C library."""
    texts = [path.read_bytes() for path in paths]
    began = time.perf_counter()
    for text in texts:
        yaml.load(text, Loader=yaml.CSafeLoader)
    return time.perf_counter() - began


def measure(station: Station, channels: int, asked: argparse.Namespace) -> dict[str, float]:
    """Everything about one size."""
    write_station(station.folder, channels, asked.items)
    found = {"channels": float(channels)}
    files = sorted(station.lineup.glob("*/*.yaml"))
    found["bare all"] = bare(files)
    found["bare one"] = statistics.median(bare([files[-1]]) for _ in range(5))
    found |= {f"first {k}": v for k, v in step(station, "put_on_air", 1).items()}
    shots = [step(station, "one_shot", 1) for _ in range(min(3, asked.tries))]
    found |= {f"shot {k}": statistics.median(s[k] for s in shots) for k in shots[0]}
    return found | step(station, "in_loop", asked.tries)


def main(arguments: list[str]) -> None:
    """Measure each size asked for, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("channels", nargs="*", type=int, default=[10, 100, 1000])
    parser.add_argument("--items", type=int, default=500)
    parser.add_argument("--tries", type=int, default=7)
    parser.add_argument("--keep", type=Path, help="leave the stations in this folder")
    parser.add_argument("--step", help=argparse.SUPPRESS)
    parser.add_argument("--station", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.step:
        station = Station(asked.station, asked.url)
        steps: dict[str, Callable[[], None]] = {
            "put_on_air": lambda: put_on_air(station),
            "one_shot": lambda: one_shot(station),
            "in_loop": lambda: in_loop(station, asked.tries),
        }
        steps[asked.step]()
        return
    for channels in asked.channels:
        with short_folder() as folder:
            server = EmbeddedPostgres(folder / "postgres", progress=lambda _: None)
            try:
                found = measure(Station(folder / "station", server.ensure()), channels, asked)
            finally:
                server.stop()
            tell(json.dumps(found, indent=1))


if __name__ == "__main__":
    main(sys.argv[1:])
