"""Text becomes maps, lists and texts, or a mistake with its line."""

from __future__ import annotations

import pytest

from reconciler.lineup.parse import MAX_BYTES, Mistake, find_lines, read_yaml


def mistake(text: str | bytes) -> Mistake:
    with pytest.raises(Mistake) as caught:
        read_yaml(text.encode() if isinstance(text, str) else text)
    return caught.value


def test_every_scalar_stays_the_text_that_was_written() -> None:
    text = b"a: 19:00:00\nb: no\nc: 007\nd: 1e3\ne: 2026-12-31\nf: ~\ng:\nh: 'x'\ni: 0x1F\n"

    assert read_yaml(text) == {
        "a": "19:00:00", "b": "no", "c": "007", "d": "1e3", "e": "2026-12-31",
        "f": "~", "g": "", "h": "x", "i": "0x1F",
    }  # fmt: skip


@pytest.mark.parametrize("text", [b"", b"# only a remark\n", b"---\n", b"\xef\xbb\xbf"])
def test_a_file_with_nothing_in_it_is_none(text: bytes) -> None:
    assert read_yaml(text) is None


def test_a_byte_order_mark_is_no_part_of_the_first_key() -> None:
    assert read_yaml(b"\xef\xbb\xbfa: b\n") == {"a": "b"}


def test_a_key_written_twice_is_a_mistake_at_its_second_line() -> None:
    found = mistake("title: a\nitems:\n  - {id: x,\n     id: y}\n")

    assert (found.line, found.path) == (4, ("items", 0, "id"))
    assert found.problem == "is written twice in this map"


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("a: b\n\tc: d\n", 2, "expected spaces at the start of the line, found a tab"),
        ("a: [\n", 2, "this is not YAML"),
        ("a: b\nc\n", 3, "this is not YAML"),
        ("a: b\n---\nc: d\n", 2, "expected one document in a file"),
        ("a: b\nc: !!int 3\n", 2, "expected no tags, found `!!int`"),
        ("a: !mine {}\n", 1, "expected no tags, found `!mine`"),
        ("a: {{ vars.x }}\n", 1, "needs quotes"),
        ("a: *b\n", 1, "`&b`"),
        ("a: &a [*a]\n", 1, "expected an anchor `&a` before this alias"),
        ("? [a]\n: b\n", 1, "expected a key"),
        ("a: \x07\n", 1, "a character that it cannot hold"),
        ("a: b\n<<: [c]\n", 3, "expected a map to merge, found 'c'"),
        ("[" * 30 + "]" * 30, 1, "levels of nesting"),
    ],
)
def test_text_that_is_no_yaml_of_ours_is_told_by_line(text: str, line: int, problem: str) -> None:
    found = mistake(text)

    assert problem in found.problem
    assert found.line == line


def test_bytes_that_are_not_utf_8_are_told_by_line() -> None:
    found = mistake(b"title: x\nname: caf\xe9\n")

    assert (found.line, found.problem) == (2, "expected UTF-8 text, found the byte 0xe9")


def test_a_file_too_large_for_a_lineup_is_refused_unread() -> None:
    assert "expected at most 16 MiB" in mistake(b"a" * (MAX_BYTES + 1)).problem


def test_aliases_and_merges_are_written_out() -> None:
    text = b"a: &one {x: 1, y: 2}\nb: *one\nc: {<<: *one, y: 3}\nd: {<<: [*one, {z: 4, x: 5}]}\n"

    assert read_yaml(text) == {
        "a": {"x": "1", "y": "2"},
        "b": {"x": "1", "y": "2"},
        "c": {"x": "1", "y": "3"},
        "d": {"x": "1", "y": "2", "z": "4"},
    }


def test_a_quoted_merge_sign_is_a_key_like_any_other() -> None:
    assert read_yaml(b'"<<": x\n') == {"<<": "x"}


def test_a_bomb_of_aliases_is_stopped_before_it_goes_off() -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]

    assert "with all aliases written out" in mistake("\n".join(levels)).problem


def test_lines_are_found_as_far_as_a_path_leads() -> None:
    text = b"title: x\nitems:\n  - a\n  - {id: b,\n     asset: c}\n"
    paths = {(), ("items",), ("items", 0), ("items", 1, "asset"), ("items", 1, "out"), ("no",)}

    assert find_lines(text, paths) == {
        (): 1, ("items",): 2, ("items", 0): 3, ("items", 1, "asset"): 5,
        ("items", 1, "out"): 4, ("no",): 1,
    }  # fmt: skip
