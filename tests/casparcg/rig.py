"""A fake with one client, for the tests of its behaviours: say something, let time pass, look."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from tests.casparcg.caspar import FakeCaspar
from tests.casparcg.config import Setup
from tests.casparcg.layer import Layer
from tests.casparcg.media import Clip, Table
from tests.casparcg.pictures import Picture
from tests.casparcg.producers import State

CLIPS = {
    "a.mp4": Clip(),
    "b.mp4": Clip(),
    "c.mp4": Clip(),
    "long.mp4": Clip(frames=1500),
    "deep.mp4": Clip(decode_ticks=5),
    "fifty.mp4": Clip(frames=250, rate=Fraction(50)),
    "bad.mp4": Clip(damage="unreadable"),
    "slow.mp4": Clip(open_ticks=10),
    "cut.mp4": Clip(holds=62),
    "film.mkv": Clip(frames=126, pictures=125),
    "film.ts": Clip(frames=126, pictures=125),
    "still.png": Clip(kind="still"),
    "mix 25.mp4": Clip(),
    "AUTO.mp4": Clip(),
    "empty.mp4": Clip(),
}


class Rig:
    def __init__(self, mode: str = "720p2500", setup: Setup | None = None) -> None:
        self.table = Table(dict(CLIPS))
        self.caspar = FakeCaspar(self.table, setup or Setup(modes=(mode,)))
        self.client = self.caspar.connect()

    def say(self, line: str) -> str:
        """Send one line on channel 1 layer 10 (`@` stands for 1-10); the reply without its end."""
        return self.client.ask(line.replace("@", "1-10")).decode().removesuffix("\r\n")

    def call(self, line: str) -> int:
        """The number that a CALL or CALLBG answers with."""
        return int(self.say(line).split("\r\n")[1])

    def run(self, ticks: int = 1) -> None:
        self.caspar.advance(ticks)

    @property
    def layer(self) -> Layer:
        return self.caspar.channel().layers[10]

    @property
    def shown(self) -> list[Picture]:
        return self.caspar.channel().shown

    def now(self, key: str) -> object:
        """One value of what OSC and INFO tell of layer 10, as of the tick just made."""
        return self.state().get(f"stage/layer/10/{key}")

    def state(self) -> State:
        channel = self.caspar.channel()
        channel.info_lag, before = 0, channel.info_lag
        state = channel.info
        channel.info_lag = before
        return state

    def story(self) -> list[str]:
        """What was shown, run by run: `a 0-124`, `a 124 x5` (held), `black x3`."""
        return story(self.shown)


@dataclass(kw_only=True)
class _Run:
    name: str
    first: int
    last: int
    count: int = 1
    step: int | None = None

    def takes(self, name: str, frame: int) -> bool:
        """Go on with this run if the picture follows on, or is held, as the ones before it."""
        step = frame - self.last
        if name != self.name or step not in {0, 1} or self.step not in {None, step}:
            return False
        self.last, self.count, self.step = frame, self.count + 1, step
        return True

    def __str__(self) -> str:
        if self.first != self.last:
            return f"{self.name} {self.first}-{self.last}"
        plain = self.name in {"black", "still", "colour"}
        return f"{self.name} x{self.count}" if plain else f"{self.name} {self.first} x{self.count}"


def story(pictures: list[Picture]) -> list[str]:
    runs: list[_Run] = []
    for one in pictures:
        name = one.name.rpartition(".")[0] or one.name if one.kind == "film" else one.kind
        if not runs or not runs[-1].takes(name, one.frame):
            runs.append(_Run(name=name, first=one.frame, last=one.frame))
    return [str(run) for run in runs]
