"""One sidecar from its start to its tidy end."""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import secrets
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from reconciler.errors import ReconcilerError, Rejected
from reconciler.sidecar import older
from reconciler.sidecar.conductor import Conductor
from reconciler.sidecar.disk import ENDING_FILE, read_json, unusable, write_json
from reconciler.sidecar.engines import refuse_outputs
from reconciler.sidecar.file_lock import locked
from reconciler.sidecar.memory import Memory
from reconciler.sidecar.proc import start_time
from reconciler.sidecar.spec import SPEC_FILE, SidecarSpec, parse_spec, read_spec
from reconciler.sidecar.spool import SPOOL_FILE, Spool
from reconciler.sidecar.web import Web

log = logging.getLogger(__name__)

LOCK_WITHIN = 2.0  # seconds; others look at the lock for an instant
ENDS_WITHIN = 2.8  # seconds from the signal; who asked waits a little longer
UNABLE, MISUSED, TAKEN = 1, 64, 75  # exit codes: failed, cannot be meant, another runs here


def main() -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(
        prog="reconcile sidecar",
        description=__doc__,
        epilog=older.ENVIRONMENT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--folder",
        type=Path,
        help="where its spec.json is and what it remembers is kept; without it, the current"
        " folder, and the start document is made from the environment",
    )
    parser.add_argument("--again", action="store_true", help=argparse.SUPPRESS)
    said = parser.parse_args()
    return run(said.folder, again=said.again)


def run(folder: Path | None, *, again: bool = False) -> int:
    """Run the sidecar of `folder` until SIGTERM or SIGINT; returns the exit code.

    Without a folder, or with one that has no start document, the older system's environment is it.
    `again`: nobody asked for it but the guard of one that died.
    """
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(threadName)s %(message)s"
    )
    logging.getLogger("waitress").setLevel(logging.WARNING)
    try:
        spec = _spec(folder, os.environ)
        with _alone(spec.folder):
            _begin(spec.folder, again=again)
            return _serve(replace(spec, again=_command(spec.folder)))
    except Rejected as error:
        log.error("%s", error)  # noqa: TRY400  # the sentence says it all
        return TAKEN
    except ReconcilerError as error:
        log.error("%s", error)  # noqa: TRY400  # the sentence says it all
        return MISUSED


def _spec(folder: Path | None, env: Mapping[str, str]) -> SidecarSpec:
    path = (folder or Path.cwd()).absolute()
    spec_file = path / SPEC_FILE
    if not older.is_older(env) or (folder is not None and spec_file.is_file()):
        return read_spec(path)
    kept = read_json(spec_file)
    token = kept.get("token") if isinstance(kept, dict) else None
    document = dict(
        older.older_document(
            env, token=token if isinstance(token, str) else secrets.token_urlsafe(24)
        )
    )
    spec = parse_spec(document, path)
    trouble = unusable(spec.preview_folder)
    if trouble:
        log.warning("the preview is kept beside the spool: %s", trouble)
        del document["preview_folder"]
        spec = parse_spec(document, path)
    refuse_outputs(spec)
    path.mkdir(parents=True, exist_ok=True)
    write_json(spec_file, document)
    return spec


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder: there is never a second sidecar in it."""
    with locked(folder / "lock", LOCK_WITHIN) as is_ours:
        if not is_ours:
            raise Rejected(f"{folder}: another sidecar runs here")
        yield


def _begin(folder: Path, *, again: bool) -> None:
    """Forget that an earlier life was told to end; who is started by its guard obeys that."""
    ending = folder / ENDING_FILE
    if again and ending.exists():
        raise Rejected(f"{folder}: the sidecar was told to end")
    ending.unlink(missing_ok=True)


def _command(folder: Path) -> tuple[str, ...]:
    return (sys.executable, "-m", "reconciler.sidecar", "--folder", str(folder), "--again")


def _serve(spec: SidecarSpec) -> int:
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    pid = os.getpid()
    with contextlib.suppress(OSError):  # on a full disk; whoever started us knows it too
        write_json(spec.folder / "pid.json", {"pid": pid, "started": start_time(pid)})
    spool = Spool(spec.folder / SPOOL_FILE, label=f"{spec.channel}-{spec.epoch}")
    conductor = Conductor(spec, spool, Memory(spec.folder))
    try:
        _answer_until(ending, conductor, pid)
    except OSError as error:
        log.error("port %d: %s", spec.port, error.strerror)  # noqa: TRY400  # it says it all
        return UNABLE
    finally:
        conductor.close()
        spool.close()
    log.info("ended")
    return 0


def _answer_until(ending: threading.Event, conductor: Conductor, pid: int) -> None:
    spec = conductor.spec
    web = Web(conductor, spec)
    conductor.start()
    web.start()
    endpoint = spec.folder / "endpoint.json"
    try:
        url = f"http://{spec.host}:{web.port}"
        write_json(endpoint, {"url": url, "port": web.port, "pid": pid})
        log.info("channel=%s epoch=%d port=%d", spec.channel, spec.epoch, web.port)
        ending.wait()
        log.info("ending")
        with contextlib.suppress(OSError):
            (spec.folder / ENDING_FILE).touch()  # should this not end tidily: it shall not go on
        _watch_the_end()
    finally:
        with contextlib.suppress(OSError):
            endpoint.unlink(missing_ok=True)
        web.close()


def _watch_the_end() -> None:
    """Leave in any case: whoever asked us to end counts the seconds."""
    timer = threading.Timer(ENDS_WITHIN, os._exit, (0,))
    timer.name = "end-watch"
    timer.daemon = True
    timer.start()
