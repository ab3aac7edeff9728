"""A tree's files -> typed values, file by file: parsed once per content, filled in, checked alone.

What was parsed is remembered by blob id, in a form that holds no secret: a plain file's values as
they were written, a playlist's summary, its items by their own digest. A playlist with mistakes is
never remembered.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from reconciler.lineup.files import (
    AccessFile,
    Assets,
    ChannelFile,
    LineupFile,
    Nodes,
    Recorders,
)
from reconciler.lineup.findings import Finding, Path, Step
from reconciler.lineup.kinds import Kind, Place, sort_out
from reconciler.lineup.parse import Mistake, Raw, read_yaml
from reconciler.lineup.playlist_file import PlaylistFile
from reconciler.lineup.playlists import Summary, summarise
from reconciler.lineup.rules import (
    Found,
    broken_by_channel,
    broken_by_lineup,
    broken_by_nodes,
    broken_by_playlist,
)
from reconciler.lineup.templating import Rendered, Scope, Values, has_expressions, render
from reconciler.lineup.tree import Tree
from reconciler.lineup.typed import Typed, as_typed
from reconciler.model.text import Text

_BATCH = 64  # parsed files that are handed to the cache together
_MAY_BE_EMPTY = (Kind.RECORDERS, Kind.ACCESS, Kind.ASSETS)
_SHAPES: Mapping[Kind, Any] = {
    Kind.LINEUP: LineupFile,
    Kind.NODES: Nodes,
    Kind.RECORDERS: Recorders,
    Kind.ACCESS: AccessFile,
    Kind.ASSETS: Assets,
    Kind.CHANNEL: ChannelFile,
    Kind.PLAYLIST: PlaylistFile,
}


class ParseCache(Protocol):
    """Parsed files by content: losing any of it costs time alone."""

    def find(self, keys: Collection[str]) -> Mapping[str, bytes]:
        """What is held of these; a key may be missing."""

    def keep(self, entries: Mapping[str, bytes]) -> None:
        """Hold these; an entry of one key is always the same."""


class MemoryCache:
    """Parsed files in memory, for as long as somebody holds a lineup that was read with it."""

    def __init__(self) -> None:
        self._held: dict[str, bytes] = {}

    def find(self, keys: Collection[str]) -> Mapping[str, bytes]:
        """What is held of these."""
        return {key: self._held[key] for key in keys if key in self._held}

    def keep(self, entries: Mapping[str, bytes]) -> None:
        """Hold these."""
        self._held.update(entries)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """One file's value: None where nothing of it is usable."""

    path: str
    typed: Typed[Any]
    secrets: Mapping[Path, Text] = field(default_factory=dict)

    @property
    def value(self) -> Any:
        """The value, of the shape that its kind of file has (for a playlist: its `Summary`)."""
        return self.typed.value

    def broken(self, *start: Step) -> bool:
        """Whether something below `start` was faulty, so that what is there may not be all."""
        return any(each.path[: len(start)] == start for each in self.typed.findings)

    def finding(self, path: Path, problem: str) -> Finding:
        """A mistake at `path` of the value."""
        return Finding(self.path, self.typed.authored(path), problem)

    def text(self, path: Path, shown: str) -> Text:
        """The text at `path`, with the secret in it if it has one."""
        return self.secrets.get(path) or Text.plain(shown)


@dataclass(slots=True, kw_only=True)
class Files:
    """All files of a lineup, each typed as far as it can be. Channels and playlists by name."""

    tree: Tree
    scope: Scope
    single: dict[Kind, Loaded] = field(default_factory=dict)
    channels: dict[str, Loaded] = field(default_factory=dict)
    playlists: dict[str, Loaded] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def put(self, place: Place, loaded: Loaded) -> None:
        """Take in one file."""
        match place.kind:
            case Kind.CHANNEL:
                self.channels[place.name] = loaded
            case Kind.PLAYLIST:
                self.playlists[place.name] = loaded
            case _:
                self.single[place.kind] = loaded

    def at(self, place: Place) -> Loaded | None:
        """The file of that place, if there is one."""
        match place.kind:
            case Kind.CHANNEL:
                return self.channels.get(place.name)
            case Kind.PLAYLIST:
                return self.playlists.get(place.name)
            case _:
                return self.single.get(place.kind)

    def value(self, kind: Kind) -> Any:
        """The value of a file that there is one of; None where there is none, or none usable."""
        loaded = self.single.get(kind)
        return None if loaded is None else loaded.value


def read_files(tree: Tree, values: Values, cache: ParseCache, before: Files | None = None) -> Files:
    """Read every file of a lineup, collecting what is wrong with each.

    `before` are the files of an earlier load without a mistake: what did not change since is taken
    from there, the very same value.
    """
    found = sort_out(tree.blobs)
    files = Files(
        tree=tree,
        scope=Scope(values),
        findings=list(found.findings),
        warnings=list(found.warnings),
    )
    reader = _Reader(files, found.places, cache, before)
    # First what every other file may use: `vars`.
    reader.read([path for path in found.places if path == Kind.LINEUP.value])
    lineup = files.value(Kind.LINEUP)
    files.scope = Scope(values, lineup.vars if lineup is not None else {})
    reader.read([path for path in found.places if path != Kind.LINEUP.value])
    return files


def playlist_of(files: Files, name: str) -> Typed[PlaylistFile]:
    """Read one playlist again, whole, from its text."""
    path = files.playlists[name].path
    raw = read_yaml(files.tree.read(path))
    rendered = render(raw if raw is not None else "", path, files.scope)
    return as_typed(PlaylistFile, rendered.raw, path, rendered.findings)


def items_key(summary: Summary) -> str:
    """The cache's key of a playlist's items."""
    return f"items:{summary.content}"


class _Reader:
    """Read files into `files`, by way of the cache."""

    def __init__(
        self,
        files: Files,
        places: Mapping[str, Place],
        cache: ParseCache,
        before: Files | None,
    ) -> None:
        self._files = files
        self._places = places
        self._cache = cache
        self._before = before
        self._fresh: dict[str, bytes] = {}

    def read(self, paths: Iterable[str]) -> None:
        keys = {path: self._key(path) for path in paths if not self._is_as_before(path)}
        held = self._cache.find(keys.values())
        unknown = [
            path
            for path, key in keys.items()
            if key not in held or not self._recall(path, held[key])
        ]
        for path, content in self._files.tree.fetch(unknown):
            self._parse(path, content)
            if len(self._fresh) >= _BATCH:
                self._flush()
        self._flush()

    def _is_as_before(self, path: str) -> bool:
        """Take a file as it was, where neither its text nor what that may name has changed."""
        files, before = self._files, self._before
        if before is None or before.tree.blobs.get(path) != files.tree.blobs[path]:
            return False
        place = self._places[path]
        if place.kind is not Kind.LINEUP and before.scope != files.scope:
            return False
        loaded = before.at(place)
        if loaded is None or loaded.path != path:
            return False
        files.put(place, loaded)
        return True

    def _flush(self) -> None:
        if self._fresh:
            self._cache.keep(self._fresh)
            self._fresh = {}

    def _key(self, path: str) -> str:
        return f"{self._places[path].kind.name}:{self._files.tree.blobs[path]}"

    def _recall(self, path: str, entry: bytes) -> bool:
        """Take a file as remembered, if what is remembered can be made out."""
        try:
            held = json.loads(entry)
            summary = Summary.from_json(held["summary"]) if "summary" in held else None
            raw: Raw = held["raw"] if summary is None else ""
            expressions = summary is None and bool(held["expressions"])
        except (ValueError, KeyError, TypeError):
            return False
        if summary is not None:
            self._place(path, Typed(summary), {})
        elif self._places[path].kind is Kind.PLAYLIST:
            self._playlist(path, raw, has_expressions=expressions)
        else:
            self._take(path, raw, has_expressions=expressions)
        return True

    def _parse(self, path: str, content: bytes) -> None:
        kind = self._places[path].kind
        try:
            raw = _parsed(content, kind)
        except Mistake as mistake:
            self._files.findings.append(Finding(path, mistake.path, mistake.problem, mistake.line))
            self._place(path, Typed(None), {})
            return
        expressions = has_expressions(content.decode(errors="replace"))
        if kind is not Kind.PLAYLIST or expressions:
            entry = {"raw": raw, "expressions": expressions}
            self._fresh[self._key(path)] = json.dumps(entry).encode()
        if kind is Kind.PLAYLIST:
            self._playlist(path, raw, has_expressions=expressions)
        else:
            self._take(path, raw, has_expressions=expressions)

    def _typed(self, path: str, raw: Raw, *, has_expressions: bool) -> tuple[Rendered, Typed[Any]]:
        """Fill a value in and type it; its mistakes are noted."""
        rendered = render(raw, path, self._files.scope) if has_expressions else Rendered(raw)
        shape = _SHAPES[self._places[path].kind]
        typed = as_typed(shape, rendered.raw, path, rendered.findings)
        self._files.findings.extend(typed.findings)
        return rendered, typed

    def _take(self, path: str, raw: Raw, *, has_expressions: bool) -> None:
        rendered, typed = self._typed(path, raw, has_expressions=has_expressions)
        self._place(path, typed, rendered.secrets)
        if typed.value is None:
            return
        match self._places[path].kind:
            case Kind.CHANNEL:
                self._note(path, typed, broken_by_channel(typed.value))
            case Kind.NODES:
                self._note(path, typed, broken_by_nodes(typed.value))
            case Kind.LINEUP:
                self._note(path, typed, broken_by_lineup(typed.value))
            case _:
                pass

    def _playlist(self, path: str, raw: Raw, *, has_expressions: bool) -> None:
        _, typed = self._typed(path, raw, has_expressions=has_expressions)
        if typed.value is None:
            self._place(path, typed, {})
            return
        faults = len(typed.findings) + self._note(path, typed, broken_by_playlist(typed.value))
        summary, items = summarise(typed.value)
        self._place(path, Typed(summary, (), typed.kept), {})
        if not faults:
            self._fresh[items_key(summary)] = items
            if not has_expressions:
                entry = {"summary": summary.to_json()}
                self._fresh[self._key(path)] = json.dumps(entry).encode()

    def _note(self, path: str, typed: Typed[Any], found: Found) -> int:
        # Beside a mistake that is told already, a rule about the same map would only echo it.
        told = {each.path[:-1] for each in typed.findings}
        paths = ((typed.authored(at), problem) for at, problem in found)
        broken = [Finding(path, at, problem) for at, problem in paths if at[:-1] not in told]
        self._files.findings.extend(broken)
        return len(broken)

    def _place(self, path: str, typed: Typed[Any], secrets: Mapping[Path, Text]) -> None:
        self._files.put(self._places[path], Loaded(path=path, typed=typed, secrets=secrets))


def _parsed(content: bytes, kind: Kind) -> Raw:
    raw = read_yaml(content)
    if raw is not None:
        return raw
    if kind in _MAY_BE_EMPTY:
        return {}
    raise Mistake(1, "expected a map, found an empty file")
