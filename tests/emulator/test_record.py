"""The log of requests."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from chatkit_async.emulator import Emulator, Fault, _request_log
from tests.emulator.raw import MINIMAL, SESSIONS, exchange, post, raw_response, request_bytes


async def ended(emulator: Emulator, count: int = 1) -> list[str]:
    """How the requests ended, when all have."""
    async with asyncio.timeout(20):
        while len(emulator.requests()) < count or "pending" in [one.ended for one in emulator.requests()]:
            await asyncio.sleep(0.005)
    return [one.ended for one in emulator.requests()]


async def test_a_request_is_recorded_as_sent(emulator: Emulator) -> None:
    emulator.set_clock(1_800_000_000)
    await post(emulator.base_url, target=f"{SESSIONS}/a%2Fb/cancel?x=1&y=%C3%A9", X_Trace="t1")
    (request,) = emulator.requests()
    assert (request.method, request.path) == ("POST", f"{SESSIONS}/a%2Fb/cancel")
    assert dict(request.query) == {"x": "1", "y": "é"}
    assert request.json == MINIMAL
    assert request.body.startswith(b'{"user"')
    assert request.headers["x-trace"] == request.headers["X-TRACE"] == "t1"
    assert 1_800_000_000 <= request.received_at < 1_800_000_060
    assert (request.ended, request.status) == ("responded", 404)


async def test_a_response_is_recorded_as_sent(emulator: Emulator) -> None:
    sent = await post(emulator.base_url)
    (request,) = emulator.requests()
    assert request.response is not None
    assert (request.status, request.response.status) == (200, 200)
    assert (request.response.body, request.response.json) == (sent.body, emulator.sessions()[0])
    assert request.response.request_id == request.response.headers["X-Request-Id"] == sent.headers["x-request-id"]
    assert request.duration_s is not None
    assert request.fault is None
    assert emulator.sessions()[0]["client_secret"] not in repr(request)


async def test_a_request_names_the_fault_that_it_met(emulator: Emulator) -> None:
    faults = [Fault(status=429), Fault(drop=True), Fault(kind="truncated")]
    emulator.add_faults(*faults)
    await post(emulator.base_url)
    for _ in range(2):
        await raw_response(emulator.base_url, request_bytes("POST", SESSIONS, json.dumps(MINIMAL).encode()))
    refused, dropped, truncated = emulator.requests()
    assert [one.fault for one in emulator.requests()] == faults
    assert refused.response is not None
    assert (refused.status, refused.response.status) == (429, 429)
    assert (dropped.response, dropped.status) == (None, None)
    assert truncated.response is not None
    assert (truncated.status, truncated.response.json) == (None, emulator.sessions()[0])


async def test_an_empty_response_decodes_to_none(emulator: Emulator) -> None:
    emulator.add_faults(Fault(status=302))
    await post(emulator.base_url)
    response = emulator.requests()[0].response
    assert response is not None
    assert response.json is None


async def test_the_key_is_not_kept(emulator: Emulator) -> None:
    await post(emulator.base_url, Authorization="Bearer sk-very-secret")
    (request,) = emulator.requests()
    assert request.headers["authorization"] == "Bearer ***"
    assert "secret" not in repr(request) + str(dict(request.headers))


async def test_a_key_without_a_scheme_is_not_kept_either(emulator: Emulator) -> None:
    await post(emulator.base_url, Authorization="sk-very-secret")
    assert emulator.requests()[0].headers["authorization"] == "***"


async def test_refused_requests_are_recorded_too(emulator: Emulator) -> None:
    await post(emulator.base_url, Authorization=None)
    await exchange(emulator.base_url, request_bytes("GET", "/nowhere"))
    assert [(one.method, one.path) for one in emulator.requests()] == [("POST", SESSIONS), ("GET", "/nowhere")]


async def test_a_request_without_a_body_decodes_to_none(emulator: Emulator) -> None:
    await exchange(emulator.base_url, request_bytes("GET", "/nowhere"))
    assert emulator.requests()[0].json is None


async def test_a_client_that_goes_away_while_it_waits_is_recorded_as_disconnected(emulator: Emulator) -> None:
    emulator.add_faults(Fault(delay=60))
    waiting = asyncio.create_task(post(emulator.base_url))
    while not emulator.sessions():
        await asyncio.sleep(0.001)
    assert [(one.ended, one.status) for one in emulator.requests()] == [("pending", None)]
    waiting.cancel()
    assert await ended(emulator) == ["disconnected"]
    assert emulator.requests()[0].status is None


async def test_a_client_that_goes_away_within_its_body_is_recorded_as_disconnected(emulator: Emulator) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", int(emulator.base_url.split(":")[2].partition("/")[0]))
    writer.write(request_bytes("POST", SESSIONS, b"{", {"Content-Length": "1000"}))
    await writer.drain()
    while not emulator.requests():
        await asyncio.sleep(0.001)
    writer.close()
    assert await ended(emulator) == ["disconnected"]
    assert emulator.sessions() == []


async def test_a_request_pending_at_a_reset_is_not_in_the_new_log(emulator: Emulator) -> None:
    emulator.add_faults(Fault(delay=0.2))
    waiting = asyncio.create_task(post(emulator.base_url))
    while not emulator.sessions():
        await asyncio.sleep(0.001)
    emulator.reset()
    assert (await waiting).status == 200
    assert emulator.requests() == []


async def test_a_request_that_arrived_before_a_reset_meets_nothing_that_was_added_after_it() -> None:
    is_busy = threading.Event()

    async def be_busy() -> None:
        is_busy.set()
        time.sleep(0.2)  # the emulator accepts no connection meanwhile

    with Emulator.in_thread() as emulator:
        asyncio.run_coroutine_threadsafe(be_busy(), emulator._loop)
        is_busy.wait()
        url = urlsplit(emulator.base_url)
        with socket.create_connection((url.hostname, url.port)) as connection:
            connection.sendall(request_bytes("GET", "/v1/chatkit/threads"))
            emulator.reset()
            emulator.add_faults(Fault(status=503))
            assert connection.recv(15) == b"HTTP/1.1 200 OK"
        assert emulator.requests() == []
        assert (await post(emulator.base_url)).status == 503


async def test_only_the_last_requests_are_kept(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_request_log, "MAX_REQUESTS", 2)
    for user in "abc":
        await post(emulator.base_url, {**MINIMAL, "user": user})
    assert [one.json["user"] for one in emulator.requests()] == ["b", "c"]  # type: ignore[call-overload, index]


async def test_only_so_much_of_bodies_is_kept(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_request_log, "MAX_LOGGED_BYTES", 6500)
    for user in "abc":
        await post(emulator.base_url, {**MINIMAL, "user": user * 1000})
    assert [one.json["user"][0] for one in emulator.requests()] == ["b", "c"]  # type: ignore[call-overload, index]


@pytest.fixture
def frequent_switches() -> Iterator[None]:
    """Threads take turns a hundred times as often as usual, so that a missing lock shows."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(usual / 100)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("frequent_switches")
async def test_the_methods_may_be_called_while_requests_arrive() -> None:
    with Emulator.in_thread() as emulator:
        stop = threading.Event()
        failures: list[BaseException] = []

        def read() -> None:
            try:
                while not stop.is_set():
                    emulator.requests()
                    emulator.sessions()
                    emulator.add_faults(Fault(method="GET", status=500))
                    emulator.clear_faults()
            except BaseException as error:
                failures.append(error)

        readers = [threading.Thread(target=read) for _ in range(2)]
        for reader in readers:
            reader.start()
        for _ in range(5):
            await asyncio.gather(*(post(emulator.base_url) for _ in range(20)))
        stop.set()
        for reader in readers:
            reader.join()
        assert failures == []
        assert len(emulator.sessions()) == len(emulator.requests()) == 100
