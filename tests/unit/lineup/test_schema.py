"""The published schemas are whole, and speak of what an editor sees."""

from __future__ import annotations

import json

import pytest

from reconciler.lineup.schema import FILES, KINDS, all_schemas, schema_for


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_has_a_schema_that_is_plain_json(kind: str) -> None:
    schema = schema_for(kind)

    assert schema["$schema"].endswith("2020-12/schema")
    assert FILES[kind] in schema["title"]
    assert json.loads(json.dumps(schema)) == schema


def test_numbers_booleans_and_short_forms_are_accepted_as_editors_see_them() -> None:
    channel = schema_for("channel")
    properties = channel["properties"]
    layer = channel["$defs"]["LayerFile"]["properties"]

    assert {"type": "boolean"} in properties["on_air"]["anyOf"]
    assert {"type": ["string", "number"]} in properties["filler"]["anyOf"]
    assert "anyOf" in layer["on"]
    assert channel["additionalProperties"] is False
    item = schema_for("playlist")["properties"]["items"]["items"]
    assert {"type": ["string", "number"]} in item["oneOf"][0]["anyOf"]


def test_all_schemas_are_written_by_kind() -> None:
    assert set(all_schemas()) == set(KINDS) == set(FILES)
