"""Every mistake of a lineup is told at once: its line, what was found, what was expected."""

# ruff: noqa: E501  # messages are quoted as their readers see them

from __future__ import annotations

import pytest

from tests.unit.lineup.lineups import LINEUP, NODES, faults, faults_of, texts

TWELVE_CHANNEL = """\
titel: News 24
format: 1080q5000
outputs:
  - {name: main, type: strm, url: "srt://mux:9001"}
  - {name: sdi, type: decklink, device: 7}
schedule:
  - {playlist: morningg, loop: true}
  - {playlist: morning, at: "25:00", start: hard}
filler: {playlist: morning, max_repeat: 12f}
place: {labels: {site: bergen}}
"""
TWELVE_PLAYLIST = """\
title: Morning
items:
  - {id: open, asset: A-1}
  - {id: open, asset: A-2, in: "00:00:10:00", out: "00:00:02:00"}
  - {id: studio, live: studio-b, duration: 28m}
  - {id: late, asset: A-3, in: "00:00:00:75"}
"""


def test_twelve_mistakes_are_told_at_once_each_with_its_line() -> None:
    found = faults(channels__news=TWELVE_CHANNEL, playlists__morning=TWELVE_PLAYLIST)

    assert found == [
        "channels/news.yaml:1: titel: unknown key; did you mean `title`?",
        (
            "channels/news.yaml:2: format: expected a video format such as 1080p5000 or 1080i5000,"
            " found '1080q5000'"
        ),
        (
            "channels/news.yaml:4: outputs[0].type: expected udp, srt, rtmp, file, hls, decklink or ndi,"
            " found 'strm'"
        ),
        (
            "channels/news.yaml:5: outputs[1].device: no node has a device '7'; expected a number from 1"
            " or a persistent id, declared under `devices` in nodes.yaml"
        ),
        (
            "channels/news.yaml:7: schedule[0].playlist: no playlist 'morningg': there is no"
            " playlists/morningg.yaml; did you mean `morning`?"
        ),
        (
            "channels/news.yaml:8: schedule[1].at: expected a time of day HH:MM or HH:MM:SS, to 23:59:59,"
            " found '25:00'"
        ),
        (
            "channels/news.yaml:9: filler.max_repeat: expected a time on the clock such as 90s or 15m,"
            " found '12f'"
        ),
        "channels/news.yaml:10: place.labels.site: no node has `site: bergen`",
        "playlists/morning.yaml:4: items[1].id: `open` is already the id of items[0]",
        (
            "playlists/morning.yaml:4: items[1].out: expected a point after `in` ('00:00:10:00'), found"
            " '00:00:02:00'"
        ),
        (
            "playlists/morning.yaml:5: items[2].live: no live source 'studio-b' under `live` in"
            " lineup.yaml; did you mean `studio-a`?"
        ),
        (
            "playlists/morning.yaml:6: items[3].in: expected minutes and seconds to 59 and frames to 59,"
            " found '00:00:00:75', at the 1080p5994 of channel 'news'"
        ),
    ]


def test_files_that_cannot_be_read_do_not_hide_what_is_wrong_with_others() -> None:
    found = faults_of(
        {
            **texts(nodes="one: {runtime: procss}\n", playlists__base="items: [\n"),
            "playlists/empty.yaml": "",
            "playlists/list.yaml": "- A-1\n",
            "chanels/x.yaml": "x",
            "lineups.yaml": "x",
            "channels/sub/x.yaml": "x",
            "channels/x.yml": "x",
            "channels/a b.yaml": "x",
        }
    )

    assert found == [
        (
            "chanels/x.yaml: expected the folder channels or playlists, found `chanels`; did you mean"
            " `channels`?"
        ),
        (
            "channels/a b.yaml: expected a file name of letters, digits, `.`, `_` and `-`, at most 64,"
            " a letter or digit first, found 'a b'"
        ),
        "channels/sub/x.yaml: expected channels directly in channels/, found one in a subfolder",
        "channels/x.yml: expected a name that ends in .yaml, found 'channels/x.yml'",
        (
            "lineups.yaml: expected one of lineup.yaml, nodes.yaml, recorders.yaml, access.yaml,"
            " assets.yaml, found 'lineups.yaml'; did you mean `lineup`?"
        ),
        (
            "nodes.yaml:1: one.runtime: expected process, docker or agent, found 'procss'; did you mean"
            " `process`?"
        ),
        "playlists/base.yaml:2: this is not YAML: did not find expected node content",
        "playlists/empty.yaml:1: expected a map, found an empty file",
        "playlists/list.yaml:1: expected a map, found a list",
    ]


def test_an_empty_folder_is_no_lineup() -> None:
    assert [fault.split(":")[0] for fault in faults_of({})] == ["lineup.yaml", "nodes.yaml"]


CHANNEL = "outputs: [{output}]\nschedule: [{{playlist: base, loop: true}}]\n{more}"


def channel(output: str = "", more: str = "") -> str:
    return CHANNEL.format(output=output, more=more)


def layer(written: str) -> str:
    return f"schedule: [{{playlist: base, {written}}}]\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[]\n", "expected a map, found a list"),
        ("text\n", "expected a map, found 'text'"),
        ("schedule: {}\n", "schedule: expected a list, found a map"),
        ("schedule: base\n", "schedule: expected a list, found 'base'"),
        (layer("at: ['06:00']"), "schedule[0].at: expected a time of day"),
        (layer("early: 5s, loop: true"), "schedule[0].early: expected `start: soft` beside it"),
        (layer("start: hard, loop: true"), "schedule[0].start: expected `at` beside it"),
        (layer("until: 2h, loop: true"), "schedule[0].until: expected `at` beside it"),
        (layer("colour: x"), "schedule[0].colour: unknown key; expected playlist, loop"),
        (layer("loop: false"), "schedule[0].at: is missing; expected a time of day"),
        (layer("at: '06:00', days: someday"), "schedule[0].days[0]: expected daily"),
        (layer("at: '06:00', on: tomorrow"), "schedule[0].on[0]: expected a date"),
        (
            "schedule: [{loop: true}]\n",
            "schedule[0].playlist: is missing; expected a playlist's name",
        ),
        (channel("{name: x}"), "outputs[0].type: is missing; expected udp, srt"),
        (channel("text"), "outputs[0]: expected a map, found 'text'"),
        (channel("{type: udp}"), "outputs[0].url: is missing; expected an address such as udp://"),
        (channel("{type: udp, url: 'udp://x'}"), "outputs[0].url: expected an address"),
        (
            channel("{type: srt, url: 'udp://x:1'}"),
            "outputs[0].url: expected an address such as srt",
        ),
        (channel("{type: srt, url: 'srt://x:1', mode: listen}"), "did you mean `listener`?"),
        (channel("{type: file, url: 'http://x'}"), "outputs[0].url: expected a path or file://"),
        (channel("{type: ndi}"), "outputs[0].ndi_name: is missing"),
        (
            channel("{name: a, type: ndi, ndi_name: A}, {name: a, type: ndi, ndi_name: B}"),
            "outputs[1].name: `a` is already the name of outputs[0]",
        ),
        (
            channel("{type: decklink, device: 1, spare: {node: two, device: 1}}"),
            "outputs[0].spare.node: no node 'two' in nodes.yaml",
        ),
        (channel(more="slate: a/b\n"), "slate: expected an asset's house number"),
        (
            channel(more="place: {prefer: [oen]}\n"),
            "no node 'oen' in nodes.yaml; did you mean `one`?",
        ),
        (channel(more="place: {labels: {sit: oslo}}\n"), "no node has a label `sit`; did you mean"),
        (
            channel(more="project: newsroom\n"),
            "no project 'newsroom' under `projects` in access.yaml",
        ),
        (channel(more="filler: nothing\n"), "filler.playlist: no playlist 'nothing'"),
        (channel(more="timezone: Oslo\n"), "timezone: expected a time zone such as Europe/Oslo"),
        (channel(more="guard: {freeze: 12f}\n"), "guard.freeze: expected a time on the clock"),
        (channel(more="failover: {fence: 0s}\n"), "failover.fence: expected a time above zero"),
        (channel(more="engine: caspar\n"), "engine: expected embedded or casparcg, found 'caspar'"),
    ],
)
def test_a_channel_that_cannot_be_meant_is_told(text: str, problem: str) -> None:
    found = faults(channels__news=text)

    assert any(problem in fault for fault in found), found


@pytest.mark.parametrize(
    ("items", "problem"),
    [
        ("", "items: expected a list, found nothing"),
        ("[]", "items: expected at least one, found none"),
        (
            "[{}]",
            "items[0]: expected an asset, or a map with `asset`, `break` or `live`, found a map",
        ),
        (
            "[{x: y}]",
            "items[0]: expected an asset, or a map with `asset`, `break` or `live`, found `x`",
        ),
        (
            "[[a]]",
            "items[0]: expected an asset, or a map with `asset`, `break` or `live`, found a list",
        ),
        ("[{asset: a, inn: 2s}]", "items[0].inn: unknown key; did you mean `in`?"),
        ("[{break: []}]", "items[0].break: expected at least one, found none"),
        ("[{break: [{asset: a, at: '07:00'}]}]", "items[0].break[0].at: unknown key"),
        (
            "[{break: [a, {asset: b, out: 0s}]}]",
            "items[0].break[1].out: expected a point above zero",
        ),
        ("[{asset: a, out: 0f}]", "items[0].out: expected a point above zero, found '0f'"),
        ("[{asset: a, in: 5s, out: 5s}]", "items[0].out: expected a point after `in` ('5s')"),
        ("[{asset: a, in: 5, out: 6s}]", "items[0].in: expected a"),
        ("[{asset: a, in: '10:00', out: 6s}]", "items[0].in: expected a"),
        ("[{asset: a, in: -5s}]", "items[0].in: expected a"),
        ("[{live: studio-a}]", "items[0].duration: is missing; expected a duration"),
        ("[{live: studio-a, duration: 0s}]", "items[0].duration: expected a duration above zero"),
        ("[{asset: a, start: soft}]", "items[0].start: expected `at` beside `start: soft`"),
        ("[{asset: a, transition: mix}]", "items[0].transition: expected a map, found 'mix'"),
        ("[{asset: a, transition: {type: mix}}]", "items[0].transition.duration: is missing"),
        ("[{asset: a, transition: {type: cut, duration: 2f}}]", "expected none beside `type: cut`"),
        ("[{asset: a, transition: {type: fade, duration: 2f}}]", "expected cut, mix or wipe"),
        ("[{asset: a, id: 'x/1'}]", "items[0].id: expected a name"),
    ],
)
def test_a_playlist_that_cannot_be_meant_is_told(items: str, problem: str) -> None:
    found = faults(playlists__base=f"items: {items}\n")

    assert any(problem in fault for fault in found), found


@pytest.mark.parametrize(
    ("video", "point", "problem"),
    [
        (
            "720p2500",
            "00:00:01:25",
            "frames to 24, found '00:00:01:25', at the 720p2500 of channel",
        ),
        ("720p2500", "00:00:01;05", "drop-frame"),
        ("1080p2997", "00:01:00;01", "drop-frame counting skips 00:01:00;01"),
        ("1080i5994", "00:00:01:30", "frames to 29"),
    ],
)
def test_a_timecode_that_a_channels_rate_does_not_have_is_told(
    video: str, point: str, problem: str
) -> None:
    found = faults(
        channels__news=channel(more=f"format: {video}\n"),
        playlists__base=f"items: [{{asset: a, in: '{point}'}}]\n",
    )

    assert len(found) == 1
    assert found[0].startswith("playlists/base.yaml:1: items[0].in: ")
    assert problem in found[0]


@pytest.mark.parametrize(
    ("video", "point"), [("1080p2500", "00:00:01:24"), ("1080p5994", "00:01:00;04")]
)
def test_a_timecode_that_the_rate_has_is_no_fault(video: str, point: str) -> None:
    assert not faults(
        channels__news=channel(more=f"format: {video}\n"),
        playlists__base=f"items: [{{asset: a, in: '{point}'}}]\n",
    )


def test_points_of_different_units_are_compared_at_the_rate() -> None:
    assert faults(playlists__base="items: [{asset: a, in: 5s, out: '00:00:04:00'}]\n") == [
        (
            "playlists/base.yaml:1: items[0].out: expected a point after `in` ('5s') at the 1080p5000"
            " of channel 'news', found '00:00:04:00'"
        )
    ]
    assert not faults(playlists__base="items: [{asset: a, in: 5s, out: '00:00:06:00'}]\n")


MEDIA = LINEUP.replace('match: "*"', 'match: "SP-*"')
ASSETS = "RTN-004411: {uri: 'file:///x.mxf', duration: '10:00:00:60'}\n"


def test_an_asset_that_nothing_finds_is_told_with_the_nearest() -> None:
    found = faults(
        lineup=MEDIA, assets=ASSETS.replace(":60", ":40"),
        playlists__base="items: [SP-1, {break: [RTN-004412]}]\n",
    )  # fmt: skip

    assert found == [
        "playlists/base.yaml:1: items[0].break[0].asset: no asset 'RTN-004412'".replace(
            "[0].b", "[1].b"
        )
        + ": not in assets.yaml, and no `media` pattern covers it; did you mean `RTN-004411`?"
    ]


def test_a_slate_and_a_declared_asset_without_an_address_must_be_found_too() -> None:
    found = faults(lineup=MEDIA, assets="X-1: {title: x}\n", playlists__base="items: [SP-1]\n",
                   channels__news=channel(more="slate: X-2\n"))  # fmt: skip

    assert [fault.split(": no asset")[0] for fault in found] == [
        "assets.yaml:1: X-1",
        "channels/news.yaml:3: slate",
    ]


def test_a_declared_timecode_must_exist_at_the_rates_of_those_who_play_it() -> None:
    found = faults(assets=ASSETS, playlists__base="items: [RTN-004411]\n")

    assert len(found) == 1
    assert found[0].startswith("assets.yaml:1: RTN-004411.duration: expected minutes")


TWO_NODES = NODES + "two: {runtime: process}\n"


def test_never_beside_automatic_moving_is_a_fault_where_there_is_anywhere_to_move() -> None:
    never = channel(more="failover: {on_node_loss: move, fence: never}\n")

    assert not faults(channels__news=never)
    assert faults(channels__news=never, nodes=TWO_NODES) == [
        (
            "channels/news.yaml:3: failover.fence: expected a time such as 30s beside `on_node_loss:"
            " move`, found 'never': a channel that moves by itself must fall silent by itself; or write"
            " `on_node_loss: hold`"
        )
    ]


@pytest.mark.parametrize(
    ("access", "problem"),
    [
        ("tokens: {kari: {sha256: my-token}}\n", "access.yaml:1: tokens.kari.sha256: expected the SHA-256"),
        (f"tokens: {{a: {{sha256: {'0' * 64}, roles: {{x: edit}}}}}}\n", "no project 'x' under `projects`"),
        (f"tokens: {{a: {{sha256: {'0' * 64}, roles: {{x: own}}}}}}\n", "expected view or edit"),
        (f"tokens: {{a: {{sha256: {'0' * 64}}}, b: {{sha256: {'0' * 64}}}}}\n", "found that of `a`"),
    ],
)  # fmt: skip
def test_access_that_cannot_be_meant_is_told(access: str, problem: str) -> None:
    found = faults(access=access)

    assert any(problem in fault for fault in found), found
    assert "my-token" not in "".join(found)


@pytest.mark.parametrize(
    ("nodes", "problem"),
    [
        ("{}\n", "nodes.yaml:1: expected at least one node, found none"),
        ("one: {}\n", "one.runtime: is missing; expected process, docker or agent"),
        ("one: {runtime: agent}\n", "one.address: is missing"),
        ("one: {runtime: process, address: 'ssh://x'}\n", "one.address: expected none"),
        ("one: {runtime: docker, address: 'ftp://x'}\n", "one.address: expected an address"),
        (
            "one: {runtime: docker, devices: [1, 1]}\n",
            "one.devices[1]: index `1` is already devices[0]",
        ),
        (
            "one: {runtime: docker, devices: [0]}\n",
            "one.devices[0].index: expected a device number",
        ),
        ("a b: {runtime: process}\n", "a b: expected a name"),
        ("one: {runtime: process, cores: none}\n", "one.cores: expected a number above zero"),
    ],
)
def test_an_inventory_that_cannot_be_meant_is_told(nodes: str, problem: str) -> None:
    found = faults(nodes=nodes)

    assert any(problem in fault for fault in found), found


def test_a_recorder_must_name_a_node_and_its_device() -> None:
    nodes = "one: {runtime: docker, devices: [1, {index: 2, id: abc}]}\n"

    found = faults(nodes=nodes, recorders="a: {node: onee, device: 1}\nb: {node: one, device: 3}\n")

    assert found == [
        "recorders.yaml:1: a.node: no node 'onee' in nodes.yaml; did you mean `one`?",
        "recorders.yaml:2: b.device: node 'one' has no device '3'; expected 1, 2 or abc",
    ]


@pytest.mark.parametrize(
    ("lineup", "problem"),
    [
        ("timezone: UTC\n", "version: is missing; expected version 1"),
        ("version: 2\n", "version: expected version 1, the only one so far, found '2'"),
        ("version: 1\nmedia: [{uri: x}]\n", "media[0].uri: expected an address with {asset} in it"),
        ("version: 1\nlive: {a: nowhere}\n", "live.a.url: expected an address"),
        ("version: 1\nvars: {a-b: x}\n", "vars.a-b: expected a name of letters"),
        ("version: 1\npolicy: {lost_after: 10}\n", "policy.lost_after: expected a"),
        ("version: 1\ndefaults: {filler: nope}\n", "defaults.filler.playlist: no playlist 'nope'"),
        ("version: 1\ndefaults: {outputs: []}\n", "defaults.outputs: unknown key"),
    ],
)
def test_a_shared_file_that_cannot_be_meant_is_told(lineup: str, problem: str) -> None:
    found = faults(lineup=lineup)

    assert any(problem in fault for fault in found), found
