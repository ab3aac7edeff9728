"""Live acts: what a request means for the rundown as it stands. Pure.

An act that changes nothing (pausing what is paused) makes no act; it is answered like any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from reconciler.errors import UsageError
from reconciler.model.desired import TransitionType
from reconciler.model.ids import AssetId, EventId
from reconciler.model.rundown import (
    Act,
    Clip,
    Event,
    EventKind,
    Hold,
    Pause,
    ResumeAct,
    Skip,
    Stop,
    Transition,
)
from reconciler.sidecar.fields import Fields

NAMES = ("play", "pause", "resume", "skip", "hold", "stop")
ITEMS_MOST = 5_000  # of one list


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """What an act is judged on: its number and frame, the event on air, the transport's state."""

    seq: int
    at: int
    event: EventId | None
    transport: str


def act_for(name: str, now: Now) -> Act | None:
    """The act that `name` means now, or None if it changes nothing; raises `UsageError`."""
    match name:
        case "play" | "resume":
            return None if now.transport == "playing" else ResumeAct(seq=now.seq, at=now.at)
        case "pause":
            return None if now.transport == "paused" else Pause(seq=now.seq, at=now.at)
        case "stop":
            return None if now.transport == "stopped" else Stop(seq=now.seq, at=now.at)
        case "skip":
            return Skip(seq=now.seq, at=now.at, event=_on_air(now, name))
        case "hold":
            if now.transport == "holding":
                return None
            return Hold(seq=now.seq, at=now.at, event=_on_air(now, name))
        case _:
            raise UsageError(f"expected one of {', '.join(NAMES)}, found {name!r}")


def _on_air(now: Now, name: str) -> EventId:
    if now.event is None:
        raise UsageError(f"{name}: no event of the rundown is due now; there is nothing to {name}")
    return now.event


def why_cut(act: Act) -> str:
    """The reason that an act gives for the end of what was on air."""
    match act:
        case Skip():
            return "skipped"
        case Pause():
            return "paused"
        case Stop():
            return "stopped"
        case _:
            return "cut"


# ── the older list ───────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class OlderItem:
    """One item of the older `POST /playlist/load`; points are in seconds."""

    id: str
    asset: str
    media_path: str
    title: str
    in_point: float
    out_point: float | None
    transition: str
    transition_ms: int


def read_list(body: object) -> tuple[bool, tuple[OlderItem, ...]]:
    """Read the older shape; raises `UsageError` naming what is wrong."""
    said = Fields(body, "body")
    items = tuple(
        _older_item(Fields(each, f"items[{number}]"), number)
        for number, each in enumerate(said.items("items"))
    )
    if not items or len(items) > ITEMS_MOST:
        raise said.wrong("items", f"from 1 to {ITEMS_MOST} items")
    return said.flag("loop", default=False), items


def _older_item(said: Fields, number: int) -> OlderItem:
    path = said.text("media_path")
    name = path.removeprefix("/media/")
    if not name or "/" in name or name.startswith("."):
        raise UsageError(f"items[{number}].media_path: expected a file name in the media folder")
    out = said.number("out_point", -1.0)
    begin = said.number("in_point", 0.0)
    if begin < 0 or (said.has("out_point") and out <= begin):
        raise said.wrong("out_point", f"seconds after the in point ({begin:g})")
    return OlderItem(
        id=said.text("id", str(number + 1)),
        asset=said.text("asset_id", name),
        media_path=name,
        title=said.text("clip_name", name),
        in_point=begin,
        out_point=out if said.has("out_point") else None,
        transition=said.text("transition", "cut"),
        transition_ms=said.integer("transition_ms", 0),
    )


def list_events(
    items: tuple[OlderItem, ...], lengths: dict[str, int | None], rate: Fraction, seq: int
) -> tuple[Event, ...]:
    """Events of a list, starts counted from its beginning; `lengths` are the files' own, in frames.

    A still (no length) without an out point stays for ten seconds.
    """
    events: list[Event] = []
    at = 0
    for item in items:
        length = lengths[item.media_path]
        begin = round(Fraction(item.in_point).limit_denominator(1_000_000) * rate)
        end = length if length is not None else begin + round(10 * rate)
        if item.out_point is not None:
            wanted = round(Fraction(item.out_point).limit_denominator(1_000_000) * rate)
            end = wanted if length is None else min(wanted, length)
        if end <= begin:
            raise UsageError(f"item {item.id}: its in point lies behind the end of the file")
        events.append(_list_event(item, at, begin, end, seq=seq, length=length, rate=rate))
        at += end - begin
    return tuple(events)


def _list_event(  # noqa: PLR0913  # one row of a table, all of it
    item: OlderItem,
    at: int,
    begin: int,
    end: int,
    *,
    seq: int,
    length: int | None,
    rate: Fraction,
) -> Event:
    joins = {"mix": TransitionType.MIX, "fade": TransitionType.MIX, "wipe": TransitionType.WIPE}
    kind = joins.get(item.transition.lower(), TransitionType.CUT)
    frames = round(Fraction(item.transition_ms, 1000) * rate) if kind in joins.values() else 0
    return Event(
        id=EventId(f"list-{seq}/{item.id}@{at}"),
        start=at,
        frames=end - begin,
        kind=EventKind.PROGRAMME,
        material=Clip(
            asset=AssetId(item.asset),
            stored=item.media_path,
            in_frame=begin,
            material=None if length is None else length - begin,
        ),
        transition=Transition(type=kind, frames=min(frames, end - begin)),
        title=item.title,
        playlist=f"list-{seq}",
        item=item.id,
        nominal=end - begin,
    )
