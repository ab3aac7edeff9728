"""AMCP, the sending half: commands built word by word. Pure.

A command is never made by joining texts of others: every argument is checked for what the engine
would read out of it, and quoted. `replies.py` is the other half. Source: recordings of
CasparCG 2.5.0 under `tests/casparcg/transcripts/`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import assert_never

from reconciler.errors import UsageError

CHANNEL = 1  # a sidecar's engine has one
END = "\r\n"

_BARE = re.compile(r"[^\s\"\\()]+")  # anything else has to be quoted
_WORD = re.compile(r"[A-Z][A-Z0-9_]*|\d+-\d+|\d+")
_REQUEST = re.compile(r"[A-Za-z0-9]+")
_STAGED = re.compile(r"[a-z0-9_-]+(?:/[a-z0-9_-]+)*\.[a-z0-9]{1,8}")
_STAGED_MOST = 255  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command: fixed `words`, then `arguments` from outside, which may hold secrets."""

    words: tuple[str, ...]
    arguments: tuple[str, ...] = field(default=(), repr=False)
    secret: bool = False  # its arguments may not be shown to anyone

    def __post_init__(self) -> None:
        for word in self.words:
            if _WORD.fullmatch(word) is None:
                raise UsageError(f"AMCP: expected a word such as PLAY or 1-10, found {word!r}")
        for argument in self.arguments:
            _refuse_unprintable(argument)

    def line(self, request: str = "") -> bytes:
        """The bytes to send; `request` is told again in the reply."""
        parts = (*self.words, *(quoted(each) for each in self.arguments))
        if request:
            if _REQUEST.fullmatch(request) is None:
                raise UsageError(
                    f"AMCP: expected a request id of letters and digits, found {request!r}"
                )
            parts = ("REQ", request, *parts)
        return (" ".join(parts) + END).encode()

    def __str__(self) -> str:
        shown = ("…",) if self.secret and self.arguments else self.arguments
        return " ".join((*self.words, *shown))


def quoted(text: str) -> str:
    """`text` as one parameter, whatever it holds."""
    if _BARE.fullmatch(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _refuse_unprintable(text: str) -> None:
    if not text or not text.isprintable():
        raise UsageError(
            "AMCP: an argument is empty or holds a control character; expected printable text"
        )


def staged_name(name: str) -> str:
    """Check the name of a staged file, which no option or command can be read out of.

    With an extension and without blanks, a name is never a keyword (`AUTO`, `LOOP`) or a transition
    (`mix 25`), and it is the same file under every spelling.
    """
    if len(name) > _STAGED_MOST or _STAGED.fullmatch(name) is None:
        raise UsageError(
            f"AMCP: expected a staged name such as ab/3f2a-1.mp4 (small letters, digits, - and _,"
            f" with an extension), found {name!r}"
        )
    return name


# ── what a layer can be given ────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A staged file from `in_frame`, for `length` (None: to its end), in channel frames.

    Frames of an interlaced channel are its fields. A still takes a length alone.
    """

    name: str
    in_frame: int = 0
    length: int | None = None
    loop: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """A live input by its address."""

    url: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeckLinkInput:
    """A live input by a DeckLink device's number."""

    device: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Colour:
    """One colour, `AARRGGBB` in hexadecimal; without end."""

    argb: str = "FF000000"


@dataclass(frozen=True, slots=True)
class Empty:
    """Nothing: un-queues as a background, black as a foreground."""


Producer = Clip | Stream | DeckLinkInput | Colour | Empty


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """How the next picture comes: MIX, PUSH, SLIDE, WIPE and so on, over `frames`."""

    kind: str
    frames: int
    direction: str = ""  # LEFT, RIGHT; nothing: as the engine has it


_TRANSITIONS = frozenset({"MIX", "PUSH", "SLIDE", "WIPE", "FADECUT", "CUTFADE", "VFADE"})
_DIRECTIONS = frozenset({"", "LEFT", "RIGHT"})
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://\S+")
_COLOUR = re.compile(r"[0-9A-Fa-f]{8}")


def play(layer: int, what: Producer | None = None, transition: Transition | None = None) -> Command:
    """Put `what` on air, or the loaded background if it is None."""
    if what is None:
        return Command(words=("PLAY", _layer(layer)))
    return _loading("PLAY", layer, what, _transition(transition))


def load(layer: int, what: Producer | None = None) -> Command:
    """Show the first frame of `what`, paused; None promotes the background, paused."""
    if what is None:
        return Command(words=("LOAD", _layer(layer)))
    return _loading("LOAD", layer, what, ())


def loadbg(
    layer: int, what: Producer, *, auto: bool = False, transition: Transition | None = None
) -> Command:
    """Queue `what` behind the foreground; `auto` puts it on air when that ends."""
    return _loading("LOADBG", layer, what, (*_transition(transition), *(("AUTO",) if auto else ())))


def loadbg_empty(layer: int) -> Command:
    """Un-queue the background."""
    return loadbg(layer, Empty())


def pause(layer: int) -> Command:
    """Hold the picture, mute the sound."""
    return Command(words=("PAUSE", _layer(layer)))


def resume(layer: int) -> Command:
    """Go on after a pause."""
    return Command(words=("RESUME", _layer(layer)))


def stop(layer: int) -> Command:
    """Empty the foreground; the background stays, and its AUTO is gone."""
    return Command(words=("STOP", _layer(layer)))


def clear(layer: int | None = None) -> Command:
    """Remove a layer, or all of them; settings of the mixer stay."""
    return Command(words=("CLEAR", str(CHANNEL) if layer is None else _layer(layer)))


def swap(layer: int, other: int) -> Command:
    """Let two layers change places, backgrounds included; settings of the mixer stay."""
    return Command(words=("SWAP", _layer(layer), _layer(other)))


def _loading(verb: str, layer: int, what: Producer, options: tuple[str, ...]) -> Command:
    first, more = _producer(what)
    return Command(
        words=(verb, _layer(layer)),
        arguments=(*first, *more, *options),
        secret=isinstance(what, Stream),
    )


def _producer(what: Producer) -> tuple[tuple[str, ...], tuple[str, ...]]:
    match what:
        case Clip():
            return (staged_name(what.name),), _section(what)
        case Stream():
            return (_address(what.url),), ()
        case DeckLinkInput():
            return ("DECKLINK", "DEVICE", _count(what.device, "a device's number", least=1)), ()
        case Colour():
            if _COLOUR.fullmatch(what.argb) is None:
                raise UsageError(f"AMCP: expected a colour such as FF000000, found {what.argb!r}")
            return (f"#{what.argb.upper()}",), ()
        case Empty():
            return ("EMPTY",), ()
        case _:
            assert_never(what)


def _section(clip: Clip) -> tuple[str, ...]:
    words: tuple[str, ...] = ()
    if clip.in_frame:
        words += ("IN", _count(clip.in_frame, "an in point"))
    if clip.length is not None:
        words += ("LENGTH", _count(clip.length, "a length", least=1))
    return (*words, "LOOP") if clip.loop else words


def _transition(transition: Transition | None) -> tuple[str, ...]:
    if transition is None:
        return ()
    if transition.kind not in _TRANSITIONS or transition.direction not in _DIRECTIONS:
        raise UsageError(
            f"AMCP: expected a transition of {', '.join(sorted(_TRANSITIONS))}, LEFT or RIGHT;"
            f" found {transition.kind!r} {transition.direction!r}"
        )
    words = (transition.kind, _count(transition.frames, "a transition's length", least=1))
    return (*words, "LINEAR", transition.direction) if transition.direction else words


def _address(url: str) -> str:
    if _ADDRESS.fullmatch(url) is None:
        raise UsageError("AMCP: expected an address such as srt://host:port, without blanks")
    return url


def _count(value: int, what: str, *, least: int = 0) -> str:
    if not least <= value < 2**31:
        raise UsageError(f"AMCP: expected {what} from {least} on, found {value}")
    return str(value)


def _layer(layer: int) -> str:
    return f"{CHANNEL}-{_count(layer, 'a layer')}"


# ── questions and settings of a layer ────────────────────────────────────────────────────────────

_CALLS = frozenset({"SEEK", "REL", "IN", "OUT", "LENGTH", "LOOP"})
_NEED_A_VALUE = frozenset({"SEEK", "REL"})  # without one they never get an answer


def call(layer: int, setting: str, value: int | None = None) -> Command:
    """Read a setting of the foreground, or write it; ask with a deadline.

    On a still, a colour, an empty layer, or for a value that it does not like, the engine gives no
    answer at all.
    """
    return _calling("CALL", layer, setting, value)


def callbg(layer: int, setting: str, value: int | None = None) -> Command:
    """The same of the background; its LENGTH tells whether the file could be opened."""
    return _calling("CALLBG", layer, setting, value)


def _calling(verb: str, layer: int, setting: str, value: int | None) -> Command:
    if setting not in _CALLS or (value is None and setting in _NEED_A_VALUE):
        raise UsageError(f"AMCP: expected one of {', '.join(sorted(_CALLS))}, found {setting!r}")
    if setting == "LOOP" and value not in {None, 0, 1}:
        raise UsageError(f"AMCP: expected LOOP 0 or 1, found {value}")
    if value is None:
        return Command(words=(verb, _layer(layer), setting))
    return Command(words=(verb, _layer(layer), setting), arguments=(str(int(value)),))


def volume(layer: int, gain: float) -> Command:
    """Set a layer's loudness: 0 is silence, 1 as it is."""
    return _mixer(layer, "VOLUME", gain)


def opacity(layer: int, share: float) -> Command:
    """Set how much of a layer is seen: 0 nothing, 1 all."""
    return _mixer(layer, "OPACITY", share)


def mixer_clear(layer: int) -> Command:
    """Set a layer's mixer back; CLEAR does not."""
    return Command(words=("MIXER", _layer(layer), "CLEAR"))


def _mixer(layer: int, setting: str, value: float) -> Command:
    if not 0 <= value <= 1:
        raise UsageError(f"AMCP: MIXER {setting}: expected 0 to 1, found {value}")
    return Command(words=("MIXER", _layer(layer), setting), arguments=(f"{value:.4g}",))


# ── outputs and the engine itself ────────────────────────────────────────────────────────────────

_PORTS = 2**31 - 1


def add(port: int, consumer: tuple[str, ...]) -> Command:
    """Start a consumer on `port`, in place of the one there. 202 proves nothing."""
    if not consumer:
        raise UsageError("AMCP: ADD: expected a consumer such as STREAM or FILE, found nothing")
    return Command(words=("ADD", _port(port)), arguments=consumer, secret=True)


def remove(port: int) -> Command:
    """End the consumer on `port`; 404 where there is none."""
    return Command(words=("REMOVE", _port(port)))


def _port(port: int) -> str:
    if not 0 <= port <= _PORTS:
        raise UsageError(f"AMCP: expected a port from 0 on, found {port}")
    return f"{CHANNEL}-{port}"


def version() -> Command:
    """Ask for the engine's version."""
    return Command(words=("VERSION",))


def info() -> Command:
    """Ask for the list of channels and their formats."""
    return Command(words=("INFO",))


def info_channel() -> Command:
    """Ask for the whole state of the channel, as XML."""
    return Command(words=("INFO", str(CHANNEL)))


def ping(token: str = "") -> Command:
    """Ask for a PONG; answered outside all queues, never logged, and never with a request id."""
    return Command(words=("PING",), arguments=(token,) if token else ())


def osc_subscribe(port: int) -> Command:
    """Have read-back sent to a UDP port, for as long as this connection lives."""
    if not 0 < port < 2**16:
        raise UsageError(f"AMCP: expected a UDP port from 1 to 65535, found {port}")
    return Command(words=("OSC", "SUBSCRIBE", str(port)))


def lock(phrase: str) -> Command:
    """Refuse the channel's commands to all other connections, for as long as this one lives."""
    return Command(words=("LOCK", str(CHANNEL), "ACQUIRE"), arguments=(phrase,), secret=True)


def unlock() -> Command:
    """Give the lock back."""
    return Command(words=("LOCK", str(CHANNEL), "RELEASE"))


def kill() -> Command:
    """End the engine."""
    return Command(words=("KILL",))


def begin() -> Command:
    """Open a batch: what follows runs in one frame, at `commit`. No reply of its own."""
    return Command(words=("BEGIN",))


def commit() -> Command:
    """Run the batch; its reply bears the request id of `begin`, and a batch of one has none."""
    return Command(words=("COMMIT",))
