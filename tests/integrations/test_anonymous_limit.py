"""Anonymous visitors are bounded: without a cookie every request would be a new visitor with a new session."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest

from chatkit_async import AsyncChatKit, ConfigurationError
from chatkit_async.broker import AsyncSessionBroker
from chatkit_async.emulator import Emulator, Fault
from chatkit_async.integrations._anonymous import AnonymousLimit
from chatkit_async.integrations._http import HTTPResponse
from chatkit_async.integrations._refusals import EndpointRefusal

from .requesting import endpoint, error_of, post

KEYS = ["a random key that signs cookies"]


@pytest.fixture
async def broker(client: AsyncChatKit) -> AsyncIterator[AsyncSessionBroker]:
    async with AsyncSessionBroker(client, workflow="wf_1") as made:
        yield made


def cookie_of(response: HTTPResponse) -> str:
    return response.headers["Set-Cookie"].partition(";")[0]


async def test_two_thousand_requests_without_a_cookie_make_120_sessions(
    broker: AsyncSessionBroker, emulator: Emulator
) -> None:
    made = endpoint(broker, cookie_keys=KEYS)
    responses = await asyncio.gather(*(made.response(post()) for _ in range(2_000)))
    assert len(emulator.sessions()) == 120
    assert sorted(response.status for response in responses) == [200] * 120 + [429] * 1_880


async def test_beyond_the_limit_the_response_is_429_with_the_wait(
    broker: AsyncSessionBroker, caplog: pytest.LogCaptureFixture
) -> None:
    made = endpoint(broker, cookie_keys=KEYS, anonymous_sessions_per_minute=1)
    assert (await made.response(post())).status == 200
    refused = [await made.response(post()) for _ in range(10)]
    assert {(response.status, error_of(response)["code"]) for response in refused} == {(429, "rate_limited")}
    assert 1 <= int(refused[0].headers["Retry-After"]) <= 60
    assert "Set-Cookie" not in refused[0].headers
    [logged] = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert "anonymous_sessions_per_minute=1" in logged.getMessage()


async def test_signed_in_users_and_visitors_with_a_live_session_are_not_counted(broker: AsyncSessionBroker) -> None:
    made = endpoint(broker, cookie_keys=KEYS, anonymous_sessions_per_minute=1)
    cookie = cookie_of(await made.response(post()))
    for _ in range(3):
        assert (await made.response(post(Cookie=cookie))).status == 200
    assert (await made.response(post(identity="ada"))).status == 200
    assert (await made.response(post())).status == 429


async def test_a_known_visitor_that_wants_another_session_is_counted(broker: AsyncSessionBroker) -> None:
    made = endpoint(broker, cookie_keys=KEYS, anonymous_sessions_per_minute=2)
    cookie = cookie_of(await made.response(post()))
    refresh = post(Cookie=cookie, body=b'{"currentClientSecret": "ek_1"}')
    assert [(await made.response(refresh)).status for _ in range(2)] == [200, 429]


async def test_a_visitor_is_free_as_long_as_the_brokers_own_margin_lets_the_session_be_reused(
    client: AsyncChatKit,
) -> None:
    async with AsyncSessionBroker(client, workflow="wf_1", margin_s=0, expires_after=60) as broker:
        made = endpoint(broker, cookie_keys=KEYS, anonymous_sessions_per_minute=1)
        cookie = cookie_of(await made.response(post()))
        assert (await made.response(post(Cookie=cookie))).status == 200


async def test_a_visitor_is_counted_again_after_a_logout(broker: AsyncSessionBroker) -> None:
    made = endpoint(broker, cookie_keys=KEYS, anonymous_sessions_per_minute=1)
    cookie = cookie_of(await made.response(post()))
    await made.revoke(post(Cookie=cookie))
    assert (await made.response(post(Cookie=cookie))).status == 429


async def test_a_request_that_got_no_session_does_not_use_up_the_limit(
    broker: AsyncSessionBroker, emulator: Emulator
) -> None:
    made = endpoint(broker, cookie_keys=KEYS, anonymous_sessions_per_minute=1)
    emulator.add_faults(Fault(path="/chatkit/sessions", status=400, body={}, times=3))
    assert [(await made.response(post())).status for _ in range(3)] == [502] * 3
    assert (await made.response(post())).status == 200


async def test_none_is_no_limit(broker: AsyncSessionBroker, emulator: Emulator) -> None:
    made = endpoint(broker, cookie_keys=KEYS, anonymous_sessions_per_minute=None)
    await asyncio.gather(*(made.response(post()) for _ in range(150)))
    assert len(emulator.sessions()) == 150


@pytest.mark.parametrize("number", [0, -1, 1.5, True, "many"])
def test_the_limit_must_be_a_whole_number_of_at_least_1(broker: AsyncSessionBroker, number: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"anonymous_sessions_per_minute=.*at least 1, or None"):
        endpoint(broker, cookie_keys=KEYS, anonymous_sessions_per_minute=number)


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_the_limit_is_for_any_sixty_seconds() -> None:
    clock = Clock()
    limit = AnonymousLimit(2, clock)
    for clock.now_s in (0.0, 50.0):
        assert limit.reserve(f"visitor_{clock.now_s}", wants_new=False)
    clock.now_s = 59.0
    with pytest.raises(EndpointRefusal) as refused:
        limit.reserve("third", wants_new=False)
    assert refused.value.retry_after_s == 1.0
    clock.now_s = 60.0
    assert limit.reserve("third", wants_new=False)
    with pytest.raises(EndpointRefusal) as refused:
        limit.reserve("fourth", wants_new=False)
    assert refused.value.retry_after_s == 50.0


def test_a_visitor_is_free_while_the_session_is_reused_and_then_forgotten() -> None:
    clock = Clock()
    limit = AnonymousLimit(10, clock)
    for visitor in ("ada", "brook"):
        assert limit.reserve(visitor, wants_new=False)
        limit.created(visitor, reused_s=540)
    clock.now_s = 539.0
    assert not limit.reserve("ada", wants_new=False)
    clock.now_s = 541.0
    assert limit.reserve("ada", wants_new=False)
    assert limit._live_until_s == {}
