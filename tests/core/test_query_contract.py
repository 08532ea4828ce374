"""Parameters of paths and queries beside the slice of OpenAI's document: bounds and enums; every class has a row."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from chatkit_async import ParamsValidationError
from chatkit_async._core.operation import encode
from chatkit_async._core.operations import OPERATIONS
from chatkit_async.types import (
    configuration_params,
    content,
    items,
    page,
    session,
    session_operations,
    session_params,
    thread,
)
from chatkit_async.types import thread_operations as operations
from chatkit_async.types.params import Params
from chatkit_async.types.result import Result
from tests.core.test_schema_contract import PARAMS, at, documented
from tests.types.documents import RESULTS, class_of, resolved

DOCUMENT: dict[str, Any] = json.loads((Path(__file__).parents[1] / "openapi-chatkit.json").read_text())
# Ours refuses more than the document does: a page of none asks for nothing, and a blank text names nothing.
STRICTER: dict[tuple[str, str], dict[str, int]] = {
    ("limit", "minimum"): {"limit": 1},
}
IDS = {"thread_id": "cthr_1", "session_id": "cksess_1"}


def query_parameters() -> list[Any]:
    return [
        pytest.param(
            operation, parameter["name"], resolved(parameter["schema"]), id=f"{operation.name} {parameter['name']}"
        )
        for operation in OPERATIONS
        for parameter in documented(operation).get("parameters", [])
        if parameter["in"] == "query"
    ]


every_query_parameter = pytest.mark.parametrize(("operation", "name", "schema"), query_parameters())


def made(operation: Any, **fields: Any) -> Any:
    path = {name: value for name, value in IDS.items() if f"{{{name}}}" in operation.path}
    return operation.params(**path, **fields)


def sent(operation: Any, **fields: Any) -> Any:
    return encode(operation, made(operation, **fields)).query


def test_the_document_has_the_query_parameters_we_know() -> None:
    assert len(query_parameters()) == 9


@every_query_parameter
def test_a_query_parameter_is_left_out_unless_given_and_never_required(operation: Any, name: str, schema: Any) -> None:
    assert sent(operation) == {}
    assert sent(operation, **{name: None}) == {}
    value: Any = schema.get("enum", ["x"])[0] if schema["type"] == "string" else 5
    assert sent(operation, **{name: value}) == {name: value}


@every_query_parameter
def test_a_query_parameter_of_another_type_is_refused(operation: Any, name: str, schema: Any) -> None:
    wrong: list[Any] = [True, [], {}, 1.5, 5 if schema["type"] == "string" else "5"]
    for value in wrong:
        with pytest.raises(ParamsValidationError) as caught:
            made(operation, **{name: value})
        assert [problem.path for problem in caught.value.problems] == [name]


def bounds() -> list[Any]:
    words = ("minimum", "maximum", "minLength", "maxLength")
    return [
        pytest.param(
            operation, name, word, STRICTER.get((name, word), {name: schema[word]})[name], id=f"{shown} {word}"
        )
        for parameter in query_parameters()
        for (operation, name, schema), shown in [(parameter.values, parameter.id)]
        for word in words
        if word in schema
    ]


@pytest.mark.parametrize(("operation", "name", "word", "limit"), bounds())
def test_a_bound_of_a_query_parameter_is_the_last_value_that_passes(
    operation: Any, name: str, word: str, limit: int
) -> None:
    assert sent(operation, **{name: at(word, limit, 0)}) == {name: at(word, limit, 0)}
    with pytest.raises(ParamsValidationError) as caught:
        made(operation, **{name: at(word, limit, 1)})
    (problem,) = caught.value.problems
    assert (problem.path, problem.limit) == (name, limit)


def test_the_document_has_the_bounds_of_queries_we_know() -> None:
    assert len(bounds()) == 6


@pytest.mark.parametrize(
    "operation", [row for row in OPERATIONS if row.method == "GET" and "list" in row.name], ids=str
)
def test_order_takes_the_documented_words_and_no_other(operation: Any) -> None:
    assert [sent(operation, order=word)["order"] for word in ("asc", "desc")] == ["asc", "desc"]
    for word in ("ASC", "ascending", "", "asc "):
        with pytest.raises(ParamsValidationError, match="asc or desc"):
            made(operation, order=word)


def classes(base: type, *modules: ModuleType) -> set[type]:
    """The public classes under a base that modules define."""
    return {
        value
        for module in modules
        for name, value in vars(module).items()
        if isinstance(value, type)
        and issubclass(value, base)
        and value.__module__ == module.__name__
        and not name.startswith("_")
    }


def test_every_class_is_compared_with_the_document() -> None:
    params = classes(Params, session_params, configuration_params, session_operations, operations)
    assert params == {*PARAMS.values(), *(operation.params for operation in OPERATIONS)}
    assert classes(Result, session, thread, items, content, page) == {class_of(cls) for cls in RESULTS.values()}
