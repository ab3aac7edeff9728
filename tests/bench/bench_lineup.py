"""Loads lineups of 10, 100 and 1,000 channels from git, beside the bare parse of the same text.

    .venv/bin/python -m tests.bench.bench_lineup [CHANNELS ...] [--items 500]

Prints seconds and ratios; asserts nothing. "bare" and "cold" are this process's work, the others
what a clock on the wall shows. "again" is a second process's view: nothing in memory,
the parse cache on disk. "one file" is a commit that touches one playlist, in a process that has
loaded the lineup before.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import yaml

from reconciler.adapters.git import GitLineup
from reconciler.adapters.lineup_reader import FolderLineupReader
from reconciler.adapters.parse_cache import DiskParseCache
from reconciler.lineup.templating import Values

T = TypeVar("T")
VALUES = Values(secrets={"key": "a-secret-of-the-far-end"}, mark_key=b"bench")

LINEUP = """\
version: 1
timezone: Europe/Oslo
defaults: {format: 1080p5000, slate: SLATE-01, filler: {playlist: filler, max_repeat: 10m}}
media: [{match: "*", uri: "file:///media/{asset}.*"}]
vars: {mux: mux1.example}
"""
CHANNEL = """\
title: Channel {number}
outputs:
  - {{name: main, type: srt, url: "srt://{{{{ vars.mux }}}}:{port}", latency: 200ms}}
  - {{name: social, type: rtmp, url: "rtmp://live.example/app/{number}-{{{{ secrets.key }}}}"}}
schedule:
  - {{playlist: list-{number}, loop: true}}
  - {{playlist: list-{number}, at: "06:00", days: weekdays, start: soft, late: 60s}}
"""


def write_lineup(folder: Path, channels: int, items: int) -> None:
    """Write a lineup in which every channel has a playlist of its own."""
    for name in ("channels", "playlists"):
        (folder / name).mkdir(parents=True)
    (folder / "lineup.yaml").write_text(LINEUP)
    (folder / "nodes.yaml").write_text("one: {runtime: process}\ntwo: {runtime: docker}\n")
    (folder / "playlists/filler.yaml").write_text("items: [IDENT-01, IDENT-02]\n")
    for number in range(channels):
        channel = CHANNEL.format(number=number, port=9000 + number)
        (folder / f"channels/channel-{number}.yaml").write_text(channel)
        (folder / f"playlists/list-{number}.yaml").write_text(playlist(number, items))


def playlist(number: int, items: int) -> str:
    """One playlist's text, 54 KB at 500 items as in the measurements of the design."""
    lines = "".join(
        f'  - {{id: item-{number}-{each}, asset: HOUSE-{number:04}-{each:04}, in: "00:00:02:00",'
        f' out: "00:00:{10 + each % 50:02}:12", title: "Part {each}"}}\n'
        for each in range(items)
    )
    return f"title: List {number}\nitems:\n{lines}"


def git(folder: Path, *arguments: str) -> None:
    """Run git with an identity of its own."""
    identity = ("-c", "user.name=bench", "-c", "user.email=bench@example.org")
    subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True)


def timed(act: Callable[[], T]) -> tuple[float, T]:
    """Run once and say how long it took, in seconds."""
    began = time.perf_counter()
    result = act()
    return time.perf_counter() - began, result


def worked(act: Callable[[], object]) -> float:
    """Run once and say how long this process worked: on a shared machine, what can be compared."""
    began = time.process_time()
    act()
    return time.process_time() - began


def bare_parse(texts: list[bytes]) -> None:
    """What the YAML parser itself takes, with its C library and its own constructor."""
    for text in texts:
        yaml.load(text, Loader=yaml.CSafeLoader)


def measure(folder: Path, cache: Path, channels: int, items: int) -> None:
    """Measure one size and print its line."""
    write_lineup(folder, channels, items)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "a lineup")
    tree = GitLineup(folder).read()
    texts = [content for _, content in tree.fetch(sorted(tree.blobs))]
    size = sum(map(len, texts)) / 1e6

    bare = worked(lambda: bare_parse(texts))
    cold = worked(lambda: FolderLineupReader(folder, VALUES, DiskParseCache(cache)).desired())
    reader = FolderLineupReader(folder, VALUES, DiskParseCache(cache))
    again, desired = timed(reader.desired)
    same, _ = timed(reader.desired)
    listing, _ = timed(lambda: GitLineup(folder).read())
    decode, _ = timed(lambda: [len(desired.playlists[name].items) for name in desired.playlists])
    (folder / "playlists/list-0.yaml").write_text(playlist(0, items - 1))
    git(folder, "commit", "-q", "-a", "-m", "an edit")
    one, _ = timed(reader.desired)
    tell(
        f"{channels:>8} {size:>7.1f} {bare:>8.3f} {cold:>8.3f} {cold / bare:>6.2f} {again:>8.3f}"
        f" {again / bare:>8.4f} {same:>8.4f} {one:>8.3f} {one / bare:>8.4f} {listing:>8.3f}"
        f" {decode:>8.3f}"
    )


def tell(line: str) -> None:
    """Print one line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(arguments: list[str]) -> None:
    """Measure each size asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("channels", nargs="*", type=int, default=[10, 100, 1000])
    parser.add_argument("--items", type=int, default=500)
    asked = parser.parse_args(arguments)
    tell("channels      MB   bare s   cold s cold/b  again s  again/b   same s    one s    one/b")
    tell("(columns go on: git tree s, all items decoded s; bare: yaml.load with CSafeLoader)")
    for channels in asked.channels:
        with tempfile.TemporaryDirectory() as folder:
            measure(Path(folder) / "lineup", Path(folder) / "cache", channels, asked.items)


if __name__ == "__main__":
    main(sys.argv[1:])
