"""What the database costs a pass that changes nothing: read and record at 10, 100, 1,000 channels.

Run it alone: `python -m tests.bench.bench_store [channels …] [--items 500] [--url URL]`. Each
figure stands beside two of the same run: a bare `select 1` round trip, and the time that
`json.dumps` and `json.loads` take for the same reading. Without `--url` an embedded server is made
and removed.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from reconciler.adapters.embedded_postgres import EmbeddedPostgres
from reconciler.adapters.postgres_leadership import PostgresLeadership
from reconciler.adapters.postgres_migrations import migrate
from reconciler.adapters.postgres_pool import Database
from reconciler.adapters.postgres_store import PostgresStore
from reconciler.model.copies import CopyWanted
from reconciler.model.desired import Desired, DesiredChannel
from reconciler.model.ids import AssetId, ChannelName, NodeName
from reconciler.model.media import AssetFact, StagedSeen
from reconciler.model.observed import DatabaseSeen
from tests.postgres_fixtures import short_folder
from tests.store_values import (
    asset_item,
    channel,
    fact,
    lineup,
    node,
    observed,
    playlist,
    rundown,
)

ROUNDS = 15
RACKS = 10  # that are told of media, of a hundred at most
LIBRARY = 5_000  # distinct assets, shared by all channels as a station's library is


def say(line: str) -> None:
    """Print one line now."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def take(act: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Median milliseconds of `act`."""
    found = []
    for _ in range(rounds):
        begun = time.perf_counter()
        act()
        found.append(time.perf_counter() - begun)
    return statistics.median(found) * 1000


@contextmanager
def server(url: str | None) -> Iterator[str]:
    """The server asked for, or an embedded one for this run."""
    if url is not None:
        yield url
        return
    with short_folder() as folder:
        embedded = EmbeddedPostgres(folder / "postgres", progress=say)
        try:
            yield embedded.ensure()
        finally:
            embedded.stop()


def catalogue() -> dict[AssetId, AssetFact]:
    """The whole library."""
    return {AssetId(f"A-{number}"): fact(f"A-{number}") for number in range(LIBRARY)}


def one_channel(number: int, items: int) -> tuple[Desired, DesiredChannel]:
    """A channel with a playlist of its own, `items` long."""
    name = f"ch-{number:04}"
    lists = (
        playlist(
            name,
            *(
                asset_item(f"i{index}", f"A-{(number * 7 + index) % LIBRARY}", in_point="2s")
                for index in range(items)
            ),
        ),
        playlist("idents", asset_item("ident", "A-1")),
    )
    wanted = channel(name, playlist=name)
    return lineup(wanted, playlists=lists), wanted


def rack(number: int) -> NodeName:
    """Ten channels to each."""
    return NodeName(f"rack-{number // 10:03}")


def fill(store: PostgresStore, numbers: Sequence[int], items: int) -> float:
    """Write these channels as a first pass would; seconds."""
    library = catalogue()
    begun = time.perf_counter()
    for number in numbers:
        desired, wanted = one_channel(number, items)
        store.write_channel(desired, wanted, library)
        name = wanted.name
        store.begin_spawn(name, rack(number), 1, devices=[], counts_as_restart=False)
        store.grant(name, 1, timedelta(seconds=30))
        store.save_rundown(name, rundown(name), "r1", "i1")
    return time.perf_counter() - begun


def size(seen: DatabaseSeen) -> tuple[int, float]:
    """The reading as JSON: bytes, and milliseconds to write and parse it."""
    document = {
        "channels": [asdict(row) for row in seen.channels.values()],
        "stored_names": dict(seen.stored_names),
    }
    text = json.dumps(document, default=str)
    return len(text), take(lambda: json.loads(json.dumps(document, default=str)))


def measure(database: Database, store: PostgresStore, channels: int, items: int) -> None:
    """Print one line of the table."""

    def bare() -> None:
        with database.transaction("bare") as session:
            session.connection.execute("select 1")

    store.read()
    seen = store.read()
    names = [ChannelName(name) for name in seen.channels]
    observations = [observed(name, on=rack(number)) for number, name in enumerate(sorted(names))]
    leases = {name: (1, timedelta(seconds=30)) for name in names}
    store.record(observations)
    ping, read = take(bare), take(store.read)
    record = take(lambda: store.record(observations))
    renew = take(lambda: store.renew_leases(leases))
    desired, wanted = one_channel(0, items)
    library = catalogue()
    same = take(lambda: store.write_channel(desired, wanted, library), 5)
    stored, parsed = size(seen)
    say(
        f"{channels:>8} {ping:>9.2f} {read:>9.1f} {read / ping:>7.0f}x {read / parsed:>8.2f}x"
        f" {record:>9.1f} {renew:>9.1f} {same:>11.1f} {stored / 1e6:>8.2f}"
    )


def measure_media(database: Database, store: PostgresStore, channels: int, items: int) -> None:
    """Print one line of the table: a whole library is missing, then there, on some racks.

    The limit is one bare statement that changes as many rows of items as the arrival of all did.
    """
    found: dict[str, list[float]] = {"lack": [], "arrive": [], "same": [], "bare": []}
    for number in range(0, channels, max(10, channels // RACKS)):
        used = {
            (each * 7 + i) % LIBRARY for each in range(number, number + 10) for i in range(items)
        }
        facts = [fact(f"A-{each}") for each in sorted(used)]
        due = datetime.now(UTC)
        wanted = [
            CopyWanted(stored=f.stored, asset=f.asset, size=f.size, due_at=due, error="")
            for f in facts
        ]
        staged = {f.stored: StagedSeen(stored=f.stored, size=f.size) for f in facts}
        place = rack(number)
        found["lack"].append(take(partial(store.want_media, place, wanted), 1))
        found["arrive"].append(take(partial(store.record_media, place, staged), 1))
        found["same"].append(take(partial(store.record_media, place, staged), 1))
        found["bare"].append(take(partial(touch_items, database, place), 1))
    lack, arrive, same, bare = (statistics.median(times) for times in found.values())
    ratio = arrive / bare
    say(f"{channels:>8} {len(used):>9} {lack:>9.1f} {arrive:>9.1f} {ratio:>7.2f}x {same:>9.1f}")


def touch_items(database: Database, place: NodeName) -> None:
    """Change every item of a rack's channels, and nothing else."""
    with database.transaction("touch") as session:
        session.connection.execute(
            "update playout_items set updated_at = clock_timestamp() where playlist_id in"
            " (select p.id from playout_playlists p join playout_channels c on c.id = p.channel_id"
            " where c.node = %s)",
            (place,),
        )


def main() -> int:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("channels", nargs="*", type=int, default=[10, 100, 1000])
    parser.add_argument("--items", type=int, default=500)
    parser.add_argument("--url")
    wanted = parser.parse_args()
    with server(wanted.url) as url:
        migrate(url)
        leadership = PostgresLeadership(url)
        leadership.try_lead()
        with Database(url) as database:
            store = PostgresStore(database, leadership.term)
            store.write_node(node(), "n1")
            say(f"{wanted.items} items each, {LIBRARY} assets; medians in ms of {ROUNDS} rounds")
            say(
                f"{'channels':>8} {'select 1':>9} {'read':>9} {'':>8} {'/ JSON':>9} {'record':>9}"
                f" {'renew':>9} {'same write':>11} {'JSON MB':>8}"
            )
            filled = 0
            for channels in sorted(wanted.channels):
                took = fill(store, range(filled, channels), wanted.items)
                say(f"         (first write of {channels - filled} channels: {took:.1f} s)")
                filled = channels
                measure(database, store, channels, wanted.items)
            say(f"a library missing, then there, on a rack of ten; medians in ms of {RACKS} racks")
            say(f"{'channels':>8} {'files':>9} {'lack':>9} {'arrive':>9} {'/ bare':>8} {'same':>9}")
            measure_media(database, store, filled, wanted.items)
        leadership.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    say(f"peak memory of this program: {peak:.0f} MiB ({Path(__file__).name})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
