"""Short forms: what an author may write in place of a whole map or list, to code and to editors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema


@dataclass(frozen=True, slots=True)
class Under:
    """Accept the text `x` for the map `{key: x}`."""

    key: str

    def _widen(self, value: object) -> object:
        return {self.key: value} if isinstance(value, str) else value

    def __get_pydantic_core_schema__(
        self, source: type[Any], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._widen, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> Mapping[str, object]:
        return {"anyOf": [{"type": ["string", "number"]}, handler(schema)]}


@dataclass(frozen=True, slots=True)
class Listed:
    """Accept the one text `x` for the list `[x]`."""

    def _widen(self, value: object) -> object:
        return [value] if isinstance(value, str) else value

    def __get_pydantic_core_schema__(
        self, source: type[Any], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._widen, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> Mapping[str, object]:
        whole = handler(schema)
        return {"anyOf": [whole.get("items", {}), whole]}
