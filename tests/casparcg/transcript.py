"""The recordings of a real CasparCG, taken apart: what was sent, what came back, what was noted.

`>>` lines are bytes sent, `<<` bytes received, `--` notes. A line shows its own CR and LF as signs
at its end; `+N ms` is from sending to the first byte of the reply.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "transcripts"
_STAMPED = re.compile(
    r"\[\s*(?P<at>\d+\.\d+)\] (?P<sign>>>|<<|--) ?(?:\(\+(?P<ms>[\d.]+) ms\) )?(?P<text>.*)"
)
_RUN = re.compile(
    r" +out +(?P<out>\d+)\.\. *\d+ \( *(?P<count>\d+)\) (?P<what>black|mix|clip\d+)"
    r"(?: frames (?P<first>\d+)\.\.(?P<last>\d+))?"
)
_MORE = re.compile(r" {11}(?P<sign>>>|<<) ?(?P<text>.*)")


@dataclass(kw_only=True)
class Exchange:
    """One piece sent and what came back for it; `reply` is empty when nothing did."""

    line: int
    at: float
    sent: bytes
    latency: float = 0.0
    reply: bytes = b""


@dataclass(frozen=True, kw_only=True)
class Note:
    line: int
    at: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Recording:
    """What a FILE or HLS consumer recorded, read back from the frame numbers in its pictures."""

    line: int
    at: float
    runs: list[tuple[str, int, int]]


Event = Exchange | Note | Recording


def read(path: Path) -> list[Event]:
    """Everything that happened, in order."""
    events: list[Event] = []
    last: Exchange | None = None
    for number, raw in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1):
        run = _RUN.match(raw)
        if run is not None:
            _record(events, number, run)
            continue
        stamped, more = _STAMPED.fullmatch(raw), _MORE.fullmatch(raw)
        if stamped is None and (more is None or last is None):
            continue
        if stamped is not None and stamped["sign"] == "--":
            events.append(Note(line=number, at=float(stamped["at"]), text=stamped["text"]))
            if stamped["text"].startswith("no reply"):
                last = None
        elif stamped is not None and stamped["sign"] == ">>":
            last = Exchange(line=number, at=float(stamped["at"]), sent=_bytes(stamped["text"]))
            if stamped["text"] != "(nothing)":
                events.append(last)
        elif stamped is not None:
            last = _answered(events, last, number, float(stamped["at"]))
            last.latency = float(stamped["ms"] or 0) / 1000
            last.reply += _bytes(stamped["text"])
        elif more is not None and last is not None:
            _add(last, more["sign"], _bytes(more["text"]))
    return events


def _record(events: list[Event], number: int, run: re.Match[str]) -> None:
    if not events or not isinstance(events[-1], Recording):
        events.append(Recording(line=number, at=events[-1].at if events else 0.0, runs=[]))
    last = events[-1]
    stale = run["out"] == "0" and run["count"] == "1" and run["what"] != "black"
    if isinstance(last, Recording) and not stale:
        last.runs.append((run["what"], int(run["first"] or 0), int(run["last"] or 0)))


def _answered(events: list[Event], last: Exchange | None, number: int, at: float) -> Exchange:
    """The exchange that a reply belongs to: a late one, of its own, if the last already has one."""
    if last is not None and not last.reply:
        return last
    late = Exchange(line=number, at=at, sent=b"")
    events.append(late)
    return late


def _add(exchange: Exchange, sign: str, data: bytes) -> None:
    if sign == ">>":
        exchange.sent += data
    else:
        exchange.reply += data


def _bytes(text: str) -> bytes:
    """The bytes that a display line stands for."""
    for shown, meant in (("\\r\\n", "\r\n"), ("\\n", "\n"), ("", "")):
        if text.endswith(shown):
            text = text.removesuffix(shown) + meant
            break
    if "\u00ff\u00fe" in text:  # these two were sent as single bytes, not as UTF-8
        return text.encode("latin-1")
    return text.replace("\\x00", "\0").encode()
