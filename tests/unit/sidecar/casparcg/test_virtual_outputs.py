"""Outputs on the fake CasparCG in virtual time: lost far ends, and whether others notice."""

from __future__ import annotations

import pytest

from reconciler.model.video import VideoFormat
from reconciler.sidecar.casparcg.consumers import consumers_for
from reconciler.sidecar.casparcg.destinations import LISTEN_SECONDS
from reconciler.sidecar.casparcg.osc_packets import StateJoiner, read_packet
from reconciler.sidecar.casparcg.seen import from_osc
from reconciler.sidecar.casparcg.sending import Sending
from reconciler.sidecar.engine_port import WantedOutput
from tests.casparcg.amcp import Connection
from tests.casparcg.caspar import FakeCaspar
from tests.casparcg.config import Setup
from tests.casparcg.media import Table

VIDEO = VideoFormat.parse("720p2500")
OSC = 7777
TICK = 0.04  # seconds


class Story:
    """One fake, its outputs, and who keeps them."""

    def __init__(self, *urls: str) -> None:
        self.caspar = FakeCaspar(Table(), Setup(modes=("720p2500",)))
        self.client: Connection = self.caspar.connect()
        self.client.ask(f"OSC SUBSCRIBE {OSC}")
        kinds = [url.partition(":")[0] for url in urls]
        wanted = [
            WantedOutput(name=f"o{n}", type=kind, url=url)
            for n, (kind, url) in enumerate(zip(kinds, urls, strict=True))
        ]
        made = consumers_for(wanted, VIDEO)
        assert made.refused == {}
        self.ports = [each.port for each in made.wanted]
        self.paths = [self.path_of(each.words) for each in made.wanted]
        self.sending = Sending()
        self.sending.want(made.wanted, (), {})
        self.sending.open = True
        self.time = 0.0

    @staticmethod
    def path_of(words: tuple[str, ...]) -> str:
        return next(word for word in words if "://" in word)

    def turn(self) -> None:
        self.caspar.osc.clear()
        self.caspar.advance()
        self.time += TICK
        joiner = StateJoiner()
        for _, _, packet in tuple(self.caspar.osc):
            for state in joiner.feed(read_packet(packet)):
                self.sending.look(from_osc(state), self.time)
        for command, _ in self.sending.commands(self.time):
            self.client.ask(command.line().decode().strip())

    def until(self, number: int, state: str, within: float) -> float:
        """Virtual seconds until output `number` is in `state`."""
        begun = self.time
        while self.states()[number] != state:
            assert self.time - begun < within, self.sending.states(self.time)
            self.turn()
        return self.time - begun

    def states(self) -> list[str]:
        return [each.state for each in self.sending.states(self.time)]


LOST, OTHER = "rtmp://127.0.0.1/live/key", "udp://127.0.0.1:5004"


@pytest.mark.parametrize("url", [LOST, "srt://127.0.0.1:9001"])
@pytest.mark.parametrize("gone_for", [0.5, 4.0, 20.0])
def test_a_lost_output_is_back_within_3_s_of_its_far_end_and_the_other_misses_no_frame(
    url: str, gone_for: float
) -> None:
    story = Story(url, OTHER)
    story.until(0, "sending", 5)
    story.until(1, "sending", 5)
    other = story.caspar.channel().consumers[story.ports[1]]
    begun = len(other.got)
    ticks = story.caspar.channel().ticks
    story.caspar.far_ends.lose(story.paths[0])
    story.until(0, "down", 8)
    until = story.time + gone_for
    while story.time < until:
        story.turn()
    story.caspar.far_ends.set(story.paths[0], "listens")
    back = story.time
    while not story.caspar.channel().consumers.get(story.ports[0]) or not _flows(story):
        assert story.time - back < 3.0
        story.turn()
    assert story.caspar.channel().consumers[story.ports[1]] is other
    assert len(other.got) - begun == story.caspar.channel().ticks - ticks
    story.until(0, "sending", 3)
    assert story.sending.states(story.time)[1].restarts == 0


def test_a_listener_is_begun_again_once_the_one_before_has_let_its_port_go() -> None:
    story = Story("srt://127.0.0.1:9001?mode=listener")
    story.caspar.far_ends.set(story.paths[0], "mute")  # nobody calls
    for _ in range(50):
        story.turn()
    story.sending.open = False
    story.turn()
    closed = story.time
    story.sending.open = True
    begun: list[float] = []
    while story.time < closed + 20:
        if story.sending.running() and not begun:
            begun.append(story.time)
        story.turn()
        assert story.states() == ["waiting"]

    assert [round(at - closed) for at in begun] == [LISTEN_SECONDS - 2 + 1]
    assert story.sending.states(story.time)[0].restarts == 0


def test_another_engine_holds_no_port_of_the_one_before() -> None:
    story = Story("srt://127.0.0.1:9001?mode=listener")
    story.turn()
    story.sending.open = False
    story.turn()
    story.sending.begin((), story.time)
    story.sending.open = True
    story.turn()
    assert list(story.sending.running()) == story.ports


def _flows(story: Story) -> bool:
    consumer = story.caspar.channel().consumers[story.ports[0]]
    before = consumer.frame
    story.turn()
    now = story.caspar.channel().consumers.get(story.ports[0])
    return now is consumer and now.frame is not None and now.frame > (before or -1)
