"""A call before it is sent: its bytes and its URL; the nearest setting wins."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chatkit_async import (
    ConfigurationError,
    RequestOptions,
    RetryPolicy,
    Secret,
    SessionCancelParams,
    SessionCreateParams,
    ThreadListParams,
    Timeout,
)
from chatkit_async._core import json_bytes
from chatkit_async._core.config import ClientSettings, first_config
from chatkit_async._core.operation import encode, path_names
from chatkit_async._core.operations import OPERATIONS
from chatkit_async._core.prepared_call import PreparedCall, prepare, with_key
from chatkit_async._core.session_rows import CANCEL_SESSION, CREATE_SESSION
from chatkit_async._core.thread_rows import LIST_THREADS
from chatkit_async.types.params import field_names, required_names

PARAMS = SessionCreateParams(user="zoë", workflow="wf_1")


def create(options: RequestOptions | None = None, **settings: Any) -> PreparedCall:
    return prepare(CREATE_SESSION, PARAMS, first_config(ClientSettings(**settings), {}), options)


def cancel(session_id: str, options: RequestOptions | None = None, **settings: Any) -> PreparedCall:
    return prepare(
        CANCEL_SESSION, SessionCancelParams(session_id), first_config(ClientSettings(**settings), {}), options
    )


@pytest.mark.parametrize("writer", ["orjson", None])
def test_a_create_has_this_url_these_headers_and_this_body(writer: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if writer is None:
        monkeypatch.setattr(json_bytes, "orjson", None)
    request = create().request
    assert (request.method, request.url) == ("POST", "https://api.openai.com/v1/chatkit/sessions")
    assert request.body == '{"user":"zoë","workflow":{"id":"wf_1"}}'.encode()
    assert request.headers["content-type"] == "application/json"
    assert request.headers["openai-beta"] == "chatkit_beta=v1"


def test_a_cancel_has_no_body_and_no_content_type() -> None:
    request = cancel("cksess_1").request
    assert (request.method, request.url) == ("POST", "https://api.openai.com/v1/chatkit/sessions/cksess_1/cancel")
    assert request.body is None
    assert "content-type" not in request.headers


@pytest.mark.parametrize(
    ("session_id", "segment"),
    [
        ("a/b", "a%2Fb"),
        ("a b", "a%20b"),
        ("é", "%C3%A9"),
        ("?#", "%3F%23"),
        ("%2e", "%252e"),
        ("...", "..."),
        ("{x}", "%7Bx%7D"),
        ("\x00", "%00"),
    ],
)
def test_an_id_is_one_segment_of_the_path_whatever_it_holds(session_id: str, segment: str) -> None:
    assert cancel(session_id).request.url.endswith(f"/chatkit/sessions/{segment}/cancel")


# a setting of a call, the client's value, the option's value
NEAREST: list[tuple[str, Any, Any]] = [
    ("timeout", Timeout(1), Timeout(2, connect=1)),
    ("max_retries", 1, 0),
    ("strict", True, False),
]


@pytest.mark.parametrize(("name", "clients", "options"), NEAREST)
def test_the_nearest_setting_wins(name: str, clients: Any, options: Any) -> None:
    default = getattr(create(), name)
    assert getattr(create(**{name: clients}), name) == clients != default
    assert getattr(create(RequestOptions(**{name: options}), **{name: clients}), name) == options


def test_a_call_with_a_lost_response_is_repeated_if_repeatable_or_by_option() -> None:
    assert not create().repeats_lost
    assert cancel("x").repeats_lost
    assert create(RequestOptions(retry_ambiguous=True)).repeats_lost
    assert not cancel("x", RequestOptions(retry_ambiguous=False)).repeats_lost


def test_headers_of_a_call_go_over_the_clients_and_none_removes() -> None:
    call = create(
        RequestOptions(headers={"X-A": "call", "OpenAI-Beta": None, "Content-Type": "application/x"}),
        default_headers={"x-a": "client", "x-b": "client"},
    )
    assert call.request.headers["x-a"] == "call"
    assert call.request.headers["x-b"] == "client"
    assert call.request.headers["content-type"] == "application/x"
    assert "openai-beta" not in call.request.headers


def test_a_header_the_client_removed_can_come_back_for_a_call() -> None:
    call = create(RequestOptions(headers={"accept": "a"}), default_headers={"Accept": None})
    assert "accept" not in create(default_headers={"Accept": None}).request.headers
    assert call.request.headers["accept"] == "a"


def test_query_fields_of_a_call_go_over_the_clients_and_are_encoded() -> None:
    call = create(RequestOptions(query={"b": True, "c": "a b&c", "d": None}), default_query={"a": 1, "b": 2.5, "d": 1})  # type: ignore[dict-item]
    assert call.request.url.partition("?")[2] == "a=1&b=true&c=a+b%26c"
    assert "?" not in create().request.url


def test_the_body_of_the_options_goes_over_the_params_and_may_be_alone() -> None:
    body = create(RequestOptions(body={"user": "", "more": [None]})).request.body
    assert json.loads(body or b"") == {"user": "", "workflow": {"id": "wf_1"}, "more": [None]}
    assert cancel("x", RequestOptions(body={"a": 1})).request.body == b'{"a":1}'


@pytest.mark.parametrize("options", [{"timeout": 5}, 5, "x", [], Timeout(5)], ids=type)
def test_options_are_request_options_and_nothing_else(options: Any) -> None:
    with pytest.raises(ConfigurationError, match="options must be a RequestOptions, not a"):
        create(options)


def test_the_key_is_added_as_a_secret_unless_the_caller_set_an_authorization_header() -> None:
    call = create()
    assert with_key(call.request, Secret("sk-1")).headers["authorization"] == "Bearer sk-1"
    assert isinstance(with_key(call.request, Secret("sk-1")).headers["authorization"], Secret)
    assert "authorization" not in call.request.headers
    own = create(RequestOptions(headers={"Authorization": "Basic abc"})).request
    assert with_key(own, Secret("sk-1")) is own


def test_no_repr_on_the_way_shows_key_or_body() -> None:
    call = create(RequestOptions(headers={"cookie": "hush"}), api_key="sk-hush-0123456789", retry_policy=RetryPolicy())
    keyed = with_key(call.request, Secret("sk-hush-0123456789"))
    for thing in (call, keyed, ClientSettings(api_key="sk-hush-0123456789", default_headers={"a": "hush"})):
        assert "hush" not in repr(thing)
        assert "zoë" not in repr(thing)


SAMPLES: dict[str, Any] = {"workflow": {"id": "w"}, "limit": 5, "order": "asc"}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_a_path_is_filled_and_its_fields_are_sent_nowhere_else(operation: Any) -> None:
    names = field_names(operation.params) if operation.method == "GET" else required_names(operation.params)
    fields = {name: SAMPLES.get(name, "a") for name in names}
    target = encode(operation, operation.params(**fields))
    in_path = path_names(operation.path)
    assert target.path == operation.path.format_map(fields)
    rest = {name: value for name, value in fields.items() if name not in in_path}
    assert (target.query, target.body) == (
        (rest, None) if operation.method in ("GET", "DELETE") else ({}, rest or None)
    )


def test_fields_of_a_query_are_written_into_the_url_and_go_under_those_of_the_options() -> None:
    params = ThreadListParams(user="zoë & co", limit=5)
    config = first_config(ClientSettings(default_query={"limit": 1, "team": "a"}), {})
    request = prepare(LIST_THREADS, params, config, RequestOptions(query={"user": "u"})).request
    assert (request.method, request.body) == ("GET", None)
    assert request.url.partition("?")[2] == "limit=5&team=a&user=u"
    assert prepare(LIST_THREADS, params, config, None).request.url.endswith("&user=zo%C3%AB+%26+co")
    assert "content-type" not in request.headers
