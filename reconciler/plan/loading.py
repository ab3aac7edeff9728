"""When a sidecar is handed a new rundown, what of it the audience will notice, and what waits.

An edit never touches the event on air, nor one that starts within `guard.freeze`: the compiler
carries those over, and the plan says until when.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import zip_longest

from reconciler.model.desired import AssetItem, BreakItem, Desired, Item, LiveItem
from reconciler.model.ids import PlaylistName
from reconciler.model.media import Catalogue
from reconciler.model.observed import SidecarAnswer, SidecarSeen
from reconciler.model.rundown import Clip, Event, EventKind, Frozen, Live, Rundown
from reconciler.model.video import FrameClock
from reconciler.plan.actions import Cause, LoadRundown
from reconciler.plan.draft import Draft
from reconciler.plan.horizon import needs_compile
from reconciler.plan.impact import CHANGES_NOW, INTERRUPTS_NOW, at


def load_rundown(draft: Draft, sidecar: SidecarSeen, answer: SidecarAnswer) -> None:
    """Hand the rundown compiled in this pass over, unless it is held already."""
    compiled, row = draft.case.compiled, draft.case.row
    if compiled is None:
        return
    kept = row.rundown_digest if row is not None else ""
    digest = draft.compiled_digest
    if answer.rundown_digest == digest == kept:
        return
    if _at_another_rate(draft, sidecar):
        draft.behind = True
        draft.hold(
            "load rundown", "its frame rate changes with the restart, until then it plays on"
        )
        return
    now = draft.wanted.format.clock.showing_at(draft.scene.now)
    held = draft.scene.seen.held.get(draft.name) if answer.rundown_digest else None
    first = _first_change(draft, answer, held, now)
    draft.act(
        LoadRundown(
            channel=draft.name,
            node=sidecar.node,
            epoch=sidecar.epoch,
            digest=digest,
            rundown=compiled.rundown,
            first_change=first,
            cause=_cause(draft, sidecar),
            source=draft.wanted.digest,
            held=held,
        )
    )
    if answer.sending and first is not None:
        _notice(draft, first, held, now)


def _at_another_rate(draft: Draft, sidecar: SidecarSeen) -> bool:
    """Whether the sidecar counts frames otherwise than the lineup does by now."""
    if sidecar.fingerprint == draft.wanted.fingerprint:
        return False
    held = draft.scene.seen.held.get(draft.name)
    return held is None or held.rate != draft.wanted.format.rate


def hold_frozen_edits(draft: Draft) -> None:
    """Say which edits do not touch what is on air or about to be, and until when."""
    compiled, row = draft.case.compiled, draft.case.row
    if compiled is None or row is None or row.digest == draft.wanted.digest:
        return
    clock = draft.wanted.format.clock
    now = clock.showing_at(draft.scene.now)
    frozen = now + clock.frames_in(draft.wanted.guard.freeze)
    desired, catalogue, rate = draft.scene.desired, draft.scene.seen.catalogue, clock.rate
    for event in compiled.rundown.events:
        if event.start >= frozen:
            return
        if event.end > now and is_edited(event, desired, catalogue, rate):
            on_air = event.start <= now
            draft.hold(
                f"edit of {event.playlist}/{event.item}",
                "it is on air" if on_air else "it is about to start",
                until=clock.instant(event.end),
            )


def first_difference(held: Rundown, new: Rundown, now: int) -> int | None:
    """The first frame from `now` on at which two rundowns differ; None where both say the same.

    What lies past the shorter one's end is no difference: it only had not been planned yet.
    """
    end = min(held.end, new.end)
    ours, theirs = ([e for e in r.events if e.end > now and e.start < end] for r in (held, new))
    for one, other in zip_longest(ours, theirs):
        if one is not None and other is not None and _same(one, other, end):
            continue
        starts = [e.start for e in (one, other) if e is not None]
        return max(_parting(one, other, min(starts)), now)
    return None


def shown(event: Event) -> object:
    """All of an event that an audience can see, its times aside."""
    clip = event.material
    if isinstance(clip, Clip):
        return clip.stored, clip.in_frame, clip.loop, event.transition
    return clip, event.transition


def is_edited(event: Event, desired: Desired, catalogue: Catalogue, rate: Fraction) -> bool:
    """Whether the lineup now says something else of the item that a programme event came from."""
    if event.kind is not EventKind.PROGRAMME or not event.playlist:
        return False
    item = _item(desired, event)
    match item, event.material:
        case AssetItem(), Clip():
            return item.asset != event.material.asset or _is_recut(item, event, catalogue, rate)
        case LiveItem(), Live():
            same = item.duration.frames(rate) == event.nominal
            return item.live != event.material.name or not same
        case _, Frozen():
            return False  # a live act, no edit
        case _:
            return True


def _is_recut(item: AssetItem, event: Event, catalogue: Catalogue, rate: Fraction) -> bool:
    fact = catalogue.get(item.asset)
    if not isinstance(event.material, Clip) or fact is None or fact.still:
        return False
    first = item.in_point.frames(rate) if item.in_point is not None else 0
    whole = FrameClock(rate).frames_in(fact.duration) if fact.duration is not None else None
    end = item.out_point.frames(rate) if item.out_point is not None else whole
    if end is not None and whole is not None:
        end = min(end, whole)
    return event.material.in_frame != first or (end is not None and end - first != event.nominal)


def _item(desired: Desired, event: Event) -> Item | None:
    """The item of an event; those of a break are called `ID/1`, `ID/2` and so on."""
    playlist = desired.playlists.get(PlaylistName(event.playlist))
    if playlist is None:
        return None
    name, _, number = event.item.rpartition("/")
    for item in playlist.items:
        if item.id == event.item:
            return item
        if isinstance(item, BreakItem) and item.id == name and number.isdecimal():
            parts = item.items
            return parts[int(number) - 1] if 0 < int(number) <= len(parts) else None
    return None


def _parting(one: Event | None, other: Event | None, first: int) -> int:
    """Where two events part: at their end, if they only differ in how long they last."""
    if one is None or other is None or one.start != other.start:
        return first
    return min(one.end, other.end) if shown(one) == shown(other) else first


def _same(one: Event, other: Event, end: int) -> bool:
    """Whether two events show the same up to `end`."""
    return (
        one.start == other.start
        and min(one.end, end) == min(other.end, end)
        and shown(one) == shown(other)
    )


def _first_change(
    draft: Draft, answer: SidecarAnswer, held: Rundown | None, now: int
) -> int | None:
    compiled = draft.case.compiled
    if (
        compiled is None
        or not answer.rundown_digest
        or answer.rundown_digest == draft.compiled_digest
    ):
        return None
    if held is not None:
        return first_difference(held, compiled.rundown, now)
    row = draft.case.row
    if row is None or row.digest == draft.wanted.digest:
        return None  # the same lineup, a later window
    frozen = now + draft.wanted.format.clock.frames_in(draft.wanted.guard.freeze)
    starts = (e.start for e in compiled.rundown.events if e.start >= frozen)
    return next(starts, None)


def _cause(draft: Draft, sidecar: SidecarSeen) -> Cause:
    found = needs_compile(
        draft.wanted,
        row=draft.case.row,
        sidecars=(sidecar,),
        now=draft.scene.now,
        policy=draft.scene.desired.policy,
    )
    return found if found is not None else Cause.DRIFTED


def _notice(draft: Draft, first: int, held: Rundown | None, now: int) -> None:
    if first > now:
        instant = draft.wanted.format.clock.instant(first)
        draft.notice(at(instant, draft.scene.now, draft.wanted.timezone))
        return
    showing = (e for e in (held.events if held is not None else ()) if e.start <= now < e.end)
    event = next(showing, None)
    programme = event is not None and event.kind is EventKind.PROGRAMME
    draft.notice(INTERRUPTS_NOW if programme else CHANGES_NOW)
