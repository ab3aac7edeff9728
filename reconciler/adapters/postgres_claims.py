"""Who runs, sends and holds devices: epochs, claims and sending leases, race-free in SQL.

Each function works inside the caller's transaction, which has checked the leader's term where
the act decides something.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from reconciler.adapters.postgres_errors import SYSTEM
from reconciler.adapters.postgres_pool import Session
from reconciler.errors import Rejected
from reconciler.model.ids import ChannelName, NodeName, OutputName

WITHOUT_LIMIT_YEAR = 9999  # the year of a lease that never lapses


def begin_epoch(
    session: Session, channel: ChannelName, node: NodeName, epoch: int, *, restarts: bool
) -> None:
    """Take `epoch` for a sidecar about to be spawned; `Rejected` unless it is the newest."""
    _take_epoch(session, channel, node, epoch, values={"spawning": True, "restarts": int(restarts)})


def adopt_epoch(session: Session, channel: ChannelName, node: NodeName, epoch: int) -> None:
    """Take `epoch` for a sidecar found running; `Rejected` if a newer one is known."""
    _take_epoch(session, channel, node, epoch, values={"spawning": False, "restarts": 0})


def _take_epoch(
    session: Session,
    channel: ChannelName,
    node: NodeName,
    epoch: int,
    *,
    values: dict[str, object],
) -> None:
    highest = _hold_channel(session, channel, f"epoch {epoch}")
    taken = session.one("take_epoch", channel=channel, node=node, epoch=epoch, **values)
    if taken is None:
        raise _rejected(f"{channel}: epoch {epoch} is not the newest: {highest} was given out")
    session.do(
        "begin_sidecar", channel=channel, node=node, epoch=epoch, restarts=values["restarts"]
    )


def _hold_channel(session: Session, channel: ChannelName, what: str) -> int:
    row = session.one("hold_channel", channel=channel)
    if row is None:
        raise _rejected(f"{channel}: {what}: it has no row; write the channel first")
    return int(row[0])


def take_devices(
    session: Session,
    channel: ChannelName,
    node: NodeName,
    devices: Sequence[tuple[OutputName, int]],
    *,
    epoch: int | None = None,
) -> None:
    """Take every device for the channel, or raise `Rejected` with the holder's name.

    What the channel itself holds passes to the newer epoch (None: its newest). In the order of
    their numbers, so that two takers cannot wait for each other.
    """
    if epoch is None:
        epoch = _hold_channel(session, channel, "claim")
    for output, device in sorted(devices, key=lambda pair: pair[1]):
        place = {"node": node, "device": device}
        recorder = session.one("recording_on_device", **place)
        if recorder is not None:
            raise _held(channel, node, device, f"recorder {recorder[0]}")
        taken = session.one("take_device", channel=channel, output=output, epoch=epoch, **place)
        if taken is None:
            holder = session.one("holder_of_device", **place)
            raise _held(channel, node, device, f"{holder[0]} {holder[1]}" if holder else "another")


def _held(channel: ChannelName, node: NodeName, device: int, holder: str) -> Rejected:
    return _rejected(f"{channel}: device {device} of {node} is held by {holder}")


def renew_lease(
    session: Session, channel: ChannelName, epoch: int, ttl: timedelta | None
) -> datetime | None:
    """Prolong the lease if `epoch` has it; until when. Needs no leader: it lets nobody in."""
    row = session.one("renew_lease", channel=channel, epoch=epoch, ttl=ttl)
    until: datetime | None = None if row is None else row[0]
    return until


def take_lease(
    session: Session, channel: ChannelName, epoch: int, ttl: timedelta | None, *, instead_of: int
) -> datetime:
    """Let `epoch` send; until when. `Rejected` while another has it, or a newer one is known.

    `instead_of` is an epoch that was sealed silent: its lease, though it runs, passes to `epoch`.
    """
    highest = _hold_channel(session, channel, "lease")
    if epoch != highest:
        raise _rejected(f"{channel}: epoch {epoch} may not send: {highest} is the newest")
    values = {"channel": channel, "epoch": epoch, "ttl": ttl, "instead_of": instead_of}
    taken = session.one("take_lease", **values)
    if taken is None:
        sending, ends = session.one("lease_of", channel=channel) or (0, None)
        raise _rejected(
            f"{channel}: epoch {epoch} may not send yet: epoch {sending} may {_until(ends)}"
        )
    until: datetime = taken[0]
    return until


def _until(expires_at: datetime | None) -> str:
    if expires_at is None or expires_at.year >= WITHOUT_LIMIT_YEAR:
        return "without limit, until it is known to be gone"
    return f"until {expires_at:%H:%M:%S} UTC"


def _rejected(text: str) -> Rejected:
    return Rejected(f"{SYSTEM}: {text}", system=SYSTEM, attempt=text)
