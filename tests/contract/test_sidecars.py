"""One suite for every `SidecarClient`: in memory, and over HTTP to a real sidecar."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.errors import AdapterError, Rejected, Unreachable
from reconciler.model.ids import ChannelName
from reconciler.model.observed import Life, SidecarAnswer, SidecarSeen
from reconciler.model.seams import Hush, Join, Seal
from reconciler.ports import NodeControl, SidecarClient
from reconciler.rundown.wire import digest
from tests.contract.test_nodes import start_of
from tests.fakes_nodes import Yard
from tests.unit.sidecar.rig import FILLER, Rig, from_now
from tests.unit.sidecar.situations import rundown
from tests.waiting import eventually


@dataclass
class Pair:
    node: NodeControl
    client: SidecarClient
    put: Callable[[str], None]

    def spawn(self, epoch: int = 1) -> SidecarSeen:
        return self.node.spawn(start_of(epoch=epoch))


@pytest.fixture(params=["fake", "http"])
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Pair]:
    if request.param == "fake":
        yard = Yard()
        node = yard.node("n1")
        yield Pair(node, yard.client(), lambda name: node.media.update({f"{name}.mp4": 2}))
        return
    rig = Rig(tmp_path)
    yield Pair(rig.node, rig.client, rig.have)
    rig.close()


@pytest.fixture
def playing(pair: Pair) -> SidecarSeen:
    """A sidecar with a rundown, its first event on air and read back."""
    for name in ("a", "b", "c", "filler"):
        pair.put(name)
    seen = pair.spawn()
    wanted = rundown(from_now("a b c"), filler=(FILLER,))
    pair.client.load_rundown(seen, wanted, digest(wanted))
    eventually(lambda: pair.client.status(seen).ready)
    return seen


def test_a_new_sidecar_is_silent_and_not_ready(pair: Pair) -> None:
    answer = pair.client.status(pair.spawn())

    assert (answer.sending, answer.ready, answer.rundown_digest) == (False, False, "")
    assert (answer.lease_epoch, answer.lease_left, answer.transport) == (1, None, "playing")
    assert pair.client.held_rundown(pair.spawn()) is None


def test_a_rundown_is_held_and_shown(pair: Pair, playing: SidecarSeen) -> None:
    answer = pair.client.status(playing)
    held = pair.client.held_rundown(playing)

    assert held is not None
    assert answer.rundown_digest == digest(held)
    assert (answer.rundown_commit, answer.rundown_until) == ("c0ffee", held.end)
    assert answer.on_air is not None
    assert (answer.on_air.event, answer.on_air.start) == ("a", held.start)
    assert answer.on_air.moving
    assert abs(answer.on_air.source_frame - (answer.tick - held.start)) <= 5


def test_loading_twice_is_once(pair: Pair, playing: SidecarSeen) -> None:
    held = pair.client.held_rundown(playing)
    assert held is not None
    pair.client.load_rundown(playing, held, digest(held))

    assert pair.client.held_rundown(playing) == held


def test_an_older_epoch_is_refused(pair: Pair) -> None:
    seen = pair.spawn(epoch=5)
    older = replace(seen, epoch=4)
    wanted = rundown(from_now("a"))

    with pytest.raises((Rejected, Unreachable)):
        pair.client.load_rundown(older, wanted, digest(wanted))
    with pytest.raises((Rejected, Unreachable)):
        pair.client.grant(older, None)


def test_another_channels_rundown_is_refused(pair: Pair) -> None:
    seen = pair.spawn()
    alien = replace(rundown(from_now("a")), channel=ChannelName("sport"))

    with pytest.raises(Rejected, match="expected a rundown of news"):
        pair.client.load_rundown(seen, alien, "d")


def test_a_lease_lets_it_send_until_a_higher_epoch_comes(pair: Pair, playing: SidecarSeen) -> None:
    pair.client.grant(playing, timedelta(seconds=30))
    eventually(lambda: pair.client.status(playing).sending)
    left = pair.client.status(playing).lease_left
    assert left is not None
    assert timedelta(seconds=20) < left <= timedelta(seconds=30)

    pair.client.silence(playing, 2)

    eventually(lambda: not pair.client.status(playing).sending)
    assert pair.client.status(playing).lease_epoch == 2
    with pytest.raises(Rejected, match="epoch 2"):
        pair.client.grant(playing, None)
    assert pair.client.status(playing).on_air is not None


def test_many_are_asked_and_told_at_once(pair: Pair, playing: SidecarSeen) -> None:
    nobody = replace(playing, channel=ChannelName("sport"), url="http://127.0.0.1:1")
    unasked = replace(nobody, url="")

    found = pair.client.statuses([nobody, playing, unasked, playing])
    told = pair.client.grants([(nobody, None), (playing, timedelta(seconds=30)), (unasked, None)])

    assert [isinstance(each, AdapterError) for each in found] == [True, False, True, False]
    assert isinstance(found[1], SidecarAnswer)
    assert found[1].rundown_digest == pair.client.status(playing).rundown_digest
    assert [isinstance(each, AdapterError) for each in told] == [True, False, True]
    assert told[1] is True
    eventually(lambda: pair.client.status(playing).sending)
    (refused,) = pair.client.grants([(replace(playing, epoch=0), None)])
    assert isinstance(refused, Rejected | Unreachable)
    assert pair.client.statuses([]) == pair.client.grants([]) == ()


def test_a_lease_without_limit_has_nothing_left(pair: Pair, playing: SidecarSeen) -> None:
    pair.client.grant(playing, None)

    eventually(lambda: pair.client.status(playing).sending)
    assert pair.client.status(playing).lease_left is None


def test_a_grant_counts_unless_another_was_taken_since_it_was_asked_for(
    pair: Pair, playing: SidecarSeen
) -> None:
    asked = replace(playing, answer=pair.client.status(playing))
    assert pair.client.grant(_asked(pair, playing), timedelta(seconds=60))
    assert not pair.client.grant(asked, None)
    left = pair.client.status(playing).lease_left
    assert left is not None, "the one without limit may have been written before"

    assert pair.client.grant(_asked(pair, playing), timedelta(seconds=8))
    left = pair.client.status(playing).lease_left
    assert left is not None
    assert left <= timedelta(seconds=8)


def _asked(pair: Pair, seen: SidecarSeen) -> SidecarSeen:
    """As it answers, a little later than whatever was before."""
    before = pair.client.status(seen).clock_ms
    while (answer := pair.client.status(seen)).clock_ms < before + 2:
        time.sleep(0.001)
    return replace(seen, answer=answer)


def test_a_hush_ends_by_itself_unless_it_is_sealed(pair: Pair, playing: SidecarSeen) -> None:
    pair.client.grant(playing, None)
    eventually(lambda: pair.client.status(playing).sending)

    number = pair.client.turn(playing, Hush(_soon(pair, playing)))
    assert pair.client.status(playing).hush == 0
    with pytest.raises(Rejected, match="another has taken its place"):
        pair.client.turn(playing, Seal(number + 1))
    eventually(lambda: pair.client.status(playing).sending)
    with pytest.raises(Rejected, match="it has ended"):
        pair.client.turn(playing, Seal(number))


def test_a_sealed_hush_lasts_until_it_is_lifted_by_its_number(
    pair: Pair, playing: SidecarSeen
) -> None:
    pair.client.grant(playing, None)
    eventually(lambda: pair.client.status(playing).sending)
    first = _sealed(pair, playing)
    number = pair.client.turn(playing, Hush(_soon(pair, playing)))  # somebody else begins anew
    assert number != first
    assert pair.client.status(playing).hush == number

    pair.client.grant(playing, None)  # a renewal is no reason
    with pytest.raises(Rejected, match="taken its place"):
        pair.client.grant(playing, None, lift=first)
    with pytest.raises(Rejected, match="taken its place"):
        pair.client.turn(playing, Seal(first))
    assert not pair.client.status(playing).sending
    pair.client.grant(playing, None, lift=number)

    eventually(lambda: pair.client.status(playing).sending)
    assert pair.client.status(playing).hush == 0


def test_who_may_send_already_has_nothing_to_join(pair: Pair, playing: SidecarSeen) -> None:
    pair.client.turn(playing, Join(_soon(pair, playing)))
    assert not pair.client.status(playing).sending
    pair.client.grant(playing, None)
    eventually(lambda: pair.client.status(playing).sending)
    with pytest.raises(Rejected, match="nothing to join"):
        pair.client.turn(playing, Join(_soon(pair, playing)))


def _sealed(pair: Pair, seen: SidecarSeen) -> int:
    """A hush that lasts; a busy machine may need more than one try."""
    for _ in range(5):
        with suppress(Rejected):
            number = pair.client.turn(seen, Hush(_soon(pair, seen)))
            pair.client.turn(seen, Seal(number))
            return number
    raise AssertionError("no hush could be sealed in time")


def _soon(pair: Pair, seen: SidecarSeen) -> int:
    return pair.client.status(seen).tick + 12


def test_outputs_are_replaced(pair: Pair, playing: SidecarSeen) -> None:
    output: Mapping[str, object] = {
        "name": "main",
        "type": "udp",
        "url": "udp://127.0.0.1:5999",
        "options": {},
        "digest": "d1",
    }
    pair.client.set_outputs(playing, [output])

    eventually(lambda: [o.state for o in pair.client.status(playing).outputs] == ["silent"])
    assert [(o.name, o.digest) for o in pair.client.status(playing).outputs] == [("main", "d1")]
    with pytest.raises(Rejected, match="this engine"):
        pair.client.set_outputs(playing, [{**output, "type": "decklink"}])
    pair.client.set_outputs(playing, [])
    eventually(lambda: pair.client.status(playing).outputs == ())


@pytest.mark.parametrize(
    ("act", "transport"),
    [("pause", "paused"), ("hold", "holding"), ("stop", "stopped"), ("skip", "playing")],
)
def test_live_acts_are_taken_and_told(
    pair: Pair, playing: SidecarSeen, act: str, transport: str
) -> None:
    said = pair.client.transport(playing, act, {})

    assert (said["changed"], said["shown"], said["transport"]) == (True, True, transport)
    assert pair.client.status(playing).acts_seq == 1
    assert pair.client.status(playing).transport == transport


def test_resuming_ends_a_pause_once(pair: Pair, playing: SidecarSeen) -> None:
    pair.client.transport(playing, "pause", {})
    first = pair.client.transport(playing, "resume", {})
    second = pair.client.transport(playing, "resume", {})

    assert (first["changed"], first["transport"]) == (True, "playing")
    assert (second["changed"], second["transport"]) == (False, "playing")


def test_an_unknown_act_and_one_without_a_rundown_are_refused(pair: Pair) -> None:
    seen = pair.spawn()

    with pytest.raises(Rejected, match="expected one of"):
        pair.client.transport(seen, "rewind", {})
    with pytest.raises(Rejected):
        pair.client.transport(seen, "skip", {})


def test_an_act_that_the_rundown_contains_is_not_applied_again(
    pair: Pair, playing: SidecarSeen
) -> None:
    pair.client.transport(playing, "skip", {})
    held = pair.client.held_rundown(playing)
    assert held is not None
    assert held.acts_seq == 1
    pair.client.load_rundown(playing, held, digest(held))

    assert pair.client.held_rundown(playing) == held


def test_the_older_list_plays_now(pair: Pair, playing: SidecarSeen) -> None:
    item = {"id": "1", "asset_id": "C", "media_path": "c.mp4", "in_point": 0, "out_point": 4}
    try:
        said = pair.client.load_playlist(playing, {"loop": False, "items": [item]})
    except Rejected as error:
        assert "none of them" in str(error)  # noqa: PT017  # no video in the scripted files
    else:
        assert said["transport"] == "list"
    with pytest.raises(Rejected, match="items"):
        pair.client.load_playlist(playing, {"items": []})


def test_rows_are_told_until_acknowledged(pair: Pair, playing: SidecarSeen) -> None:
    pair.client.transport(playing, "pause", {})
    eventually(lambda: any(row.kind == "act" for row in pair.client.asrun(playing, 100)))
    rows = pair.client.asrun(playing, 100)

    assert [row.seq for row in rows] == sorted({row.seq for row in rows})
    assert {(row.channel, row.epoch) for row in rows} == {("news", 1)}
    assert all(row.start_error_ms is not None for row in rows if row.evidence == "engine")
    pair.client.acknowledge(playing, rows[-1].seq)
    assert all(row.seq > rows[-1].seq for row in pair.client.asrun(playing, 100))


def test_what_it_died_in_is_partial(pair: Pair, playing: SidecarSeen) -> None:
    pair.client.grant(playing, None)
    eventually(lambda: pair.client.status(playing).sending)
    pair.node.retire(playing.channel, playing.epoch)

    with pytest.raises(Unreachable):
        pair.client.status(playing)
    rows = pair.node.spooled(playing)
    assert rows[-1].event == "a"
    assert rows[-1].why == "stopped"
    assert pair.node.look()[1][0].life is Life.DEAD
