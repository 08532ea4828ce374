"""Retries and outcomes: the row about responses that were lost after the request was written."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from chatkit_async import RequestOptions
from chatkit_async.emulator import Emulator, Fault
from chatkit_async.errors import APIConnectionError, APIStatusError, APITimeoutError

from .helpers import DELETE, READ, cancel, create, made, raised, send
from .raw import always, in_turn, raw_server, response

pytestmark = pytest.mark.transport

Call = Callable[..., Any]
AMBIGUOUS = [(None, None), (True, True), (False, False)]

LOST = {
    "the connection is closed without a response": Fault(drop=True, times=9),
    "the work is done and the connection closed": Fault(drop="after", times=9),
    "the response breaks off": Fault(kind="truncated", times=9),
}
each_loss = pytest.mark.parametrize("fault", LOST.values(), ids=LOST)


@each_loss
@pytest.mark.parametrize(("retry_ambiguous", "sends"), [(None, 1), (False, 1), (True, 3)])
async def test_a_create_is_sent_again_only_with_retry_ambiguous(
    emulator: Emulator, fault: Fault, retry_ambiguous: bool | None, sends: int
) -> None:
    emulator.add_faults(fault)
    async with made(emulator.base_url) as client:
        error = await raised(APIConnectionError, create(client, RequestOptions(retry_ambiguous=retry_ambiguous)))
    assert (type(error), error.outcome, error.attempts) == (APIConnectionError, "unknown", sends)
    assert len(emulator.requests()) == sends
    assert isinstance(error.__cause__, aiohttp.ClientError)


@each_loss
@pytest.mark.parametrize(("retry_ambiguous", "sends"), [(None, 3), (False, 1), (True, 3)])
async def test_a_cancel_is_sent_again_unless_retry_ambiguous_is_false(
    client: Any, emulator: Emulator, fault: Fault, retry_ambiguous: bool | None, sends: int
) -> None:
    session = await create(client)
    emulator.add_faults(fault)
    async with made(emulator.base_url) as repeating:
        call = repeating.sessions.cancel(session.id, options=RequestOptions(retry_ambiguous=retry_ambiguous))
        error = await raised(APIConnectionError, call)
    assert (type(error), error.outcome, error.attempts) == (APIConnectionError, "unknown", sends)
    assert len(emulator.requests()) == sends + 1


async def test_a_create_repeated_on_request_may_leave_a_second_session(emulator: Emulator) -> None:
    emulator.add_faults(Fault(drop="after"))
    async with made(emulator.base_url) as client:
        session = await create(client, RequestOptions(retry_ambiguous=True))
    assert session.response.attempts == len(emulator.sessions()) == 2


@pytest.mark.parametrize("call", [create, cancel])
async def test_a_deadline_that_expires_after_writing_leaves_the_outcome_unknown(emulator: Emulator, call: Call) -> None:
    emulator.add_faults(Fault(delay=30))
    async with made(emulator.base_url) as client:
        error = await raised(APITimeoutError, call(client, RequestOptions(timeout=0.2)))
    assert (error.outcome, error.attempts, len(emulator.requests())) == ("unknown", 1, 1)
    assert isinstance(error.__cause__, TimeoutError)


async def test_a_malformed_status_line_counts_as_a_lost_response() -> None:
    async with raw_server(always(b"SSH-2.0-OpenSSH_9.2\r\n\r\n", then_close=True)) as server:
        async with made(server.base_url) as client:
            error = await raised(APIConnectionError, create(client))
        assert (error.outcome, error.attempts, len(server.requests)) == ("unknown", 1, 1)


async def test_a_lost_response_after_a_refusal_leaves_the_outcome_unknown(emulator: Emulator) -> None:
    emulator.add_faults(Fault(status=429, headers={"retry-after-ms": "0"}), Fault(drop=True))
    async with made(emulator.base_url) as client:
        error = await raised(APIConnectionError, create(client))
    assert (error.outcome, error.attempts, len(emulator.requests())) == ("unknown", 2, 2)


async def test_an_attempt_that_may_have_worked_is_not_forgotten_when_the_next_cannot_connect() -> None:
    async with raw_server(in_turn(response(b"{}", status="500 Oops"), None)) as server:
        client = made(server.base_url, middlewares=[_stop_before_the_second])
        error = await raised(APIConnectionError, create(client))
        await client.aclose()
    assert (error.outcome, error.attempts, len(server.requests)) == ("unknown", 3, 1)


async def test_refusals_are_not_forgotten_when_the_next_attempt_cannot_connect() -> None:
    async with raw_server(in_turn(response(b"{}", status="503 Busy"), None)) as server:
        client = made(server.base_url, middlewares=[_stop_before_the_second])
        error = await raised(APIConnectionError, create(client))
        await client.aclose()
    assert (error.outcome, error.attempts, len(server.requests)) == ("refused", 3, 1)


async def _stop_before_the_second(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """The network goes away after the first request."""
    if getattr(_stop_before_the_second, "seen", None) is request.session:
        raise OSError(101, "Network is unreachable")
    _stop_before_the_second.seen = request.session  # type: ignore[attr-defined]
    return await handler(request)


@pytest.mark.parametrize("operation", [READ, DELETE], ids=["GET", "DELETE"])
async def test_a_resend_by_aiohttp_is_counted(operation: Any) -> None:
    handler = in_turn(response(), None, response())
    async with raw_server(handler) as server, made(server.base_url) as client:
        await send(client, operation)
        info = await send(client, operation)
        assert info.attempts == 2
        assert [received.headers.get("x-stainless-retry-count") for received in server.requests] == [None, None, "1"]


@pytest.mark.parametrize("operation", [READ, DELETE], ids=["GET", "DELETE"])
async def test_aiohttp_sends_once_more_whatever_the_settings_say_of_retries(operation: Any) -> None:
    options = RequestOptions(max_retries=0, retry_ambiguous=False)
    async with raw_server(in_turn(None, response())) as server, made(server.base_url) as client:
        assert (await send(client, operation, options)).attempts == len(server.requests) == 2


@pytest.mark.parametrize("operation", [READ, DELETE], ids=["GET", "DELETE"])
async def test_the_send_before_a_resend_by_aiohttp_may_have_arrived(operation: Any) -> None:
    async with raw_server(in_turn(response(), None)) as server, made(server.base_url, max_retries=0) as client:
        await send(client, operation)
        unreachable = _no_new_connections(client)
        error = await raised(APIConnectionError, send(client, operation))
        unreachable()
        assert (error.outcome, error.attempts, len(server.requests)) == ("unknown", 2, 2)


def _no_new_connections(client: Any) -> Callable[[], None]:
    """Let this client's aiohttp session reach nothing new."""
    (pool,) = client._caller.shared.transport().pools.all().values()

    async def fail(*_: object, **__: object) -> Any:
        raise OSError(101, "Network is unreachable")

    pool.session.connector._create_connection, before = fail, pool.session.connector._create_connection
    return lambda: setattr(pool.session.connector, "_create_connection", before)


async def test_without_a_limit_the_call_waits_for_the_response(emulator: Emulator) -> None:
    emulator.add_faults(Fault(delay=0.2))
    async with made(emulator.base_url, timeout=math.inf) as client:
        assert (await create(client)).response.attempts == 1


async def test_an_error_response_that_trickles_past_the_deadline_is_a_timeout(emulator: Emulator) -> None:
    emulator.add_faults(Fault(status=500, kind="trickle", delay=0.2))
    async with made(emulator.base_url, timeout=0.5) as client:
        error = await raised((APITimeoutError, APIStatusError), create(client))  # type: ignore[arg-type]
    assert (type(error), error.outcome) == (APITimeoutError, "unknown")
