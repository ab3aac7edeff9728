"""From the words of PLAY, LOAD and LOADBG to a producer, or to the code of the refusal."""

from __future__ import annotations

import re
from dataclasses import replace

from tests.casparcg.film import Film, Section
from tests.casparcg.machine import Machine
from tests.casparcg.media import SCHEMES, Clip, Found, find
from tests.casparcg.modes import Mode
from tests.casparcg.producers import Colour, Live, Producer, Still
from tests.casparcg.transition import Transition, find_change

_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}(?:[0-9A-Fa-f]{2})?")
NUMBERS = ("SEEK", "IN", "OUT", "LENGTH")


class Refused(Exception):
    """The number that stands in the reply: 403 or 404."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


def load(words: tuple[str, ...], machine: Machine, mode: Mode) -> Producer:
    """The producer that the words ask for, inside its transition. Raises `Refused`."""
    if "STING" in (word.upper() for word in words[1:]):
        raise Refused(404)
    return Transition(_bare(words, machine, mode), find_change(" ".join(words)))


def is_auto(words: tuple[str, ...]) -> bool:
    """Any word may switch AUTO on, the file's own name too."""
    return "AUTO" in (word.upper() for word in words)


def _bare(words: tuple[str, ...], machine: Machine, mode: Mode) -> Producer:
    name = words[0]
    if name.upper() == "EMPTY" or _COLOUR.fullmatch(name):
        return Colour(name)
    if name.upper().startswith("DECKLINK"):
        return _live(words, machine)
    section = _section(words)
    if name.startswith(SCHEMES):
        reached = machine.inputs.get(name, Clip(damage="unreadable"))
        return _film(Found(path=name, clip=reached), name, mode, section, machine)
    found = find(name, machine.shelf, machine.folders)
    if found is None or name.startswith("[") or not _readable(machine):
        raise Refused(404)
    if found.clip.kind == "still":
        return Still(found.path, name, section.length)
    return _film(found, name, mode, section, machine)


def _film(found: Found, name: str, mode: Mode, section: Section, machine: Machine) -> Film:
    film = Film(found.path, name, found.clip, rate=mode.unit_rate, section=section)
    luck = machine.choose_luck()
    film.luck = luck if mode.fields == 1 else replace(luck, stutter=0)  # file 15: no field twice
    return film


def _live(words: tuple[str, ...], machine: Machine) -> Live:
    numbers = [word for word in words[1:] if word.isdecimal()]
    if not numbers or int(numbers[0]) not in machine.decklinks:
        raise Refused(403)
    return Live(int(numbers[0]))


def _section(words: tuple[str, ...]) -> Section:
    said = {name: _number(words, name) for name in NUMBERS}
    start = said["SEEK"] if said["IN"] is None else said["IN"]
    length = said["LENGTH"]
    if length is None and said["OUT"] is not None:
        length = said["OUT"] - (start or 0)
    loop = "LOOP" in (word.upper() for word in words)
    return Section(start=start, seek=said["SEEK"], length=length, loop=loop)


def _number(words: tuple[str, ...], name: str) -> int | None:
    for at, word in enumerate(words[1:], start=1):
        if word.upper() == name:
            try:
                return int(words[at + 1])
            except (IndexError, ValueError) as error:
                raise Refused(403) from error
    return None


def _readable(machine: Machine) -> bool:
    """Without a UTF-8 locale one foreign name in the folder makes every search fail (FACTS 9.5)."""
    return machine.utf8 or all(path.isascii() for path in machine.shelf.paths())
