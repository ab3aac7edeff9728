"""One channel: layers and consumers, stepped a tick at a time; no clock, no socket.

`tick()` moves everything by one frame, remembers what was shown, and publishes the state that INFO
and OSC tell. Without consumers nothing is mixed, and the output part of the state goes stale.
"""

from __future__ import annotations

from collections import deque

from tests.casparcg.consumers import Consumer, FarEnds
from tests.casparcg.layer import Layer, picture_on_top
from tests.casparcg.mixer import Mixer
from tests.casparcg.modes import Mode
from tests.casparcg.pictures import BLACK, Picture
from tests.casparcg.producers import State

KEPT = 50_000  # pictures, more than half an hour
TONE = 189971712  # a level like those recorded, on the first two of sixteen


class Channel:
    def __init__(self, number: int, mode: Mode, far_ends: FarEnds) -> None:
        self.number, self.mode, self.far_ends = number, mode, far_ends
        self.layers: dict[int, Layer] = {}
        self.consumers: dict[int, Consumer] = {}
        self.mixer = Mixer()
        self.ticks = 0
        self.shown: list[Picture] = []
        self.shown_on: dict[int, list[Picture]] = {}
        self.info_lag = 1  # ticks: INFO and OSC tell of the frame before the one that is being made
        self._output: State = {}
        self._mixed = BLACK
        self._states: deque[State] = deque([{}], maxlen=4)

    @property
    def info(self) -> State:
        """What INFO tells; for one tick after the start it is empty."""
        return self._states[max(0, len(self._states) - 1 - self.info_lag)]

    @property
    def told(self) -> State:
        """What OSC tells with the tick just made."""
        return self._states[-2] if len(self._states) > 1 else {}

    def layer(self, number: int) -> Layer:
        """The layer, made if it is new: any command that names one does that."""
        return self.layers.setdefault(number, Layer())

    def clear(self, number: int | None = None) -> None:
        """CLEAR: layers go, mixer settings and consumers stay."""
        if number is None:
            self.layers.clear()
        else:
            self.layers.pop(number, None)

    def set_mode(self, mode: Mode) -> None:
        self.mode = mode
        self.layers.clear()

    def leave_behind(self, output: State) -> None:
        """What an earlier consumer left in the output part of the state."""
        self._output = output

    def tick(self) -> None:
        """One frame: decode, decide AUTO, show, feed the consumers, publish."""
        self.ticks += 1
        self.mixer.tick()
        pictures: dict[int, Picture] = {}
        for number, layer in sorted(self.layers.items()):
            layer.work()
            for field in range(self.mode.fields):
                pictures[number] = layer.receive(second_field=field > 0)
            self.shown_on.setdefault(number, []).append(pictures[number])
        self.shown.append(picture_on_top(pictures))
        self._feed(self.shown[-1])
        if len(self.shown) >= 2 * KEPT:
            self._forget()
        self._states.append(self._publish())

    def _forget(self) -> None:
        """A day of pictures is too much to remember: keep the newest."""
        for pictures in (self.shown, *self.shown_on.values()):
            del pictures[:-KEPT]
        for consumer in self.consumers.values():
            consumer.forget(KEPT)

    def _feed(self, picture: Picture) -> None:
        if not self.consumers:
            return
        for port, consumer in list(self.consumers.items()):
            # What was mixed last, perhaps long ago, is the first picture a new consumer gets.
            first = consumer.is_file and consumer.frame is None
            if not consumer.take(self._mixed if first else picture, self.far_ends):
                del self.consumers[port]
        self._mixed = picture
        self._output = self._outputs(picture)

    def _outputs(self, picture: Picture) -> State:
        sounds = picture.kind in {"film", "mix", "live"} and not picture.frozen
        state: State = {"mixer/audio/volume": (TONE, TONE, *[0] * 14) if sounds else (0,) * 16}
        for port, consumer in self.consumers.items():
            base = f"output/port/{port}"
            state[f"{base}/consumer"] = "ffmpeg" if consumer.is_file else consumer.kind
            if consumer.is_file:
                state[f"{base}/file/path"] = consumer.path
                state[f"{base}/file/fps"] = float(consumer.rate)
            if consumer.frame is not None:
                state[f"{base}/file/frame"] = consumer.frame
        return state

    def _publish(self) -> State:
        state = self._basics() | self._output
        for number, layer in self.layers.items():
            state.update(
                {f"stage/layer/{number}/{key}": value for key, value in layer.state().items()}
            )
        return state

    def _basics(self) -> State:
        rate = self.mode.unit_rate
        return {"format": self.mode.name, "framerate": (rate.numerator, rate.denominator)}
