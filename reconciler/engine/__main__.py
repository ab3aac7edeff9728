"""`python -m reconciler.engine`: one channel, told what to do on stdin, telling on stdout."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import NoReturn

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
_QUOTED = 200  # characters of a refused line that are repeated


class _Stopped(BaseException):
    """A signal asked us to end."""


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
    _die_with_parent()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    voice = Voice(sys.stdout.fileno())
    engine = Engine(voice)
    try:
        for line in lines(sys.stdin.fileno()):
            if not engine.obey(line):
                break
    except _Stopped:
        pass
    engine.end()
    voice.finish(2)
    os._exit(0)  # a decoder that is stuck in a read shall not keep us


def _stop(number: int, frame: object) -> NoReturn:
    del frame
    signal.signal(number, signal.SIG_IGN)
    raise _Stopped


def _die_with_parent() -> None:
    """Ask the kernel to tell us when our parent ends; its end may leave our stdin open.

    The kernel means the parent's *thread*: should only that have ended, we go on.
    """
    parent = os.getppid()

    def orphaned(number: int, frame: object) -> None:
        if os.getppid() != parent:
            _stop(number, frame)

    signal.signal(signal.SIGUSR1, orphaned)
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGUSR1)


if __name__ == "__main__":
    main()
