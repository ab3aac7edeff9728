"""Speak to sidecars over HTTP: kept connections, deadlines, their JSON as our readings."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, TypeVar, assert_never
from urllib.parse import quote

from reconciler.adapters.http_lines import Answer, Ask, LineError, Lines
from reconciler.errors import AdapterError, Rejected, Unreachable, UsageError
from reconciler.model.ids import ChannelName, EventId, OutputName
from reconciler.model.observed import OnAirSeen, OutputSeen, SidecarAnswer, SidecarSeen
from reconciler.model.records import AsRunRow
from reconciler.model.rundown import Rundown
from reconciler.model.seams import Hush, Join, Seal, SeamStep
from reconciler.ports import Grant
from reconciler.rundown.wire import from_wire, to_wire

STATUS_WITHIN = 1.0  # seconds; a look at hundreds of sidecars must not wait for one
HUSH_WITHIN = 5.0  # until a seam, until all before it has left, and a busy machine
ACT_WITHIN = 3.0  # an act answers within half a second; a busy machine a little later
LOAD_WITHIN = 10.0  # a rundown of a day is some megabytes, and is flushed to disk
TOKENS = 10_000  # sidecars whose tokens are remembered; more, and all are fetched anew

Json = Mapping[str, Any]
T = TypeVar("T")
_Call = tuple[SidecarSeen, str, str, Mapping[str, object] | None]


class SidecarHttp:
    """`SidecarClient` for every sidecar; `token_of` fetches a sidecar's bearer token once."""

    def __init__(self, token_of: Callable[[SidecarSeen], str]) -> None:
        self._token_of = token_of
        self._tokens: dict[tuple[str, str, int], str] = {}
        self._lines = Lines()

    def close(self) -> None:
        """Close every connection."""
        self._lines.close()

    def status(self, seen: SidecarSeen) -> SidecarAnswer:
        """What it says of itself."""
        return _status(seen, self.raw_status(seen))

    def statuses(self, seen: Sequence[SidecarSeen]) -> tuple[SidecarAnswer | AdapterError, ...]:
        """What each says of itself; all are asked before the first is read."""
        said = self._call_all([(one, "GET", "/status", None) for one in seen])
        return tuple(
            answer if isinstance(answer, AdapterError) else _caught(_status, one, answer)
            for one, answer in zip(seen, said, strict=True)
        )

    def raw_status(self, seen: SidecarSeen) -> Json:
        """The JSON of `GET /status`."""
        return self._call(seen, "GET", "/status")

    def held_rundown(self, seen: SidecarSeen) -> Rundown | None:
        """What the next compile goes on from, live acts included."""
        said = self._call(seen, "GET", "/rundown?held=1&reveal=1", within=LOAD_WITHIN)
        wire = said.get("rundown")
        if wire is None:
            return None
        try:
            return from_wire(wire)
        except (UsageError, KeyError, TypeError, ValueError) as error:
            raise Rejected(f"{_about(seen)}: its rundown cannot be read: {error!r}") from error

    def load_rundown(self, seen: SidecarSeen, rundown: Rundown, digest: str) -> None:
        """Hand it a rundown; idempotent by digest."""
        body = {"epoch": seen.epoch, "digest": digest, "rundown": to_wire(rundown, reveal=True)}
        self._call(seen, "PUT", "/rundown", body, within=LOAD_WITHIN)

    def grant(self, seen: SidecarSeen, ttl: timedelta | None, *, lift: int = 0) -> bool:
        """Tell it that its epoch may send; `lift` ends the hush of that number.

        The lease counts from the sidecar's own clock as read in the snapshot, which is older than
        the grant in the database; without one it counts from when the sidecar hears of it.
        """
        body = _lease(seen, ttl) | ({"lift": lift} if lift else {})
        return _counts(self._call(seen, "POST", "/lease", body))

    def grants(self, leases: Sequence[Grant]) -> tuple[AdapterError | bool, ...]:
        """Tell each, as `grant` does; all are told before the first is heard."""
        said = self._call_all([(one, "POST", "/lease", _lease(one, ttl)) for one, ttl in leases])
        return tuple(one if isinstance(one, AdapterError) else _counts(one) for one in said)

    def turn(self, seen: SidecarSeen, step: SeamStep) -> int:
        """One step of a hand-over; gives the number of a hush."""
        match step:
            case Join(seam):
                self._call(seen, "POST", "/lease/join", {"seam": seam})
            case Seal(number):
                self._call(seen, "POST", "/lease/seal", {"number": number})
            case Hush(seam):
                body = {"seam": seam}
                said = self._call(seen, "POST", "/lease/hush", body, within=HUSH_WITHIN)
                return int(said["number"])
            case _:
                assert_never(step)
        return 0

    def silence(self, seen: SidecarSeen, higher_epoch: int) -> None:
        """Tell it of its successor."""
        self._call(seen, "POST", "/lease", {"epoch": higher_epoch, "ttl_ms": None})

    def set_outputs(self, seen: SidecarSeen, outputs: Sequence[Mapping[str, object]]) -> None:
        """Replace the wanted outputs."""
        body = {"outputs": [dict(output) for output in outputs]}
        self._call(seen, "PUT", "/outputs", body, within=ACT_WITHIN)

    def transport(self, seen: SidecarSeen, act: str, body: Mapping[str, object]) -> Json:
        """Perform a live act."""
        path = "/channel/stop" if act == "stop" else f"/transport/{act}"
        return self._call(seen, "POST", path, body, within=ACT_WITHIN)

    def load_playlist(self, seen: SidecarSeen, body: Mapping[str, object]) -> Json:
        """Play the older list now."""
        return self._call(seen, "POST", "/playlist/load", body, within=LOAD_WITHIN)

    def asrun(self, seen: SidecarSeen, limit: int) -> tuple[AsRunRow, ...]:
        """Waiting rows of its spool, oldest first."""
        said = self._call(seen, "GET", f"/asrun?after=0&limit={limit}", within=ACT_WITHIN)
        try:
            return tuple(_row(said, row) for row in said["rows"])
        except (KeyError, TypeError, ValueError) as error:
            raise Rejected(f"{_about(seen)}: its as-run cannot be read: {error!r}") from error

    def acknowledge(self, seen: SidecarSeen, seq: int) -> None:
        """Rows up to `seq` are stored."""
        self._call(seen, "POST", "/asrun/ack", {"seq": seq}, within=ACT_WITHIN)

    def preview(self, seen: SidecarSeen, name: str) -> bytes | None:
        """One file of its HLS preview; None where there is no such file."""
        path = f"/preview/{quote(name)}"
        answer = self._ask(seen, "GET", path, None, within=ACT_WITHIN)
        if isinstance(answer, Answer) and answer.status == HTTPStatus.NOT_FOUND:
            return None
        what = _what(seen, "GET", path)
        heard = _heard(what, answer)
        if not heard.is_success:
            _read(what, heard)
        return heard.content

    def _call(
        self,
        seen: SidecarSeen,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        *,
        within: float = STATUS_WITHIN,
    ) -> Json:
        answer = self._ask(seen, method, path, body, within=within)
        return _read(_what(seen, method, path), answer)

    def _call_all(self, calls: Sequence[_Call]) -> list[Json | AdapterError]:
        """Make calls side by side; they share one deadline."""
        asks = [_caught(self._asking, *call) for call in calls]
        able = [one for one in asks if isinstance(one, Ask)]
        answers = iter(self._lines.ask_all(able, STATUS_WITHIN))
        return [
            _caught(_read, _what(*call[:3]), next(answers)) if isinstance(one, Ask) else one
            for call, one in zip(calls, asks, strict=True)
        ]

    def _ask(
        self,
        seen: SidecarSeen,
        method: str,
        path: str,
        body: Mapping[str, object] | None,
        *,
        within: float,
    ) -> Answer | LineError:
        (answer,) = self._lines.ask_all([self._asking(seen, method, path, body)], within)
        return answer

    def _asking(
        self, seen: SidecarSeen, method: str, path: str, body: Mapping[str, object] | None
    ) -> Ask:
        if not seen.url:
            what = _what(seen, method, path)
            raise Unreachable(f"{what}: it has not told where it answers", system="sidecar")
        headers = {"Authorization": f"Bearer {self._token(seen)}"}
        content: bytes | None = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        return Ask(method=method, url=seen.url + path, headers=headers, body=content)

    def _token(self, seen: SidecarSeen) -> str:
        key = (seen.handle, seen.channel, seen.epoch)
        if key not in self._tokens:
            if len(self._tokens) > TOKENS:
                self._tokens.clear()
            self._tokens[key] = self._token_of(seen)
        return self._tokens[key]


def _caught(act: Callable[..., T], *values: object) -> T | AdapterError:
    try:
        return act(*values)
    except AdapterError as error:
        return error


def _heard(what: str, answer: Answer | LineError) -> Answer:
    if isinstance(answer, LineError):
        raise Unreachable(f"{what}: {answer}", system="sidecar", attempt=what) from answer
    return answer


def _read(what: str, answer: Answer | LineError) -> Json:
    heard = _heard(what, answer)
    try:
        said = json.loads(heard.content)
    except ValueError as error:
        raise Rejected(f"{what}: answered {heard.status} without JSON") from error
    if not isinstance(said, dict):
        raise Rejected(f"{what}: expected a JSON object, found {type(said).__name__}")
    if heard.is_success:
        return said
    why = f"{what}: {said.get('error', heard.status)}"
    if heard.is_server_error:
        raise Unreachable(why, system="sidecar", attempt=str(heard.status))
    raise Rejected(why, system="sidecar", attempt=str(heard.status))


def _status(seen: SidecarSeen, said: Json) -> SidecarAnswer:
    try:
        return read_answer(said)
    except (KeyError, TypeError, ValueError) as error:
        raise Rejected(f"{_about(seen)}: its status cannot be read: {error!r}") from error


def read_answer(said: Json) -> SidecarAnswer:
    """Read the JSON of `GET /status`; raises `KeyError`, `TypeError` or `ValueError`."""
    engine, rundown, lease = said["engine"], said["rundown"], said["lease"]
    left = lease["left_ms"]
    return SidecarAnswer(
        tick=int(said["tick"]),
        engine=str(engine["state"]),
        ready=bool(said["ready"]),
        sending=bool(said["sending"]),
        on_air=_on_air(said["on_air"]),
        transport=str(said["transport"]),
        rundown_digest=str(rundown["digest"]),
        rundown_commit=str(rundown["commit"]),
        rundown_until=int(rundown["until"]),
        acts_seq=int(rundown["acts_seq"]),
        outputs=tuple(_output(output) for output in said["outputs"]),
        asrun_waiting=int(said["asrun"]["waiting"]),
        lease_epoch=int(lease["epoch"]),
        lease_left=None if left is None else timedelta(milliseconds=left),
        faults=tuple(str(fault) for fault in said["faults"]),
        late_frames=int(engine["late_frames"]),
        dropped_frames=int(engine["dropped_frames"]),
        engine_restarts=int(engine["restarts"]),
        clock_ms=int(said["clock_ms"]),
        format=str(said.get("format", "")),
        seams=bool(engine.get("capabilities", {}).get("seams")),  # it may be older than we are
        hush=int(lease.get("hush", 0)),
        sent_until=engine.get("sent_until"),
        keeps_from=engine.get("keeps_from"),
    )


def _on_air(said: Json | None) -> OnAirSeen | None:
    if said is None or said.get("kind") == "slate":
        return None
    return OnAirSeen(
        event=EventId(str(said["event"])),
        title=str(said["title"]),
        start=int(said["start"]),
        frames=int(said["frames"]),
        source_frame=int(said["source_frame"]),
        moving=bool(said["moving"]),
    )


def _output(said: Json) -> OutputSeen:
    return OutputSeen(
        name=OutputName(str(said["name"])),
        digest=str(said["digest"]),
        state=str(said["state"]),
        error=str(said["error"]),
    )


def _row(said: Json, row: Json) -> AsRunRow:
    ended = row["ended_at"]
    values = {
        **row,
        "spool": str(said["spool"]),
        "channel": ChannelName(str(said["channel"])),
        "epoch": int(said["epoch"]),
        "started_at": datetime.fromisoformat(row["started_at"]),
        "ended_at": None if ended is None else datetime.fromisoformat(ended),
    }
    return AsRunRow(**values)


def _ms(ttl: timedelta | None) -> int | None:
    return None if ttl is None else round(ttl.total_seconds() * 1000)


def _lease(seen: SidecarSeen, ttl: timedelta | None) -> dict[str, object]:
    body: dict[str, object] = {"epoch": seen.epoch, "ttl_ms": _ms(ttl)}
    if seen.answer is not None and seen.answer.clock_ms:
        body["clock_ms"] = seen.answer.clock_ms
    return body


def _counts(said: Json) -> bool:
    """Whether it goes by this grant alone; one that is older than we are does not tell."""
    return said.get("counts") is True


def _what(seen: SidecarSeen, method: str, path: str) -> str:
    return f"{_about(seen)}: {method} {path.partition('?')[0]}"


def _about(seen: SidecarSeen) -> str:
    return f"{seen.node}: {seen.channel} epoch {seen.epoch}"
