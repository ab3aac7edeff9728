"""Where a coded output goes: the path that the engine is given, and the options of its muxer. Pure.

An address may hold secrets. A passphrase or stream id is an option of its own, since a path is
told in read-back and logs.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit

from reconciler.errors import UsageError
from reconciler.sidecar.engine_port import WantedOutput

PLAYLIST = "index.m3u8"  # as the embedded engine calls it
CONNECT_MS = 2000  # milliseconds that an SRT caller waits for an answer: less than it is given to
# open, for one that is removed before it gave up would take the far end from its successor
LISTEN_SECONDS = 15  # that an SRT listener waits; a removed one holds its port so long
_DATAGRAM = 7 * 188  # bytes; whole transport packets that fit any network
_MILLISECOND = 1000  # of SRT's latency, which counts microseconds
_PASSPHRASE = range(10, 80)  # characters, as SRT has it
_WORD = re.compile(r"\S+")  # anything else the engine would read as more options


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """A path, and options before those of the coding. FILE waits for a slow disk, STREAM drops."""

    path: str = field(repr=False)
    options: tuple[str, ...] = field(repr=False)
    is_file: bool = False
    overwrites: str = field(default="", repr=False)
    waits: bool = False


def destination(output: WantedOutput) -> Destination:
    """Read where `output` goes; raise `UsageError`, naming the output and not its address."""
    match output.type:
        case "udp":
            return _udp(output)
        case "srt":
            return _srt(output)
        case "rtmp":
            return _rtmp(output)
        case "file":
            path = _local(output)
            return Destination(
                path=path,
                options=("-format", "mpegts", "-flush_packets", "1"),  # else 256 KB are held back
                is_file=True,
                overwrites=path,
            )
        case "hls":
            return _hls(output, listed=8)
        case "preview":
            return _hls(output, listed=6)
        case _:
            raise UsageError(
                f"output {output.name}: expected udp, srt, rtmp, file, hls, decklink or ndi,"
                f" found {output.type!r}"
            )


def _udp(output: WantedOutput) -> Destination:
    parts = _address(output, "udp")
    known = {**dict(parse_qsl(parts.query)), "pkt_size": str(_DATAGRAM)}
    for option, name in (("ttl", "ttl"), ("interface", "localaddr")):
        if option in output.options:
            known[name] = _word(output, option)
    return Destination(
        path=f"udp://{_host(parts)}?{urlencode(known, safe=':')}", options=("-format", "mpegts")
    )


def _srt(output: WantedOutput) -> Destination:
    parts = _address(output, "srt")
    given = dict(parse_qsl(parts.query))
    known: Mapping[str, object] = {**given, **output.options}
    mode = str(known.get("mode", "caller"))
    if mode not in {"caller", "listener"}:
        raise UsageError(f"output {output.name}: mode: expected caller or listener, found {mode!r}")
    waits = mode == "listener"
    patience = (
        ("-listen_timeout", str(LISTEN_SECONDS * 1_000_000))
        if waits
        else ("-connect_timeout", str(CONNECT_MS))
    )
    return Destination(
        path=f"srt://{_host(parts)}?mode={mode}",
        options=(
            *("-format", "mpegts", "-latency", _latency(output, given), *patience),
            *_secrets(output, known),
        ),
        waits=waits,
    )


def _latency(output: WantedOutput, given: Mapping[str, str]) -> str:
    if "latency_ms" not in output.options:
        return given.get("latency", str(120 * _MILLISECOND))  # an address has microseconds already
    latency = str(output.options["latency_ms"])
    if not (latency.isascii() and latency.isdigit()):
        raise UsageError(
            f"output {output.name}: latency_ms: expected whole milliseconds, found {latency!r}"
        )
    return str(int(latency) * _MILLISECOND)


def _secrets(output: WantedOutput, known: Mapping[str, object]) -> tuple[str, ...]:
    passphrase = _secret(output, known, "passphrase")
    if passphrase and len(passphrase) not in _PASSPHRASE:
        raise UsageError(f"output {output.name}: passphrase: expected 10 to 79 characters")
    stream = _secret(output, known, "streamid")
    return (
        *(("-passphrase", passphrase, "-enforced_encryption", "1") if passphrase else ()),
        *(("-srt_streamid", stream) if stream else ()),
    )


def _secret(output: WantedOutput, known: Mapping[str, object], option: str) -> str:
    value = str(known.get(option) or "")
    if value and (_WORD.fullmatch(value) is None or not value.isprintable()):
        raise UsageError(f"output {output.name}: {option}: expected no blanks in it")
    return value


def _rtmp(output: WantedOutput) -> Destination:
    parts = urlsplit(output.url)
    if parts.scheme not in {"rtmp", "rtmps"} or not parts.hostname or not _printable(output.url):
        raise UsageError(f"output {output.name}: expected an address rtmp://host/application/key")
    return Destination(path=output.url, options=("-format", "flv"))


def _hls(output: WantedOutput, *, listed: int) -> Destination:
    # Numbered by the clock, so that a list begun again goes on counting upwards.
    return Destination(
        path=posixpath.join(_local(output), PLAYLIST),
        options=(
            *("-format", "hls", "-hls_time", "2", "-hls_list_size", str(listed)),
            *("-hls_flags", "delete_segments+program_date_time"),
            *("-hls_start_number_source", "epoch"),
        ),
    )


def _local(output: WantedOutput) -> str:
    """An absolute path; relative ones land partly in the media folder, partly nowhere."""
    parts = urlsplit(output.url)
    path = unquote(parts.path) if parts.scheme == "file" else output.url
    if not path.startswith("/") or not path.isprintable() or ":" in path:
        raise UsageError(
            f"output {output.name}: expected an absolute path without colons, found {path!r}"
        )
    return posixpath.normpath(path)


def _address(output: WantedOutput, scheme: str) -> SplitResult:
    parts = urlsplit(output.url)
    try:
        sound = parts.scheme == scheme and parts.port is not None and _printable(output.url)
    except ValueError:
        sound = False
    if not sound:
        raise UsageError(f"output {output.name}: expected an address {scheme}://host:port")
    return parts


def _host(parts: SplitResult) -> str:
    name = parts.hostname or ""
    return f"[{name}]:{parts.port}" if ":" in name else f"{name}:{parts.port}"


def _word(output: WantedOutput, option: str) -> str:
    value = str(output.options[option])
    if _WORD.fullmatch(value) is None or not value.isprintable():
        raise UsageError(f"output {output.name}: {option}: expected one word, found {value!r}")
    return value


def _printable(url: str) -> bool:
    return url.isprintable() and _WORD.fullmatch(url) is not None
