"""The emulator's table of resources equals the schemas."""

from __future__ import annotations

from typing import Any

import pytest

from chatkit_async.emulator._checks import Array, Boolean, Integer, Nullable, Resource, Scalars, Tagged, Text
from chatkit_async.emulator._schema import ITEM, SESSION, THREAD
from tests.emulator.schema_slice import SCHEMAS, resolved

JSON_TYPES: dict[type, Any] = {
    Text: {"type": "string"},
    Integer: {"type": "integer"},
    Boolean: {"type": "boolean"},
}


def json_schema(check: Any) -> Any:
    """A row of the table of resources as JSON Schema, without bounds and enumerations."""
    if type(check) in JSON_TYPES:
        return JSON_TYPES[type(check)]
    if isinstance(check, Nullable):
        return {"anyOf": [json_schema(check.check), {"type": "null"}]}
    if isinstance(check, Array):
        return {"type": "array", "items": json_schema(check.item)}
    if isinstance(check, Tagged) and len(check.kinds) == 1:
        return json_schema(next(iter(check.kinds.values())))  # no union in the document
    if isinstance(check, Tagged):
        return {tag: json_schema(kind) for tag, kind in check.kinds.items()}
    if isinstance(check, Scalars):
        scalars = [{"type": name} for name in ("string", "integer", "boolean", "number")]
        return {"type": "object", "additionalProperties": {"anyOf": scalars}}
    assert isinstance(check, Resource)
    properties = {name: json_schema(field) for name, field in check.fields.items()}
    return {"type": "object", "properties": properties, "required": sorted(properties)}


def comparable(schema: Any) -> Any:
    """A schema of the slice as `json_schema` writes it: unions of objects by their tag, no enumerations or notes."""
    branches = schema.get("anyOf", [])
    tagged = [one for one in branches if "type" in one.get("properties", {})]
    if tagged and len(tagged) == len(branches):
        return {one["properties"]["type"]["enum"][0]: comparable(one) for one in branches}
    parts = {key: value for key, value in schema.items() if key in ("type", "anyOf", "items", "additionalProperties")}
    if "anyOf" in parts:
        parts["anyOf"] = [comparable(one) for one in branches]
    for key in ("items", "additionalProperties"):
        if key in parts:
            parts[key] = comparable(parts[key])
    if "properties" in schema:
        parts["properties"] = {name: comparable(field) for name, field in schema["properties"].items()}
        parts["required"] = sorted(schema["required"])
    return parts


@pytest.mark.parametrize(
    ("table", "name"), [(THREAD, "ThreadResource"), (ITEM, "ThreadItem"), (SESSION, "ChatSessionResource")]
)
def test_the_table_of_resources_equals_the_schema(table: Any, name: str) -> None:
    assert json_schema(table) == comparable(resolved(SCHEMAS[name]))
