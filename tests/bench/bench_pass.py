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
import resource
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import yaml

from reconciler import wiring
from reconciler.adapters.embedded_postgres import EmbeddedPostgres
from reconciler.adapters.sidecar_http import SidecarHttp
from reconciler.errors import Rejected
from reconciler.model.desired import DesiredNode, Runtime
from reconciler.model.observed import SidecarSeen
from reconciler.model.orders import StageOrder
from reconciler.model.rundown import Rundown
from reconciler.plan.actions import Leave, StageMedia
from reconciler.plan.safety import without_interruptions
from reconciler.ports import SidecarClient
from reconciler.settings import Settings
from reconciler.shell.converge import Judgement, Pass, Reconciler
from reconciler.shell.inforce import InForce
from reconciler.shell.leases import LeaseKeeper
from reconciler.shell.observe import Observer
from reconciler.shell.stage import Stager
from reconciler.shell.watch import watch
from reconciler.shell.world import World
from tests.bench.bench_lineup import git, tell
from tests.bench.desk_http import served
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


class Listening:
    """A `SidecarClient` that notes when a rundown was taken."""

    def __init__(self, client: SidecarClient) -> None:
        self._client = client
        self._taken: dict[str, float] = {}
        self._bell = threading.Condition()

    def load_rundown(self, seen: SidecarSeen, rundown: Rundown, digest: str) -> None:
        self._client.load_rundown(seen, rundown, digest)
        with self._bell:
            self._taken[seen.channel] = time.perf_counter()
            self._bell.notify_all()

    def taken_after(self, channel: str, since: float) -> float:
        """Wait until `channel` takes a rundown after `since`; others may take theirs meanwhile."""
        with self._bell:
            is_there = self._bell.wait_for(lambda: self._taken.get(channel, 0.0) > since, PATIENCE)
            assert is_there, channel
            return self._taken[channel]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


@dataclass(frozen=True, slots=True)
class Opened:
    """The world, and what is behind it."""

    world: World
    client: Listening
    desk: Desk
    racks: Racks


@contextmanager
def opened(station: Station, urls: Mapping[str, str] | None = None) -> Iterator[Opened]:
    """The real world, but for its nodes and sidecars; with `urls`, sidecars are met by HTTP."""
    kept = station.desk / "places.json"
    desk = Desk.load_from(kept, station.desk) if kept.exists() else Desk(station.desk)
    racks = Racks(desk, urls or {})
    if kept.exists():
        racks.load(station.desk / "media.json")
    with wiring.open_world(station.settings(), tell=lambda _: None) as world:
        client = SidecarHttp(lambda seen: f"token-{seen.channel}") if urls else DeskClient(desk)
        listening = Listening(client)
        faked = replace(world, connect=racks.connect, sidecars=cast("SidecarClient", listening))
        yield Opened(faked, listening, desk, racks)
        if isinstance(client, SidecarHttp):
            client.close()


class AtOnce:
    """Stages while it is offered: what is measured here is not staging."""

    def __init__(self, world: World) -> None:
        self._world = world

    def offer(self, action: StageMedia, _perform: object) -> None:
        node = self._world.connect(DesiredNode(name=action.node, runtime=Runtime.PROCESS))
        order = StageOrder(
            stored=action.stored,
            uri=action.uri,
            size=action.size,
            content=action.stored,
            address=lambda: action.uri,
        )
        node.stage(order, lambda _done, _total: None)


class Passes:
    """Passes as the loop makes them, one at a time."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._lineup = InForce(world.lineup)
        self._reconciler = Reconciler(world, cast("Stager", AtOnce(world)))

    def turn(self) -> Pass:
        assert self._world.leadership.try_lead() is not None
        desired = self._lineup.read()
        assert desired is not None, self._lineup.error
        judgement = self._reconciler.judge(desired, Leave())
        plan = without_interruptions(judgement.plan)
        return self._reconciler.converge(replace(judgement, plan=plan))


# ── putting it on air ────────────────────────────────────────────────────────────────────────────


def put_on_air(station: Station) -> None:
    """Converge from nothing until there is nothing to do; keep what the sidecars know."""
    station.desk.mkdir(exist_ok=True)
    with opened(station) as here:
        world, desk, racks = here.world, here.desk, here.racks
        passes, count, settled = Passes(world), 0, False
        began = time.perf_counter()
        while not settled:
            count += 1
            with suppress(Rejected):  # a first pass may outlast the lead; the next one takes it
                settled = passes.turn().settled
            assert time.perf_counter() - began < PATIENCE
        assert all(place.sending for place in desk.places.values())
        desk.save(station.desk / "places.json")
        racks.save(station.desk / "media.json")
        took = time.perf_counter() - began
        tell(json.dumps({"first s": took, "passes": count, "first MiB": peak()}))


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
        world = context.__enter__().world
    reconciler = Reconciler(world, cast("Stager", AtOnce(world)))
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
    tell(json.dumps({**told, "compiled": len(judgement.made.rundowns), "MiB": peak()}))


def in_loop(station: Station, tries: int, urls: Mapping[str, str] | None = None) -> None:
    """No-op passes in a running loop; then commits, each until its sidecar has the rundown."""
    found: dict[str, list[float]] = {}
    with opened(station, urls) as here:
        passes = Passes(here.world)
        with clocked(found, "first pass"):
            passes.turn()
        for _ in range(4 * tries):
            time.sleep(2.5)  # media is looked through again
            # Rundowns are prolonged by the hour, channel by channel: such a pass does not count.
            if _is_noop(passes, found) and len(found["no-op"]) == tries:
                break
        told: dict[str, float] = {"no-op MiB": peak()}
        leases(here.world, found, tries)
        here.world.leadership.resign()
        del passes
        gc.collect()
        commits(station, here, found, tries)
        told["commit MiB"] = peak()
        if urls is None:
            here.desk.save(station.desk / "places.json")
    told |= {name: statistics.median(each) for name, each in found.items()}
    tell(json.dumps({**told, "worst applied": max(found["applied"])}))


def leases(world: World, found: dict[str, list[float]], tries: int) -> None:
    """Rounds of renewals, as every ten seconds, of all that send."""
    desired = world.lineup.desired(None)
    keeper = LeaseKeeper(world)
    keeper.follow(desired, Observer(world).observe(desired))
    for _ in range(tries):
        with clocked(found, "leases"):
            keeper.renew()


def _is_noop(passes: Passes, found: dict[str, list[float]]) -> bool:
    """Make one pass, and note what it took if there was nothing to do."""
    took: dict[str, list[float]] = {}
    with clocked(took, "no-op"):
        done = passes.turn()
    for name, values in took.items() if done.settled else ():
        found.setdefault(name, []).extend(values)
    return done.settled


def by_http(station: Station, tries: int) -> None:
    """The same, with sidecars that are met by HTTP."""
    with served(station.desk) as urls:
        in_loop(station, tries, urls)


def commits(station: Station, here: Opened, found: dict[str, list[float]], tries: int) -> None:
    """Run the real loop with its watchers, commit one file after another, and wait for each."""
    at: dict[str, float] = {}
    told = threading.Condition()

    def as_json(judgement: Judgement) -> str:
        """Called when a plan has been applied, to keep it for screens."""
        with told:
            at.setdefault(judgement.plan.commit, time.perf_counter())
            told.notify_all()
        return wiring.render(judgement, "json")

    stop = threading.Event()
    thread = threading.Thread(target=watch, args=(here.world, stop, as_json))
    thread.start()
    try:
        with told:
            assert told.wait_for(lambda: at, PATIENCE)
        for number in range(tries):
            time.sleep(1.5 + number * 0.37)  # at any moment of what else goes on
            returned, commit = edit(station, number)
            cpu = time.process_time()
            taken = here.client.taken_after(f"channel-{number:04}", returned) - returned
            with told:
                assert told.wait_for(lambda: commit in at, PATIENCE)  # noqa: B023  # waited for here
            found.setdefault("taken", []).append(taken)
            found.setdefault("applied", []).append(at[commit] - returned)
            found.setdefault("applied cpu", []).append(time.process_time() - cpu)
    finally:
        stop.set()
        thread.join()


def edit(station: Station, number: int) -> tuple[float, str]:
    """Change every item of a playlist and commit it; returns when git returned, and the commit."""
    path = station.lineup / f"playlists/list-{number:04}.yaml"
    items = len(path.read_text().splitlines()) - 2
    path.write_text(playlist(number, items, mark=f"Edit of {time.time():.0f}, part"))
    git(station.lineup, "commit", "-q", "-a", "-m", "an edit")
    returned = time.perf_counter()
    argv = ["git", "-C", str(station.lineup), "rev-parse", "HEAD"]
    return returned, subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()


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
    found |= step(station, "in_loop", asked.tries)
    return found | {f"http {k}": v for k, v in step(station, "by_http", asked.tries).items()}


_COLUMNS: tuple[tuple[str, str, str], ...] = (
    ("channels", "channels", "8.0f"),
    ("bare/file", "bare one", "9.3f"),
    ("bare all", "bare all", "8.2f"),
    ("no-op s", "no-op", "8.3f"),
    ("cpu", "no-op cpu", "6.3f"),
    ("share", "share", "5.2f"),
    ("http s", "http no-op", "7.3f"),
    ("cpu", "http no-op cpu", "6.3f"),
    ("again s", "shot lineup", "7.3f"),
    ("one-shot s", "shot all", "10.3f"),
    ("applied s", "applied", "9.3f"),
    ("cpu", "applied cpu", "6.3f"),
    ("worst", "worst applied", "6.3f"),
    ("http s", "http applied", "7.3f"),
    ("cpu", "http applied cpu", "6.3f"),
    ("leases s", "http leases", "8.3f"),
    ("cpu", "http leases cpu", "6.3f"),
    ("no-op MiB", "no-op MiB", "9.0f"),
    ("MiB", "http commit MiB", "5.0f"),
    ("on air s", "first first s", "8.1f"),
    ("MiB", "first first MiB", "5.0f"),
)


def _table(rows: list[dict[str, float]], items: int) -> list[str]:
    """Two lines of heading, and one for each size."""
    first = rows[0]
    lines = []
    for row in rows:
        own = row["http no-op cpu"] / row["channels"]
        row["share"] = own / (first["http no-op cpu"] / first["channels"])
        row["shot all"] = sum(row[f"shot {part}"] for part in ("lineup", "judge", "converge"))
        lines.append(" ".join(format(row[key], form) for _, key, form in _COLUMNS))
    heading = " ".join(f"{name:>{form.split('.')[0]}}" for name, _, form in _COLUMNS)
    about = (
        f"{items} items each; medians; cpu: this process's; share: cpu of a no-op by HTTP per"
        " channel, of the first line's; one-shot: a fresh process, without its start"
    )
    return [about, heading, *lines]


def main(arguments: list[str]) -> None:
    """Measure each size asked for, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("channels", nargs="*", type=int, default=[10, 100, 1000])
    parser.add_argument("--items", type=int, default=500)
    parser.add_argument("--tries", type=int, default=7)
    parser.add_argument("--json", action="store_true", help="print every figure, too")
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
            "by_http": lambda: by_http(station, asked.tries),
        }
        steps[asked.step]()
        return
    rows: list[dict[str, float]] = []
    for channels in asked.channels:
        with short_folder() as folder:
            server = EmbeddedPostgres(folder / "postgres", progress=lambda _: None)
            try:
                found = measure(Station(folder / "station", server.ensure()), channels, asked)
            finally:
                server.stop()
            rows.append(found)
            told = _table(rows, asked.items)
            tell("\n".join(told if len(rows) == 1 else told[-1:]))
            if asked.json:
                tell(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1:])
