"""The commands of one channel's queue: playing, outputs, mixer, mode; each gives its reply."""

from __future__ import annotations

from collections.abc import Callable

from tests.casparcg.channel import Channel
from tests.casparcg.consumers import Consumer, port_of
from tests.casparcg.layer import Layer
from tests.casparcg.loading import Refused, is_auto, load
from tests.casparcg.machine import Machine
from tests.casparcg.mixer import NAMES, Missing, Unread
from tests.casparcg.modes import find_mode
from tests.casparcg.producers import EMPTY, Bad
from tests.casparcg.words import Command, address

Obey = Callable[[Machine, Channel, Command], str | None]
ECHO = "400"  # the front adds the line
FEWEST = {"LOADBG": 1, "CALL": 1, "CALLBG": 1, "SWAP": 1, "ADD": 1, "SET": 2, "MIXER": 1, "CG": 2}
TRANSPORT: dict[str, Callable[[Layer], None]] = {
    "PAUSE": lambda layer: setattr(layer, "paused", True),
    "RESUME": lambda layer: setattr(layer, "paused", False),
    "STOP": Layer.stop,
}


def obey_channel(machine: Machine, command: Command) -> str | None:
    """The reply to a channel command: nothing for a bad CALL, `ECHO` for a line not understood."""
    if command.channel not in machine.channels or len(command.words) < FEWEST.get(command.name, 0):
        return ECHO
    return TABLE[command.name](machine, machine.channels[command.channel], command)


def _layer(channel: Channel, command: Command) -> Layer:
    return channel.layer(command.layer or 0)


def _play(machine: Machine, channel: Channel, command: Command) -> str | None:
    try:
        producer = load(command.words, machine, channel.mode) if command.words else None
    except Refused as refused:
        return f"{refused.code} {command.name} FAILED"
    layer = _layer(channel, command)
    if producer is not None:
        layer.load(producer, auto=command.name == "LOADBG" and is_auto(command.words))
    if command.name == "PLAY":
        layer.play()
    if command.name == "LOAD":
        layer.promote_paused()
    return f"202 {command.name} OK"


def _transport(_machine: Machine, channel: Channel, command: Command) -> str | None:
    TRANSPORT[command.name](_layer(channel, command))
    return f"202 {command.name} OK"


def _clear(_machine: Machine, channel: Channel, command: Command) -> str | None:
    channel.clear(command.layer)
    return "202 CLEAR OK"


def _call(_machine: Machine, channel: Channel, command: Command) -> str | None:
    layer = channel.layers.get(command.layer or 0)
    one = EMPTY if layer is None else layer.foreground
    if layer is not None and command.name == "CALLBG":
        one = layer.background
    if one is EMPTY:
        return f"202 {command.name} OK"
    try:
        return f"201 {command.name} OK\r\n{one.call(list(command.words))}"
    except Bad:
        return None  # the real server never answers these


def _swap(machine: Machine, channel: Channel, command: Command) -> str | None:
    other_channel, other_layer = address(command.words[0])
    other = machine.channels.get(other_channel or 0)
    if other is None:
        return "402 SWAP FAILED"
    mine, theirs = command.layer or 0, other_layer or 0
    channel.layers[mine], other.layers[theirs] = other.layer(theirs), channel.layer(mine)
    return "202 SWAP OK"


def _add(machine: Machine, channel: Channel, command: Command) -> str | None:
    kind = command.words[0].upper()
    consumer = _consumer(machine, channel, kind, command)
    if isinstance(consumer, int):
        return f"{consumer} ADD FAILED"
    channel.consumers[consumer.port] = consumer
    return "202 ADD OK"


def _consumer(machine: Machine, channel: Channel, kind: str, command: Command) -> Consumer | int:
    """The consumer asked for, or the code of the refusal."""
    rest = command.words[1:]
    if kind in {"FILE", "STREAM"} and rest:
        path, port = rest[0], port_of(rest[0])
    elif kind == "DECKLINK":
        device = int(rest[0]) if rest and rest[0].isdecimal() else 1
        if device not in machine.decklinks:
            return 403
        path, port = str(device), 300 + device
    elif kind == "NDI" and machine.ndi:
        path, port = " ".join(rest), 900
    else:
        return 404
    return Consumer(
        port=port if command.layer is None else command.layer,
        kind=kind.lower(),
        path=path,
        arguments=" ".join(rest[1:]),
        rate=channel.mode.tick_rate,
        began=machine.far_ends.now,
    )


def _remove(_machine: Machine, channel: Channel, command: Command) -> str | None:
    if command.layer is None and not command.words:
        return "402 REMOVE FAILED"
    port = command.layer
    if port is None:
        port = _named_port(channel, command.words)
    if channel.consumers.pop(port, None) is None:
        return "404 REMOVE FAILED"
    return "202 REMOVE OK"


def _named_port(channel: Channel, words: tuple[str, ...]) -> int:
    if words[0].upper() in {"FILE", "STREAM"} and len(words) > 1:
        return port_of(words[1])
    kind = words[0].lower()
    ports = [port for port, consumer in channel.consumers.items() if consumer.kind == kind]
    return ports[0] if ports else -1


def _set(_machine: Machine, channel: Channel, command: Command) -> str | None:
    what, value = command.words[0].upper(), command.words[1]
    mode = find_mode(value) if what == "MODE" else None
    if mode is None:
        return "403 SET FAILED"
    channel.set_mode(mode)
    return "202 SET MODE OK"


def _mixer(_machine: Machine, channel: Channel, command: Command) -> str | None:
    name, values = command.words[0].upper(), list(command.words[1:])
    layer = command.layer or 0
    if name in {"COMMIT", "CLEAR", "GRID"}:
        if name == "COMMIT":
            channel.mixer.commit()
        if name == "CLEAR":
            channel.mixer.clear(command.layer)
        return "202 MIXER OK"
    if name not in NAMES and name not in {"BLEND", "CHROMA"}:
        return ECHO
    if not values:
        return f"201 MIXER OK\r\n{channel.mixer.read(layer, name)}"
    try:
        channel.mixer.set(layer, name, values)
    except Unread:
        return f"501 MIXER {name} FAILED"
    except Missing:
        return f"402 MIXER {name} FAILED"
    return "202 MIXER OK"


def _cg(_machine: Machine, _channel: Channel, command: Command) -> str | None:
    if command.words[0].upper() != "ADD":
        return "202 CG OK"
    return "404 CG ADD FAILED" if len(command.words) > 2 else ECHO


TABLE: dict[str, Obey] = {
    "PLAY": _play,
    "LOAD": _play,
    "LOADBG": _play,
    "PAUSE": _transport,
    "RESUME": _transport,
    "STOP": _transport,
    "CLEAR": _clear,
    "CALL": _call,
    "CALLBG": _call,
    "SWAP": _swap,
    "ADD": _add,
    "REMOVE": _remove,
    "SET": _set,
    "MIXER": _mixer,
    "CG": _cg,
}
