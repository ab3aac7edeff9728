"""What spans playlists: their assets, their live sources, and their timecodes at each rate.

All of it is judged by summaries; only a playlist that turns out to be wrong is read again to find
the items at fault.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from reconciler.lineup.assets import Findable
from reconciler.lineup.files import AssetFile, ChannelFile, LineupFile
from reconciler.lineup.findings import Finding, Path, Step, expected, nearest
from reconciler.lineup.inventory import Inventory
from reconciler.lineup.kinds import Kind
from reconciler.lineup.merge import Merged, merge
from reconciler.lineup.playlist_file import AssetPart, BreakEntry, LiveEntry, PlaylistFile
from reconciler.lineup.playlists import Summary, shape
from reconciler.lineup.reading import Files, playlist_of
from reconciler.lineup.rules import Found
from reconciler.model.spans import parse_span
from reconciler.model.video import VideoFormat, parse_timecode


@dataclass(frozen=True, kw_only=True)
class Known:
    """What a lineup declares, as far as it could be read; None: could not."""

    files: Files
    lineup: LineupFile | None
    findable: Findable
    inventory: Inventory | None
    _merged: dict[str, Merged] = field(default_factory=dict)

    def merged(self, name: str) -> Merged:
        """A channel of a usable file with its defaults filled in; worked out once."""
        if name not in self._merged:
            lineup = self.lineup if self.lineup is not None else LineupFile(version=1)
            self._merged[name] = merge(self.files.channels[name].value, lineup)
        return self._merged[name]

    @staticmethod
    def of(files: Files) -> Known:
        """What these files declare."""
        lineup: LineupFile | None = files.value(Kind.LINEUP)
        nodes = files.value(Kind.NODES)
        media = lineup.media if lineup is not None else ()
        return Known(
            files=files,
            lineup=lineup,
            findable=Findable(files.value(Kind.ASSETS) or {}, media),
            inventory=None if nodes is None or _lost_names(files, nodes) else Inventory(nodes),
        )

    @property
    def knows_assets(self) -> bool:
        """Whether assets can be judged: both files that name them could be read."""
        media = self.files.single.get(Kind.LINEUP)
        return not (
            self.lineup is None
            or media is None
            or media.broken("media")
            or self.unsure(Kind.ASSETS)
        )

    def unsure(self, kind: Kind, *start: Step) -> bool:
        """Whether more may be meant below `start` of a file than could be read."""
        loaded = self.files.single.get(kind)
        return loaded is not None and (loaded.value is None or loaded.broken(*start))


def _lost_names(files: Files, names: Collection[str]) -> bool:
    """Whether a node was so faulty that it is not among the usable ones."""
    findings = files.single[Kind.NODES].typed.findings
    return any(each.path and each.path[0] not in names for each in findings)


def unfindable(known: Known, asset: str, path: Path) -> Found:
    """Tell of an asset that cannot be found."""
    if known.knows_assets and asset not in known.findable:
        yield path, known.findable.problem(asset)


def broken_playlists(known: Known) -> Iterator[Finding]:
    """Find what is wrong with playlists as this lineup uses them."""
    files = known.files
    rates = _rates(known)
    for name, loaded in files.playlists.items():
        summary: Summary | None = loaded.value
        if summary is None:
            continue
        unlive = _unlive(known, summary)
        lost = _lost(known, summary)
        wrong = {
            rate: user for rate, user in rates.get(name, {}).items() if not fits(summary, rate)
        }
        if not (unlive or lost or wrong):
            continue
        typed = playlist_of(files, name)
        if typed.value is not None:
            for path, problem in _items(known, typed.value, (lost, unlive), wrong):
                yield Finding(loaded.path, typed.authored(path), problem)
    yield from _declared(known)


def _unlive(known: Known, summary: Summary) -> set[str]:
    if known.lineup is None or known.unsure(Kind.LINEUP, "live"):
        return set()
    return set(summary.lives) - set(known.lineup.live)


def _lost(known: Known, summary: Summary) -> set[str]:
    if known.findable.all or not known.knows_assets:
        return set()
    return set(known.findable.missing(summary.assets))


Rates = dict[Fraction, tuple[str, VideoFormat]]  # by rate: one channel that has it, and its format


def _rates(known: Known) -> dict[str, Rates]:
    """At which rates each playlist is played, and by which channel first."""
    rates: dict[str, Rates] = {}
    if known.lineup is None:
        return rates
    for name in sorted(known.files.channels):
        channel: ChannelFile | None = known.files.channels[name].value
        if channel is None:
            continue
        merged = known.merged(name)
        used = [layer.playlist for layer in channel.schedule]
        used += [merged.filler.playlist] if merged.filler else []
        for playlist in used:
            users = rates.setdefault(playlist, {})
            users.setdefault(merged.format.rate, (name, merged.format))
    return rates


def fits(summary: Summary, rate: Fraction) -> bool:
    """Whether every timecode of a playlist exists at `rate`; in doubt, no."""
    base = -(-rate.numerator // rate.denominator)
    return (
        summary.top_frame < base
        and not summary.mixed
        and all(_exists(label, rate) for label in summary.drop)
    )


def _exists(label: str, rate: Fraction) -> bool:
    try:
        parse_timecode(label, rate)
    except ValueError:
        return False
    return True


def _items(
    known: Known, playlist: PlaylistFile, unknown: tuple[set[str], set[str]], wrong: Rates
) -> Found:
    lost, unlive = unknown
    for index, entry in enumerate(playlist.items):
        path: Path = ("items", index)
        if isinstance(entry, BreakEntry):
            for number, part in enumerate(entry.break_):
                yield from _part(known, part, (*path, "break", number), lost, wrong)
        elif isinstance(entry, LiveEntry):
            if entry.live in unlive:
                yield from _live(known, entry, path)
            yield from _spans({"duration": entry.duration}, path, wrong)
        else:
            yield from _part(known, entry, path, lost, wrong)
        if not isinstance(entry, BreakEntry) and entry.transition is not None:
            duration = {"duration": entry.transition.duration}
            yield from _spans(duration, (*path, "transition"), wrong)


def _live(known: Known, entry: LiveEntry, path: Path) -> Found:
    hint = nearest(entry.live, known.lineup.live if known.lineup is not None else ())
    yield (*path, "live"), f"no live source '{entry.live}' under `live` in lineup.yaml{hint}"


def _part(known: Known, part: AssetPart, path: Path, lost: set[str], wrong: Rates) -> Found:
    if part.asset in lost:
        yield (*path, "asset"), known.findable.problem(part.asset)
    if part.alternate in lost:
        yield (*path, "alternate"), known.findable.problem(str(part.alternate))
    points = {"in": part.in_point, "out": part.out_point}
    bad = list(_spans(points, path, wrong))
    yield from bad
    if (
        not bad
        and part.in_point
        and part.out_point
        and shape(part.in_point) != shape(part.out_point)
    ):
        for rate, (channel, video) in wrong.items():
            start, end = (parse_span(each).frames(rate) for each in (part.in_point, part.out_point))
            if end <= start:
                yield (
                    (*path, "out"),
                    expected(
                        f"a point after `in` ('{part.in_point}') at the {video} of"
                        f" channel '{channel}'",
                        part.out_point,
                    ),
                )
                return


def _spans(points: Mapping[str, str | None], path: Path, wrong: Rates) -> Found:
    """Tell of timecodes that do not exist at some channel's rate; each once."""
    for key, text in points.items():
        for rate, (channel, video) in wrong.items():
            problem = _timecode_problem(text, rate)
            if problem:
                yield (*path, key), f"{problem}, at the {video} of channel '{channel}'"
                break


def _timecode_problem(text: str | None, rate: Fraction) -> str:
    if text is None or ":" not in text:
        return ""
    try:
        parse_timecode(text, rate)
    except ValueError as error:
        return str(error)
    return ""


def _declared(known: Known) -> Iterator[Finding]:
    """Judge the timecodes of assets.yaml at the rates of the channels that play these assets."""
    loaded = known.files.single.get(Kind.ASSETS)
    if loaded is None or loaded.value is None:
        return
    timed = {name: each for name, each in loaded.value.items() if _timecodes(each)}
    if not timed:
        return
    for name, rates in _asset_rates(known, set(timed)).items():
        points = _timecodes(timed[name])
        for path, problem in _spans(points, (name,), rates):
            yield loaded.finding(path, problem)


def _timecodes(asset: AssetFile) -> dict[str, str | None]:
    written = {"som": asset.som, "duration": asset.duration}
    return {key: text for key, text in written.items() if text is not None and ":" in text}


def _asset_rates(known: Known, wanted: set[str]) -> dict[str, Rates]:
    rates: dict[str, Rates] = {}
    for playlist, used in _rates(known).items():
        loaded = known.files.playlists.get(playlist)
        if loaded is not None and loaded.value is not None:
            for asset in wanted.intersection(loaded.value.assets):
                rates.setdefault(asset, {}).update(used)
    return rates
