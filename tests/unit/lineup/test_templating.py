"""Expressions name variables, the environment and secrets; secrets stay out of sight."""

from __future__ import annotations

import pytest

from reconciler.lineup.templating import ExpressionError, Scope, Values, fill_text, render
from reconciler.model.text import Text
from tests.unit.lineup.lineups import NEWS, SECRET, VALUES, desired, faults, faults_of, news, texts

SCOPE = Scope(VALUES, {"mux": "mux1", "items": "42", "empty": ""})


def fill(text: str) -> str:
    return fill_text(text, SCOPE).shown


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("{{ vars.mux }}", "mux1"),
        ("srt://{{vars.mux}}:{{ vars.items }}", "srt://mux1:42"),
        ("{{ env.HOME_NODE }}", "one"),
        ("{{ vars.mux | upper }}", "MUX1"),
        ("{{ vars.none | default('x') }}", "x"),
        ('{{ "a" ~ vars.mux }}', "amux1"),
        ("{{ vars.empty }}", ""),
    ],
)
def test_names_are_filled_in(text: str, filled: str) -> None:
    assert fill(text) == filled


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{{ vars.muxx }}", "no variable `muxx` under `vars` in lineup.yaml; did you mean `mux`?"),
        ("{{ env.NOPE }}", "no `NOPE` in the environment"),
        ("{{ secrets.nope }}", "set RECONCILE_SECRET_NOPE in the environment"),
        ("{{ nope.x }}", "expected vars.NAME, env.NAME or secrets.NAME, found `nope`"),
        ("{{ secrets }}", "expected a name such as vars.NAME"),
        ("{{ vars.mux.upper }}", "expected a plain name after the dot"),
        ("{{ vars.__class__ }}", "no variable `__class__`"),
        ("{{ 'a' * 1000000000 }}", "expected names, texts"),
        ("{{ vars.mux.upper() }}", "expected names, texts"),
        ("{{ [].__class__ }}", "expected a plain name after the dot"),
        ("{{ vars.mux | replace('a', 'b') }}", "expected names, texts"),
        ("{% for x in y %}", "expected only expressions"),
        ("{{ vars.mux", "expected only expressions"),
        ("{# remark #}", "expected only expressions"),
        ("{{ }}", "cannot read"),
        ("{{ 1 + }}", "cannot read"),
    ],
)
def test_what_cannot_be_meant_or_might_run_away_is_refused(text: str, problem: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        fill(text)

    assert problem in str(caught.value)


def test_a_secret_is_in_the_value_alone() -> None:
    text = fill_text("rtmp://x/{{ vars.mux }}/{{ secrets.stream }}", SCOPE)

    assert text.shown == "rtmp://x/mux1/{{ secrets.stream }}"
    assert text.value == f"rtmp://x/mux1/{SECRET}"
    assert SECRET not in repr(text)


def test_the_mark_of_a_secret_changes_with_it_and_with_the_key() -> None:
    def mark(secret: str, key: bytes) -> str:
        values = Values(secrets={"s": secret}, mark_key=key)
        return fill_text("{{ secrets.s }}", Scope(values)).mark

    assert mark("a", b"k") == mark("a", b"k")
    assert len({mark("a", b"k"), mark("b", b"k"), mark("a", b"l")}) == 3


def test_a_secret_by_a_filter_is_still_a_secret() -> None:
    text = fill_text("x{{ secrets.stream | upper }}", SCOPE)

    assert text.shown == "x{{ secrets.stream | upper }}"
    assert text.value == f"x{SECRET.upper()}"


def test_the_case_of_a_secrets_name_does_not_matter() -> None:
    assert fill_text("{{ secrets.STREAM }}", SCOPE).value == SECRET


def test_values_never_show_a_secret() -> None:
    assert SECRET not in repr(VALUES)


def test_rendering_leaves_keys_alone() -> None:
    rendered = render({"{{ vars.mux }}": ["{{ vars.mux }}"]}, "x.yaml", SCOPE)

    assert rendered.raw == {"{{ vars.mux }}": ["mux1"]}


def with_output(output: str) -> str:
    return f"outputs:\n  - {output}\nschedule: [{{playlist: base, loop: true}}]\n"


def test_secrets_reach_addresses_and_passphrases() -> None:
    channel = news(
        with_output(
            '{type: srt, url: "srt://x:1?id={{ secrets.stream }}",'
            ' passphrase: "{{ secrets.stream }}"}'
        )
    )

    output = channel.outputs[0]
    assert output.url == Text("srt://x:1?id={{ secrets.stream }}", "", output.url.mark)  # type: ignore[union-attr]  # a stream
    assert output.url.value == f"srt://x:1?id={SECRET}"  # type: ignore[union-attr]  # a stream
    assert output.passphrase.value == SECRET  # type: ignore[union-attr]  # a stream with one


def test_a_secret_anywhere_else_is_a_fault() -> None:
    found = faults(channels__news='title: "{{ secrets.stream }}"\n' + NEWS.split("\n", 1)[1])

    assert found == [
        (
            "channels/news.yaml:1: title: expected no secret here: secrets may stand in `url`,"
            " `passphrase` and the keys of a store only, since all else is shown on pages and in"
            " plans"
        )
    ]


def test_a_secret_that_is_not_set_is_named_with_where_to_set_it() -> None:
    found = faults(channels__news=with_output('{type: srt, url: "srt://{{ secrets.nope }}:1"}'))

    assert found == [
        (
            "channels/news.yaml:2: outputs[0].url: the secret `nope` is not set; set"
            " RECONCILE_SECRET_NOPE in the environment, or `nope` in the secrets file"
        )
    ]


def test_no_fault_and_no_value_tells_a_secret() -> None:
    broken = with_output(
        '{type: srt, url: "{{ secrets.stream }}/ x", passphrase: "{{ secrets.s }}"}'
    )
    values = Values(secrets={"stream": SECRET, "s": "short-one"}, mark_key=b"k")

    told = "\n".join(faults_of(texts(channels__news=broken), values))

    assert "found a secret of 9" in told
    assert SECRET not in told
    assert "short-one" not in told


def test_nothing_of_the_lineup_shows_a_secret() -> None:
    whole = desired(
        lineup="version: 1\nlive: {a: 'srt://{{ secrets.stream }}:1', b: {url: 'srt://x'}}\n"
        "media: [{uri: 'file://m/{asset}'}]\n",
        channels__news=with_output('{type: rtmp, url: "rtmp://x/{{ secrets.stream }}"}'),
    )

    assert SECRET not in repr(whole)
    assert whole.live["a"].url.value == f"srt://{SECRET}:1"


def test_a_passphrase_in_the_clear_is_hidden_and_warned_of() -> None:
    whole = desired(
        channels__news=with_output("{type: srt, url: 'srt://x:1', passphrase: abcdefghij}")
    )

    assert "abcdefghij" not in repr(whole)
    assert any("lies in git in the clear" in warning for warning in whole.warnings)
