"""A playlist's items at a channel's rate: lengths in frames, material to play, what is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import time
from fractions import Fraction

from reconciler.model.copies import mov_name
from reconciler.model.desired import (
    AssetItem,
    BreakItem,
    DesiredPlaylist,
    EngineKind,
    LiveItem,
    StartType,
    TransitionType,
)
from reconciler.model.media import AssetFact, Catalogue
from reconciler.model.rundown import Clip, Live, RemarkKind
from reconciler.model.sources import LiveSource
from reconciler.model.video import FrameClock
from reconciler.rundown.harm import Grade, Harm, harm_of

STILL_SECONDS = 10  # how long a still without an out point stays: long enough to be read


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with `item`, told when it airs or would have."""

    kind: RemarkKind
    text: str
    item: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One item of `frames`; `material` None is replaced by `alternate`, then filler, for that long.

    `alternate` of an item that has material is what takes its place if that fails on air;
    `instead` says what an alternate already stands in for.
    `runs_on` says that it has a tail that a transition may lie over. `problems` are its own and
    those of the dropped items before it.
    """

    item: str
    title: str
    frames: int
    material: Clip | Live | None
    runs_on: bool = False
    join: TransitionType = TransitionType.CUT
    join_frames: int = 0
    at: time | None = None
    start: StartType = StartType.FOLLOW
    problems: tuple[Problem, ...] = ()
    alternate: Clip | None = None
    instead: str = ""


@dataclass(frozen=True, slots=True)
class Script:
    """A playlist made ready: `entries` that last; `items` are the ids of all, in order.

    `place` says for each of them which entry it is, or (dropped) which comes next. `timed` are
    the entries with a time of their own.
    """

    name: str
    entries: tuple[Entry, ...]
    items: tuple[str, ...]
    place: Mapping[str, int]
    timed: tuple[int, ...]
    frames: int
    even: bool  # every round of it lasts equally long, wherever it begins
    plain: bool  # it is even, and nothing is to be said of its items
    rest: tuple[Problem, ...]  # of items dropped when nothing is left to tell them with


@dataclass(frozen=True, slots=True)
class _Content:
    """What an item turns out to be."""

    title: str
    frames: int
    material: Clip | Live | None = None
    runs_on: bool = False
    problems: tuple[Problem, ...] = ()
    alternate: Clip | None = None
    instead: str = ""
    spoilt: bool = False  # it airs only where nothing better can


@dataclass(frozen=True, slots=True)
class _Reader:
    rate: Fraction
    catalogue: Catalogue
    live: Mapping[str, LiveSource]
    engine: EngineKind

    def read(self, item: AssetItem | LiveItem) -> Entry:
        content = self._live(item) if isinstance(item, LiveItem) else self._with_alternate(item)
        join = item.transition
        mixes = join is not None and join.type is not TransitionType.CUT
        return Entry(
            item=item.id,
            title=item.title or content.title,
            frames=content.frames,
            material=content.material,
            runs_on=content.runs_on,
            join=join.type if join and mixes else TransitionType.CUT,
            join_frames=max(join.duration.frames(self.rate), 0) if join and mixes else 0,
            at=item.at,
            start=item.start,
            problems=content.problems,
            alternate=content.alternate,
            instead=content.instead,
        )

    def _with_alternate(self, item: AssetItem) -> _Content:
        """An asset, with what takes its place: in the time that the item would have taken."""
        content = self._asset(item)
        if item.alternate is None:
            return _alone(content)
        spare = self._asset(AssetItem(id=item.id, asset=item.alternate))
        clip = spare.material if isinstance(spare.material, Clip) else None
        if content.material is not None and clip is not None and not content.spoilt:
            return replace(content, alternate=clip)
        if clip is None:
            bad = (replace(p, text=f"{p.text} (an alternate)") for p in spare.problems)
            content = _alone(content)
            return replace(content, problems=(*content.problems, *bad))
        why = "; ".join(problem.text for problem in content.problems)
        told = (
            replace(p, text=f"{p.text}; {item.alternate} airs instead") for p in content.problems
        )
        return replace(
            content,
            material=None,
            runs_on=False,
            frames=content.frames or spare.frames,
            alternate=clip,
            instead=f"instead of {why}",
            problems=tuple(told),
        )

    def _live(self, item: LiveItem) -> _Content:
        source = self.live.get(item.live)
        frames = item.duration.frames(self.rate)
        if source is None:
            text = f"no live source {item.live!r}"
            return _bad(item.live, frames, RemarkKind.UNKNOWN_ASSET, text)
        live = Live(name=source.name, shown=source.url.shown, url=source.url.value)
        return _Content(item.live, frames, live)

    def _asset(self, item: AssetItem) -> _Content:
        name = item.asset
        first = item.in_point.frames(self.rate) if item.in_point else 0
        out = item.out_point.frames(self.rate) if item.out_point else None
        fact = self.catalogue.get(name)
        if fact is None:
            asked = max(out - first, 0) if out is not None else 0
            return _bad(name, asked, RemarkKind.UNKNOWN_ASSET, f"asset {name} is unknown")
        whole = None if fact.duration is None else FrameClock(self.rate).frames_in(fact.duration)
        end = out if out is not None else whole
        asked = max(end - first, 0) if end is not None else 0
        if fact.problem is None and fact.still:
            clip = Clip(asset=name, stored=fact.stored, in_frame=0)
            return _Content(name, asked if out is not None else still_frames(self.rate), clip)
        if fact.problem is not None or whole is None:
            text = f"asset {name}: {fact.problem or 'its length is not known'}"
            return _bad(name, asked, RemarkKind.DAMAGED_ASSET, text)
        if first and self.engine is EngineKind.CASPARCG and fact.inexact:
            if fact.unfit:
                return _bad(name, asked, RemarkKind.DAMAGED_ASSET, _unfit(fact), spoilt=True)
            fact = replace(fact, stored=mov_name(fact.stored))  # staging makes it on the node
        content = _clip(fact, first, asked=asked, left=whole - first)
        harm = harm_of(fact, self._ms(first), self._ms(first + content.frames))
        return content if harm is None else _harmed(content, name, harm)

    def _ms(self, frames: int) -> int:
        return int(frames * 1000 / self.rate)


def _clip(fact: AssetFact, first: int, *, asked: int, left: int) -> _Content:
    name = fact.asset
    if left <= 0:
        text = f"asset {name}: its in point lies {-left} frames behind its end"
        return _bad(name, asked, RemarkKind.SHORT_MATERIAL, text)
    clip = Clip(asset=name, stored=fact.stored, in_frame=first, material=left)
    told = (Problem(RemarkKind.MEDIA_NOTE, f"asset {name}: {fact.note}"),) if fact.note else ()
    if asked <= left:
        return _Content(name, asked, clip, runs_on=True, problems=told)
    text = f"asset {name}: its out point lies {asked - left} frames behind its end"
    short = Problem(RemarkKind.SHORT_MATERIAL, text)
    return _Content(name, left, clip, runs_on=True, problems=(short, *told))


def _bad(title: str, frames: int, kind: RemarkKind, text: str, *, spoilt: bool = False) -> _Content:
    return _Content(title, frames, problems=(Problem(kind, text),), spoilt=spoilt)


def _unfit(fact: AssetFact) -> str:
    return (
        f"asset {fact.asset}: it begins inside a {fact.inexact} file, which CasparCG cannot, and "
        f"{fact.unfit}"
    )


def _harmed(content: _Content, name: str, harm: Harm) -> _Content:
    """What is made of material of which a part is lost."""
    text = f"asset {name}: {harm.text}"
    if harm.grade is Grade.BLEMISHED:
        told = Problem(RemarkKind.MEDIA_NOTE, text)
        return replace(content, problems=(*content.problems, told))
    told = Problem(RemarkKind.DAMAGED_ASSET, text)
    keep = content.material if harm.grade is Grade.SPOILT else None
    return replace(
        content,
        material=keep,
        runs_on=content.runs_on and keep is not None,
        problems=(told, *content.problems),
        spoilt=True,
    )


def _alone(content: _Content) -> _Content:
    """What airs where a damaged item has nothing of its own to take its place."""
    if not content.spoilt:
        return content
    fate = "it airs all the same" if content.material is not None else "filler airs instead"
    first, *rest = content.problems
    return replace(content, problems=(replace(first, text=f"{first.text}; {fate}"), *rest))


def still_frames(rate: Fraction) -> int:
    """How long a still stays that says nothing else."""
    return FrameClock(rate).frames_in(Fraction(STILL_SECONDS))


def make_script(
    playlist: DesiredPlaylist,
    rate: Fraction,
    *,
    catalogue: Catalogue,
    live: Mapping[str, LiveSource],
    engine: EngineKind = EngineKind.EMBEDDED,
) -> Script:
    """Measure a playlist's items; drop what has no length, passing on what is wrong with it."""
    reader = _Reader(rate, catalogue, live, engine)
    entries: list[Entry] = []
    items: list[str] = []
    place: dict[str, int] = {}
    waiting: tuple[Problem, ...] = ()
    for item in _flat(playlist):
        entry = reader.read(item)
        items.append(entry.item)
        place[entry.item] = len(entries)
        waiting += tuple(replace(problem, item=entry.item) for problem in entry.problems)
        if entry.frames > 0:
            entries.append(replace(entry, problems=waiting) if waiting else entry)
            waiting = ()
    if waiting and entries:
        entries[-1] = replace(entries[-1], problems=entries[-1].problems + waiting)
        waiting = ()
    timed = tuple(i for i, entry in enumerate(entries) if entry.at is not None)
    even = not timed and not any(entry.join_frames for entry in entries)
    return Script(
        name=playlist.name,
        entries=tuple(entries),
        items=tuple(items),
        place=place,
        timed=timed,
        frames=sum(entry.frames for entry in entries),
        even=even,
        plain=even and not any(entry.problems for entry in entries),
        rest=waiting,
    )


def _flat(playlist: DesiredPlaylist) -> Iterator[AssetItem | LiveItem]:
    """Its items, breaks opened: their items are `ID/1`, `ID/2`; the first has the break's time."""
    for item in playlist.items:
        if not isinstance(item, BreakItem):
            yield item
            continue
        for number, inner in enumerate(item.items, start=1):
            named = replace(inner, id=f"{item.id}/{number}")
            if number == 1 and item.at is not None:
                named = replace(named, at=item.at, start=item.start)
            yield named
