"""What parameters refuse, where, and with which of the API's words."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import pytest

from chatkit_async import (
    ChatKit,
    ChatSessionWorkflowParam,
    ParamsValidationError,
    Problem,
    SessionCancelParams,
    SessionCreateParams,
)
from chatkit_async.types.session_operations import as_create_params

LEAST: dict[str, Any] = {"user": "u", "workflow": "wf"}
NESTED_MOST = {f"k{index}": 0 for index in range(64)}


def problems(**fields: Any) -> tuple[Problem, ...]:
    with pytest.raises(ParamsValidationError) as caught:
        SessionCreateParams(**{**LEAST, **fields})
    return caught.value.problems


def workflow(**fields: Any) -> dict[str, Any]:
    return {"workflow": {"id": "wf", **fields}}


def configuration(part: str, **fields: Any) -> dict[str, Any]:
    return {"chatkit_configuration": {part: fields}}


# fields, path, the API's word, limit
ROWS: list[tuple[dict[str, Any], str, str, object]] = [
    ({"user": None}, "user", "missing_required_parameter", None),
    ({"user": ""}, "user", "string_below_min_length", 1),
    ({"user": " \t\n"}, "user", "invalid_value", None),
    ({"user": "x" * 513}, "user", "string_above_max_length", 512),
    ({"user": 5}, "user", "invalid_type", None),
    ({"user": b"u"}, "user", "invalid_type", None),
    ({"user": "\ud800"}, "user", "invalid_value", None),
    ({"workflow": None}, "workflow", "missing_required_parameter", None),
    ({"workflow": ""}, "workflow.id", "string_below_min_length", 1),
    ({"workflow": 5}, "workflow", "invalid_type", None),
    ({"workflow": {}}, "workflow.id", "missing_required_parameter", None),
    ({"workflow": {"id": None}}, "workflow.id", "missing_required_parameter", None),
    ({"workflow": {"id": 7}}, "workflow.id", "invalid_type", None),
    (workflow(version="latest"), "workflow.version", "invalid_value", None),
    (workflow(version=""), "workflow.version", "string_below_min_length", 1),
    (workflow(version=3), "workflow.version", "invalid_type", None),
    (workflow(tracing=True), "workflow.tracing", "invalid_type", None),
    (workflow(tracing={"enabled": 1}), "workflow.tracing.enabled", "invalid_type", None),
    (workflow(tracing={"enabled": "yes"}), "workflow.tracing.enabled", "invalid_type", None),
    (workflow(state_variables=[]), "workflow.state_variables", "invalid_type", None),
    (workflow(state_variables={**NESTED_MOST, "k": 1}), "workflow.state_variables", "object_above_max_properties", 64),
    (workflow(state_variables={"k" * 65: 1}), f"workflow.state_variables['{'k' * 65}']", "string_above_max_length", 64),
    (workflow(state_variables={5: 1}), "workflow.state_variables[5]", "invalid_type", None),
    (workflow(state_variables={"a": None}), "workflow.state_variables['a']", "invalid_type", None),
    (workflow(state_variables={"a": []}), "workflow.state_variables['a']", "invalid_type", None),
    (workflow(state_variables={"a": math.nan}), "workflow.state_variables['a']", "invalid_value", None),
    (workflow(state_variables={"a": -math.inf}), "workflow.state_variables['a']", "invalid_value", None),
    (workflow(state_variables={"a": 2**64}), "workflow.state_variables['a']", "integer_above_max_value", 2**64 - 1),
    (
        workflow(state_variables={"a": -(2**63) - 1}),
        "workflow.state_variables['a']",
        "integer_below_min_value",
        -(2**63),
    ),
    (workflow(state_variables={"a": "\udfff"}), "workflow.state_variables['a']", "invalid_value", None),
    (workflow(state_variables={"\ud800": 1}), "workflow.state_variables['\\\\ud800']", "invalid_value", None),
    (
        workflow(state_variables={"a": "x" * 10_485_761}),
        "workflow.state_variables['a']",
        "string_above_max_length",
        10_485_760,
    ),
    ({"expires_after": 0}, "expires_after.seconds", "integer_below_min_value", 1),
    ({"expires_after": 601}, "expires_after.seconds", "integer_above_max_value", 600),
    ({"expires_after": True}, "expires_after.seconds", "invalid_type", None),
    ({"expires_after": 1.5}, "expires_after.seconds", "invalid_type", None),
    ({"expires_after": 300.0}, "expires_after.seconds", "invalid_type", None),
    ({"expires_after": "300"}, "expires_after", "invalid_type", None),
    ({"expires_after": timedelta(microseconds=1_500_000)}, "expires_after.seconds", "invalid_type", None),
    ({"expires_after": timedelta(days=1)}, "expires_after.seconds", "integer_above_max_value", 600),
    ({"expires_after": timedelta(seconds=-1)}, "expires_after.seconds", "integer_below_min_value", 1),
    ({"expires_after": {}}, "expires_after.seconds", "missing_required_parameter", None),
    ({"expires_after": {"seconds": 5, "anchor": "now"}}, "expires_after.anchor", "invalid_value", None),
    ({"expires_after": {"seconds": 5, "anchor": 5}}, "expires_after.anchor", "invalid_value", None),
    ({"rate_limits": 5}, "rate_limits", "invalid_type", None),
    (
        {"rate_limits": {"max_requests_per_1_minute": 0}},
        "rate_limits.max_requests_per_1_minute",
        "integer_below_min_value",
        1,
    ),
    (
        {"rate_limits": {"max_requests_per_1_minute": True}},
        "rate_limits.max_requests_per_1_minute",
        "invalid_type",
        None,
    ),
    (
        {"rate_limits": {"max_requests_per_1_minute": 2**64}},
        "rate_limits.max_requests_per_1_minute",
        "integer_above_max_value",
        2**64 - 1,
    ),
    ({"chatkit_configuration": "all"}, "chatkit_configuration", "invalid_type", None),
    ({"chatkit_configuration": {"history": True}}, "chatkit_configuration.history", "invalid_type", None),
    *[
        (configuration(part, **{name: value}), f"chatkit_configuration.{part}.{name}", word, limit)
        for part, name, value, word, limit in [
            ("automatic_thread_titling", "enabled", 1, "invalid_type", None),
            ("file_upload", "enabled", "true", "invalid_type", None),
            ("file_upload", "max_file_size", 0, "integer_below_min_value", 1),
            ("file_upload", "max_file_size", 513, "integer_above_max_value", 512),
            ("file_upload", "max_file_size", 5.5, "invalid_type", None),
            ("file_upload", "max_files", 0, "integer_below_min_value", 1),
            ("history", "enabled", 0, "invalid_type", None),
            ("history", "recent_threads", -1, "integer_below_min_value", 1),
        ]
    ],
]


@pytest.mark.parametrize(("fields", "path", "word", "limit"), ROWS, ids=[f"{path} {word}" for _, path, word, _ in ROWS])
def test_what_the_api_would_refuse_is_refused_with_its_path_word_and_limit(
    fields: dict[str, Any], path: str, word: str, limit: object
) -> None:
    (problem,) = problems(**fields)
    assert (problem.path, problem.code, problem.limit) == (path, word, limit)


def test_all_problems_come_at_once_in_the_order_of_the_fields() -> None:
    found = problems(
        user="", workflow={"version": "latest"}, expires_after=0, rate_limits={"max_requests_per_1_minute": 0}
    )
    assert [problem.path for problem in found] == [
        "user",
        "workflow.id",
        "workflow.version",
        "expires_after.seconds",
        "rate_limits.max_requests_per_1_minute",
    ]


# where it is written, what is written, words the response must hold
MISTAKES: list[tuple[dict[str, Any], str, str]] = [
    ({"rate_limits": {"requests_per_minute": 20}}, "rate_limits.requests_per_minute", "max_requests_per_1_minute"),
    ({"max_requests_per_1_minute": 60}, "max_requests_per_1_minute", "rate_limits={"),
    ({"requests_per_minute": 60}, "requests_per_minute", "rate_limits={"),
    ({"max_requests_per_session": 500}, "max_requests_per_session", "no limit per session"),
    ({"scope": {"a": 1}}, "scope", "scoped by user"),
    ({"state_variables": {}}, "state_variables", "belongs in workflow"),
    ({"history": {}}, "history", "belongs in chatkit_configuration"),
    ({"user_id": "u"}, "user_id", "write user="),
    ({"workflow_id": "w"}, "workflow_id", "write workflow="),
    ({"ttl_seconds": 5}, "ttl_seconds", "1 to 600"),
    ({"expire_after": 5}, "expire_after", "did you mean expires_after?"),
    ({"nothing_like_it": 5}, "nothing_like_it", "SessionCreateParams has: user, workflow"),
    ({"workflow": {"id": "w", "versoin": "1"}}, "workflow.versoin", "did you mean version?"),
]


@pytest.mark.parametrize(("fields", "path", "words"), MISTAKES, ids=[path for _, path, _ in MISTAKES])
def test_misspelt_and_misplaced_keys_are_answered_with_the_right_name(
    fields: dict[str, Any], path: str, words: str
) -> None:
    with pytest.raises(ParamsValidationError) as caught:
        SessionCreateParams.from_mapping({**LEAST, **fields})
    (problem,) = caught.value.problems
    assert (problem.path, problem.code) == (path, "unknown_parameter")
    assert words in problem.message


def test_each_field_of_the_documented_request_that_the_schema_refuses_is_answered() -> None:
    documented = {
        "workflow": {"id": "workflow_alpha", "version": "2024-10-01"},
        "scope": {"project": "alpha"},
        "expires_after": 1800,
        "max_requests_per_1_minute": 60,
        "max_requests_per_session": 500,
    }
    with pytest.raises(ParamsValidationError) as caught:
        SessionCreateParams.from_mapping(documented)
    assert {problem.path: problem.limit for problem in caught.value.problems} == {
        "scope": None,
        "max_requests_per_1_minute": None,
        "max_requests_per_session": None,
        "user": None,
        "expires_after.seconds": 600,
    }


@pytest.mark.parametrize("session_id", ["", ".", "..", None, 5, b"x", "\ud800"], ids=ascii)
def test_an_id_that_is_missing_or_would_change_the_path_is_refused(session_id: Any) -> None:
    with pytest.raises(ParamsValidationError) as caught:
        SessionCancelParams(session_id)
    assert [problem.path for problem in caught.value.problems] == ["session_id"]


def test_the_reason_against_latest_is_given() -> None:
    with pytest.raises(ParamsValidationError, match="the chat then fails; leave version out"):
        ChatSessionWorkflowParam("wf", version="latest")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"workflow": 5}, "must be a workflow id, a ChatSessionWorkflowParam or a mapping, not 5 (an integer)"),
        (
            {"expires_after": "300"},
            "must be whole seconds, a timedelta, a ChatSessionExpiresAfterParam or a mapping, not '300' (a string)",
        ),
        ({"expires_after": 1.5}, "must be an integer, not 1.5 (a number)"),
        (
            {"expires_after": {"seconds": 5, "anchor": "now"}},
            "must be created_at, the only anchor, not 'now' (a string)",
        ),
        ({"user": " "}, "is ' ', and must hold more than blanks"),
        (workflow(state_variables=[1]), "must be a mapping of names to values, not [1] (an array)"),
        (workflow(state_variables={3: 4}), "must have a string as its name, not 3 (an integer)"),
        (workflow(state_variables={"a": None}), "must be a string, integer, boolean or number, not null"),
        (configuration("history", enabled="yes"), "must be true or false, not 'yes' (a string)"),
        ({"user": ["sk-0123456789"]}, "must be a string, not ['sk-***'] (an array)"),
        ({"rate_limits": 5}, "must be a ChatSessionRateLimitsParam or a mapping, not 5 (an integer)"),
        ({"user": "x" * 513}, "has 513 characters; at most 512 are allowed"),
        ({"expires_after": 601}, "is 601; the most allowed is 600"),
        ({"expires_after": 0}, "is 0; the least allowed is 1"),
        ({"expires_after": timedelta(milliseconds=1500)}, "must be whole seconds, not 1.5"),
    ],
)
def test_a_message_says_what_to_write_instead(fields: dict[str, Any], words: str) -> None:
    assert words in problems(**fields)[0].message


@pytest.mark.parametrize("given", ["abc", 5, [], object()], ids=type)
def test_a_params_object_is_its_class_or_a_mapping(given: Any) -> None:
    with pytest.raises(
        ParamsValidationError, match=r"must be user=\S+ and workflow=\S+ by name, a SessionCreateParams or a mapping"
    ):
        as_create_params(given, None, None, None, None, None)
    with pytest.raises(ParamsValidationError, match=r"must be a mapping, not .* \(an? \w+\)"):
        SessionCreateParams.from_mapping(given)


OPTIONS_OF_ONE_CALL = {
    "timeout": "timeout",
    "max_retries": "max_retries",
    "extra_headers": "headers",
    "extra_query": "query",
    "extra_body": "body",
}


@pytest.mark.parametrize(("given", "option"), OPTIONS_OF_ONE_CALL.items())
def test_a_setting_of_one_call_among_the_keywords_is_answered_with_request_options(given: str, option: str) -> None:
    with ChatKit("sk-test") as client, pytest.raises(TypeError) as caught:
        client.sessions.create(**LEAST, **{given: 1})
    assert f"{given!r}: pass options=RequestOptions({option}=...)" in str(caught.value)


@pytest.mark.parametrize(
    ("given", "advice"),
    [("requests_per_minute", "write rate_limits={"), ("nonsense", "it takes user, workflow, chatkit_configuration")],
)
def test_a_wrong_keyword_of_a_create_is_answered_as_the_key_of_a_mapping_is(given: str, advice: str) -> None:
    with ChatKit("sk-test") as client, pytest.raises(TypeError) as caught:
        client.sessions.create(**LEAST, **{given: 1})
    assert f"{given!r}: {advice}" in str(caught.value)


def test_a_params_object_beside_keywords_is_refused_by_each_keyword() -> None:
    with pytest.raises(ParamsValidationError) as caught:
        as_create_params(SessionCreateParams(**LEAST), "u", None, None, 5, None)
    assert [problem.path for problem in caught.value.problems] == ["user", "expires_after"]


def test_a_params_object_is_taken_as_it_is_and_a_mapping_is_read() -> None:
    made = SessionCreateParams(**LEAST)
    assert as_create_params(made, None, None, None, None, None) is made
    assert as_create_params(LEAST, None, None, None, None, None) == made
    assert as_create_params(None, "u", "wf", None, None, None) == made


def test_half_of_a_surrogate_pair_is_refused_with_a_hint_at_the_encoding() -> None:
    with pytest.raises(ParamsValidationError, match="was it read with another encoding than UTF-8"):
        SessionCreateParams(user="\udcff", workflow="wf_1")
