"""Turns the rows of one reading into `DatabaseSeen`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reconciler.model.findings import Findings
from reconciler.model.ids import AssetId, ChannelName, NodeName, OutputName, RecorderName
from reconciler.model.observed import (
    AlarmSeen,
    ChannelRow,
    ClaimSeen,
    DatabaseSeen,
    OverrideSeen,
    RecorderSeen,
    RestageSeen,
)

READINGS = (
    "read_channels",
    "read_nodes",
    "read_recorders",
    "read_claims",
    "read_overrides",
    "read_alarms",
    "read_restages",
    "read_changes",
)

Rows = Sequence[tuple[Any, ...]]


def database_seen(
    rows: Sequence[Rows], stored_names: Mapping[AssetId, str], findings: Mapping[str, Findings]
) -> DatabaseSeen:
    """Name what `READINGS` gave, all but its last (the numbers of the last changes)."""
    channels, nodes, recorders, claims, overrides, alarms, restages = rows
    return DatabaseSeen(
        channels={row[0]: _channel(row) for row in channels},
        nodes={NodeName(name): digest for name, digest in nodes},
        recorders={row[0]: _recorder(row) for row in recorders},
        claims=tuple(_claim(row) for row in claims),
        overrides=tuple(_override(row) for row in overrides),
        alarms=tuple(_alarm(row) for row in alarms),
        restages=tuple(_restage(row) for row in restages),
        stored_names=stored_names,
        findings=findings,
    )


def _channel(row: tuple[Any, ...]) -> ChannelRow:
    return ChannelRow(
        channel=ChannelName(row[0]),
        digest=row[1],
        status=row[2],
        node=None if row[3] is None else NodeName(row[3]),
        epoch=row[4],
        sending_epoch=row[5],
        restart_count=row[6],
        recent_restarts=row[7],
        last_restart_at=row[8],
        error_message=row[9],
        rundown_digest=row[10],
        rundown_until=row[11],
        rundown_acts_seq=row[12],
        rundown_inputs=row[13],
        lease_expires_at=row[14],
    )


def _recorder(row: tuple[Any, ...]) -> RecorderSeen:
    name, node, device, recording, sdi = row
    return RecorderSeen(
        name=RecorderName(name),
        node=NodeName(node),
        device=device,
        recording=bool(recording),
        sdi=bool(sdi),
    )


def _claim(row: tuple[Any, ...]) -> ClaimSeen:
    node, device, kind, owner, output = row
    return ClaimSeen(
        node=NodeName(node),
        device=device,
        owner_kind=kind,
        owner=owner,
        output=None if output is None else OutputName(output),
    )


def _override(row: tuple[Any, ...]) -> OverrideSeen:
    number, channel, kind, value, owner, reason, expires_at = row
    return OverrideSeen(
        id=number,
        channel=ChannelName(channel),
        kind=kind,
        value=value,
        owner=owner,
        reason=reason,
        expires_at=expires_at,
    )


def _alarm(row: tuple[Any, ...]) -> AlarmSeen:
    channel, key, text, since = row
    return AlarmSeen(channel=ChannelName(channel), key=key, text=text, since=since)


def _restage(row: tuple[Any, ...]) -> RestageSeen:
    number, asset, node, who, asked_at = row
    return RestageSeen(
        id=number, asset=AssetId(asset), node=NodeName(node), who=who, asked_at=asked_at
    )
