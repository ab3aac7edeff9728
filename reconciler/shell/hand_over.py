"""Hand a channel over from one sender to the next: no frame is missing, and none comes twice.

1. The successor keeps what it shows from a frame on, the seam; it sends nothing.
2. The old one falls silent before that frame, and says so once it was read back.
3. The old one is sealed: silent until told otherwise, through its own death too.
4. The database moves the right to send.
5. The successor is told, and begins with the frame that it kept; this is read back.

Never two senders: the right moves only past a sealed silence, and what was silenced sends again
only by word of one who found, after that, that the right had not moved. Never none for long: killed
before 3, the old one goes on by itself within a second; after it, the next pass goes on from what
it finds, forward while the successor is ready, else back (`plan.replacing`). Forward is at once
then: the seam has been agreed on, and what lies behind it is kept for some seconds.
"""

from __future__ import annotations

import contextlib
import logging
import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction

from reconciler.errors import AdapterError, Rejected, Unreachable
from reconciler.model.desired import DesiredChannel, StreamOutput
from reconciler.model.observed import SidecarAnswer, SidecarSeen
from reconciler.model.seams import Hush, Join, Seal
from reconciler.model.video import VideoFormat
from reconciler.shell.world import World

log = logging.getLogger(__name__)

LEADS = (Fraction(1, 2), Fraction(3, 2))  # seconds until the seam: a busy machine gets more time
_CONNECTED = frozenset({"srt", "rtmp"})  # left as soon as there is a seam; that takes a second
MOVES = 3  # tries to move the right while the database does not answer
_PAUSE = 0.2  # seconds between them
_READ_BACK = 40  # looks at whether the successor sends,
_LOOK = 0.05  # so many seconds apart


@dataclass(frozen=True, slots=True, kw_only=True)
class Parties:
    """Who hands over to whom, each as it answered last; `fence` is how long the lease lasts."""

    old: SidecarSeen
    new: SidecarSeen
    fence: timedelta | None
    leads: tuple[Fraction, ...] = LEADS


def hand_over(world: World, old: SidecarSeen, new: SidecarSeen, channel: DesiredChannel) -> None:
    """Hand over from `old` to `new`; raises `AdapterError` where `old` sends on, or may have to."""
    fence = channel.failover.fence
    leads = _leads(channel)
    parties = Parties(old=_asked(world, old), new=_asked(world, new), fence=fence, leads=leads)
    world.store.renew_leases({old.channel: (old.epoch, fence)})  # the database must be there
    number = _fall_silent(world, parties)
    try:
        ready = replace(parties, new=_ready(_asked(world, new)))
        world.sidecars.turn(parties.old, Seal(number))
        _tell(parties.old, "sealed")
    except AdapterError:
        _go_back(world, parties, number)
        raise
    until = _move_right(world, ready, number)
    _tell(new, "moved")
    if world.sidecars.grant(ready.new, fence):
        world.store.confirm_leases({new.channel: (new.epoch, until)})
    _tell(new, "granted")
    _read_back(world, new)


def _leads(channel: DesiredChannel) -> tuple[Fraction, ...]:
    """Whoever needs no connection shall not wait for one to be left: it goes on meanwhile."""
    types = {o.type for o in channel.outputs if isinstance(o, StreamOutput)}
    return LEADS[-1:] if types & _CONNECTED and types - _CONNECTED else LEADS


def _fall_silent(world: World, parties: Parties) -> int:
    """Agree on a seam that both can keep; gives the number of the old one's hush.

    One that is sealed by somebody who came no further gets a number of ours, and no other seam.
    """
    if _is_agreed(parties):
        soon = _frame(parties.old, _instant(parties.old) + LEADS[0])
        return world.sidecars.turn(parties.old, Hush(soon))
    for lead in parties.leads[:-1]:
        try:
            return _agree(world, parties, lead)
        except Rejected as error:
            log.info("hand over channel=%s: %s", parties.old.channel, error)
    parties = replace(parties, old=_asked(world, parties.old), new=_asked(world, parties.new))
    return _agree(world, parties, parties.leads[-1])


def _is_agreed(parties: Parties) -> bool:
    """Whether the old one is silent for good, and nothing of it is kept by the successor."""
    old, new = _answer(parties.old), _answer(parties.new)
    if not old.hush or new.keeps_from is None:
        return old.hush > 0
    if old.sent_until is None:
        return False
    kept_from = Fraction(new.keeps_from) / _rate(parties.new)
    return kept_from >= Fraction(old.sent_until) / _rate(parties.old)


def _agree(world: World, parties: Parties, lead: Fraction) -> int:
    old, new = parties.old, parties.new
    seam = max(_instant(old), _instant(new)) + lead
    world.sidecars.turn(new, Join(_frame(new, seam)))
    _tell(new, "joins")
    number = world.sidecars.turn(old, Hush(_frame(old, seam)))
    _tell(old, "silent")
    return number


def _move_right(world: World, parties: Parties, number: int) -> datetime:
    """Move it, or find that it cannot be moved; not knowing which, leave all silent.

    What is not known is found by the next pass: the old one may send again only once it is certain
    that its right has not moved.
    """
    for _ in range(MOVES - 1):
        with contextlib.suppress(Unreachable):
            return _move_once(world, parties, number)
        world.pause(_PAUSE)
    return _move_once(world, parties, number)


def _move_once(world: World, parties: Parties, number: int) -> datetime:
    old, new = parties.old, parties.new
    try:
        return world.store.grant(new.channel, new.epoch, parties.fence, instead_of=old.epoch)
    except Unreachable:
        raise
    except AdapterError:
        _go_back(world, parties, number)
        raise


def _go_back(world: World, parties: Parties, number: int) -> None:
    """Let the old one send again, since the right is still its own; else the next pass judges."""
    old, fence = parties.old, parties.fence
    try:
        if old.channel in world.store.renew_leases({old.channel: (old.epoch, fence)}):
            world.sidecars.grant(_asked(world, old), fence, lift=number)
            _tell(old, "back")
    except AdapterError as error:
        log.warning(
            "hand over channel=%s: epoch %d stays silent: %s", old.channel, old.epoch, error
        )


def _read_back(world: World, new: SidecarSeen) -> None:
    for _ in range(_READ_BACK):
        if _answer(_asked(world, new)).sending:
            _tell(new, "sending")
            return
        world.pause(_LOOK)
    raise Unreachable(
        f"{new.node}: {new.channel}: epoch {new.epoch} has the right to send, and was not read back"
        " as sending yet; the next pass looks again"
    )


def _asked(world: World, seen: SidecarSeen) -> SidecarSeen:
    return replace(seen, answer=world.sidecars.status(seen))


def _ready(new: SidecarSeen) -> SidecarSeen:
    if not _answer(new).ready:
        raise Rejected(f"{new.node}: {new.channel}: epoch {new.epoch} is not ready any more")
    return new


def _answer(seen: SidecarSeen) -> SidecarAnswer:
    if seen.answer is None:
        raise Unreachable(f"{seen.node}: {seen.channel}: epoch {seen.epoch} did not answer")
    return seen.answer


def _instant(seen: SidecarSeen) -> Fraction:
    """Where it stands on the grid of all formats, in seconds."""
    return _answer(seen).tick / _rate(seen)


def _frame(seen: SidecarSeen, seam: Fraction) -> int:
    return math.ceil(seam * _rate(seen))


def _rate(seen: SidecarSeen) -> Fraction:
    return VideoFormat.parse(_answer(seen).format).rate


def _tell(seen: SidecarSeen, step: str) -> None:
    """One line for each step: whoever reads the log finds how far it came."""
    log.info(
        "hand over channel=%s node=%s epoch=%d step=%s", seen.channel, seen.node, seen.epoch, step
    )
