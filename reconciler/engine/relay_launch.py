"""What a relay child is told, and which parts of it nobody else may read.

Turns an output into the child's instructions. Secrets are the passphrase, the stream id, a login in
the address, and everything behind the application's name of an RTMP address.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, urlsplit

import imageio_ffmpeg

CONNECT_MS = 3000  # libsrt's own default; a shorter one misses far ends behind long lines
_HIDDEN = "***"
_SHORTEST, _LONGEST = 10, 64  # bytes of a passphrase that every libsrt accepts
_MILLISECOND = 1000  # ffmpeg counts SRT latency in microseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """How to start the child of one output; `order` goes to its standard input, not to argv."""

    address: str
    order: Mapping[str, object] = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    framed: bool
    waits_for_caller: bool

    def redact(self, text: str) -> str:
        """`text` with every secret hidden."""
        for secret in self.secrets:
            text = text.replace(secret, _HIDDEN)
        return text


def make_launch(kind: str, url: str, options: Mapping[str, object]) -> Launch:
    """Describe the child for one output; raise `ValueError` for what cannot be meant."""
    if kind == "srt":
        return _srt(url, options)
    if kind == "rtmp":
        return _rtmp(url)
    raise ValueError(f"expected an output of type srt or rtmp, found {kind!r}")


def receive_srt(url: str) -> Launch:
    """Describe the child that receives `url` and writes its bytes to standard output."""
    srt = _Srt.parse(url, {})
    argv = [
        *(imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-nostdin", "-nostats"),
        # It says only at this level when it has read its arguments and they can be hidden.
        *("-loglevel", "debug", "-f", "data", "-raw_packet_size", "1316"),
        *(*srt.arguments(), "-i", srt.address),
        *("-map", "0:0", "-c", "copy", "-f", "data", "-flush_packets", "1", "pipe:1"),
    ]
    return srt.launch(argv)


def _srt(url: str, options: Mapping[str, object]) -> Launch:
    srt = _Srt.parse(url, options)
    argv = [
        *(imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-nostdin", "-nostats"),
        *("-loglevel", "info", "-blocksize", "1316", "-f", "data", "-raw_packet_size", "1316"),
        *("-i", "pipe:0", "-map", "0:0", "-c", "copy", "-f", "data", "-flush_packets", "1"),
        *("-pkt_size", "1316", *srt.arguments(), srt.address),
    ]
    return srt.launch(argv)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Srt:
    """One end of an SRT connection; options win over what the address says."""

    address: str
    is_caller: bool
    latency: int  # microseconds
    passphrase: str = field(repr=False)
    stream: str = field(repr=False)

    @staticmethod
    def parse(url: str, options: Mapping[str, object]) -> _Srt:
        parts = urlsplit(url)
        if parts.scheme != "srt" or parts.port is None:
            raise ValueError("expected an address srt://host:port")
        known: dict[str, object] = {**dict(parse_qsl(parts.query)), **options}
        mode = str(known.get("mode", "caller"))
        if mode not in ("caller", "listener"):
            raise ValueError(f"expected mode caller or listener, found {mode!r}")
        passphrase = str(known.get("passphrase") or "")
        if passphrase and not _SHORTEST <= len(passphrase.encode()) <= _LONGEST:
            raise ValueError(f"expected a passphrase of {_SHORTEST} to {_LONGEST} bytes")
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
        return _Srt(
            address=f"srt://{host}:{parts.port}",
            is_caller=mode == "caller",
            latency=_latency(known),
            passphrase=passphrase,
            stream=str(known.get("streamid") or ""),
        )

    def arguments(self) -> list[str]:
        secret = ("-passphrase", self.passphrase, "-enforced_encryption", "1")
        return [
            *("-mode", "caller" if self.is_caller else "listener", "-latency", str(self.latency)),
            *(("-connect_timeout", str(CONNECT_MS)) if self.is_caller else ()),
            *(secret if self.passphrase else ()),
            *(("-srt_streamid", self.stream) if self.stream else ()),
        ]

    def launch(self, argv: list[str]) -> Launch:
        return Launch(
            address=self.address,
            order={"exec": argv},
            secrets=_spellings(self.passphrase, self.stream),
            framed=False,
            waits_for_caller=not self.is_caller,
        )


def _latency(known: Mapping[str, object]) -> int:
    given = known.get("latency_ms", 120)
    try:
        return int(str(given)) * _MILLISECOND
    except ValueError:
        raise ValueError(f"expected latency_ms as whole milliseconds, found {given!r}") from None


def _rtmp(url: str) -> Launch:
    parts = urlsplit(url)
    if parts.scheme not in ("rtmp", "rtmps") or not parts.hostname:
        raise ValueError("expected an address rtmp://host/application/key")
    application, _, key = parts.path.lstrip("/").partition("/")
    port = parts.port or (443 if parts.scheme == "rtmps" else 1935)
    behind = "/".join(filter(None, (application, _HIDDEN if key or parts.query else "")))
    return Launch(
        address=f"{parts.scheme}://{parts.hostname}:{port}/{behind}",
        order={"rtmp": url},
        secrets=_spellings(
            url,
            parts.netloc.rpartition("@")[0],
            parts.password or "",
            f"{key}?{parts.query}" if parts.query else "",
            key,
            parts.query,
        ),
        framed=True,
        waits_for_caller=False,
    )


def _spellings(*secrets: str) -> tuple[str, ...]:
    """Each secret as given and as an address would quote it, the longest first."""
    every = {form for secret in secrets if secret for form in (secret, quote(secret, safe=""))}
    return tuple(sorted(every, key=lambda form: (-len(form), form)))
