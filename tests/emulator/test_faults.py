"""Faults: each kind, and which requests it applies to."""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any

import pytest
from aiohttp import web

from chatkit_async.emulator import Emulator, Fault, _fault_injection
from chatkit_async.errors import ConfigurationError
from tests.emulator.raw import MINIMAL, SESSIONS, cancel, post, raw_response, request_bytes

CREATE = request_bytes("POST", SESSIONS, json.dumps(MINIMAL).encode())


async def test_a_status_has_the_error_body_of_the_api(emulator: Emulator) -> None:
    emulator.add_faults(Fault(status=429, headers={"retry-after": "3"}), Fault(status=500), Fault(status=418))
    limited = await post(emulator.base_url)
    assert (limited.status, limited.error["code"], limited.error["type"]) == (429, "rate_limit_exceeded", "requests")
    assert limited.headers["retry-after"] == "3"
    failed = await post(emulator.base_url)
    assert (failed.status, failed.error["type"]) == (500, "server_error")
    teapot = await post(emulator.base_url)
    assert (teapot.status, teapot.error["type"]) == (418, "invalid_request_error")
    assert emulator.sessions() == []


async def test_a_fault_applies_to_as_many_requests_as_its_times(emulator: Emulator) -> None:
    emulator.add_faults(Fault(status=503, times=2), Fault(status=409))
    statuses = [(await post(emulator.base_url)).status for _ in range(4)]
    assert statuses == [503, 503, 409, 200]


async def test_a_fault_applies_to_its_method_and_the_end_of_its_path_only(emulator: Emulator) -> None:
    emulator.add_faults(Fault(path="/cancel", status=500), Fault(method="GET", status=502))
    emulator.add_faults(Fault(path="/chatkit", status=504))
    session = await post(emulator.base_url)
    assert session.status == 200
    assert (await cancel(emulator.base_url, session.json["id"])).status == 500
    assert (await cancel(emulator.base_url, session.json["id"])).status == 200


async def test_the_method_of_a_fault_may_be_written_small(emulator: Emulator) -> None:
    emulator.add_faults(Fault(method="post", status=500))
    assert (await post(emulator.base_url)).status == 500


async def test_a_fault_comes_before_any_check(emulator: Emulator) -> None:
    emulator.add_faults(Fault(status=503))
    assert (await post(emulator.base_url, b"[", Authorization=None)).status == 503


@pytest.mark.parametrize(
    ("body", "content_type", "sent"),
    [
        ({"a": [1]}, "application/json", b'{"a":[1]}'),
        ({}, "application/json", b"{}"),
        ("<p>é", "text/plain; charset=utf-8", "<p>é".encode()),
        (b"\xff", "application/octet-stream", b"\xff"),
    ],
)
async def test_a_body_is_sent_as_given(emulator: Emulator, body: object, content_type: str, sent: bytes) -> None:
    emulator.add_faults(Fault(body=body))  # type: ignore[arg-type]
    response = await post(emulator.base_url)
    assert (response.status, response.headers["content-type"], response.body) == (200, content_type, sent)
    assert emulator.sessions() == []


async def test_a_redirect_has_no_body(emulator: Emulator) -> None:
    emulator.add_faults(Fault(status=307, headers={"Location": "https://example.com/"}))
    response = await post(emulator.base_url)
    assert (response.status, response.body, response.headers["location"]) == (307, b"", "https://example.com/")


async def test_headers_of_a_fault_take_the_place_of_the_servers(emulator: Emulator) -> None:
    emulator.add_faults(Fault(headers={"content-type": "text/html", "X-Request-ID": "req_mine"}))
    raw = await raw_response(emulator.base_url, CREATE)
    head = raw.partition(b"\r\n\r\n")[0].lower()
    assert head.count(b"content-type:") == head.count(b"x-request-id:") == 1
    assert b"content-type: text/html" in head
    assert b"x-request-id: req_mine" in head
    assert len(emulator.sessions()) == 1


async def test_a_late_response_is_the_real_one(emulator: Emulator) -> None:
    emulator.add_faults(Fault(delay=0.25))
    response = await post(emulator.base_url)
    assert response.json == emulator.sessions()[0]
    assert int(response.headers["openai-processing-ms"]) >= 250


async def test_a_late_response_delays_no_other(emulator: Emulator) -> None:
    emulator.add_faults(Fault(delay=600))
    late = asyncio.create_task(post(emulator.base_url))
    while not emulator.sessions():
        await asyncio.sleep(0.001)
    assert (await post(emulator.base_url)).status == 200
    assert not late.done()
    late.cancel()


async def test_a_drop_closes_the_connection_before_any_work(
    emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    emulator.add_faults(Fault(drop=True))
    assert await raw_response(emulator.base_url, CREATE) == b""
    assert [line for line in caplog.records if line.name.startswith("aiohttp")] == []
    assert emulator.sessions() == []
    assert [request.ended for request in emulator.requests()] == ["disconnected"]


async def test_a_drop_ends_the_connection_though_a_forked_child_holds_it_too(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    hang_up = _fault_injection.close_connection
    duplicates: list[int] = []

    def held_elsewhere(exchange: _fault_injection.FaultyExchange) -> web.StreamResponse:
        transport = exchange.request.transport
        assert transport is not None
        duplicates.append(os.dup(transport.get_extra_info("socket").fileno()))
        return hang_up(exchange)

    monkeypatch.setattr(_fault_injection, "close_connection", held_elsewhere)
    emulator.add_faults(Fault(drop=True))
    try:
        assert await raw_response(emulator.base_url, CREATE) == b""
    finally:
        os.close(duplicates.pop())


async def test_a_drop_after_the_work_leaves_a_session(emulator: Emulator) -> None:
    emulator.add_faults(Fault(drop="after"))
    assert await raw_response(emulator.base_url, CREATE) == b""
    assert len(emulator.sessions()) == 1
    assert [request.ended for request in emulator.requests()] == ["disconnected"]


async def test_a_truncated_body_is_shorter_than_announced(emulator: Emulator) -> None:
    emulator.add_faults(Fault(kind="truncated"))
    response = await post(emulator.base_url)
    assert response.status == 200
    assert 0 < len(response.body) < int(response.headers["content-length"])


async def test_broken_json_is_as_long_as_announced(emulator: Emulator) -> None:
    emulator.add_faults(Fault(kind="broken_json"))
    response = await post(emulator.base_url)
    assert (response.status, response.headers["content-type"]) == (200, "application/json")
    assert len(response.body) == int(response.headers["content-length"])
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        response.json  # noqa: B018


async def test_a_web_page_comes_with_200_or_the_status_given(emulator: Emulator) -> None:
    emulator.add_faults(Fault(kind="html"), Fault(kind="html", status=502))
    for status in (200, 502):
        response = await post(emulator.base_url)
        assert (response.status, response.headers["content-type"]) == (status, "text/html; charset=utf-8")
        assert response.body.startswith(b"<!DOCTYPE html>")


async def test_a_trickled_body_comes_in_pieces_and_whole(emulator: Emulator) -> None:
    emulator.add_faults(Fault(kind="trickle"))
    url = emulator.base_url
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rsplit(":", 1)[1].split("/")[0]))
    writer.write(CREATE)
    await reader.readuntil(b"\r\n\r\n")
    first = await reader.read(1 << 16)
    rest = await reader.read()
    writer.close()
    assert len(first) < len(first + rest)
    assert json.loads(first + rest) == emulator.sessions()[0]
    assert [(request.ended, request.status) for request in emulator.requests()] == [("responded", 200)]


async def test_with_its_last_piece_a_trickled_response_is_logged_as_responded(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    write = web.StreamResponse.write

    async def watched(response: web.StreamResponse, piece: bytes) -> None:
        seen.append(emulator.requests()[0].ended)
        await write(response, piece)

    monkeypatch.setattr(web.StreamResponse, "write", watched)
    emulator.add_faults(Fault(kind="trickle"))
    await post(emulator.base_url)
    assert set(seen[:-1]) == {"pending"}
    assert seen[-1] == "responded"


@pytest.mark.parametrize("given", [{"status": 503}, 503, None])
def test_what_is_no_fault_is_refused_with_how_to_write_one(given: Any) -> None:
    emulator = Emulator()
    with pytest.raises(ConfigurationError, match=r"add_faults: pass faults, as in Fault\(status=503\), not "):
        emulator.add_faults(Fault(status=500), given)
    assert emulator._state.faults.queued == []


def test_a_misspelt_keyword_of_the_emulator_is_answered_with_the_right_one() -> None:
    emulator: Any = Emulator()
    with pytest.raises(TypeError, match=r"Emulator\.seed\(\) .* 'thread': did you mean threads\?"):
        emulator.seed(thread=[])
    with pytest.raises(TypeError, match=r"^Emulator\(\) got an unexpected keyword argument 'prot': did you mean port"):
        type(emulator)(prot=8787)


async def test_cleared_faults_apply_to_no_request(emulator: Emulator) -> None:
    emulator.add_faults(Fault(status=500, times=9))
    emulator.clear_faults()
    assert (await post(emulator.base_url)).status == 200


async def test_reset_clears_faults_too(emulator: Emulator) -> None:
    emulator.add_faults(Fault(status=500))
    emulator.reset()
    assert (await post(emulator.base_url)).status == 200


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("times", 0),
        ("headers", {"x-a": "1\r\nx-b: 2"}),
        ("headers", {"x-a": 1}),
        ("headers", {"x a": "1"}),
        ("headers", {"x-a": "\ud800"}),
        ("body", object()),
        ("body", "\ud800"),
        ("status", 99),
        ("status", 101),
        ("status", 600),
        ("delay", -1),
        ("delay", 10**400),
        ("delay", float("inf")),
        ("delay", float("nan")),
        ("drop", "before"),
        ("drop", 1),
        ("method", 5),
        ("path", None),
        ("query", "after=x"),
        ("query", None),
        ("skip", True),
        ("status", "500"),
        ("headers", None),
        ("delay", "1"),
        ("kind", ["html"]),
        ("kind", "slow"),
    ],
)
def test_a_fault_that_cannot_be_is_refused(name: str, value: object) -> None:
    with pytest.raises(ConfigurationError, match=name):
        Fault(**{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("drop", [True, "after"])
@pytest.mark.parametrize(("name", "value"), [("status", 503), ("body", {})])
def test_a_fault_that_sends_no_response_may_not_prescribe_one(name: str, value: object, drop: object) -> None:
    with pytest.raises(ConfigurationError) as refused:
        Fault(**{name: value, "drop": drop})  # type: ignore[arg-type]
    assert str(refused.value) == (
        f"Fault({name}={value!r}, drop={drop!r}): drop sends no response: leave out {name} or drop"
    )
