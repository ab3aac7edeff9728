"""Rundowns and live acts as JSON values, strictly read; and the digest of a rundown.

A live source's true address is written only with `reveal=True`, for the sidecar that must open
it; everything else, the digest included, sees the address as anyone may read it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar, assert_never

from reconciler.model.desired import StartType, TransitionType
from reconciler.model.ids import AssetId, ChannelName, EventId
from reconciler.model.rundown import (
    Act,
    Clip,
    Event,
    EventKind,
    Frozen,
    Hold,
    Live,
    Material,
    Pause,
    PlayList,
    ResumeAct,
    Rundown,
    Skip,
    SlatePicture,
    Stop,
    Transition,
)

Json = dict[str, object]
T = TypeVar("T")


def to_wire(rundown: Rundown, *, reveal: bool = False) -> Json:
    """Write a rundown; `reveal` includes the true addresses of live sources."""
    wire: Json = {
        "channel": rundown.channel,
        "rate": str(rundown.rate),
        "start": rundown.start,
        "end": rundown.end,
        "events": [_event(event, reveal=reveal) for event in rundown.events],
        "filler": [_material(clip, reveal=reveal) for clip in rundown.filler],
        "slate": None if rundown.slate is None else _material(rundown.slate, reveal=reveal),
        "commit": rundown.commit,
        "acts_seq": rundown.acts_seq,
        "open_from": rundown.open_from,
        "history": [_event(event, reveal=reveal) for event in rundown.history],
    }
    if rundown.max_repeat:
        wire["max_repeat"] = rundown.max_repeat
    return wire


def from_wire(wire: object) -> Rundown:
    """Read a rundown; raises `ValueError` naming the place and what was expected there."""
    with_keys = _Record.of(wire, "rundown")
    rundown = Rundown(
        channel=ChannelName(with_keys.text("channel")),
        rate=with_keys.rate("rate"),
        start=with_keys.number("start"),
        end=with_keys.number("end"),
        events=with_keys.each("events", _read_event),
        filler=with_keys.each("filler", _read_clip),
        max_repeat=with_keys.optional("max_repeat", _read_number) or 0,
        slate=with_keys.optional("slate", _read_clip),
        commit=with_keys.text("commit"),
        acts_seq=with_keys.number("acts_seq"),
        open_from=with_keys.optional("open_from", _read_number),
        history=with_keys.each("history", _read_event),
    )
    with_keys.done()
    _covers(rundown)
    return rundown


def digest(rundown: Rundown) -> str:
    """Name a rundown by its content, without secrets: equal rundowns, equal digests."""
    text = json.dumps(to_wire(rundown), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def act_to_wire(act: Act, *, reveal: bool = False) -> Json:
    """Write a live act; `reveal` as in `to_wire`."""
    wire: Json = {"act": _ACTS[type(act)], "seq": act.seq, "at": act.at}
    match act:
        case Skip() | Hold():
            wire["event"] = act.event
        case PlayList():
            wire["events"] = [_event(event, reveal=reveal) for event in act.events]
            wire["loop"] = act.loop
        case Pause() | ResumeAct() | Stop():
            pass
        case _:
            assert_never(act)
    return wire


def act_from_wire(wire: object) -> Act:
    """Read a live act; raises `ValueError` like `from_wire`."""
    record = _Record.of(wire, "act")
    kind, seq, at = record.text("act"), record.number("seq"), record.number("at")
    act: Act
    match kind:
        case "skip":
            act = Skip(seq=seq, at=at, event=EventId(record.text("event")))
        case "hold":
            act = Hold(seq=seq, at=at, event=EventId(record.text("event")))
        case "pause":
            act = Pause(seq=seq, at=at)
        case "resume":
            act = ResumeAct(seq=seq, at=at)
        case "stop":
            act = Stop(seq=seq, at=at)
        case "list":
            events = record.each("events", _read_event)
            act = PlayList(seq=seq, at=at, events=events, loop=record.flag("loop"))
        case _:
            raise record.wrong("act", f"one of {', '.join(_ACTS.values())}", kind)
    record.done()
    return act


_ACTS: Mapping[type, str] = {
    Skip: "skip",
    Hold: "hold",
    Pause: "pause",
    ResumeAct: "resume",
    Stop: "stop",
    PlayList: "list",
}


def _covers(rundown: Rundown) -> None:
    at = rundown.start
    for number, event in enumerate(rundown.events):
        if event.start != at or event.frames <= 0:
            raise ValueError(
                f"rundown.events[{number}]: expected one or more frames from {at}, "
                f"found {event.frames} from {event.start}"
            )
        at = event.end
    if at != rundown.end:
        raise ValueError(f"rundown.end: expected {at}, where its events end, found {rundown.end}")


def _event(event: Event, *, reveal: bool) -> Json:
    """Write an event; what is as it mostly is stays out, since a day has thousands."""
    wire: Json = {
        "id": event.id,
        "start": event.start,
        "frames": event.frames,
        "kind": event.kind.value,
        "material": _material(event.material, reveal=reveal),
        "nominal": event.nominal,
        "occurrence": event.occurrence,
    }
    if event.start_type is not StartType.FOLLOW:
        wire["start_type"] = event.start_type.value
    if event.transition != _CUT:
        wire["transition"] = [event.transition.type.value, event.transition.frames]
    if event.window is not None:
        wire["window"] = list(event.window)
    counts = (("due", event.due), ("lap", event.lap))
    wire.update((key, count) for key, count in counts if count)
    words = (
        ("title", event.title),
        ("playlist", event.playlist),
        ("item", event.item),
        ("instead", event.instead),
    )
    wire.update((key, text) for key, text in words if text)
    if event.alternate is not None:
        wire["alternate"] = _material(event.alternate, reveal=reveal)
    return wire


_CUT = Transition()


def _material(material: Material, *, reveal: bool) -> Json:
    match material:
        case Clip():
            return {
                "type": "clip",
                "asset": material.asset,
                "stored": material.stored,
                "in_frame": material.in_frame,
                "material": material.material,
                "loop": material.loop,
            }
        case Live():
            wire: Json = {"type": "live", "name": material.name, "shown": material.shown}
            if reveal:
                wire["url"] = material.url
            return wire
        case SlatePicture():
            return {"type": "slate"}
        case Frozen():
            return {"type": "frozen", "source_frame": material.source_frame}
        case _:
            assert_never(material)


def _read_event(wire: object, path: str) -> Event:
    record = _Record.of(wire, path)
    event = Event(
        id=EventId(record.text("id")),
        start=record.number("start"),
        frames=record.number("frames"),
        kind=record.choice("kind", EventKind),
        material=record.read("material", _read_material),
        nominal=record.number("nominal"),
        occurrence=record.number("occurrence"),
        start_type=record.choice("start_type", StartType, StartType.FOLLOW),
        transition=record.optional("transition", _read_transition) or _CUT,
        window=record.optional("window", _read_window),
        due=record.optional("due", _read_number) or 0,
        lap=record.optional("lap", _read_number) or 0,
        title=record.optional("title", _read_text) or "",
        playlist=record.optional("playlist", _read_text) or "",
        item=record.optional("item", _read_text) or "",
        alternate=record.optional("alternate", _read_clip),
        instead=record.optional("instead", _read_text) or "",
    )
    record.done()
    return event


def _read_material(wire: object, path: str) -> Material:
    record = _Record.of(wire, path)
    kind = record.text("type")
    material: Material
    match kind:
        case "clip":
            return _read_clip(wire, path)
        case "live":
            material = Live(
                name=record.text("name"),
                shown=record.text("shown"),
                url=record.optional("url", _read_text) or "",
            )
        case "slate":
            material = SlatePicture()
        case "frozen":
            material = Frozen(record.number("source_frame"))
        case _:
            raise record.wrong("type", "one of clip, live, slate, frozen", kind)
    record.done()
    return material


def _read_clip(wire: object, path: str) -> Clip:
    record = _Record.of(wire, path)
    if record.text("type") != "clip":
        raise record.wrong("type", "clip", record.text("type"))
    clip = Clip(
        asset=AssetId(record.text("asset")),
        stored=record.text("stored"),
        in_frame=record.number("in_frame"),
        material=record.optional("material", _read_number),
        loop=record.flag("loop"),
    )
    record.done()
    return clip


def _read_transition(wire: object, path: str) -> Transition:
    match wire:
        case [str(kind), int(frames)]:
            types = {t.value: t for t in TransitionType}
            if kind in types:
                return Transition(type=types[kind], frames=frames)
        case _:
            pass
    raise ValueError(f"{path}: expected a transition such as ['mix', 12], found {wire!r}")


def _read_window(wire: object, path: str) -> tuple[int, int]:
    match wire:
        case [int(first), int(last)]:
            return first, last
        case _:
            pass
    raise ValueError(f"{path}: expected two frames, found {wire!r}")


def _read_number(wire: object, path: str) -> int:
    if not isinstance(wire, int) or isinstance(wire, bool):
        raise ValueError(f"{path}: expected a whole number, found {wire!r}")  # noqa: TRY004  # one error for every wrong value
    return wire


def _read_text(wire: object, path: str) -> str:
    if not isinstance(wire, str):
        raise ValueError(f"{path}: expected text, found {wire!r}")  # noqa: TRY004  # as above
    return wire


Choice = TypeVar("Choice", EventKind, StartType)


@dataclass(slots=True)
class _Record:
    """A JSON object being read: each key once, none left over."""

    path: str
    values: Mapping[str, object]
    seen: set[str]

    @staticmethod
    def of(wire: object, path: str) -> _Record:
        if not isinstance(wire, Mapping):
            raise ValueError(f"{path}: expected an object, found {wire!r}")  # noqa: TRY004  # as above
        return _Record(path, wire, set())

    def read(self, key: str, reader: Callable[[object, str], T]) -> T:
        if key not in self.values:
            raise ValueError(f"{self.path}: expected the key {key!r}")
        self.seen.add(key)
        return reader(self.values[key], f"{self.path}.{key}")

    def optional(self, key: str, reader: Callable[[object, str], T]) -> T | None:
        self.seen.add(key)
        return None if self.values.get(key) is None else self.read(key, reader)

    def text(self, key: str) -> str:
        return self.read(key, _read_text)

    def number(self, key: str) -> int:
        return self.read(key, _read_number)

    def flag(self, key: str) -> bool:
        value = self.read(key, lambda wire, _: wire)
        if not isinstance(value, bool):
            raise self.wrong(key, "true or false", value)
        return value

    def rate(self, key: str) -> Fraction:
        text = self.text(key)
        try:
            rate = Fraction(text)
        except (ValueError, ZeroDivisionError):
            rate = Fraction(0)
        if rate <= 0:
            raise self.wrong(key, "a rate such as 25 or 30000/1001", text)
        return rate

    def choice(self, key: str, kind: type[Choice], default: Choice | None = None) -> Choice:
        if default is not None and key not in self.values:
            return default
        text = self.text(key)
        choices = {choice.value: choice for choice in kind}
        if text not in choices:
            raise self.wrong(key, f"one of {', '.join(choices)}", text)
        return choices[text]

    def each(self, key: str, reader: Callable[[object, str], T]) -> tuple[T, ...]:
        def items(wire: object, path: str) -> Iterator[T]:
            if not isinstance(wire, list | tuple):
                raise ValueError(f"{path}: expected a list, found {wire!r}")  # noqa: TRY004  # as above
            return (reader(value, f"{path}[{n}]") for n, value in enumerate(wire))

        return tuple(self.read(key, items))

    def wrong(self, key: str, expected: str, found: object) -> ValueError:
        return ValueError(f"{self.path}.{key}: expected {expected}, found {found!r}")

    def done(self) -> None:
        for key in self.values:
            if key not in self.seen:
                raise ValueError(f"{self.path}: unknown key {key!r}")
