"""Output documents and digests, and digests of anything."""

from __future__ import annotations

import pytest

from reconciler.model.text import Text
from reconciler.plan.digest import canonical, digest_of
from reconciler.plan.outputs import output_digest, output_document, output_type, shown_address
from tests.builders import decklink, ndi, srt, udp


def test_documents_are_in_the_engines_words() -> None:
    assert output_document(srt(passphrase="geheim", latency_ms="200")) == {
        "name": "main",
        "type": "srt",
        "url": "srt://mux.example:9001",
        "options": {"latency_ms": "200", "passphrase": "geheim"},
        "digest": output_digest(srt(passphrase="geheim", latency_ms="200")),
    }
    assert output_document(udp())["options"] == {}
    assert output_document(decklink("5f3a"))["url"] == "decklink://5f3a"
    assert output_document(ndi())["url"] == "ndi://NEWS 24"


def test_a_digest_changes_with_a_secret_and_does_not_tell_it() -> None:
    one, two = srt(passphrase="one"), srt(passphrase="two")
    assert output_digest(one) != output_digest(two)
    assert "one" not in str(canonical(one)).replace("None", "")
    hidden = Text(shown="***", value="a", mark="m1")
    assert canonical(hidden) == ["***", "m1"]


def test_what_anyone_may_read() -> None:
    outputs = (udp(), decklink(2), ndi())
    assert [(output_type(o), shown_address(o)) for o in outputs] == [
        ("udp", "udp://127.0.0.1:5004"),
        ("decklink", "device 2"),
        ("ndi", "NEWS 24"),
    ]


def test_what_has_no_order_is_sorted() -> None:
    assert digest_of(frozenset({"b", "a"})) == digest_of(frozenset({"a", "b"}))
    assert digest_of({"b": 1, "a": 2}) == digest_of({"a": 2, "b": 1})


def test_what_has_no_canonical_form_is_refused() -> None:
    with pytest.raises(TypeError, match="no canonical form for float"):
        digest_of(1.5)
