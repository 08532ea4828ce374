"""What the broker's tests share: brokers, and a real Redis."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator

import pytest

from chatkit_async import AsyncChatKit
from chatkit_async.broker import AsyncSessionBroker, MemoryStore, RedisStore
from chatkit_async.broker._clock import Expiring

from .failures import KEYS, well
from .outages import MovedClock
from .redis_server import PROGRAM, RedisServer


@pytest.fixture
async def broker(client: AsyncChatKit) -> AsyncIterator[AsyncSessionBroker]:
    """A broker with a store of its own."""
    async with AsyncSessionBroker(client, workflow="wf_1") as made:
        yield made


@pytest.fixture(scope="session")
def _redis_process() -> Iterator[RedisServer]:
    if PROGRAM is None:
        assert not os.environ.get("CI"), "install redis-server: CI may not skip these tests"
        pytest.skip("needs redis-server (Debian: apt-get install redis-server)")
    server = RedisServer()
    try:
        yield server
    finally:
        server.close()


@pytest.fixture
def redis_server(_redis_process: RedisServer) -> RedisServer:
    """A Redis that runs and is empty."""
    _redis_process.thaw_or_start()
    _redis_process.ask("FLUSHALL")
    return _redis_process


@pytest.fixture
def short_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that is down is tried again at once, so that tests need not wait."""
    monkeypatch.setattr("chatkit_async.broker._circuit_breaker.PAUSE_S", 0.0)


@pytest.fixture
def short_close(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker that closes does not wait for a creation that a test delays."""
    monkeypatch.setattr("chatkit_async.broker._single_flight.CLOSE_S", 0.1)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> MovedClock:
    """The clock of brokers that are made after this."""
    moved = MovedClock()
    stores = ("_memory_store", "_redis_store", "_circuit_breaker", "_resilient_store", "_user_record")
    for name in ("_clock", *stores, "_secret_cache", "_session_creator"):
        monkeypatch.setattr(f"chatkit_async.broker.{name}.now_s", moved)
    for kind in (MemoryStore, Expiring):
        monkeypatch.setattr(kind.__init__, "__defaults__", (moved,))
    return moved


@pytest.fixture
def well_again(redis_server: RedisServer) -> Iterator[None]:
    """After the test, that Redis works again, whatever the test did to it."""
    yield
    well(redis_server)


@pytest.fixture(params=["own secrets", "shared secrets"])
async def either_broker(
    client: AsyncChatKit, redis_server: RedisServer, request: pytest.FixtureRequest
) -> AsyncIterator[AsyncSessionBroker]:
    """A broker on that Redis, without shared secrets and with them."""
    keys = KEYS if request.param == "shared secrets" else None
    store = RedisStore(redis_server.url)
    async with AsyncSessionBroker(client, workflow="wf_1", store=store, share_secrets=keys) as made:
        yield made


@pytest.fixture
async def redis_broker(client: AsyncChatKit, redis_server: RedisServer) -> AsyncIterator[AsyncSessionBroker]:
    """A broker on that Redis."""
    async with AsyncSessionBroker(client, workflow="wf_1", store=RedisStore(redis_server.url)) as made:
        yield made
