"""What sessions.create accepts and refuses, error by error."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chatkit_async.emulator import Emulator, _http_server
from tests.emulator.raw import MINIMAL, post
from tests.emulator.schema_slice import SESSION


def with_value(path: str, value: object) -> dict[str, Any]:
    """The smallest valid body with one more value at this path."""
    body: dict[str, Any] = json.loads(json.dumps(MINIMAL))
    *parents, name = path.split(".")
    place = body
    for parent in parents:
        place = place.setdefault(parent, {})
    place[name] = value
    if path == "expires_after.seconds":
        place["anchor"] = "created_at"
    return body


ABSENT = [
    ({"workflow": {"id": "wf_1"}}, "user"),
    ({"user": "u"}, "workflow"),
    ({}, "workflow"),
    ({"user": "u", "workflow": {}}, "workflow.id"),
    (with_value("expires_after", {"seconds": 60}), "expires_after.anchor"),
    (with_value("expires_after", {"anchor": "created_at"}), "expires_after.seconds"),
]

UNKNOWN = [
    "scope",
    "ttl_seconds",
    "max_requests_per_1_minute",
    "workflow.name",
    "workflow.tracing.on",
    "expires_after.minutes",
    "rate_limits.requests_per_minute",
    "chatkit_configuration.theme",
    "chatkit_configuration.automatic_thread_titling.on",
    "chatkit_configuration.file_upload.max_size",
    "chatkit_configuration.history.limit",
]

OF_ANOTHER_TYPE = [
    *((path, None) for path in ("user", "workflow", "expires_after", "rate_limits", "chatkit_configuration")),
    *((path, None) for path in ("workflow.id", "workflow.version", "workflow.state_variables", "workflow.tracing")),
    ("workflow.state_variables.key", None),
    ("workflow.state_variables.key", {}),
    ("workflow.state_variables.key", []),
    ("workflow.state_variables", []),
    ("user", 5),
    ("user", True),
    ("workflow", "wf_1"),
    ("workflow.tracing.enabled", 1),
    ("workflow.tracing.enabled", "true"),
    ("expires_after", 1800),
    ("expires_after.seconds", True),
    ("expires_after.seconds", "60"),
    ("expires_after.seconds", 1.5),
    ("rate_limits", []),
    ("rate_limits.max_requests_per_1_minute", None),
    ("rate_limits.max_requests_per_1_minute", False),
    ("chatkit_configuration.automatic_thread_titling", True),
    ("chatkit_configuration.automatic_thread_titling.enabled", 0),
    ("chatkit_configuration.file_upload.enabled", None),
    ("chatkit_configuration.file_upload.max_file_size", 0.5),
    ("chatkit_configuration.file_upload.max_files", "10"),
    ("chatkit_configuration.history.recent_threads", None),
]

OUT_OF_BOUNDS = [
    ("expires_after.seconds", 601, "integer_above_max_value"),
    ("expires_after.seconds", 10**400, "integer_above_max_value"),
    ("expires_after.seconds", 0, "integer_below_min_value"),
    ("rate_limits.max_requests_per_1_minute", 0, "integer_below_min_value"),
    ("rate_limits.max_requests_per_1_minute", -(10**400), "integer_below_min_value"),
    ("chatkit_configuration.file_upload.max_file_size", 0, "integer_below_min_value"),
    ("chatkit_configuration.file_upload.max_file_size", 513, "integer_above_max_value"),
    ("chatkit_configuration.file_upload.max_files", 0, "integer_below_min_value"),
    ("chatkit_configuration.history.recent_threads", 0, "integer_below_min_value"),
    ("user", "", "string_below_min_length"),
    ("expires_after", {"anchor": "last_active_at", "seconds": 60}, "invalid_value"),
    ("workflow.state_variables", {f"key_{index}": 1 for index in range(65)}, "object_above_max_properties"),
    ("workflow.state_variables", {"k" * 65: 1}, "string_above_max_length"),
    ("workflow.state_variables.key", "x" * 10_485_761, "string_above_max_length"),
]
PARAM_BELOW = {"invalid_value": "expires_after.anchor"}

ACCEPTED = [
    ("user", "  "),
    ("user", "u" * 513),
    ("user", "é漢😀\u0000"),
    ("workflow.id", ""),
    ("workflow.version", "latest"),
    ("workflow.tracing", {}),
    ("workflow.state_variables", {}),
    ("workflow.state_variables", {f"key_{index}": index for index in range(64)}),
    ("workflow.state_variables", {"k" * 64: "v", "": ""}),
    ("expires_after.seconds", 1),
    ("expires_after.seconds", 600),
    ("expires_after.seconds", 300.0),
    ("rate_limits", {}),
    ("rate_limits.max_requests_per_1_minute", 10**30),
    ("chatkit_configuration", {}),
    ("chatkit_configuration.file_upload", {"enabled": True, "max_file_size": 512, "max_files": 1}),
    ("chatkit_configuration.history", {"enabled": False, "recent_threads": 1}),
]

NO_JSON = {
    "broken": b'{"user": ',
    "two_documents": b"{} {}",
    "broken_utf_8": b'{"user": "\xff", "workflow": {"id": "wf_1"}}',
    "utf_16": json.dumps(MINIMAL).encode("utf-16"),
    "nan": b'{"user": NaN, "workflow": {"id": "wf_1"}}',
    "infinity": b'{"user": "u", "workflow": {"id": "wf_1", "state_variables": {"key": -Infinity}}}',
    "number_beyond_floats": b'{"user": "u", "workflow": {"id": "wf_1", "state_variables": {"key": 1e999}}}',
    "half_a_character": b'{"user": "\\ud800", "workflow": {"id": "wf_1"}}',
    "half_a_character_in_capitals": b'{"user": "\\uD800", "workflow": {"id": "wf_1"}}',
    "half_a_character_in_a_key": b'{"user": "u", "workflow": {"id": "wf_1", "state_variables": {"\\udc00": 1}}}',
    "100_000_brackets": b"[" * 100_000,
    "100_000_objects": b'{"user":' * 100_000,
    "10_000_digits": b'{"user": ' + b"9" * 10_000 + b"}",
}


@pytest.mark.parametrize(("body", "param"), ABSENT)
async def test_a_missing_field_is_named(base_url: str, body: Any, param: str) -> None:
    response = await post(base_url, body)
    assert (response.status, response.error["code"], response.error["param"]) == (
        400,
        "missing_required_parameter",
        param,
    )
    assert response.error["message"] == f"Missing required parameter: '{param}'."


@pytest.mark.parametrize("path", UNKNOWN)
async def test_a_field_the_api_does_not_know_is_named(base_url: str, path: str) -> None:
    response = await post(base_url, with_value(path, 1))
    assert (response.status, response.error["code"], response.error["param"]) == (400, "unknown_parameter", path)
    assert response.error["message"] == f"Unknown parameter: '{path}'."


@pytest.mark.parametrize(("path", "value"), OF_ANOTHER_TYPE)
async def test_a_value_of_another_type_is_refused(base_url: str, path: str, value: object) -> None:
    response = await post(base_url, with_value(path, value))
    assert (response.status, response.error["code"], response.error["param"]) == (400, "invalid_type", path)
    assert response.error["type"] == "invalid_request_error"


async def test_a_wrong_type_is_explained_as_the_api_does(base_url: str) -> None:
    integer = await post(base_url, with_value("user", 5))
    assert integer.error["message"] == "Invalid type for 'user': expected a string, but got an integer instead."
    null = await post(base_url, with_value("user", None))
    assert null.error["message"] == "Invalid type for 'user': expected a string, but got null instead."


@pytest.mark.parametrize(("path", "value", "code"), OUT_OF_BOUNDS, ids=lambda value: str(value)[:40])
async def test_a_value_out_of_its_bounds_is_refused(base_url: str, path: str, value: object, code: str) -> None:
    response = await post(base_url, with_value(path, value))
    assert (response.status, response.error["code"]) == (400, code)
    assert response.error["param"] == PARAM_BELOW.get(code, path)
    assert len(response.error["message"]) < 300


async def test_a_bound_is_explained_as_the_api_does(base_url: str) -> None:
    response = await post(base_url, with_value("expires_after.seconds", 1800))
    expected = "integer above maximum value. Expected a value <= 600, but got 1800 instead."
    assert response.error["message"] == f"Invalid 'expires_after.seconds': {expected}"


@pytest.mark.parametrize(("path", "value"), ACCEPTED, ids=lambda value: str(value)[:40])
async def test_what_the_schema_allows_is_accepted(base_url: str, path: str, value: object) -> None:
    response = await post(base_url, with_value(path, value))
    assert response.status == 200
    SESSION.validate(response.json)


@pytest.mark.parametrize("body", NO_JSON.values(), ids=NO_JSON)
async def test_a_body_that_no_strict_parser_reads_is_refused(base_url: str, body: bytes) -> None:
    response = await post(base_url, body)
    assert (response.status, response.error["code"], response.error["param"]) == (400, None, None)
    assert response.error["message"].startswith("We could not parse the JSON body of your request.")


@pytest.mark.parametrize("body", [[], "text", 5, None, True])
async def test_a_body_that_is_not_an_object_is_refused(base_url: str, body: object) -> None:
    response = await post(base_url, json.dumps(body).encode())
    assert (response.status, response.error["code"]) == (400, "invalid_type")


async def test_an_empty_body_lacks_what_is_required(base_url: str) -> None:
    response = await post(base_url, b"", Content_Type=None)
    assert (response.status, response.error["code"]) == (400, "missing_required_parameter")


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None]
)
async def test_another_content_type_is_refused(base_url: str, content_type: str | None) -> None:
    response = await post(base_url, Content_Type=content_type)
    assert (response.status, response.error["code"]) == (400, "unsupported_content_type")
    assert f"'{content_type or ''}'" in response.error["message"]


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON"])
async def test_the_media_type_ignores_case_and_parameters(base_url: str, content_type: str) -> None:
    assert (await post(base_url, Content_Type=content_type)).status == 200


async def test_a_refused_body_creates_nothing(emulator: Emulator) -> None:
    await post(emulator.base_url, with_value("scope", 1))
    await post(emulator.base_url, b"[")
    assert emulator.sessions() == []


async def test_a_body_of_the_largest_size_is_read_and_a_larger_one_is_not(
    base_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_http_server, "MAX_REQUEST_BODY_BYTES", 2000)
    room = 2000 - len(json.dumps(with_value("user", "")))
    fits = await post(base_url, with_value("user", "u" * room))
    assert fits.status == 200
    too_large = await post(base_url, with_value("user", "u" * (room + 1)))
    assert too_large.status == 413
    assert too_large.error["message"] == "Maximum content size limit (2000) exceeded."


async def test_the_longest_state_variable_is_accepted(base_url: str) -> None:
    before, after = json.dumps(with_value("workflow.state_variables", {"key": "*"})).encode().split(b"*")
    longest = "😀".encode() * 10_485_760  # four bytes each
    assert (await post(base_url, before + longest + after)).status == 200


def test_the_largest_body_is_64_mib() -> None:
    assert _http_server.MAX_REQUEST_BODY_BYTES == 64 * 2**20
