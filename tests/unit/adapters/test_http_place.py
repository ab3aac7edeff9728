"""Addresses, taken apart: what a server is called, what it is asked for, and what is no address."""

from __future__ import annotations

import pytest

from reconciler.adapters.http_place import parts_of
from reconciler.errors import Rejected


@pytest.mark.parametrize(
    ("url", "host", "port", "named", "path"),
    [
        ("http://a.example", "a.example", 80, "a.example", "/"),
        ("https://a.example?x=1", "a.example", 443, "a.example", "/?x=1"),
        ("http://me:secret@A.example:81/b?c=d#e", "a.example", 81, "A.example:81", "/b?c=d"),
        ("http://[::1]:8080/b", "::1", 8080, "[::1]:8080", "/b"),
        (
            "http://a.example/b c/ø%20?q=a%2Fb",
            "a.example",
            80,
            "a.example",
            "/b%20c/%C3%B8%20?q=a%2Fb",
        ),
        ("http://bücher.example/", "xn--bcher-kva.example", 80, "xn--bcher-kva.example", "/"),
    ],
)
def test_an_address_is_taken_apart(url: str, host: str, port: int, named: str, path: str) -> None:
    place, found = parts_of(url)

    assert (place.host, place.port, place.named, found) == (host, port, named, path)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a/b",
        "/a/b",
        "http://",
        "http://a:99999/",
        "http://[::1/",
        "http://a b/",
        "http://a..ü/",
        "http://a..b/",
        f"http://{'a' * 64}.example/",
    ],
)
def test_an_address_that_cannot_be_used_is_not_repeated(url: str) -> None:
    with pytest.raises(Rejected) as raised:
        parts_of(url)

    assert "//a" not in str(raised.value)
