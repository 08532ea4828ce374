"""Waits between attempts, and the one deadline over all of a call."""

from __future__ import annotations

import asyncio
import math
import time
from email.utils import formatdate
from typing import Any

import pytest
from aiohttp import ClientHandlerType, ClientRequest, ClientResponse

from chatkit_async import AsyncChatKit, RequestOptions, RetryPolicy, Timeout
from chatkit_async.emulator import Emulator, Fault
from chatkit_async.errors import APITimeoutError, RateLimitError

from ..sync.running import eventually
from .helpers import create, made, raised

FAR = 10_000.0


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits before retries, which end at once."""
    received: list[float] = []

    async def sleep(seconds: float) -> None:
        received.append(seconds)

    monkeypatch.setattr("chatkit_async._async.exchange._sleep", sleep)
    return received


@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [
        ({"retry-after-ms": "1500"}, 1.5, 1.5),
        ({"retry-after-ms": "0"}, 0, 0),
        ({"retry-after": "7"}, 7, 7),
        ({"retry-after": "0.25"}, 0.25, 0.25),
        ({"retry-after-ms": "20", "retry-after": "7"}, 0.02, 0.02),
        ({"retry-after-ms": "soon", "retry-after": "7"}, 7, 7),
        ({"retry-after": "later"}, 0.375, 0.5),
        ({"retry-after": "-3"}, 0.375, 0.5),
        ({"retry-after": "nan"}, 0.375, 0.5),
        ({"retry-after": "inf"}, 0.375, 0.5),
        ({"x-ratelimit-reset-requests": "6m0s"}, 0.375, 0.5),
        ({}, 0.375, 0.5),
    ],
)
async def test_the_first_wait_is_what_the_api_asks_for_or_half_a_second_less_a_quarter_at_most(
    emulator: Emulator, waits: list[float], headers: dict[str, str], least: float, most: float
) -> None:
    emulator.add_faults(Fault(status=429, headers=headers))
    async with made(emulator.base_url, retry_policy=RetryPolicy(), timeout=FAR) as client:
        await create(client)
    assert len(waits) == 1
    assert least <= waits[0] <= most


@pytest.mark.parametrize(("ahead_s", "least", "most"), [(60, 50, 60), (-60, 0, 0)])
async def test_a_date_to_retry_after_is_waited_for(
    emulator: Emulator, waits: list[float], ahead_s: int, least: float, most: float
) -> None:
    emulator.add_faults(Fault(status=503, headers={"retry-after": formatdate(time.time() + ahead_s, usegmt=True)}))
    async with made(emulator.base_url, retry_policy=RetryPolicy(), timeout=FAR) as client:
        await create(client)
    assert len(waits) == 1
    assert least <= waits[0] <= most


async def test_waits_double_from_half_a_second_to_eight(emulator: Emulator, waits: list[float]) -> None:
    emulator.add_faults(Fault(status=500, times=7))
    policy = RetryPolicy(jitter=0)
    async with made(emulator.base_url, retry_policy=policy, timeout=FAR, max_retries=7) as client:
        await create(client)
    assert waits == [0.5, 1, 2, 4, 8, 8, 8]


async def test_waits_differ_by_chance(emulator: Emulator, waits: list[float]) -> None:
    emulator.add_faults(Fault(status=500, times=20))
    policy = RetryPolicy(initial_delay_s=8)
    async with made(emulator.base_url, retry_policy=policy, timeout=math.inf, max_retries=20) as client:
        await create(client)
    assert len(set(waits)) > 10
    assert all(6 <= wait <= 8 for wait in waits)


@pytest.mark.parametrize("headers", [{"retry-after": "30"}, {"retry-after-ms": "30000"}])
async def test_a_wait_beyond_the_deadline_is_not_begun(emulator: Emulator, headers: dict[str, str]) -> None:
    emulator.add_faults(Fault(status=429, headers=headers, times=9))
    async with made(emulator.base_url, timeout=20) as client:
        error = await raised(RateLimitError, create(client))
    assert (error.retry_after_s, error.attempts, len(emulator.requests())) == (30, 1, 1)
    assert "retry after 30 s" in str(error)


async def test_a_wait_of_our_own_beyond_the_deadline_is_not_begun(emulator: Emulator) -> None:
    emulator.add_faults(Fault(status=429, times=9))
    policy = RetryPolicy(initial_delay_s=30, max_delay_s=30)
    async with made(emulator.base_url, timeout=20, retry_policy=policy) as client:
        error = await raised(RateLimitError, create(client))
    assert (error.retry_after_s, error.attempts, len(emulator.requests())) == (None, 1, 1)


async def test_the_error_of_the_last_attempt_has_retry_after_s(emulator: Emulator) -> None:
    emulator.add_faults(Fault(status=429, headers={"retry-after-ms": "10"}, times=9))
    async with made(emulator.base_url) as client:
        error = await raised(RateLimitError, create(client))
    assert (error.retry_after_s, error.attempts) == (0.01, 3)


async def test_reset_durations_are_reported_and_not_waited_on(emulator: Emulator, waits: list[float]) -> None:
    headers = {"x-ratelimit-reset-requests": "6m0s", "x-ratelimit-remaining-requests": "0"}
    emulator.add_faults(Fault(status=429, headers=headers, times=9))
    async with made(emulator.base_url, max_retries=0) as client:
        error = await raised(RateLimitError, create(client))
    assert error.retry_after_s is None
    assert error.response is not None
    assert (error.response.rate_limit.reset_requests_s, error.response.rate_limit.remaining_requests) == (360, 0)


SLOW: dict[str, tuple[list[Fault], int]] = {
    "the attempts together": ([Fault(delay=0.6, status=503, times=99)], 2),
    "the body": ([Fault(kind="trickle", delay=0.1)], 1),
    "a wait and then an attempt": ([Fault(status=503, headers={"retry-after-ms": "300"}), Fault(delay=9)], 2),
}


@pytest.mark.parametrize(("faults", "sends"), SLOW.values(), ids=SLOW)
async def test_one_deadline_holds_over_attempts_waits_and_body(
    emulator: Emulator, faults: list[Fault], sends: int
) -> None:
    emulator.add_faults(*faults)
    async with made(emulator.base_url, timeout=1, max_retries=99) as client:
        error = await raised(APITimeoutError, create(client))
    assert (error.outcome, error.attempts) == ("unknown", sends)
    assert "within 1 s" in str(error)
    # A request may be sent just before the deadline, and read after it.
    await asyncio.to_thread(eventually, lambda: len(emulator.requests()) == sends, f"{sends} requests")


@pytest.mark.parametrize("where", ["client", "copy", "options", "detailed"])
async def test_the_nearest_timeout_is_the_deadline(emulator: Emulator, where: str) -> None:
    emulator.add_faults(Fault(delay=30))
    timeout: Any = Timeout(0.2, connect=5) if where == "detailed" else 0.2
    async with made(emulator.base_url, timeout=timeout if where == "client" else 29) as client:
        used = client.with_options(timeout=timeout) if where == "copy" else client
        options = RequestOptions(timeout=timeout) if where in ("options", "detailed") else None
        error = await raised(APITimeoutError, create(used, options))
    assert "0.2 s" in str(error)


async def test_the_deadline_holds_while_the_key_is_awaited(emulator: Emulator) -> None:
    async def slow_key() -> str:
        await asyncio.sleep(30)
        return "sk-never"

    async with AsyncChatKit(slow_key, base_url=emulator.base_url, timeout=0.1) as client:
        error = await raised(APITimeoutError, create(client))
    assert (error.outcome, emulator.requests()) == ("not_sent", [])
    assert "within 0.1 s: waited for the api_key function" in str(error)
    assert error.hint == "Nothing was sent: look at the api_key function, or allow more time (timeout)."


@pytest.mark.usefixtures("both_paths")
async def test_the_error_of_a_deadline_says_that_a_connection_was_waited_for(emulator: Emulator) -> None:
    emulator.add_faults(Fault(delay=30))
    async with made(emulator.base_url, max_connections=1) as client:
        first = asyncio.create_task(create(client))
        async with asyncio.timeout(20):
            while not emulator.requests():
                await asyncio.sleep(0.005)
        error = await raised(APITimeoutError, create(client, RequestOptions(timeout=0.1)))
        first.cancel()
        await asyncio.wait([first])
    assert (error.outcome, len(emulator.requests())) == ("not_sent", 1)
    assert "within 0.1 s: waited for a free or new connection" in str(error)
    assert error.hint == "Nothing was sent: look at base_url, the proxy and the network."


async def test_the_error_of_a_deadline_names_no_earlier_step_once_the_request_is_written(emulator: Emulator) -> None:
    async def key() -> str:
        return "sk-first"

    emulator.add_faults(Fault(delay=30))
    async with AsyncChatKit(key, base_url=emulator.base_url, timeout=0.3) as client:
        error = await raised(APITimeoutError, create(client))
    assert error.outcome == "unknown"
    assert "waited for" not in str(error)


async def test_the_error_of_a_deadline_does_not_blame_the_connection_for_a_slow_middleware(emulator: Emulator) -> None:
    async def slow(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        await asyncio.sleep(30)
        return await handler(request)

    async with made(emulator.base_url, middlewares=[slow], timeout=0.1) as client:
        error = await raised(APITimeoutError, create(client))
    assert (error.outcome, emulator.requests()) == ("not_sent", [])
    assert "waited for" not in str(error)


async def test_after_a_refusal_a_deadline_during_the_key_lookup_keeps_the_outcome_refused(
    emulator: Emulator,
) -> None:
    keys = iter(["sk-first"])

    async def key() -> str:
        for found in keys:
            return found
        await asyncio.sleep(30)
        return "sk-never"

    emulator.add_faults(Fault(status=429))
    async with made(emulator.base_url, api_key=key, timeout=0.3) as client:
        error = await raised(APITimeoutError, create(client))
    assert (error.outcome, error.attempts, len(emulator.requests())) == ("refused", 2, 1)
    assert "waited for the api_key function" in str(error)
    assert error.hint == "Earlier attempts were refused, and the last one was not sent: try again later."
