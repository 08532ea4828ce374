"""`client.request`: any endpoint, with the client's key, headers, retries and errors."""

from __future__ import annotations

import math
from typing import Any

import pytest

from chatkit_async import (
    APIConnectionError,
    APIResponseValidationError,
    AsyncChatKit,
    ChatKit,
    ChatKitError,
    NotFoundError,
    ParamsValidationError,
    RequestOptions,
    RetryPolicy,
)
from chatkit_async.emulator import Emulator, Fault

from ..conftest import KEY
from .seeding import thread

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


@pytest.mark.parametrize("method", METHODS)
async def test_a_response_without_a_body_is_none(client: AsyncChatKit, emulator: Emulator, method: str) -> None:
    emulator.add_faults(Fault(status=204, body=""))
    assert await client.request(method, "/chatkit/anything") is None


def test_blocking_it_gives_the_same(emulator: Emulator) -> None:
    emulator.seed(threads=[{"thread": thread(1)}])
    with ChatKit(KEY, base_url=emulator.base_url) as client:
        assert client.request("GET", "/chatkit/threads/cthr_1") == thread(1)
        emulator.add_faults(Fault(method="DELETE", status=204, body=""))
        assert client.request("DELETE", "/chatkit/x") is None
        with pytest.raises(NotFoundError):
            client.request("GET", "/chatkit/threads/cthr_2")


@pytest.mark.parametrize("kind", ["html", "broken_json", "truncated"])
async def test_a_response_that_is_not_json_is_an_error_that_names_the_call(
    client: AsyncChatKit, emulator: Emulator, kind: Any
) -> None:
    emulator.seed(threads=[{"thread": thread(1)}])
    emulator.add_faults(Fault(method="GET", kind=kind, times=9))
    quick = client.with_options(retry_policy=RetryPolicy(initial_delay_s=0))
    with pytest.raises((APIResponseValidationError, APIConnectionError), match=r"^GET /chatkit/threads/cthr_1: "):
        await quick.request("GET", "/chatkit/threads/cthr_1")


@pytest.mark.parametrize("body", [[], [1], 5, "text", True, {"a": None}], ids=repr)
async def test_any_json_value_is_given_as_it_came(client: AsyncChatKit, emulator: Emulator, body: Any) -> None:
    emulator.add_faults(Fault(method="GET", body=body, headers={"content-type": "application/json"}))
    if isinstance(body, str):
        emulator.clear_faults()
        emulator.add_faults(Fault(method="GET", body='"text"', headers={"content-type": "application/json"}))
    assert await client.request("GET", "/chatkit/anything") == body


@pytest.mark.parametrize(("method", "sends"), [("GET", 3), ("PUT", 3), ("DELETE", 3), ("POST", 1), ("PATCH", 1)])
async def test_a_lost_response_is_requested_again_by_repeatable_methods(
    client: AsyncChatKit, emulator: Emulator, method: str, sends: int
) -> None:
    quick = client.with_options(retry_policy=RetryPolicy(initial_delay_s=0), max_retries=2)
    emulator.add_faults(Fault(kind="truncated", body={"a": "b" * 100}, times=9))
    with pytest.raises(APIConnectionError) as caught:
        await quick.request(method, "/chatkit/anything", options=RequestOptions(timeout=20))
    assert caught.value.attempts == sends
    assert caught.value.outcome == "unknown"


@pytest.mark.parametrize(
    "body",
    [[], [1], "", "text", 0, False, b"{}", {"a": math.nan}, {"a": {1, 2}}, {5: "a"}, {"a": "\ud800"}, {"a": 2**64}],
    ids=repr,
)
async def test_a_body_that_is_no_json_object_is_refused(client: AsyncChatKit, emulator: Emulator, body: Any) -> None:
    with pytest.raises(ParamsValidationError, match=r"^request: body"):
        await client.request("POST", "/chatkit/sessions", body=body)
    assert emulator.requests() == []


@pytest.mark.parametrize(
    "query", ["a=b", [("a", "b")], 5, {"a": [1]}, {5: "a"}, {"a": "\ud800"}, {"a": math.nan}], ids=repr
)
async def test_a_query_that_no_url_can_hold_is_refused(client: AsyncChatKit, emulator: Emulator, query: Any) -> None:
    with pytest.raises(ChatKitError, match=r"request\(query=\)"):
        await client.request("GET", "/chatkit/threads", query=query)
    assert emulator.requests() == []


async def test_an_empty_body_is_sent_and_a_missing_one_is_not(client: AsyncChatKit, emulator: Emulator) -> None:
    emulator.add_faults(Fault(status=204, body="", times=2))
    await client.request("POST", "/chatkit/x", body={})
    await client.request("POST", "/chatkit/x")
    with_body, without = emulator.requests()
    assert with_body.headers["content-type"] == "application/json"
    assert "content-type" not in without.headers


@pytest.mark.parametrize("path", ["/chatkit/%2e%2e/x", "/chatkit//x", "/chatkit/%2F", "/chatkit/a%20b", "/chatkit/%zz"])
async def test_a_path_is_sent_as_it_is_written(client: AsyncChatKit, emulator: Emulator, path: str) -> None:
    with pytest.raises(NotFoundError):
        await client.request("GET", path)
    [request] = emulator.requests()
    assert request.path == f"/v1{path}"
