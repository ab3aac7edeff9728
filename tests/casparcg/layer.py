"""One layer: a foreground, at most one background, and the rule by which AUTO takes it."""

from __future__ import annotations

from tests.casparcg.film import Film
from tests.casparcg.pictures import BLACK, Picture
from tests.casparcg.producers import EMPTY, Producer, State
from tests.casparcg.transition import Transition


class Layer:
    def __init__(self) -> None:
        self.foreground: Producer = EMPTY
        self.background: Producer = EMPTY
        self.paused = False
        self.auto = False
        self.frames_left = 0
        self._background_state: State = EMPTY.state()

    def load(self, producer: Producer, *, auto: bool = False) -> None:
        """LOADBG: the new background replaces the old; over nothing, AUTO airs it at once."""
        self.background = producer
        self._background_state = producer.snapshot()
        self.auto = auto
        if auto and self.foreground is EMPTY:
            self.play()

    def promote_paused(self) -> None:
        """LOAD: the background becomes the foreground and stands still on its first picture."""
        self._take()
        self.paused = True

    def play(self) -> None:
        self._take()
        self.paused = False

    def _take(self) -> None:
        if self.background is EMPTY:
            return
        if isinstance(self.background, Transition):
            self.background.old = _still_showing(self.foreground)
        self.foreground = self.background
        self.background, self.auto = EMPTY, False

    def stop(self) -> None:
        """STOP: the foreground goes, the background stays, its AUTO is off."""
        self.foreground, self.auto = EMPTY, False

    def work(self) -> None:
        self.foreground.work()
        self.background.work()

    def receive(self, *, second_field: bool) -> Picture:
        """The picture of one field; a paused layer holds, and its AUTO waits with it."""
        if not second_field:
            self._follow()
            self._count_down()
        if self.paused:
            return self._hold()
        return self.foreground.receive() or self.foreground.held()

    def _follow(self) -> None:
        if isinstance(self.foreground, Transition) and self.foreground.over:
            self.foreground = self.foreground.new

    def _count_down(self) -> None:
        if not self.auto:
            return
        lead = self.background.change.lead if isinstance(self.background, Transition) else 0
        self.frames_left = self.foreground.frame_count - self.foreground.frame_number - lead
        if self.frames_left < 1:
            self.play()

    def _hold(self) -> Picture:
        if isinstance(self.foreground, Transition):
            self.foreground.cue()
            self._follow()
        if isinstance(self.foreground, Film):
            return self.foreground.cue()
        return self.foreground.held()

    def state(self) -> State:
        """What INFO and OSC tell of the layer, keyed by path below it."""
        state: State = {
            f"foreground/{key}": value for key, value in self.foreground.state().items()
        }
        state["foreground/paused"] = self.paused
        if self.auto:
            state["foreground/frames_left"] = self.frames_left
        behind = EMPTY.state() if self.background is EMPTY else self._background_state
        state.update({f"background/{key}": value for key, value in behind.items()})
        return state


def _still_showing(producer: Producer) -> Producer:
    """What a transition that has not begun leaves on the screen: never its own new clip."""
    if isinstance(producer, Transition) and not producer.begun:
        return producer.old
    return producer


def picture_on_top(pictures: dict[int, Picture]) -> Picture:
    """What covers the screen: the highest layer that shows anything."""
    seen = [picture for _, picture in sorted(pictures.items()) if picture.kind != "black"]
    return seen[-1] if seen else BLACK
