"""A lineup's text -> `Desired`, or every mistake in it at once.

Pure: the text, the environment, the secrets and what was parsed before all come in as arguments.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from reconciler.errors import Fault, LineupError
from reconciler.lineup.checks import check_files
from reconciler.lineup.findings import Finding, field_name
from reconciler.lineup.parse import find_lines
from reconciler.lineup.playlist_checks import Known
from reconciler.lineup.playlists import summarise
from reconciler.lineup.reading import (
    Files,
    MemoryCache,
    ParseCache,
    items_key,
    playlist_of,
    read_files,
)
from reconciler.lineup.resolve import Before, resolve
from reconciler.lineup.templating import Values
from reconciler.lineup.tree import Tree
from reconciler.model.desired import Desired, Revision


@dataclass(slots=True)
class Memory:
    """The last load without a mistake; it saves the next one work, and decides nothing.

    A lineup of a thousand channels is one edit away from the one before: with a memory, a load
    makes what that edit touches, and takes the rest as it is.
    """

    before: Before | None = None


def load_lineup(
    tree: Tree,
    revision: Revision,
    values: Values,
    cache: ParseCache | None = None,
    memory: Memory | None = None,
) -> Desired:
    """Read a lineup; raises `LineupError` with all of its faults.

    Loading the same tree again gives an equal value. `revision.digest` is set from the tree where
    it is empty.
    """
    held = MemoryCache() if cache is None else cache
    known_before = memory.before if memory is not None else None
    files = read_files(tree, values, held, known_before.files if known_before else None)
    known = Known.of(files)
    findings = [*files.findings, *check_files(known)]
    if findings or tree.refused:
        raise LineupError((*tree.refused, *_located(tree, findings)))
    whole = revision if revision.digest else replace(revision, digest=tree.digest)
    desired = resolve(known, whole, _bodies(files, held), known_before)
    if memory is not None:
        memory.before = Before(files, desired.channels)
    return desired


def _bodies(files: Files, cache: ParseCache) -> Callable[[str], bytes]:
    def body(name: str) -> bytes:
        key = items_key(files.playlists[name].value)
        held = cache.find([key]).get(key)
        if held is not None:
            return held
        # A cache may forget at any time; the text is where the items came from.
        playlist = playlist_of(files, name).value
        if playlist is None:  # pragma: no cover  # the same text was valid a moment ago
            raise KeyError(name)
        return summarise(playlist)[1]

    return body


def _located(tree: Tree, findings: Iterable[Finding]) -> list[Fault]:
    """Put mistakes to lines, reading again only the files that have some."""
    by_file: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_file[finding.file].append(finding)
    faults: set[Fault] = set()
    for file, found in by_file.items():
        paths = {each.path for each in found if each.line is None}
        lines = find_lines(tree.read(file), paths) if paths else {}
        for each in found:
            line = lines[each.path] if each.line is None else each.line
            field = field_name(each.path)
            faults.add(Fault(file=file, line=line, field=field, problem=each.problem))
    return sorted(faults)
