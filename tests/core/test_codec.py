"""Decoded JSON becomes objects without conversions; an error names the wrong field by its path."""

from __future__ import annotations

from typing import Any

import pytest

from chatkit_async import ChatKitWorkflow, ChatSession, ChatSessionFileUpload, Secret
from chatkit_async._core.codec import DEEPEST_RESULT, Mismatch, depth_exceeds, structure, structuring_converter
from tests.types.documents import DOCUMENTED, WHOLE


def nested(levels: int) -> Any:
    value: Any = 1
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value


@pytest.mark.parametrize("document", DOCUMENTED.values(), ids=DOCUMENTED.keys())
def test_every_documented_response_parses(document: dict[str, Any]) -> None:
    assert structure(document, ChatSession).status in ("active", "cancelled")


@pytest.mark.parametrize(
    ("document", "path", "message"),
    [
        ({"id": None}, "id", "should be a string, is null"),
        ({"id": 7}, "id", "should be a string, is an integer"),
        ({"client_secret": None}, "client_secret", "should be a string, is null"),
        ({"client_secret": ["x"]}, "client_secret", "should be a string, is an array"),
        ({"expires_at": "7"}, "expires_at", "should be an integer, is a string"),
        ({"expires_at": True}, "expires_at", "should be an integer, is a boolean"),
        ({"expires_at": 1.5}, "expires_at", "should be an integer, is a number"),
        ({"expires_at": None}, "expires_at", "should be an integer, is null"),
        ({"status": None}, "status", "should be a string, is null"),
        ({"status": 1}, "status", "should be a string, is an integer"),
        ({"workflow": None}, "workflow", "should be an object, is null"),
        ({"workflow": "wf"}, "workflow", "should be an object, is a string"),
        ({"workflow": {"id": False}}, "workflow.id", "should be a string, is a boolean"),
        ({"workflow": {"version": 1}}, "workflow.version", "should be a string, is an integer"),
        ({"workflow": {"tracing": {"enabled": 1}}}, "workflow.tracing.enabled", "should be a boolean, is an integer"),
        (
            {"workflow": {"tracing": {"enabled": "true"}}},
            "workflow.tracing.enabled",
            "should be a boolean, is a string",
        ),
        ({"workflow": {"state_variables": []}}, "workflow.state_variables", "should be an object, is an array"),
        (
            {"workflow": {"state_variables": {"a b": None}}},
            "workflow.state_variables['a b']",
            "should be a string, integer, boolean or number, is null",
        ),
        (
            {"workflow": {"state_variables": {"a": [1]}}},
            "workflow.state_variables['a']",
            "should be a string, integer, boolean or number, is an array",
        ),
        ([], "", "should be an object, is an array"),
        (None, "", "should be an object, is null"),
        ("{}", "", "should be an object, is a string"),
    ],
    ids=str,
)
def test_a_wrong_type_is_named_by_its_path_and_never_converted(document: Any, path: str, message: str) -> None:
    with pytest.raises(Mismatch) as caught:
        structure(document, ChatSession)
    assert (caught.value.path, caught.value.message) == (path, message)


@pytest.mark.parametrize(("given", "taken"), [(5, 5), (5.0, 5), (-0.0, 0), (1e15, 10**15), (2**70, 2**70)])
def test_a_number_without_a_fraction_is_an_integer(given: Any, taken: int) -> None:
    found = structure({"expires_at": given}, ChatSession)
    assert found.expires_at == taken
    assert type(found.expires_at) is int


@pytest.mark.parametrize("value", [5, 5.0, 5.5, True, "5", ""], ids=repr)
def test_a_state_variable_keeps_its_type(value: Any) -> None:
    found = structure({"state_variables": {"a": value}}, ChatKitWorkflow).state_variables
    assert found == {"a": value}
    assert type((found or {})["a"]) is type(value)


@pytest.mark.parametrize("variables", [None, {}])
def test_no_state_is_null_or_empty(variables: Any) -> None:
    assert structure({"state_variables": variables}, ChatKitWorkflow).state_variables == variables


def test_null_stays_null_where_it_may_stand() -> None:
    upload = structure({"max_file_size": None, "max_files": 3}, ChatSessionFileUpload)
    assert upload.max_file_size is None
    assert upload.max_files == 3
    assert upload.missing_fields == ("enabled",)


def test_an_unknown_enum_string_passes_as_it_is() -> None:
    assert structure({**WHOLE, "status": "paused"}, ChatSession).status == "paused"


def test_the_client_secret_becomes_a_secret() -> None:
    assert isinstance(structure(WHOLE, ChatSession).client_secret, Secret)


def test_an_empty_object_has_everything_missing() -> None:
    found = structure({}, ChatSession)
    assert len(found.missing_fields) == 10
    assert found.extra == {}
    assert found.to_dict() == {}


@pytest.mark.parametrize(
    "name", ["extra", "response", "_response", "missing_fields", "to_dict", "__class__", "__weakref__", ""]
)
def test_an_undocumented_field_of_any_name_is_kept_and_changes_nothing(name: str) -> None:
    found = structure({**WHOLE, name: {"a": 1}}, ChatSession)
    assert dict(found.extra) == {name: {"a": 1}}
    assert found.to_dict() == {**WHOLE, name: {"a": 1}}
    assert found.missing_fields == ()


def test_extra_may_be_as_deep_as_the_limit_and_no_deeper() -> None:
    structure({"more": nested(DEEPEST_RESULT - 1)}, ChatSession).to_dict()
    with pytest.raises(Mismatch, match=f"nests deeper than {DEEPEST_RESULT} levels"):
        structure({"more": nested(DEEPEST_RESULT)}, ChatSession)


@pytest.mark.parametrize("levels", [1, 2, 5])
def test_depth_is_counted_in_objects_and_arrays(levels: int) -> None:
    assert not depth_exceeds(nested(levels), levels)
    assert depth_exceeds(nested(levels), levels - 1)


def test_a_depth_no_recursion_could_walk_is_measured() -> None:
    assert depth_exceeds(nested(100_000), 100)


def test_there_is_one_structuring_converter() -> None:
    assert structuring_converter() is structuring_converter()
