"""The thread between the clock and an encoder: bounded, so that neither memory nor delay grows."""

from __future__ import annotations

import sys
import threading
import traceback
from collections import deque
from fractions import Fraction
from typing import TYPE_CHECKING

from reconciler.engine.encoder import Chunk, Coding, Encoder
from reconciler.engine.source import start_thread

if TYPE_CHECKING:
    from collections.abc import Callable

    import av

    from reconciler.engine.picture import Sound

_DEEP = Fraction(16, 25)  # seconds waiting; a busy neighbour's stall is over by then, so from here
# on it is overload: pictures are left out until it is less
_TOO_DEEP = 100  # ticks waiting; sound is then left out too, rather than memory filled


class CodingLine:
    """Ticks in, chunks to `deliver` on the line's own thread."""

    def __init__(self, coding: Coding, deliver: Callable[[Chunk], None], *, name: str) -> None:
        self.coding = coding
        self._deliver = deliver
        self._queue: deque[tuple[int, av.VideoFrame | None, Sound]] = deque()
        self._wake = threading.Condition()
        self._deep = round(_DEEP * coding.rate)
        self._keys_at: set[int] = set()
        self._ending = False
        self.dropped = 0
        self._thread = start_thread(self._run, name)

    def put(self, tick: int, picture: av.VideoFrame, sound: Sound) -> None:
        """Take one tick; never waits. Under overload its picture is left out, and counted."""
        with self._wake:
            depth = len(self._queue)
            if depth >= _TOO_DEEP:
                self.dropped += 1
                return
            wanted = tick % self.coding.every == 0
            if depth >= self._deep and wanted:
                self.dropped += 1
            self._queue.append((tick, picture if depth < self._deep else None, sound))
            self._wake.notify()

    def force_key(self, at: int = 0) -> None:
        """Make the next picture that is not before tick `at` a key frame."""
        with self._wake:
            self._keys_at.add(at)

    def finish(self, timeout: float) -> None:
        """Encode what waits, and end."""
        with self._wake:
            self._ending = True
            self._wake.notify()
        self._thread.join(timeout)

    def _run(self) -> None:
        while True:
            try:
                self._encode_all(Encoder(self.coding))
            except Exception:  # noqa: BLE001  # an encoder that fails is made anew; the channel goes on
                traceback.print_exc(file=sys.stderr)
                if self._pause():
                    return
            else:
                return

    def _encode_all(self, encoder: Encoder) -> None:
        while True:
            with self._wake:
                while not self._queue and not self._ending:
                    self._wake.wait()
                if not self._queue:
                    break
                tick, picture, sound = self._queue.popleft()
                due = {at for at in self._keys_at if at <= tick}
                self._keys_at -= due
            if due:
                encoder.force_key()
            for chunk in encoder.encode(tick, picture, sound):
                self._deliver(chunk)
        for chunk in encoder.finish():
            self._deliver(chunk)

    def _pause(self) -> bool:
        with self._wake:
            self._queue.clear()
            return self._wake.wait_for(lambda: self._ending, timeout=1.0)
