"""The errors as a family: what they say, what a browser may see, that they travel, that they show no secret."""

from __future__ import annotations

import copy
import json
import pickle
import re
import traceback
from typing import Any

import attrs
import pytest

import chatkit_async
from chatkit_async import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    ChatKitError,
    ClientClosedError,
    ConfigurationError,
    InternalServerError,
    MissingFieldError,
    ParamsValidationError,
    Problem,
    RateLimitError,
    ReentrantCallError,
    ResponseInfo,
    Secret,
    SessionCreateParams,
    errors,
)
from chatkit_async.errors import RateLimit, status_error_class
from chatkit_async.types.headers import Headers
from chatkit_async.types.secret import masked

KEY, SECRET = "sk-abcdefgh12345678", "chatkit token 123"


def family(root: type[ChatKitError] = ChatKitError) -> list[type[ChatKitError]]:
    return [root, *(found for child in root.__subclasses__() for found in family(child))]


API_ERRORS: list[Any] = family(APIError)
PLAIN_ERRORS: list[Any] = [
    cls for cls in dict.fromkeys(family()) if not issubclass(cls, (APIError, ParamsValidationError))
]
RESPONSE = ResponseInfo(429, "req_1", Headers([("x-request-id", "req_1")]), 3, 2.5, RateLimit(limit_requests=5))
DETAILS: dict[str, Any] = {
    "operation": "sessions.create",
    "status": 429,
    "code": "rate_limit_exceeded",
    "param": "user",
    "type": "requests",
    "request_id": "req_1",
    "attempts": 3,
    "elapsed_s": 2.5,
    "retry_after_s": 2.0,
    "outcome": "refused",
    "hint": "Send fewer.",
    "body": masked({"message": "slow down", "id": "cksess_1"}),
    "response": RESPONSE,
}
ways_to_copy = pytest.mark.parametrize(
    "again",
    [copy.copy, copy.deepcopy, *(lambda it, p=p: pickle.loads(pickle.dumps(it, p)) for p in range(6))],
    ids=["copy", "deepcopy", *(f"pickle {protocol}" for protocol in range(6))],
)


def test_every_error_of_the_family_is_public_and_in_the_drawing_at_the_top() -> None:
    names = {cls.__name__ for cls in family()}
    assert names <= set(chatkit_async.__all__)
    assert names == set(re.findall(r"\b[A-Z]\w+Error\b", errors.__doc__ or "")) - {"ValueError", "AttributeError"}


@pytest.mark.parametrize(
    ("cls", "parents"),
    [
        (ParamsValidationError, (ChatKitError, ValueError)),
        (MissingFieldError, (ChatKitError, AttributeError)),
        (ConfigurationError, (ChatKitError,)),
        (ClientClosedError, (ChatKitError,)),
        (ReentrantCallError, (ChatKitError,)),
        (APITimeoutError, (APIConnectionError, APIError)),
        (APIResponseValidationError, (APIError,)),
        (RateLimitError, (APIStatusError, APIError)),
        (InternalServerError, (APIStatusError, APIError)),
    ],
)
def test_the_tree_is_as_documented(cls: type, parents: tuple[type, ...]) -> None:
    assert all(issubclass(cls, parent) for parent in parents)


@ways_to_copy
@pytest.mark.parametrize("cls", API_ERRORS)
def test_an_api_error_copies_with_its_class_message_and_fields(cls: Any, again: Any) -> None:
    first = cls("slow down", **DETAILS)
    second = again(first)
    assert type(second) is cls
    assert second.__dict__ == first.__dict__
    assert str(second) == str(first)
    assert second.args == first.args
    assert second.public() == first.public()


@ways_to_copy
@pytest.mark.parametrize("cls", API_ERRORS)
def test_an_api_error_without_details_copies_too(cls: Any, again: Any) -> None:
    second = again(cls("it failed"))
    assert (type(second), str(second), second.attempts, second.outcome) == (cls, "it failed", 1, "unknown")


@pytest.mark.parametrize("cls", API_ERRORS)
def test_an_api_error_survives_a_queue_that_stores_its_class_and_arguments_as_json(cls: Any) -> None:
    first = cls("slow down", **DETAILS)
    second = cls(*json.loads(json.dumps(first.args)))
    assert str(second) == str(first)
    assert second.public() == first.public()
    assert (second.status, second.request_id, second.operation) == (first.status, first.request_id, first.operation)
    assert "body" not in first.args[1]


def test_refused_parameters_survive_a_queue_that_stores_class_and_arguments_as_json() -> None:
    first = ParamsValidationError("create", (Problem("user", "invalid_type", "must be a string", object(), 512),))
    second = ParamsValidationError(*json.loads(json.dumps(first.args)))
    assert str(second) == str(first)
    assert [(one.path, one.code, one.limit) for one in second.problems] == [("user", "invalid_type", 512)]


@ways_to_copy
@pytest.mark.parametrize("cls", PLAIN_ERRORS)
def test_a_plain_error_copies_with_its_class_and_message(cls: Any, again: Any) -> None:
    second = again(cls("as it was"))
    assert (type(second), str(second)) == (cls, "as it was")


@ways_to_copy
def test_a_params_error_copies_with_all_its_problems(again: Any) -> None:
    with pytest.raises(ParamsValidationError) as caught:
        SessionCreateParams(user="", workflow="")
    second = again(caught.value)
    assert type(second) is ParamsValidationError
    assert (second.subject, second.problems) == (caught.value.subject, caught.value.problems)
    assert str(second) == str(caught.value)


@ways_to_copy
def test_a_missing_field_raised_by_an_object_copies(again: Any) -> None:
    with pytest.raises(MissingFieldError) as caught:
        _ = chatkit_async.ChatSession.__new__(chatkit_async.ChatSession).user
    assert str(again(caught.value)) == str(caught.value)


def test_notes_are_pickled() -> None:
    error = RateLimitError("slow down")
    error.add_note("while minting for user 5")
    assert pickle.loads(pickle.dumps(error)).__notes__ == ["while minting for user 5"]


@pytest.mark.parametrize(
    ("details", "sentence"),
    [
        ({}, "it failed"),
        ({"operation": "sessions.create"}, "sessions.create: it failed"),
        ({"status": 429}, "429 it failed"),
        ({"retry_after_s": 2.0}, "it failed, retry after 2 s"),
        ({"retry_after_s": 0.25}, "it failed, retry after 0.25 s"),
        ({"retry_after_s": 0.001}, "it failed, retry after 0.001 s"),
        ({"retry_after_s": 0.0}, "it failed, retry after 0 s"),
        ({"retry_after_s": 31_536_000.0}, "it failed, retry after 31536000 s"),
        ({"request_id": "req_1"}, "it failed (request req_1)"),
        ({"attempts": 1, "elapsed_s": 9.0}, "it failed"),
        ({"attempts": 3, "elapsed_s": 2.54}, "it failed (3 attempts in 2.5 s)"),
        ({"hint": "Do this."}, "it failed. Do this."),
        (
            DETAILS,
            "sessions.create: 429 it failed, retry after 2 s (request req_1, 3 attempts in 2.5 s). Send fewer.",
        ),
    ],
)
def test_the_message_names_operation_problem_wait_and_next_step(details: dict[str, Any], sentence: str) -> None:
    assert str(APIError("it failed.", **details)) == sentence


def test_the_message_alone_stays_as_it_was() -> None:
    assert APIError("it failed.").message == "it failed."


def test_one_problem_is_one_line_and_several_are_a_list() -> None:
    one = ParamsValidationError("Thing", (Problem("a.b", "invalid_type", "must be c"),))
    whole = ParamsValidationError("Thing", (Problem("", "invalid_type", "must be a mapping"),))
    two = ParamsValidationError("Thing", (*one.problems, Problem("d", "unknown_parameter", "is not allowed")))
    assert str(one) == "Thing: a.b: must be c"
    assert str(whole) == "Thing: must be a mapping"
    assert str(two) == "Thing:\n  a.b: must be c\n  d: is not allowed"


@pytest.mark.parametrize(
    ("cls", "code"),
    [
        (APIError, "upstream_error"),
        (APIConnectionError, "upstream_unreachable"),
        (APITimeoutError, "upstream_timeout"),
        (APIResponseValidationError, "upstream_response_invalid"),
        (RateLimitError, "rate_limited"),
        (AuthenticationError, "upstream_error"),
        (InternalServerError, "upstream_error"),
    ],
)
def test_a_browser_sees_a_code_a_sentence_of_ours_the_request_and_the_wait(cls: Any, code: str) -> None:
    seen = cls("internal: " + KEY, **{**DETAILS, "hint": KEY}).public()
    assert seen == {"code": code, "message": cls.public_message, "request_id": "req_1", "retry_after_s": 2.0}
    assert json.loads(json.dumps(seen)) == seen
    assert KEY not in json.dumps(seen)


@pytest.mark.parametrize("cls", API_ERRORS)
def test_every_api_error_has_something_to_tell_a_browser(cls: Any) -> None:
    seen = cls("x").public()
    assert seen["message"].endswith(".")
    assert seen["code"].replace("_", "").islower()


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 429])
def test_a_status_has_its_own_class_that_names_it(status: int) -> None:
    cls = status_error_class(status)
    assert cls.__mro__[1] is APIStatusError
    assert (cls.__doc__ or "").startswith(f"{status}: ")


@pytest.mark.parametrize(("status", "cls"), [(s, InternalServerError) for s in (500, 502, 503, 504, 599, 600)])
def test_from_500_on_it_is_the_servers_error(status: int, cls: type) -> None:
    assert status_error_class(status) is cls


@pytest.mark.parametrize("status", [300, 302, 307, 402, 405, 408, 410, 418, 499])
def test_any_other_status_is_a_status_error(status: int) -> None:
    assert status_error_class(status) is APIStatusError


def test_the_official_name_of_the_status_is_there_too() -> None:
    assert APIStatusError("x", status=404).status_code == 404
    assert APIConnectionError("x").status_code is None


def test_a_pickled_error_holds_neither_key_nor_client_secret() -> None:
    body = masked({"client_secret": SECRET, "deep": [{"authorization": KEY}], "id": "cksess_1"})
    response = attrs.evolve(RESPONSE, headers=Headers([("x-request-id", "req_1"), ("set-cookie", SECRET)]))
    error = APIResponseValidationError("the response is not a session", body=body, response=response)
    assert error.body["client_secret"] == SECRET  # type: ignore[index]
    pickled = pickle.dumps(error)
    assert SECRET.encode() not in pickled
    assert KEY.encode() not in pickled
    again = pickle.loads(pickled)
    assert again.body == {"client_secret": "***", "deep": [{"authorization": "***"}], "id": "cksess_1"}
    assert again.response.headers["set-cookie"] == "***"
    assert again.response.request_id == "req_1"


@ways_to_copy
def test_a_pickled_error_pickles_again(again: Any) -> None:
    first = pickle.loads(pickle.dumps(APIError("x", body=masked({"client_secret": SECRET}), response=RESPONSE)))
    assert again(first).__dict__ == first.__dict__


def test_no_repr_of_an_error_or_its_parts_shows_a_secret() -> None:
    error = APIError("x", **{**DETAILS, "body": masked({"client_secret": SECRET})})
    shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    for text in (repr(error), str(error), repr(error.body), repr(error.__dict__), shown):
        assert SECRET not in text


def test_a_problem_with_a_secret_does_not_show_it() -> None:
    with pytest.raises(ParamsValidationError) as caught:
        SessionCreateParams(user=Secret(SECRET * 50), workflow="w")
    assert SECRET not in repr(caught.value.problems) + str(caught.value)
