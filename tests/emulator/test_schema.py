"""The emulator's table of the schema equals the schema."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chatkit_async.emulator import _checks as checks
from chatkit_async.emulator import _schema as schema
from chatkit_async.emulator._api import ApiRequest
from chatkit_async.emulator._state import EmulatorState
from chatkit_async.emulator._store import NoStore
from tests.emulator.raw import HEADERS, SESSIONS
from tests.emulator.schema_slice import CREATE_BODY, CREATE_BODY_SCHEMA, SESSION


def json_schema(check: Any) -> dict[str, Any]:
    """A row of the table as JSON Schema."""
    return WRITERS[type(check)](check)


def of_text(check: checks.Text) -> dict[str, Any]:
    return {
        "type": "string",
        **({"minLength": check.min_length} if check.min_length else {}),
        **({"maxLength": check.max_length} if check.max_length is not None else {}),
        **({"enum": list(check.one_of)} if check.one_of else {}),
    }


def of_integer(check: checks.Integer) -> dict[str, Any]:
    bounds = {"minimum": check.minimum, "maximum": check.maximum}
    return {"type": "integer", **{name: bound for name, bound in bounds.items() if bound is not None}}


def of_map(check: checks.Map) -> dict[str, Any]:
    return {
        "type": "object",
        "maxProperties": check.max_properties,
        "propertyNames": {key: value for key, value in of_text(check.key).items() if key != "type"},
        "additionalProperties": json_schema(check.value),
    }


def of_object(check: checks.Object) -> dict[str, Any]:
    properties = {name: json_schema(field) for name, field in check.fields.items()}
    required = list(check.required)
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


WRITERS: dict[type, Any] = {
    checks.Text: of_text,
    checks.Integer: of_integer,
    checks.Boolean: lambda _: {"type": "boolean"},
    checks.Scalar: lambda check: {
        "anyOf": [of_text(check.text), {"type": "integer"}, {"type": "boolean"}, {"type": "number"}]
    },
    checks.Map: of_map,
    checks.Object: of_object,
}


def without_notes(document: Any) -> Any:
    """The schema without annotations: defaults and formats."""
    if isinstance(document, list):
        return [without_notes(one) for one in document]
    if not isinstance(document, dict):
        return document
    return {key: without_notes(value) for key, value in document.items() if key not in ("default", "format")}


def test_the_table_equals_the_schema() -> None:
    assert json_schema(schema.CREATE_SESSION_BODY) == without_notes(CREATE_BODY_SCHEMA)


def variants(document: Any) -> st.SearchStrategy[Any]:
    """Values that mostly fit a schema, and sometimes do not."""
    fits = MAKERS[document.get("type", "any")](document)
    return st.one_of(fits, fits, fits, fits, fits, fits, ANY)


def objects(document: Any) -> st.SearchStrategy[Any]:
    if "properties" not in document:
        return st.dictionaries(st.text(max_size=70), variants({}), max_size=4)
    fields = {name: variants(field) for name, field in document["properties"].items()}
    required = {name: fields.pop(name) for name in document["required"]}
    return st.fixed_dictionaries(required, optional=fields)


ANY = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0.0, 1.0, 600.0, 601.0]),
    st.text(max_size=5),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)
MAKERS: dict[str, Any] = {
    "any": lambda _: ANY,
    "string": lambda document: st.sampled_from(document["enum"]) if "enum" in document else st.text(max_size=20),
    "integer": lambda _: st.integers(-1, 700),
    "boolean": lambda _: st.booleans(),
    "object": objects,
}


@settings(deadline=None, max_examples=300)
@given(variants(CREATE_BODY_SCHEMA))
@example({"user": "u", "workflow": {"id": "w"}, "expires_after": {"anchor": "created_at", "seconds": 300.0}})
@example({"user": "u", "workflow": {"id": "w"}, "expires_after": {"anchor": "created_at", "seconds": True}})
@example({"user": "u", "workflow": {"id": "w", "state_variables": {"k" * 65: 1}}})
def test_a_body_is_accepted_just_when_the_schema_allows_it(body: Any) -> None:
    state = EmulatorState([], lambda: 1_800_000_000.0, lambda: "0" * 48, NoStore())
    response = state.respond(ApiRequest("POST", SESSIONS, "", HEADERS, json.dumps(body).encode()))
    assert (response.status == 200) == CREATE_BODY.is_valid(body)
    if response.status == 200:
        SESSION.validate(json.loads(response.body))
    else:
        assert json.loads(response.body)["error"]["code"]


@pytest.mark.parametrize("field", ["id", "tracing", "client_secret"])
def test_the_check_of_responses_sees_a_missing_field(field: str) -> None:
    """The comparison above can fail."""
    state = EmulatorState([], lambda: 1_800_000_000.0, lambda: "0" * 48, NoStore())
    body = b'{"user": "u", "workflow": {"id": "w"}}'
    session = json.loads(state.respond(ApiRequest("POST", SESSIONS, "", HEADERS, body)).body)
    (session if field in session else session["workflow"]).pop(field)
    assert not SESSION.is_valid(session)
