"""Small values are read strictly from their text, and written in one way."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from reconciler.lineup import scalars


def read(kind: Any, text: object) -> Any:
    return TypeAdapter(kind).validate_python(text)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (scalars.Bool, "true", True),
        (scalars.Bool, "false", False),
        (scalars.SpanText, "1m30s", "90s"),
        (scalars.SpanText, "200ms", "0.2s"),
        (scalars.SpanText, "1.50s", "1.5s"),
        (scalars.SpanText, "012f", "12f"),
        (scalars.SpanText, "10:24:30:00", "10:24:30:00"),
        (scalars.ClockSpan, "0s", timedelta(0)),
        (scalars.PositiveClockSpan, "1h1ms", timedelta(hours=1, milliseconds=1)),
        (scalars.Fence, "never", None),
        (scalars.Fence, "30s", timedelta(seconds=30)),
        (scalars.TimeOfDay, "06:00", "06:00:00"),
        (scalars.TimeOfDay, "23:59:59", "23:59:59"),
        (scalars.Day, "2028-02-29", date(2028, 2, 29)),
        (scalars.Bitrate, "2500k", 2_500_000),
        (scalars.Bitrate, "1.5M", 1_500_000),
        (scalars.Share, "80%", Fraction(4, 5)),
        (scalars.Positive, "1.5", Fraction(3, 2)),
        (scalars.Zone, "Europe/Oslo", "Europe/Oslo"),
        (scalars.DeviceName, "16", 16),
        (scalars.DeviceName, "17", "17"),
        (scalars.DeviceName, "23487013", "23487013"),
        (scalars.House, "SP 88121-é", "SP 88121-é"),
    ],
)
def test_a_value_is_read_from_its_text(kind: Any, text: str, value: object) -> None:
    assert read(kind, text) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (scalars.Bool, "yes"), (scalars.Bool, "True"), (scalars.Bool, ""), (scalars.Bool, []),
        (scalars.SpanText, "90"), (scalars.SpanText, "-5s"), (scalars.SpanText, "1m 30s"),
        (scalars.SpanText, "00:61:00:00"), (scalars.SpanText, "9" * 30 + "s"),
        (scalars.SpanText, "٣s"), (scalars.PositiveSpan, "0s"),
        (scalars.PositiveSpan, "00:00:00:00"),
        (scalars.ClockSpan, "12f"), (scalars.ClockSpan, "00:00:10:00"),
        (scalars.ClockSpan, "9999h"),
        (scalars.PositiveClockSpan, "0ms"), (scalars.Fence, "0s"), (scalars.TimeOfDay, "24:00"),
        (scalars.TimeOfDay, "6:00"), (scalars.TimeOfDay, "06:00:00:00"),
        (scalars.Day, "2026-02-30"),
        (scalars.Day, "20261231"), (scalars.Bitrate, "10"), (scalars.Bitrate, "500M"),
        (scalars.Share, "0"), (scalars.Zone, "Europe/Olso"), (scalars.Zone, "../etc/passwd"),
        (scalars.Name, "a b"), (scalars.Name, "-a"), (scalars.Name, "a/b"), (scalars.House, "a/b"),
        (scalars.House, ".."), (scalars.House, " a"), (scalars.House, "a\tb"), (scalars.House, ""),
        (scalars.Title, "  "), (scalars.Title, "a\nb"), (scalars.Title, {}),
        (scalars.Format, "1080x"), (scalars.DeviceName, "a b"),
    ],
)  # fmt: skip
def test_a_text_that_cannot_be_meant_is_told_with_what_was_expected(
    kind: Any, text: object
) -> None:
    with pytest.raises(ValidationError) as caught:
        read(kind, text)

    assert caught.value.errors()[0]["msg"].startswith("expected ")
