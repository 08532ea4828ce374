"""`RequestOptions` and `Timeout`: what one call may set, and what is refused."""

from __future__ import annotations

import math
from typing import Any

import pytest

from chatkit_async import (
    AsyncChatKit,
    ChatKit,
    ConfigurationError,
    ParamsValidationError,
    RequestOptions,
    RetryPolicy,
    Timeout,
)
from chatkit_async._core.config import ClientSettings, first_config
from chatkit_async._core.options import finite


def test_options_without_arguments_set_nothing() -> None:
    options = RequestOptions()
    assert (options.timeout, options.max_retries, options.retry_ambiguous, options.strict) == (None, None, None, None)
    assert (options.headers, options.query, options.body) == ({}, {}, {})


def test_an_option_of_none_sets_nothing() -> None:
    names = ("timeout", "max_retries", "retry_ambiguous", "strict", "headers", "query", "body")
    assert RequestOptions(**dict.fromkeys(names)) == RequestOptions()


@pytest.mark.parametrize(
    ("given", "timeout"),
    [
        (5, Timeout(5)),
        (0.001, Timeout(0.001)),
        (math.inf, Timeout(math.inf)),
        (Timeout(5, connect=1), Timeout(5, connect=1)),
    ],
)
def test_a_timeout_is_seconds_or_a_timeout(given: Any, timeout: Timeout) -> None:
    assert RequestOptions(timeout=given).timeout == timeout


def test_a_timeout_has_defaults_and_floats() -> None:
    assert (Timeout().total, Timeout().connect) == (30, 5)
    assert type(Timeout(5).total) is float


@pytest.mark.parametrize("name", ["total", "connect"])
@pytest.mark.parametrize(
    "value", [0, -1, -0.0, math.nan, -math.inf, True, "5", None, [], 10**400], ids=lambda value: str(value)[:9]
)
def test_a_timeout_of_anything_but_seconds_above_zero_is_refused(name: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^timeout: seconds above 0"):
        Timeout(**{name: value})


def test_no_limit_is_none_to_asyncio() -> None:
    assert finite(math.inf) is None
    assert finite(5) == 5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_retries": -1}, "max_retries: "),
        ({"max_retries": 10**5000}, "max_retries: a whole number of at least 0, not an integer of 16,610 bits"),
        ({"retry_ambiguous": 1}, "RequestOptions(retry_ambiguous=): True or False, not 1"),
        ({"strict": "yes"}, "RequestOptions(strict=): True or False, not 'yes'"),
        ({"headers": []}, "RequestOptions(headers=): a mapping, not an array"),
        ({"headers": {"a\n": "b"}}, "RequestOptions(headers=): 'a\\\\n' is not a header name"),
        ({"query": "a=b"}, "RequestOptions(query=): a mapping, not a string"),
        ({"query": {"a": {}}}, "RequestOptions(query=): 'a' must be a string"),
        ({"body": [1]}, "RequestOptions(body=): a mapping, not an array"),
        ({"body": False}, "RequestOptions(body=): a mapping, not a boolean"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else value[:40],
)
def test_options_that_cannot_work_are_refused_with_their_name(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        RequestOptions(**options)
    assert str(caught.value).startswith(message)


def test_the_body_of_options_is_sent_unchecked() -> None:
    body = {"user": "", "unheard_of": [1, 2.5, None, True, {"a": "é"}], "scope": {}, "most": 2**64 - 1}
    assert RequestOptions(body=body).body == body


def test_tuples_and_mappings_become_arrays_and_objects() -> None:
    from types import MappingProxyType

    assert RequestOptions(body={"a": (1, MappingProxyType({"b": 2}))}).body == {"a": [1, {"b": 2}]}


def test_a_body_changed_later_changes_nothing() -> None:
    body: dict[str, Any] = {"a": [1]}
    options = RequestOptions(body=body)
    body["a"].append(object())
    assert options.body == {"a": [1]}


def recursive() -> dict[str, Any]:
    body: dict[str, Any] = {}
    body["a"] = body
    return body


@pytest.mark.parametrize(
    ("body", "path", "code"),
    [
        ({"a": math.nan}, "body.a", "invalid_value"),
        ({"a": [1, -math.inf]}, "body.a[1]", "invalid_value"),
        ({"a": {"b": 2**64}}, "body.a.b", "integer_above_max_value"),
        ({"a": -(2**63) - 1}, "body.a", "integer_below_min_value"),
        ({"a": "\ud800"}, "body.a", "invalid_value"),
        ({"a": {"\udfff": 1}}, "body.a['\\\\udfff']", "invalid_type"),
        ({5: 1}, "body[5]", "invalid_type"),
        ({"a b": object()}, "body['a b']", "invalid_type"),
        ({"a": {1, 2}}, "body.a", "invalid_type"),
        ({"a": b"x"}, "body.a", "invalid_type"),
        (recursive(), "body" + ".a" * 100, "invalid_value"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_what_json_cannot_hold_is_refused_with_its_path(body: Any, path: str, code: str) -> None:
    with pytest.raises(ParamsValidationError) as caught:
        RequestOptions(body=body)
    assert [(problem.path, problem.code) for problem in caught.value.problems] == [(path, code)]


def test_all_that_json_cannot_hold_is_refused_at_once() -> None:
    with pytest.raises(ParamsValidationError) as caught:
        RequestOptions(body={"a": math.nan, "b": [object(), "\ud800"]})
    assert [problem.path for problem in caught.value.problems] == ["body.a", "body.b[0]", "body.b[1]"]


def test_the_options_show_no_secret() -> None:
    options = RequestOptions(headers={"Authorization": "Bearer hush", "cookie": "hush"})
    assert options.headers["authorization"] == "Bearer hush"
    assert "hush" not in repr(options)


@pytest.mark.parametrize("cls", [RequestOptions, Timeout, RetryPolicy])
def test_a_half_made_setting_has_a_repr_for_tracebacks_with_locals(cls: Any) -> None:
    assert repr(cls.__new__(cls)) == f"{cls.__name__}()"
    assert repr(Timeout(5)) == "Timeout(total=5.0, connect=5.0)"


@pytest.mark.parametrize("name", ["Content-Length", "transfer-encoding", "Content-Encoding", "HOST", "Connection"])
@pytest.mark.parametrize("value", ["7", None])
def test_a_header_that_frames_the_message_is_refused(name: str, value: str | None) -> None:
    message = f"{name} cannot be set or removed: "
    with pytest.raises(ConfigurationError, match=message):
        RequestOptions(headers={name: value})
    with pytest.raises(ConfigurationError, match=f"^default_headers: {message}"):
        first_config(ClientSettings(default_headers={name: value}), {})


@pytest.mark.parametrize("kind", [AsyncChatKit, ChatKit])
def test_a_clients_timeout_of_none_is_refused_and_the_message_says_how_to_have_no_limit(kind: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"timeout: .*math\.inf for no limit.*, not None"):
        kind("sk-test", timeout=None)


def test_a_timeout_of_none_keeps_the_clients_in_a_copy_and_in_a_call() -> None:
    client = AsyncChatKit("sk-test", timeout=7)
    assert client.with_options(timeout=None)._caller.config.timeout == Timeout(7)
    assert RequestOptions(timeout=None).timeout is None
