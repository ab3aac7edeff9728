"""The smallest lineup that is whole, to be varied one file at a time."""

from __future__ import annotations

from reconciler.errors import LineupError
from reconciler.lineup.load import load_lineup
from reconciler.lineup.reading import ParseCache
from reconciler.lineup.templating import Values
from reconciler.lineup.tree import Tree
from reconciler.model.desired import Desired, DesiredChannel, Revision

REVISION = Revision(commit="", label="a test", digest="")
SECRET = "s3cr3t-that-nobody-may-read"
VALUES = Values(env={"HOME_NODE": "one"}, secrets={"stream": SECRET}, mark_key=b"key")

LINEUP = """\
version: 1
timezone: Europe/Oslo
media: [{match: "*", uri: "file://media/{asset}.*"}]
live: {studio-a: "srt://studio.example:9000"}
vars: {mux: mux1.example}
"""
NODES = "one: {runtime: process, labels: {site: oslo}}\n"
NEWS = """\
title: News 24
format: 1080p5000
outputs:
  - {name: main, type: srt, url: "srt://{{ vars.mux }}:9001", latency: 200ms}
schedule:
  - {playlist: base, loop: true}
"""
BASE = "title: Base\nitems: [A-1, A-2]\n"

Texts = dict[str, str | bytes]


def texts(**changed: str | bytes | None) -> Texts:
    """The lineup's files; a name stands for a path (`channels__news`), None leaves a file out."""
    whole: dict[str, str | bytes | None] = {
        "lineup": LINEUP,
        "nodes": NODES,
        "channels__news": NEWS,
        "playlists__base": BASE,
        **changed,
    }
    return {
        f"{name.replace('__', '/')}.yaml": text for name, text in whole.items() if text is not None
    }


def load(files: Texts, values: Values = VALUES, cache: ParseCache | None = None) -> Desired:
    """Load a lineup of texts."""
    return load_lineup(Tree.of(files), REVISION, values, cache)


def desired(**changed: str | bytes | None) -> Desired:
    """Load the lineup with some files changed."""
    return load(texts(**changed))


def news(text: str, **changed: str | bytes | None) -> DesiredChannel:
    """Load the lineup with `text` as its channel, and return that."""
    found = desired(channels__news=text, **changed)
    return next(iter(found.channels.values()))


def faults(**changed: str | bytes | None) -> list[str]:
    """Every fault of the lineup with some files changed, as an author reads them."""
    return faults_of(texts(**changed))


def faults_of(files: Texts, values: Values = VALUES) -> list[str]:
    """Every fault of a lineup of texts."""
    try:
        load(files, values)
    except LineupError as error:
        return [str(fault) for fault in error.faults]
    return []
