"""HTTP around the operations: paths, methods, and unusual requests."""

from __future__ import annotations

import gzip
import json
import logging

import pytest

from chatkit_async._core.operations import OPERATIONS
from chatkit_async.emulator import Emulator, _http_server, _state
from chatkit_async.emulator._api import Api
from tests.emulator.raw import MINIMAL, SESSIONS, exchange, parsed, post, raw_response, request_bytes

BODY = json.dumps(MINIMAL).encode()
NO_PATHS = [
    "/",
    "/v1",
    "/v1/",
    SESSIONS + "/",
    SESSIONS + "//cancel",
    "/chatkit/sessions",
    "/v1/chatkit/sessionsx",
    "/%0A",
]


async def test_an_operation_that_the_emulator_does_not_know_gets_501(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    update = OPERATIONS[0]._replace(name="threads.update", path="/chatkit/threads/{thread_id}")
    monkeypatch.setattr(_state, "OPERATIONS", (*OPERATIONS, update))
    async with Emulator() as emulator:
        response = await post(emulator.base_url, target="/v1/chatkit/threads/cthr_1")
        assert (response.status, response.error["code"]) == (501, "not_implemented")
        assert "threads.update (POST /v1/chatkit/threads/{thread_id})" in response.error["message"]
        assert (await post(emulator.base_url)).status == 200
        retrieved = await exchange(emulator.base_url, request_bytes("GET", "/v1/chatkit/threads/cthr_1"))
        assert retrieved.status == 404


@pytest.mark.parametrize("path", NO_PATHS)
async def test_an_unknown_path_is_named(base_url: str, path: str) -> None:
    response = await post(base_url, target=path)
    assert response.status == 404
    assert response.error == {
        "message": f"Invalid URL (POST {path})",
        "type": "invalid_request_error",
        "param": None,
        "code": None,
    }


async def test_the_path_is_checked_before_the_key(base_url: str) -> None:
    assert (await post(base_url, target="/v1/nowhere", Authorization=None)).status == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"])
@pytest.mark.parametrize("path", [SESSIONS, f"{SESSIONS}/cksess_1/cancel"])
async def test_a_wrong_method_gets_the_right_one_in_the_allow_header(base_url: str, method: str, path: str) -> None:
    response = await exchange(base_url, request_bytes(method, path))
    assert (response.status, response.headers["allow"], response.error["code"]) == (405, "POST", "method_not_supported")
    assert response.error["message"] == "Only POST requests are accepted."


async def test_the_response_to_head_has_no_body(base_url: str) -> None:
    response = await exchange(base_url, request_bytes("HEAD", SESSIONS))
    assert (response.status, response.body, response.headers["allow"]) == (405, b"", "POST")


async def test_options_of_the_whole_server_gets_json(base_url: str) -> None:
    response = await exchange(base_url, request_bytes("OPTIONS", "*"))
    assert response.error["message"] == "Invalid URL (OPTIONS *)"


async def test_no_response_has_cors_headers(base_url: str) -> None:
    asks = {"Origin": "https://example.com", "Access-Control-Request-Method": "POST"}
    for method in ("OPTIONS", "POST"):
        response = await exchange(base_url, request_bytes(method, SESSIONS, BODY, dict(asks)))
        assert not [name for name in response.headers if name.startswith("access-control")]


async def test_responses_have_the_headers_of_the_api(base_url: str) -> None:
    headers = (await post(base_url)).headers
    assert headers["content-type"] == "application/json"
    assert headers["openai-version"] == "2020-10-01"
    assert headers["openai-processing-ms"].isdigit()


@pytest.mark.parametrize("target", [f"{SESSIONS}/{'x' * 60_000}/cancel", f"{SESSIONS}/x/cancel?{'x' * 60_000}"])
async def test_a_path_and_a_query_may_be_long(base_url: str, target: str) -> None:
    response = await exchange(base_url, request_bytes("POST", target))
    assert (response.status, response.error["type"]) == (404, "invalid_request_error")


async def test_a_header_may_be_long(base_url: str) -> None:
    assert (await post(base_url, X_Trace="x" * 60_000)).status == 200


@pytest.mark.parametrize(
    "request_head",
    [
        pytest.param(request_bytes("POST", f"{SESSIONS}/{'x' * 70_000}"), id="a path beyond 64 KiB"),
        pytest.param(request_bytes("POST", SESSIONS, BODY, {"X-Long": "x" * 70_000}), id="a header beyond 64 KiB"),
        pytest.param(b"POST / HTTP/one\r\n\r\n", id="not HTTP"),
    ],
)
async def test_a_request_that_cannot_be_read_is_refused_in_the_apis_shape(
    base_url: str, request_head: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    response = await exchange(base_url, request_head)
    assert (response.status, response.headers["content-type"]) == (400, "application/json")
    assert response.error["type"] == "invalid_request_error"
    assert response.error["message"] == (
        "The request could not be read: it is not HTTP, or its path or one of its headers is longer than 65536 bytes."
    )
    assert "xxxx" not in caplog.text


async def test_a_query_changes_nothing(base_url: str) -> None:
    assert (await post(base_url, target=f"{SESSIONS}?debug=1")).status == 200


async def test_the_request_may_name_the_whole_url(base_url: str) -> None:
    assert (await post(base_url, target=base_url.removesuffix("/v1") + SESSIONS)).status == 200


async def test_a_body_may_come_in_chunks(base_url: str) -> None:
    head = request_bytes("POST", SESSIONS, None, {"Transfer-Encoding": "chunked"})
    response = await exchange(
        base_url, head + b"5\r\n" + BODY[:5] + b"\r\n%x\r\n" % len(BODY[5:]) + BODY[5:] + b"\r\n0\r\n\r\n"
    )
    assert (response.status, response.json["user"]) == (200, "user_1")


async def test_a_body_may_be_compressed(base_url: str) -> None:
    assert (await post(base_url, gzip.compress(BODY), Content_Encoding="gzip")).status == 200


async def test_a_small_body_that_unfolds_beyond_the_bound_is_refused(
    base_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_http_server, "MAX_REQUEST_BODY_BYTES", 2**20)
    bomb = gzip.compress(b" " * (2**20 + 1))
    assert (await post(base_url, bomb, Content_Encoding="gzip")).status == 413


async def test_a_body_that_is_not_compressed_as_it_says_is_refused(base_url: str) -> None:
    response = await post(base_url, BODY, Content_Encoding="gzip")
    assert (response.status, response.error["type"]) == (400, "invalid_request_error")


async def test_expect_100_continue_gets_100(base_url: str) -> None:
    raw = await raw_response(base_url, request_bytes("POST", SESSIONS, BODY, {"Expect": "100-continue"}))
    assert raw.startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert parsed(raw.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")).status == 200


async def test_many_requests_share_a_connection(base_url: str) -> None:
    keep = request_bytes("POST", SESSIONS, BODY, {"Connection": None})
    raw = await raw_response(base_url, keep * 3 + request_bytes("POST", SESSIONS, BODY))
    assert raw.count(b"HTTP/1.1 200 OK") == 4


async def test_a_failure_of_the_emulator_is_a_500_in_the_apis_shape(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Api, "perform", fail)
    with caplog.at_level(logging.ERROR, logger="chatkit_async.emulator"):
        response = await post(emulator.base_url)
    assert (response.status, response.error["type"]) == (500, "server_error")
    assert "ZeroDivisionError" in caplog.text
