"""The only place where settings become adapters."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import lru_cache, partial
from pathlib import Path

from jinja2 import FileSystemLoader

from reconciler.adapters.clock import Jitter, SystemClock
from reconciler.adapters.embedded_postgres import EmbeddedPostgres
from reconciler.adapters.image_folder import write_image_folder
from reconciler.adapters.lifeline import Lifeline
from reconciler.adapters.lineup_reader import FolderLineupReader
from reconciler.adapters.local_process import LocalNode
from reconciler.adapters.media_sources import MediaSources
from reconciler.adapters.new_repository import begin_repository
from reconciler.adapters.parse_cache import DiskParseCache
from reconciler.adapters.postgres_leadership import PostgresLeadership
from reconciler.adapters.postgres_migrations import migrate
from reconciler.adapters.postgres_pool import Database
from reconciler.adapters.postgres_reports import PostgresReports
from reconciler.adapters.postgres_store import PostgresStore
from reconciler.adapters.remote_media import RemoteMedia
from reconciler.adapters.remote_stores import RemoteStores
from reconciler.adapters.shipped import shipped
from reconciler.adapters.sidecar_http import SidecarHttp
from reconciler.errors import Rejected
from reconciler.lineup.starter import STARTER, starter_files
from reconciler.lineup.templating import Values
from reconciler.model.desired import DesiredNode, EngineKind, Runtime
from reconciler.model.ids import NodeName
from reconciler.model.observed import SidecarSeen
from reconciler.model.video import VideoFormat
from reconciler.plan.actions import Staging
from reconciler.ports import LineupReader, NodeControl
from reconciler.report.render import render as render_plan
from reconciler.settings import Settings
from reconciler.shell import watch
from reconciler.shell.converge import Judgement
from reconciler.shell.inforce import InForce
from reconciler.shell.stage import Stager
from reconciler.shell.world import World
from reconciler.sidecar.casparcg.config import Image, render_dockerfile, rendered_digest
from reconciler.sidecar.casparcg.shipped import engine_templates
from reconciler.sidecar.needs import EMBEDDED, SIDECAR

Tell = Callable[[str], None]


@contextmanager
def open_world(settings: Settings, *, tell: Tell) -> Iterator[World]:
    """Open every adapter; the embedded database is started where no other is named."""
    settings.state.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        url = settings.database_url
        if not url:
            url = stack.enter_context(closing(embedded_database(settings, tell=tell))).ensure()
        migrate(url)
        database = stack.enter_context(closing(Database(url)))
        nodes = Nodes(settings)
        client = stack.enter_context(closing(SidecarHttp(nodes.token)))
        lifeline = Lifeline(settings.state / "alive")
        leadership = stack.enter_context(closing(PostgresLeadership(url, lifeline=lifeline)))
        lineup = open_lineup(settings)
        yield World(
            store=PostgresStore(database, leadership.term),
            reports=PostgresReports(database),
            sidecars=client,
            library=open_library(settings),
            clock=SystemClock(),
            connect=nodes.connect,
            nodes=partial(_nodes, InForce(lineup)),
            lineup=lineup,
            leadership=leadership,
            jitter=Jitter().spread,
            pause=time.sleep,
        )


def embedded_database(settings: Settings, *, tell: Tell) -> EmbeddedPostgres:
    """The PostgreSQL that this installation runs itself; not started yet."""
    return EmbeddedPostgres(settings.state / "postgres", progress=tell)


def open_library(settings: Settings) -> MediaSources:
    """Where the lineup's assets come from, with what is known of them from earlier runs."""
    stores = RemoteStores(settings.environment)
    remote = RemoteMedia(stores, settings.state / "remote.json")
    return MediaSources(settings.lineup, settings.state / "probed.json", remote)


def _nodes(in_force: InForce) -> tuple[DesiredNode, ...]:
    desired = in_force.read()
    return tuple(desired.nodes.values()) if desired is not None else ()


def open_lineup(settings: Settings) -> LineupReader:
    """The lineup of the settings, with its parse cache."""
    values = Values(
        env=settings.environment,
        secrets=settings.secrets,
        mark_key=_mark_key(settings),
        rendered=_rendered,
    )
    return FolderLineupReader(settings.lineup, values, DiskParseCache(settings.state / "parsed"))


@lru_cache
def _rendered(video: VideoFormat) -> str:
    return rendered_digest(video, None, engine_templates())


def _mark_key(settings: Settings) -> bytes:
    """Key of the digests by which a changed secret is noticed; made of the secrets themselves.

    The same secrets give the same marks on every machine, and a mark tells nothing of one.
    """
    text = "\0".join(f"{name}={settings.secrets[name]}" for name in sorted(settings.secrets))
    return hashlib.scrypt(text.encode(), salt=b"reconcile marks", n=1 << 12, r=8, p=1)


class Nodes:
    """Controls of nodes, one for each name."""

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.state / "nodes"
        self._casparcg = settings.casparcg
        self._lock = threading.Lock()
        self._known: dict[DesiredNode, NodeControl] = {}
        self._by_name: dict[NodeName, NodeControl] = {}

    def connect(self, node: DesiredNode) -> NodeControl:
        """The control of `node`; the same one each time."""
        with self._lock:
            control = self._known.get(node)
            if control is None:
                control = self._known[node] = self._make(node)
            self._by_name[node.name] = control
            return control

    def _make(self, node: DesiredNode) -> NodeControl:
        match node.runtime:
            case Runtime.PROCESS:
                devices = frozenset(device.index for device in node.devices)
                return LocalNode(
                    node.name,
                    self._folder / node.name,
                    devices=devices,
                    engine_commands={EngineKind.CASPARCG.value: self._casparcg},
                    stage_rate=node.stage_rate,
                )
            case Runtime.DOCKER | Runtime.AGENT:
                raise Rejected(
                    f"{node.name}: runtime {node.runtime.value} is not supported in this release; "
                    "use `runtime: process`",
                    system=node.name,
                )

    def token(self, seen: SidecarSeen) -> str:
        """The bearer token of a sidecar, from the node that it was seen on."""
        with self._lock:
            control = self._by_name[seen.node]
        return control.secrets_of(seen)


def open_stager(world: World, failed: Callable[[Staging], None] = lambda _: None) -> Stager:
    """A stager for one pass, which waits for it; `failed` is told what could not be staged."""

    def done(action: Staging, error: str | None) -> None:
        watch.staged(world, action, error)
        if error is not None:
            failed(action)

    return Stager(done, world.clock, world.jitter)


def run_loop(world: World, stop: threading.Event) -> None:
    """Converge until `stop` is set."""
    watch.watch(world, stop, lambda judgement: render(judgement, "json"))


def render(judgement: Judgement, form: str) -> str:
    """A plan for a reader, in one of `report.FORMATS`."""
    return render_plan(judgement.plan, form, FileSystemLoader(shipped("templates/plan")))


def write_starter(folder: Path) -> tuple[tuple[Path, ...], bool]:
    """Write the starter lineup into `folder`, as a repository; the files, and whether committed.

    Raises `UsageError` rather than overwrite.
    """
    source = shipped("templates/starter")
    texts = {name: (source / name).read_text(encoding="utf-8") for name in STARTER}
    there = [str(p.relative_to(folder)) for p in folder.rglob("*")] if folder.exists() else []
    written = starter_files(texts, there)
    for name, text in written.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    committed = begin_repository(folder, "first lineup")
    return tuple(folder / name for name in written), committed


def write_image(folder: Path, image: Image, *, embedded: bool) -> tuple[Path, ...]:
    """Write what `image` is built from; the files. `embedded`: for our own engine too."""
    packages = SIDECAR + (EMBEDDED if embedded else ())
    return write_image_folder(folder, render_dockerfile(image, engine_templates()), packages)
