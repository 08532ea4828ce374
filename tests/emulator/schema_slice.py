"""The part of the OpenAPI document about ChatKit, as jsonschema reads it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

SLICE: dict[str, Any] = json.loads((Path(__file__).parent.parent / "openapi-chatkit.json").read_text())
SCHEMAS: dict[str, Any] = SLICE["components"]["schemas"]


def resolved(schema: Any) -> Any:
    """The schema with its references filled in.

    `oneOf` becomes `anyOf`, since an integer is also a number and would match two branches.
    """
    if isinstance(schema, list):
        return [resolved(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return resolved(SCHEMAS[schema["$ref"].rpartition("/")[2]])
    return {("anyOf" if key == "oneOf" else key): resolved(value) for key, value in schema.items()}


def closed(schema: Any) -> Any:
    """The schema with objects that have no other fields than those named."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    inside = {key: closed(value) for key, value in schema.items()}
    return {**inside, "additionalProperties": False} if isinstance(schema.get("properties"), dict) else inside


def responses(name: str) -> Draft202012Validator:
    """The schema of a response, with no other fields than those documented."""
    return Draft202012Validator(closed(resolved(SCHEMAS[name])))


SESSION = responses("ChatSessionResource")
THREAD = responses("ThreadResource")
THREAD_LIST = responses("ThreadListResource")
ITEM_LIST = responses("ThreadItemListResource")
DELETED_THREAD = responses("DeletedThreadResource")
CREATE_BODY_SCHEMA = closed(resolved(SCHEMAS["CreateChatSessionBody"]))
# Keys of state variables: the document says so in prose only.
CREATE_BODY_SCHEMA["properties"]["workflow"]["properties"]["state_variables"]["propertyNames"] = {"maxLength": 64}
CREATE_BODY = Draft202012Validator(CREATE_BODY_SCHEMA)
