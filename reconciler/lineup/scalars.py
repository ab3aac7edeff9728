"""The small types of the lineup's values: each reads one text strictly and says what it expects.

Nothing arrives but text, so each type also tells editors (JSON Schema) what the same value looks
like to a YAML reader that does guess: a number or a boolean, perhaps unquoted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from enum import Enum
from fractions import Fraction
from functools import lru_cache
from typing import Annotated, Any, Generic, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from reconciler.lineup.findings import either, expected, nearest
from reconciler.model.spans import Frames, Seconds, Timecode, parse_span
from reconciler.model.video import VideoFormat

T = TypeVar("T")
E = TypeVar("E", bound=Enum)

_TEXT = {"type": ["string", "number", "boolean"]}
_LONGEST_SPAN = 24  # characters
_LONGEST_TIME = 366 * 86_400  # seconds
_EXPRESSION = {"type": "string", "pattern": r"\{\{"}


@dataclass(frozen=True, eq=False)
class Scalar(Generic[T]):
    """How one kind of value is read from its text: `what` it is called, and what editors accept."""

    what: str
    read: Callable[[str], T]
    schema: Mapping[str, object]

    def check(self, value: object) -> T:
        """Read `value`, or say what was expected in its place."""
        problem = ""
        if isinstance(value, str):
            try:
                return self.read(value)
            except ValueError as error:
                problem = str(error)
        if not problem.startswith("expected"):
            problem = expected(self.what, value) + (f": {problem}" if problem else "")
        raise PydanticCustomError("expected", "{problem}", {"problem": problem})

    def __get_pydantic_core_schema__(
        self, source: type[Any], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.check)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, object]:
        written = dict(self.schema)
        if written.get("type") in (["string", "number", "boolean"], "string"):
            return written
        return {"anyOf": [written, _EXPRESSION]}


def matching(pattern: str) -> Callable[[str], str]:
    """Read a text that matches `pattern` as a whole."""
    compiled = re.compile(pattern)

    def read(text: str) -> str:
        if compiled.fullmatch(text) is None:
            raise ValueError
        return text

    return read


def choice(kind: type[E]) -> Scalar[E]:
    """Read one of an enum's values."""
    members = {str(member.value): member for member in kind}

    def read(text: str) -> E:
        if text not in members:
            raise ValueError(expected(either(members), text) + nearest(text, members))
        return members[text]

    return Scalar(either(members), read, {"enum": list(members)})


def word(*words: str) -> Scalar[str]:
    """Read one of a few words."""

    def read(text: str) -> str:
        if text not in words:
            raise ValueError(expected(either(words), text) + nearest(text, words))
        return text

    return Scalar(either(words), read, {"enum": list(words)})


def whole(least: int, most: int, what: str) -> Scalar[int]:
    """Read a whole number within limits."""

    def read(text: str) -> int:
        if re.fullmatch(r"-?\d{1,12}", text) is None or not least <= int(text) <= most:
            raise ValueError
        return int(text)

    return Scalar(what, read, {"type": "integer", "minimum": least, "maximum": most})


def _boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError
    return text == "true"


def _one_line(text: str) -> str:
    if not text.strip() or not text.isprintable() or len(text) > 500:  # noqa: PLR2004  # a title, not a tale
        raise ValueError
    return text


@lru_cache(maxsize=1 << 16)
def canonical_span(text: str) -> str:
    """Write a span in one way, however its author did: `1m30s` becomes `90s`."""
    if len(text) > _LONGEST_SPAN or not text.isascii():
        raise ValueError
    match parse_span(text):
        case Timecode(text=same):
            if int(same[3:5]) > 59 or int(same[6:8]) > 59:  # noqa: PLR2004  # sexagesimal
                raise ValueError(f"expected minutes and seconds to 59, found {text!r}")
            return same
        case Frames(value=frames):
            return f"{frames}f"
        case Seconds(value=seconds):
            return f"{_decimal(seconds)}s"


def _decimal(number: Fraction) -> str:
    """Write a fraction that came from decimals as a decimal again, exactly."""
    digits = 0
    while (number * 10**digits).denominator != 1:
        digits += 1
    text = str((number * 10**digits).numerator).rjust(digits + 1, "0")
    return f"{text[:-digits]}.{text[-digits:]}" if digits else text


@lru_cache(maxsize=1 << 16)
def _positive_span(text: str) -> str:
    span = canonical_span(text)
    if not re.search("[1-9]", span):
        raise ValueError(f"expected a duration above zero, found {text!r}")
    return span


@lru_cache(maxsize=1 << 12)
def _clock_span(text: str) -> timedelta:
    span = parse_span(canonical_span(text))
    if isinstance(span, Frames | Timecode):
        raise ValueError(expected("a time on the clock such as 90s or 15m", text))  # noqa: TRY004  # wrong text, not a wrong type
    if span.value > _LONGEST_TIME:
        raise ValueError(expected("at most a year", text))
    return timedelta(microseconds=round(span.value * 1_000_000))


def _positive_clock_span(text: str) -> timedelta:
    span = _clock_span(text)
    if not span:
        raise ValueError(expected("a time above zero", text))
    return span


@lru_cache(maxsize=1 << 12)
def _format(text: str) -> VideoFormat:
    return VideoFormat.parse(text)


def _never(text: str) -> timedelta | None:
    return None if text == "never" else _positive_clock_span(text)


@lru_cache(maxsize=1 << 16)
def _time_of_day(text: str) -> str:
    if re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?", text) is None:
        raise ValueError
    return text if len(text) == len("HH:MM:SS") else f"{text}:00"


@lru_cache(maxsize=1 << 12)
def _date(text: str) -> date:
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) is None:
        raise ValueError
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"expected a date that exists, found {text!r}") from error


_UNITS = {"": 1, "k": 1_000, "M": 1_000_000, "G": 1_000_000_000}


def _bits(text: str) -> Fraction:
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,3})?)([kMG]?)", text)
    if match is None:
        raise ValueError
    return Fraction(match[1]) * _UNITS[match[2]]


def _bandwidth(text: str) -> int:
    rate = _bits(text)
    if not 1_000_000 <= rate <= 400_000_000_000:  # noqa: PLR2004  # below nothing arrives in time, above no line goes
        raise ValueError(expected("from 1M to 400G bits per second", text))
    return int(rate)


@lru_cache(maxsize=1 << 12)
def _bitrate(text: str) -> int:
    rate = _bits(text)
    if not 32_000 <= rate <= 400_000_000:  # noqa: PLR2004  # below is sound alone, above no encoder goes
        raise ValueError(expected("from 32k to 400M bits per second", text))
    return int(rate)


_BYTES = {"kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_BYTES |= {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}


def _size(text: str) -> int:
    match = re.fullmatch(r"(\d{1,6}(?:\.\d{1,3})?) ?([kMGT]B|[KMGT]iB)", text)
    if match is None or not Fraction(match[1]):
        raise ValueError
    return int(Fraction(match[1]) * _BYTES[match[2]])


def _number(text: str) -> Fraction:
    match = re.fullmatch(r"(\d{1,6}(?:\.\d{1,6})?)(%?)", text)
    if match is None or not Fraction(match[1]):
        raise ValueError
    return Fraction(match[1]) / (100 if match[2] else 1)


@lru_cache(maxsize=1 << 12)
def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(expected("a time zone such as Europe/Oslo", text)) from error
    return text


def _device(text: str) -> int | str:
    if re.fullmatch(r"[1-9]|1[0-6]", text):
        return int(text)
    if re.fullmatch(r"[0-9A-Za-z._:-]{2,64}", text) is None:
        raise ValueError
    return text


_SPAN_WHAT = "a duration such as 90s, 15m, 12f or 00:00:30:00"
_CLOCK_WHAT = "a time on the clock such as 90s or 15m"
NAME_RULE = "letters, digits, `.`, `_` and `-`, at most 64, a letter or digit first"
NAME_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
_ASSET_PATTERN = r"[^\s/\\~@.][^/\\~@\x00-\x1f\x7f]{0,126}[^\s/\\~@\x00-\x1f\x7f]|[^\s/\\~@.]"

Bool = Annotated[bool, Scalar("true or false", _boolean, {"type": "boolean"})]
Title = Annotated[str, Scalar("a line of text, at most 500 characters", _one_line, _TEXT)]
Name = Annotated[str, Scalar(f"a name ({NAME_RULE})", matching(NAME_PATTERN), _TEXT)]
PlaylistRef = Annotated[
    str, Scalar("a playlist's name", matching(rf"{NAME_PATTERN}(/{NAME_PATTERN})*"), _TEXT)
]
House = Annotated[
    str,
    Scalar(
        "an asset's house number (at most 128 characters, without `/`, `\\`, `~` or `@`)",
        matching(_ASSET_PATTERN),
        _TEXT,
    ),
]
SpanText = Annotated[str, Scalar(_SPAN_WHAT, canonical_span, {"type": "string"})]
PositiveSpan = Annotated[str, Scalar(_SPAN_WHAT, _positive_span, {"type": "string"})]
ClockSpan = Annotated[timedelta, Scalar(_CLOCK_WHAT, _clock_span, {"type": "string"})]
PositiveClockSpan = Annotated[
    timedelta, Scalar(_CLOCK_WHAT, _positive_clock_span, {"type": "string"})
]
Fence = Annotated[
    timedelta | None, Scalar("a time such as 30s, or never", _never, {"type": "string"})
]
TimeOfDay = Annotated[
    str, Scalar("a time of day HH:MM or HH:MM:SS, to 23:59:59", _time_of_day, {"type": "string"})
]
Day = Annotated[date, Scalar("a date such as 2026-12-31", _date, {"type": "string"})]
Bitrate = Annotated[
    int, Scalar("bits per second such as 2500k or 8M", _bitrate, {"type": ["string", "integer"]})
]
Bandwidth = Annotated[
    int, Scalar("bits per second such as 200M or 1G", _bandwidth, {"type": ["string", "integer"]})
]
Positive = Annotated[
    Fraction, Scalar("a number above zero", _number, {"type": "number", "exclusiveMinimum": 0})
]
Share = Annotated[Fraction, Scalar("a share such as 80%", _number, {"type": ["string", "number"]})]
Size = Annotated[int, Scalar("a size such as 200GB", _size, {"type": "string"})]
Zone = Annotated[str, Scalar("a time zone such as Europe/Oslo", _zone, {"type": "string"})]
Format = Annotated[
    VideoFormat,
    Scalar("a video format such as 1080p5000", _format, {"type": "string"}),
]
DeviceName = Annotated[
    int | str,
    Scalar(
        "a device number from 1 to 16, or a persistent id",
        _device,
        {"type": ["integer", "string"]},
    ),
]


def as_time(text: str) -> time:
    """The time of day that a checked text names."""
    return time.fromisoformat(text)
