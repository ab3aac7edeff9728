from __future__ import annotations

import json

import pytest

from reconciler.lineup.schema import schema_for
from reconciler.model.ids import AssetId, NodeName
from reconciler.model.sources import DesiredStore
from reconciler.model.text import Text
from tests.unit.lineup.lineups import SECRET, desired, faults

STORE = """\
version: 1
stores:
  archive:
    endpoint: https://s3.example:9000
    region: eu-north-1
    access_key: playout
    secret_key: "{{ secrets.stream }}"
media:
  - {match: "SP-*", uri: "https://spots.example/{asset}.mov"}
  - {match: "*", uri: "s3://media/films/{asset}.*"}
"""


def lineup(stores: str, uri: str = "s3://media/{asset}.mxf", more: str = "") -> str:
    return f'version: 1\nstores: {stores}\nmedia: [{{uri: "{uri}"{more}}}]\n'


def only(text: str, **files: str) -> str:
    found = faults(lineup=text, **{"channels__news": None, "playlists__base": None, **files})
    assert len(found) == 1, found
    return found[0]


def test_a_store_is_found_by_the_patterns_that_count_in_it() -> None:
    found = desired(lineup=STORE, channels__news=None, playlists__base=None)
    spots, films = found.media

    assert spots.store is None
    assert films.store is not None
    assert films.store.endpoint == "https://s3.example:9000"
    assert films.store.path_style
    assert films.store.access_key == Text.plain("playout")
    assert films.store.secret_key is not None
    assert films.store.secret_key.value == SECRET
    assert films.store.secret_key.mark
    assert SECRET not in repr(found)


def test_the_short_form_is_an_endpoint_without_keys() -> None:
    text = lineup("{open: 'http://127.0.0.1:9000'}")
    found = desired(lineup=text, channels__news=None, playlists__base=None)

    assert found.media[0].store == DesiredStore(name="open", endpoint="http://127.0.0.1:9000")


def test_amazons_own_has_no_endpoint_and_its_own_style() -> None:
    text = lineup("{aws: {region: eu-north-1}}")
    found = desired(lineup=text, channels__news=None, playlists__base=None)

    assert found.media[0].store == DesiredStore(name="aws", region="eu-north-1", path_style=False)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (lineup("{}"), "media[0].store: is missing; expected one of `stores` in lineup.yaml"),
        (lineup("{a: 'http://a', b: 'http://b'}"), "(there are a, b)"),
        (lineup("{archive: 'http://a'}", more=", store: archiv"), "did you mean `archive`?"),
        (lineup("{a: 'http://a'}", "s3://UPPER/{asset}.mxf"), "expected s3://BUCKET/KEY"),
        (lineup("{a: 'http://a'}", "ftp://x/{asset}.mxf"), "found 'ftp://'"),
        (lineup("{a: 'http://a'}", "https://x/{asset}.*"), "a web server does not list its files"),
        (lineup("{a: 'http://a'}", "media/{asset}.*", ", store: a"), "only an s3:// address"),
        (lineup("{a: {access_key: x}}"), "stores.a.secret_key: is missing"),
        (lineup("{a: {secret_key: '{{ secrets.stream }}'}}"), "stores.a.access_key: is missing"),
        (lineup("{a: {endpoint: 's3.example'}}"), "stores.a.endpoint: expected an address"),
        (lineup("{a: {endpiont: 'http://a'}}"), "did you mean `endpoint`?"),
    ],
)
def test_what_cannot_be_meant_is_told_with_its_line(text: str, fault: str) -> None:
    found = only(text)

    assert fault in found
    assert found.startswith(("lineup.yaml:2: ", "lineup.yaml:3: "))


@pytest.mark.parametrize("key", ["hunter2hunter2", "{{ env.HOME_NODE }}"])
def test_a_key_in_the_clear_is_refused_and_not_repeated(key: str) -> None:
    found = only(lineup(f"{{a: {{access_key: x, secret_key: '{key}'}}}}"))

    assert "expected a secret such as {{ secrets.archive_key }}" in found
    assert "hunter2" not in found
    assert "'one'" not in found


def test_an_asset_may_name_its_store_its_size_and_its_digest() -> None:
    assets = f"A-1: {{uri: 's3://media/a.mxf', store: archive, size: 1000, sha256: {'ab' * 32}}}\n"
    found = desired(lineup=STORE, assets=assets, channels__news=None, playlists__base=None)
    asset = found.assets[AssetId("A-1")]

    assert asset.store is not None
    assert (asset.store.name, asset.size, asset.sha256) == ("archive", 1000, "ab" * 32)


def test_an_asset_in_a_store_that_is_not_there_is_a_fault() -> None:
    found = only(STORE, assets="A-1: {uri: 's3://media/a.mxf', store: archiv}\n")

    assert found.startswith("assets.yaml:1: A-1.store: no store 'archiv'")


def test_a_nodes_share_of_its_line_is_its_own_or_the_policys() -> None:
    text = "version: 1\npolicy: {stage_rate: 200M}\n"
    nodes = "one: {runtime: process}\ntwo: {runtime: docker, stage_rate: 1G}\n"
    found = desired(lineup=text, nodes=nodes, channels__news=None, playlists__base=None)

    assert found.nodes[NodeName("one")].stage_rate == 200_000_000
    assert found.nodes[NodeName("two")].stage_rate == 1_000_000_000
    wrong = only("version: 1\npolicy: {stage_rate: 10k}\n")
    assert "expected from 1M to 400G bits per second" in wrong


def test_a_secret_that_changes_is_noticed_without_being_told() -> None:
    found = desired(lineup=STORE, channels__news=None, playlists__base=None)
    store = found.media[1].store
    assert store is not None
    assert "mark=" in repr(store)
    assert SECRET not in repr(store)


def test_editors_know_stores() -> None:
    schema = json.dumps(schema_for("lineup"))

    for word in ("stores", "endpoint", "path_style", "secret_key", "stage_rate"):
        assert f'"{word}"' in schema


def test_an_asset_that_leaves_its_place_to_a_pattern_names_no_store() -> None:
    found = only(STORE, assets="A-1: {store: archive, title: One}\n")

    assert found.startswith("assets.yaml:1: A-1.store: expected `uri` beside it")


def test_while_stores_cannot_be_read_no_asset_is_blamed_for_them() -> None:
    text = lineup("{archive: {endpoint: nowhere}}", "media/{asset}.*")
    found = only(text, assets="A-1: {uri: 's3://media/a.mxf', store: archive}\n")

    assert found.startswith("lineup.yaml:2: stores.archive.endpoint: expected an address")
