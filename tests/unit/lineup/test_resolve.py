"""What is left out is filled in, what is named is found; digests change with what they cover."""

from __future__ import annotations

from datetime import date, time, timedelta
from fractions import Fraction

import pytest

from reconciler.lineup.merge import DEFAULT_FENCE
from reconciler.lineup.templating import Values
from reconciler.lineup.tree import Tree
from reconciler.model.desired import (
    Account,
    AssetItem,
    BreakItem,
    DecklinkOutput,
    DesiredRecorder,
    DesiredTransition,
    EngineKind,
    Failover,
    Filler,
    Guard,
    Layer,
    LiveItem,
    NdiOutput,
    OnNodeLoss,
    Place,
    Policy,
    Resume,
    Runtime,
    StartType,
    StreamOutput,
    TransitionType,
)
from reconciler.model.ids import AssetId, NodeName, OutputName, PlaylistName
from reconciler.model.sources import DesiredAsset, MediaSource
from reconciler.model.spans import Frames, Seconds, Timecode
from reconciler.model.text import Text
from tests.unit.lineup.lineups import LINEUP, NEWS, NODES, desired, load, news, texts

BARE = "schedule: [{playlist: base, loop: true}]\n"
TWO = NODES + "two: {runtime: docker, devices: [1, {index: 2, id: '23487013'}]}\n"


def test_a_bare_channel_has_every_default() -> None:
    channel = news(BARE)

    assert channel.title == "news"
    assert channel.format.name == "1080p5994"
    assert channel.timezone == "Europe/Oslo"
    assert channel.on_air
    assert channel.preview_hls
    assert channel.guard == Guard(freeze=timedelta(seconds=30), allow_interrupt=False)
    assert channel.engine is EngineKind.EMBEDDED
    assert (channel.project, channel.filler, channel.slate, channel.bitrate) == (None,) * 4
    assert channel.schedule == (Layer(playlist=PlaylistName("base"), loop=True),)
    assert channel.file == "channels/news.yaml"


def test_a_channel_without_outputs_is_allowed_with_a_warning() -> None:
    assert desired(channels__news=BARE).warnings == (
        "channels/news.yaml: no outputs: channel 'news' can only be watched in its preview",
    )


def test_defaults_are_filled_in_key_by_key() -> None:
    shared = LINEUP + (
        "defaults: {format: 720p5000, filler: base, guard: {freeze: 5s, allow_interrupt: true},"
        " place: {labels: {site: oslo}}, bitrate: 2500k, timezone: Europe/London}\n"
    )

    channel = news(BARE + "guard: {freeze: 9s}\nplace: {prefer: one}\n", lineup=shared)

    assert channel.format.name == "720p5000"
    assert channel.filler == Filler(playlist=PlaylistName("base"))
    assert channel.guard == Guard(freeze=timedelta(seconds=9), allow_interrupt=True)
    assert channel.place == Place(labels=(("site", "oslo"),), prefer=(NodeName("one"),))
    assert (channel.bitrate, channel.timezone) == (2_500_000, "Europe/London")


def test_a_schedule_is_read_layer_by_layer() -> None:
    channel = news(
        "schedule:\n"
        "  - {playlist: base, at: '06:00', days: [weekdays, sun], start: soft, early: 60s,"
        " late: 2m}\n"
        "  - {playlist: base, at: '23:55:30', on: 2026-12-31}\n"
        "  - {playlist: base, at: '19:00', loop: true, until: 2h, on: [2026-01-01, 2026-01-02],"
        " start: follow, days: daily}\n"
    )

    assert channel.schedule == (
        Layer(
            playlist=PlaylistName("base"), at=time(6), days=frozenset({0, 1, 2, 3, 4, 6}),
            start=StartType.SOFT, early=timedelta(seconds=60), late=timedelta(minutes=2),
        ),
        Layer(
            playlist=PlaylistName("base"), at=time(23, 55, 30),
            dates=frozenset({date(2026, 12, 31)}), start=StartType.HARD,
        ),
        Layer(
            playlist=PlaylistName("base"), loop=True, at=time(19), days=frozenset(range(7)),
            dates=frozenset({date(2026, 1, 1), date(2026, 1, 2)}), start=StartType.FOLLOW,
            until=timedelta(hours=2),
        ),
    )  # fmt: skip


def test_outputs_are_named_by_their_type_and_speak_the_engines_words() -> None:
    channel = news(
        "outputs:\n"
        "  - {type: udp, url: 'udp://239.1.1.1:5004', ttl: 4, interface: 10.0.0.1}\n"
        "  - {type: udp, url: 'udp://127.0.0.1:5004'}\n"
        "  - {name: udp-2, type: srt, url: 'srt://x:1', mode: listener, latency: 200ms,"
        " streamid: a}\n"
        "  - {type: file, url: /tmp/x.ts}\n"
        "  - {type: hls, url: 'file:///tmp/x'}\n"
        "  - {type: decklink, device: 1, spare: {node: two, device: '23487013'}}\n"
        "  - {type: ndi, ndi_name: NEWS 24}\n" + BARE,
        nodes=TWO,
    )

    def stream(name: str, kind: str, url: str, **options: str) -> StreamOutput:
        return StreamOutput(
            name=OutputName(name), type=kind, url=Text.plain(url),
            options=tuple(sorted(options.items())),
        )  # fmt: skip

    assert channel.outputs == (
        stream("udp", "udp", "udp://239.1.1.1:5004", ttl="4", interface="10.0.0.1"),
        stream("udp-3", "udp", "udp://127.0.0.1:5004"),
        stream("udp-2", "srt", "srt://x:1", mode="listener", latency_ms="200", streamid="a"),
        stream("file", "file", "/tmp/x.ts"),
        stream("hls", "hls", "file:///tmp/x"),
        DecklinkOutput(name=OutputName("decklink"), device=1, spare=(NodeName("two"), "23487013")),
        NdiOutput(name=OutputName("ndi"), ndi_name="NEWS 24"),
    )


def test_decklink_and_ndi_mean_casparcg_unless_another_engine_is_named() -> None:
    ndi = "outputs: [{type: ndi, ndi_name: X}]\n" + BARE

    assert news(ndi).engine is EngineKind.CASPARCG
    assert news(ndi + "engine: embedded\n").engine is EngineKind.EMBEDDED


CABLE = "outputs: [{type: decklink, device: 1%s}]\n" + BARE
HERE = "one: {runtime: docker, devices: [1]}\ntwo: {runtime: docker, devices: [1]}\n"
PROCESSES = NODES + "two: {runtime: process}\n"
STAY = Failover(on_node_loss=OnNodeLoss.HOLD, resume=Resume.JOIN, fence=None)
MOVE = Failover(on_node_loss=OnNodeLoss.MOVE, resume=Resume.JOIN, fence=DEFAULT_FENCE)


@pytest.mark.parametrize(
    ("text", "nodes", "failover"),
    [
        (BARE, NODES, STAY),
        (BARE, PROCESSES, MOVE),
        (BARE + "place: {labels: {site: oslo}}\n", PROCESSES, STAY),
        (BARE + "failover: {fence: never}\n", PROCESSES, STAY),
        (CABLE % "", HERE, STAY),
        (CABLE % ", spare: {node: two, device: 1}", HERE, MOVE),
    ],
    ids=["one node", "two nodes", "one that fits", "never", "a cable", "a spare cable"],
)
def test_the_fence_depends_on_whether_there_is_anywhere_to_move(
    text: str, nodes: str, failover: Failover
) -> None:
    assert news(text, nodes=nodes).failover == failover


def test_what_is_written_of_failover_stands() -> None:
    written = news(
        BARE + "failover: {on_node_loss: hold, resume: restart, fence: 5s}\n", nodes=PROCESSES
    )

    assert written.failover == Failover(
        on_node_loss=OnNodeLoss.HOLD, resume=Resume.RESTART, fence=timedelta(seconds=5)
    )


def test_the_inventory_is_filled_in() -> None:
    found = desired(
        nodes="b: {runtime: agent, address: 'http://x', cores: 1.5, max_channels: 2,"
        " maintenance: true}\n" + TWO,
        recorders="r: {node: two, device: 2}\n",
    )

    assert list(found.nodes) == ["b", "one", "two"]
    one, two, agent = (found.nodes[NodeName(name)] for name in ("one", "two", "b"))
    assert (one.runtime, one.labels, one.engines) == (
        Runtime.PROCESS, (("site", "oslo"),), frozenset({EngineKind.EMBEDDED}),
    )  # fmt: skip
    assert two.engines == frozenset(EngineKind)
    assert [(each.index, each.id) for each in two.devices] == [(1, None), (2, "23487013")]
    assert (agent.cores, agent.max_channels, agent.maintenance) == (Fraction(3, 2), 2, True)
    assert tuple(found.recorders.values()) == (
        DesiredRecorder(name="r", node=NodeName("two"), device=2),  # type: ignore[arg-type]  # a NewType's value
    )


def test_what_all_share_is_read() -> None:
    found = desired(
        lineup=LINEUP
        + "policy: {max_interrupted: none, max_interrupted_percent: 50, lost_after: 5s,"
        " respawn_budget: 2, headroom: 80%}\n",
        access=f"projects: {{newsroom: Newsroom}}\ntokens: {{ola: {{sha256: '{'ab' * 32}',"
        " roles: {newsroom: view}}, kari: {sha256: '" + "cd" * 32 + "', admin: true}}\n",
        assets="A-9: {title: Nine, som: '10:00:00:00', duration: 1m, loudness: -23LUFS}\n"
        "A-1: {uri: 'file:///a.mxf'}\n",
    )

    assert found.policy == Policy(
        max_interrupted=None, max_interrupted_percent=50, lost_after=timedelta(seconds=5),
        respawn_budget=2, headroom=Fraction(4, 5),
    )  # fmt: skip
    assert found.accounts == (
        Account(name="kari", token_sha256="cd" * 32, admin=True),
        Account(name="ola", token_sha256="ab" * 32, roles=(("newsroom", "view"),)),
    )
    assert tuple(found.assets.values()) == (
        DesiredAsset(id=AssetId("A-1"), uri="file:///a.mxf"),
        DesiredAsset(
            id=AssetId("A-9"), uri="file://media/A-9.*", title="Nine",
            som=Timecode("10:00:00:00"), duration=Seconds(Fraction(60)), loudness="-23LUFS",
        ),
    )  # fmt: skip
    assert found.media == (MediaSource(match="*", uri="file://media/{asset}.*"),)
    assert found.live["studio-a"].url == Text.plain("srt://studio.example:9000")


def test_a_playlists_items_are_read_when_asked_for() -> None:
    found = desired(
        playlists__sub__late="title: Late\nitems:\n"
        "  - A-1\n  - A-1\n  - {id: A-1~, asset: A-1}\n".replace("A-1~", "own")
        + "  - {break: [B-1, {asset: B-2, in: 2s, out: '00:00:17:00', title: T}], at: '07:00'}\n"
        "  - {live: studio-a, duration: 28m, transition: {type: mix, duration: 12f}}\n"
        "  - {asset: A-2, at: '07:30:15', start: soft, transition: {type: cut}}\n",
    )

    playlist = found.playlists[PlaylistName("sub/late")]
    b1, b2 = AssetId("B-1"), AssetId("B-2")
    assert list(found.playlists) == ["base", "sub/late"]
    assert playlist.title == "Late"
    assert playlist.items == (
        AssetItem(id="A-1", asset=AssetId("A-1")),
        AssetItem(id="A-1~2", asset=AssetId("A-1")),
        AssetItem(id="own", asset=AssetId("A-1")),
        BreakItem(
            id="break", at=time(7), start=StartType.HARD,
            items=(
                AssetItem(id="break/1", asset=b1),
                AssetItem(
                    id="break/2", asset=b2, title="T",
                    in_point=Seconds(Fraction(2)), out_point=Timecode("00:00:17:00"),
                ),
            ),
        ),
        LiveItem(
            id="studio-a", live="studio-a", duration=Seconds(Fraction(1680)),
            transition=DesiredTransition(type=TransitionType.MIX, duration=Frames(12)),
        ),
        AssetItem(
            id="A-2", asset=AssetId("A-2"), at=time(7, 30, 15), start=StartType.SOFT,
            transition=DesiredTransition(type=TransitionType.CUT, duration=Frames(0)),
        ),
    )  # fmt: skip


def test_a_playlist_that_is_not_there_is_a_missing_key() -> None:
    found = desired()

    assert PlaylistName("nope") not in found.playlists
    assert found.playlists.get(PlaylistName("nope")) is None
    assert repr(found.playlists) == "Playlists(1)"


def test_the_digest_changes_with_all_that_a_channel_shows_and_nothing_else() -> None:
    def digest(**changed: str) -> str:
        return next(iter(desired(**changed).channels.values())).digest

    same = digest()
    assert digest() == same
    assert digest(playlists__other="items: [B]\n") == same
    assert digest(channels__news="# a remark\n" + NEWS) == same
    assert digest(playlists__base="title: Base\nitems:\n- {asset: A-1}\n- A-2\n") == same
    assert digest(assets="B-1: {title: x}\n") == same
    changed = [
        digest(channels__news=NEWS.replace("200ms", "300ms")),
        digest(channels__news=NEWS + "slate: S-1\n"),
        digest(playlists__base="title: Base\nitems: [A-1]\n"),
        digest(playlists__base="title: Basis\nitems: [A-1, A-2]\n"),
        digest(lineup=LINEUP.replace("mux1", "mux2")),
        digest(lineup=LINEUP.replace("file://media", "file://other")),
        digest(assets="A-2: {duration: 5s}\n"),
    ]
    assert len({same, *changed}) == len(changed) + 1


def test_the_digest_covers_live_sources_and_the_mark_of_a_secret() -> None:
    live = {"playlists__base": "items: [{live: studio-a, duration: 1m}]\n"}
    url = NEWS.replace("{{ vars.mux }}", "{{ secrets.a }}")

    def of(values: Values, **changed: str) -> str:
        return next(iter(load(texts(**changed), values).channels.values())).digest

    one, other = (Values(secrets={"a": each}, mark_key=b"k") for each in ("x", "y"))
    assert of(one, **live) != of(one, **live, lineup=LINEUP.replace("studio.ex", "st.ex"))
    assert of(one, channels__news=url) != of(other, channels__news=url)


def test_the_fingerprint_changes_only_with_what_a_sidecar_is_started_with() -> None:
    def fingerprint(text: str) -> str:
        return news(text).fingerprint

    same = fingerprint(NEWS)
    assert fingerprint(NEWS.replace("9001", "9002") + "slate: S\n") == same
    changed = [
        fingerprint(NEWS.replace("1080p5000", "720p5000")),
        fingerprint(NEWS + "preview: {hls: false}\n"),
        fingerprint(NEWS + "bitrate: 3M\n"),
        fingerprint(NEWS + "engine: casparcg\n"),
    ]
    assert len({same, *changed}) == len(changed) + 1


def test_what_is_rendered_for_casparcg_is_part_of_its_fingerprint_alone() -> None:
    def fingerprint(text: str, rendered: str) -> str:
        values = Values(rendered=lambda video: f"{rendered} {video}")
        return next(iter(load(texts(channels__news=text), values).channels.values())).fingerprint

    plain = NEWS.replace("{{ vars.mux }}", "mux.example")
    assert fingerprint(plain, "one") == fingerprint(plain, "other")
    caspar = plain + "engine: casparcg\n"
    assert fingerprint(caspar, "one") != fingerprint(caspar, "other")


def test_the_revisions_digest_is_that_of_the_content() -> None:
    assert desired().revision.digest == Tree.of(texts()).digest
    assert desired().revision.digest != desired(playlists__base="items: [B]\n").revision.digest
    assert desired() == desired()


def test_yaml_that_is_none_of_ours_is_ignored_with_a_warning() -> None:
    found = load({**texts(), "mkdocs.yaml": "[", ".github/x.yaml": "[", "README.md": "x"})

    assert found.warnings == ("mkdocs.yaml: is no file of a lineup, and is ignored",)
