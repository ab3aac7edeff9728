"""`python -m reconciler.engine`: one channel, told what to do on stdin, telling on stdout."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading

import av

from reconciler.engine.channel import Channel
from reconciler.engine.events import Ready, Refused
from reconciler.engine.machine import preset_for, probe
from reconciler.engine.protocol import (
    Configure,
    Outputs,
    Quit,
    Send,
    Show,
    parse_command,
)
from reconciler.engine.talk import Voice, lines
from reconciler.errors import UsageError

_PR_SET_PDEATHSIG = 1  # prctl(2)
_ENDS_WITHIN = 10.0  # seconds from being asked to end; what is encoded is sent in the meantime
_QUOTED = 200  # characters of a refused line that are repeated


class Engine:
    """Carry out commands, in the order in which they come."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice
        self._channel: Channel | None = None

    def obey(self, line: bytes) -> bool:
        """Carry out one line; False if it says to quit. Whatever cannot be meant is answered."""
        try:
            command = parse_command(line)
            if isinstance(command, Quit):
                return False
            self._carry_out(command)
        except UsageError as error:
            quoted = line[:_QUOTED].decode(errors="replace")
            self._voice.say(Refused(why=str(error), line=quoted))
        return True

    def end(self) -> None:
        """End tidily."""
        if self._channel is not None:
            self._channel.stop()

    def _carry_out(self, command: Configure | Show | Outputs | Send) -> None:
        if isinstance(command, Configure):
            self._configure(command)
            return
        if self._channel is None:
            raise UsageError("do: expected configure first")
        match command:
            case Show():
                self._channel.show(command)
            case Outputs(outputs=outputs):
                self._channel.want_outputs(outputs)
            case Send():
                self._channel.send(command)

    def _configure(self, command: Configure) -> None:
        if self._channel is not None:
            raise UsageError("do: this channel is configured; a new one needs a new process")
        machine = probe()
        preset = command.preset or preset_for(command.format, machine)
        self._channel = Channel(command, preset, self._voice.say)
        self._voice.say(Ready(machine=machine, preset=preset))
        self._channel.start()


def main() -> None:
    """Run until told to quit, until stdin ends, or until our parent is gone."""
    av.logging.set_level(None)  # anything else lets libav's threads wait for Python's lock
    sys.setswitchinterval(0.0005)  # the clock's thread shall not wait 5 ms for its turn
    end = _End()
    voice = Voice(sys.stdout.fileno())
    engine = Engine(voice)
    for line in lines(sys.stdin.fileno(), bell=end.bell, is_over=end.has_come):
        if not engine.obey(line):
            break
    _leave_in_any_case()
    engine.end()
    voice.finish(2)
    os._exit(0)  # a decoder that is stuck in a read shall not keep us


class _End:
    """Whether a signal asked us to end, or our parent is gone.

    Our parent's end may leave our stdin open, so the kernel is asked to tell us. It means the
    parent's *thread*: should only that have ended, we go on. Handlers only note: whatever is being
    done is never cut in the middle.
    """

    def __init__(self) -> None:
        self._parent = os.getppid()
        self._asked = False
        self.bell, ringer = os.pipe()
        os.set_blocking(ringer, False)
        signal.set_wakeup_fd(ringer, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask)
        signal.signal(signal.SIGUSR1, lambda *_: None)  # its byte on the bell is enough
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGUSR1)

    def has_come(self) -> bool:
        """Whether it is time to end."""
        return self._asked or os.getppid() != self._parent

    def _ask(self, number: int, frame: object) -> None:
        del number, frame
        self._asked = True


def _leave_in_any_case() -> None:
    timer = threading.Timer(_ENDS_WITHIN, os._exit, (0,))
    timer.daemon = True
    timer.start()


if __name__ == "__main__":
    main()
