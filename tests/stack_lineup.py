"""The lineups of the end-to-end tests: one or two small channels that loop over coded clips."""

from __future__ import annotations

from collections.abc import Mapping

from tests.stack import Stack
from tests.stack_clips import ALPHA, BRAVO, CHARLIE, ECHO, FORMAT, XRAY, YANKEE, house

LINEUP = """\
version: 1
timezone: Europe/Oslo
defaults:
  format: {format}
  filler: {{playlist: idents}}
  guard: {{freeze: 4s}}
  preview: {{hls: false}}
policy: {{horizon: 1h}}
media:
  - {{match: "*", uri: "file://../media/{{asset}}.*"}}
"""
NODES = "local:\n  runtime: process\n"


def channel(stack: Stack, name: str, more: str = "", *, on_air: bool = True) -> str:
    """A channel that loops over the playlist of its own name, sending to a captured port."""
    return (
        f"title: {name}\non_air: {str(on_air).lower()}\n"
        f'outputs: [{{name: main, type: udp, url: "{stack.receiver(name).url}"}}]\n'
        f"schedule: [{{playlist: {name}, loop: true}}]\n{more}"
    )


def playlist(*items: str) -> str:
    """A playlist of items in flow style, such as `{id: a, asset: CODED-21}`."""
    return "items:\n" + "".join(f"  - {item}\n" for item in items)


DAY = playlist(*(f"{{id: {c.id}, asset: {house(c)}}}" for c in (ALPHA, BRAVO, CHARLIE)))
LONG = playlist(*(f"{{id: {c.id}, asset: {house(c)}}}" for c in (XRAY, YANKEE)))


def small(stack: Stack, *names: str, more: str = "") -> Mapping[str, str]:
    """One node, and a channel for each name."""
    return {
        "lineup.yaml": LINEUP.format(format=FORMAT),
        "nodes.yaml": NODES,
        "playlists/idents.yaml": playlist(house(ECHO)),
        **{f"channels/{name}.yaml": channel(stack, name, more) for name in names},
        **{f"playlists/{name}.yaml": DAY for name in names},
    }
