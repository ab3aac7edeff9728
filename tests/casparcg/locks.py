"""LOCK: one phrase per channel; who does not know it is shut out, of that channel's INFO too."""

from __future__ import annotations

from tests.casparcg.commands import ECHO
from tests.casparcg.machine import Lock, Machine
from tests.casparcg.words import Command


def shuts_out(machine: Machine, channel: int, client: int) -> bool:
    lock = machine.locks.get(channel)
    return lock is not None and client not in lock.holders


def obey_lock(machine: Machine, command: Command, client: int) -> str:
    """ACQUIRE joins whoever has the same phrase; RELEASE by a holder opens the channel for all."""
    number = command.channel
    if number is None or number not in machine.channels:
        return ECHO
    match [command.words[0].upper() if command.words else "", *command.words[1:]]:
        case ["ACQUIRE", phrase]:
            return _acquire(machine, number, phrase, client)
        case ["RELEASE"]:
            if not shuts_out(machine, number, client):
                machine.locks.pop(number, None)
            return "202 LOCK RELEASE OK"
        case ["CLEAR", phrase]:
            if phrase != machine.clear_phrase:
                return "503 LOCK CLEAR FAILED"
            machine.locks.pop(number, None)
            return "202 LOCK CLEAR OK"
        case _:
            return ECHO


def _acquire(machine: Machine, number: int, phrase: str, client: int) -> str:
    lock = machine.locks.setdefault(number, Lock(phrase=phrase))
    if lock.phrase != phrase:
        return "503 LOCK ACQUIRE FAILED"
    lock.holders.add(client)
    return "202 LOCK ACQUIRE OK"
