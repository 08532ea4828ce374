"""Operations and classes beside the slice of OpenAI's document: fields, required, nullability, bounds, enums."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import NoneType
from typing import Any, Literal, Required, get_args, get_origin, get_type_hints

import pytest

import chatkit_async
from chatkit_async import (
    ChatSessionAutomaticThreadTitlingParam,
    ChatSessionChatKitConfigurationParam,
    ChatSessionExpiresAfterParam,
    ChatSessionFileUploadParam,
    ChatSessionHistoryParam,
    ChatSessionRateLimitsParam,
    ChatSessionWorkflowParam,
    ChatSessionWorkflowTracingParam,
    ParamsValidationError,
    SessionCreateParams,
)
from chatkit_async._core.codec import Mismatch, structure
from chatkit_async._core.decode import check_strictly
from chatkit_async._core.operation import Operation, path_names
from chatkit_async._core.operations import OPERATIONS
from chatkit_async.types.params import Params, required_names
from chatkit_async.types.params import field_names as params_fields
from chatkit_async.types.result import field_names as result_fields
from chatkit_async.types.secret import Secret
from chatkit_async.types.unknown import Unknown
from tests.types.documents import RESULTS, class_of, resolved, whole

DOCUMENT: dict[str, Any] = json.loads((Path(__file__).parents[1] / "openapi-chatkit.json").read_text())
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]
PARAMS: dict[str, type[Params]] = {
    "CreateChatSessionBody": SessionCreateParams,
    "WorkflowParam": ChatSessionWorkflowParam,
    "WorkflowTracingParam": ChatSessionWorkflowTracingParam,
    "ExpiresAfterParam": ChatSessionExpiresAfterParam,
    "RateLimitsParam": ChatSessionRateLimitsParam,
    "ChatkitConfigurationParam": ChatSessionChatKitConfigurationParam,
    "AutomaticThreadTitlingParam": ChatSessionAutomaticThreadTitlingParam,
    "FileUploadParam": ChatSessionFileUploadParam,
    "HistoryParam": ChatSessionHistoryParam,
}
# Ours refuses more than the schema does: the API cannot list threads of longer names.
STRICTER = {("CreateChatSessionBody", "user", "maxLength"): 512}
# Ours fills in what the schema requires.
FILLED_IN = {"ExpiresAfterParam": {"anchor"}}
LEAST: dict[str, dict[str, Any]] = {
    "CreateChatSessionBody": {"user": "u", "workflow": "w"},
    "WorkflowParam": {"id": "w"},
    "ExpiresAfterParam": {"seconds": 5},
}
every_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
every_result = pytest.mark.parametrize("schema", RESULTS)
every_params = pytest.mark.parametrize("schema", PARAMS)


def documented(operation: Operation[Any, Any]) -> dict[str, Any]:
    found: dict[str, Any] = DOCUMENT["paths"].get(operation.path, {}).get(operation.method.lower(), {})
    return found


@every_operation
def test_an_operation_is_documented_with_its_path_method_and_response(operation: Operation[Any, Any]) -> None:
    schema = documented(operation)["responses"]["200"]["content"]["application/json"]["schema"]
    assert RESULTS[schema["$ref"].rpartition("/")[2]] == operation.result


@every_operation
def test_an_operation_takes_the_documented_path_and_query_parameters_and_body(operation: Operation[Any, Any]) -> None:
    described = documented(operation)
    in_path, in_query = (
        tuple(parameter["name"] for parameter in described["parameters"] if parameter["in"] == place)
        for place in ("path", "query")
    )
    assert path_names(operation.path) == in_path
    body = described.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    if body is None:
        assert sorted(params_fields(operation.params)) == sorted(in_path + in_query)
        assert set(required_names(operation.params)) == set(in_path)
    else:
        assert PARAMS[body["$ref"].rpartition("/")[2]] is operation.params


def test_every_operation_of_the_document_is_in_the_table_and_no_other() -> None:
    listed = {(path, method.upper()) for path, item in DOCUMENT["paths"].items() for method in item}
    assert listed == {(operation.path, operation.method) for operation in OPERATIONS}


def test_names_are_unique_and_only_a_create_is_not_repeatable() -> None:
    assert len({operation.name for operation in OPERATIONS}) == len(OPERATIONS)
    assert [operation.name for operation in OPERATIONS if not operation.repeatable] == ["sessions.create"]


@every_result
def test_a_result_has_the_documented_fields_and_no_other(schema: str) -> None:
    assert set(result_fields(class_of(RESULTS[schema]))) == set(SCHEMAS[schema]["properties"])


@every_result
def test_the_document_requires_every_field_of_a_result(schema: str) -> None:
    # Should one become optional, its type needs a default: absent must not raise then.
    assert set(SCHEMAS[schema]["required"]) == set(SCHEMAS[schema]["properties"])


SCALARS: dict[str, Any] = {"string": str, "integer": int, "boolean": bool}


def annotation_fits(annotation: Any, schema: dict[str, Any]) -> bool:
    """Whether a result field's type is what the schema says: null, enums, arrays and unions included."""
    parts = set(get_args(annotation)) if NoneType in get_args(annotation) else {annotation}
    choices = schema.get("anyOf", [schema])
    if (NoneType in parts) != any(choice.get("type") == "null" for choice in choices):
        return False
    (choice,) = [choice for choice in choices if choice.get("type") != "null"]
    rest = annotation if len(parts) == 1 else next(part for part in parts if part is not NoneType)
    if "$ref" in choice and "properties" in resolved(choice):
        # Blocks of a message may be of one kind today: a class for all others leaves room.
        others = {part for part in get_args(rest) if issubclass(part, Unknown)}
        return set(get_args(rest) or {rest}) - others == {RESULTS[choice["$ref"].rpartition("/")[2]]}
    kind = resolved(choice)
    if "oneOf" in kind:
        return union_fits(rest, kind)
    if kind["type"] == "array":
        item, more = get_args(rest)
        return get_origin(rest) is tuple and more is ... and annotation_fits(item, kind["items"])
    if "enum" in kind:
        if {annotation} == parts and get_origin(annotation) is Literal:  # a tag
            return list(get_args(annotation)) == kind["enum"]
        literals = {value for part in get_args(rest) if get_origin(part) is Literal for value in get_args(part)}
        return literals == set(kind["enum"]) and str in get_args(rest)
    if kind["type"] == "object":
        return get_origin(rest) is Mapping
    return rest in (SCALARS[kind["type"]], Secret) and (rest is not Secret or kind["type"] == "string")


def union_fits(annotation: Any, schema: dict[str, Any]) -> bool:
    """Whether a union has the documented kinds, and one class for all others."""
    assert schema["discriminator"] == {"propertyName": "type"}
    documented = {RESULTS[choice["$ref"].rpartition("/")[2]] for choice in schema["oneOf"]}
    (other,) = set(get_args(annotation)) - documented
    return documented < set(get_args(annotation)) and issubclass(other, Unknown)


def hints_of(cls: Any) -> dict[str, Any]:
    """A class's annotations, those of a generic one filled."""
    hints = get_type_hints(class_of(cls))
    return {name: hint[get_args(cls)] if getattr(hint, "__parameters__", ()) else hint for name, hint in hints.items()}


@every_result
def test_a_results_annotations_are_the_documented_types(schema: str) -> None:
    hints = hints_of(RESULTS[schema])
    wrong = {
        name: hints[name]
        for name, part in SCHEMAS[schema]["properties"].items()
        if not annotation_fits(hints[name], part)
    }
    assert wrong == {}


def wrong_value(schema: dict[str, Any]) -> Any:
    wrong = {"string": 7, "integer": "7", "boolean": 1, "object": [], "array": {}}
    return wrong[resolved(schema).get("type", "object")]


@every_result
def test_null_is_taken_where_the_document_says_so_and_nowhere_else(schema: str) -> None:
    for name, part in SCHEMAS[schema]["properties"].items():
        if {"type": "null"} in part.get("anyOf", []):
            assert getattr(structure({name: None}, RESULTS[schema]), name) is None
        else:
            with pytest.raises(Mismatch, match="is null"):
                structure({name: None}, RESULTS[schema])


@every_result
def test_a_value_of_another_type_is_refused_with_its_path(schema: str) -> None:
    for name, part in SCHEMAS[schema]["properties"].items():
        with pytest.raises(Mismatch) as caught:
            structure({name: wrong_value(part.get("anyOf", [part])[0])}, RESULTS[schema])
        assert caught.value.path == name


def enums(schema: str) -> list[tuple[str, list[str]]]:
    parts = SCHEMAS[schema]["properties"].items()
    return [(name, resolved(part)["enum"]) for name, part in parts if "enum" in resolved(part)]


@every_result
def test_documented_enum_values_pass_strictly_and_others_only_otherwise(schema: str) -> None:
    document, cls = whole(SCHEMAS[schema]), RESULTS[schema]
    check_strictly(structure(document, cls))
    for name, values in enums(schema):
        for value in values:
            check_strictly(structure({**document, name: value}, cls))
        with pytest.raises(Mismatch, match=rf"should be one of '{values[0]}'"):
            check_strictly(structure({**document, name: "unheard_of"}, cls))


def test_the_document_has_the_enums_we_know() -> None:
    assert {name for name, _ in enums("ChatSessionResource")} == {"object", "status"}
    assert sum(len(enums(schema)) for schema in RESULTS) == 32


@every_params
def test_parameters_have_the_documented_fields_and_no_other(schema: str) -> None:
    assert set(params_fields(PARAMS[schema])) == set(SCHEMAS[schema]["properties"])


@every_params
def test_required_parameters_are_those_the_document_requires(schema: str) -> None:
    required = set(SCHEMAS[schema]["required"])
    assert set(required_names(PARAMS[schema])) == required - FILLED_IN.get(schema, set())
    assert required <= PARAMS[schema].from_mapping(LEAST.get(schema, {})).to_dict().keys()


def test_no_request_field_is_nullable_so_that_none_can_mean_left_out() -> None:
    for schema in PARAMS:
        assert not any("anyOf" in part for part in SCHEMAS[schema]["properties"].values())


def bounds() -> list[tuple[str, str, str, int]]:
    words = ("minimum", "maximum", "minLength", "maxLength", "maxProperties")
    limits = [
        (schema, name, word, part[word])
        for schema in PARAMS
        for name, part in SCHEMAS[schema]["properties"].items()
        for word in words
        if word in part
    ]
    return limits + [(*where, limit) for where, limit in STRICTER.items()]


def at(word: str, limit: int, beyond: int) -> Any:
    """A value at a bound, or one step beyond it."""
    if word in ("minimum", "maximum"):
        return limit + (beyond if word == "maximum" else -beyond)
    size = limit + (beyond if word.startswith("max") else -beyond)
    return {f"k{index}": 1 for index in range(size)} if word == "maxProperties" else "x" * size


def test_the_document_has_the_bounds_we_know() -> None:
    assert len(bounds()) == 10


@pytest.mark.parametrize(("schema", "name", "word", "limit"), bounds())
def test_a_bound_is_the_last_value_that_passes(schema: str, name: str, word: str, limit: int) -> None:
    fields = LEAST.get(schema, {})
    assert PARAMS[schema].from_mapping({**fields, name: at(word, limit, 0)})
    with pytest.raises(ParamsValidationError) as caught:
        PARAMS[schema].from_mapping({**fields, name: at(word, limit, 1)})
    (problem,) = caught.value.problems
    assert (problem.path, problem.limit) == (name, limit)


def test_the_longest_state_variable_is_the_documented_one() -> None:
    variables = SCHEMAS["WorkflowParam"]["properties"]["state_variables"]
    (text,) = [part for part in variables["additionalProperties"]["oneOf"] if part["type"] == "string"]
    with pytest.raises(ParamsValidationError) as caught:
        ChatSessionWorkflowParam("w", state_variables={"a": "x" * (text["maxLength"] + 1)})
    assert caught.value.problems[0].limit == text["maxLength"]


@every_params
def test_a_mapping_is_typed_with_the_fields_of_its_class(schema: str) -> None:
    cls = PARAMS[schema]
    if cls is SessionCreateParams:  # its positional form takes any mapping
        return
    hints = get_type_hints(getattr(chatkit_async, f"{cls.__name__}Dict"), include_extras=True)
    assert set(hints) == set(params_fields(cls))
    assert {name for name, hint in hints.items() if get_origin(hint) is Required} == set(required_names(cls))
