"""A store that answers rubbish: never the user's problem."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from cryptography.fernet import Fernet

from chatkit_async import AsyncChatKit
from chatkit_async.broker import AsyncSessionBroker, MemoryStore, RedisStore
from chatkit_async.broker.store import Place
from chatkit_async.emulator import Emulator

from .outages import USER_KEYS, said
from .redis_server import RedisServer

pytestmark = pytest.mark.usefixtures("short_pause")


@pytest.fixture
async def broker(redis_broker: AsyncSessionBroker) -> AsyncSessionBroker:
    return redis_broker


async def test_a_store_that_never_gives_the_turn_holds_up_nobody_for_ever(
    client: AsyncChatKit, emulator: Emulator
) -> None:
    class StingyStore(MemoryStore):
        async def lease(self, place: Place, holder: str, lease_s: float) -> bool:
            return False

    broker = AsyncSessionBroker(
        client, workflow="wf_1", store=StingyStore(), share_secrets=[Fernet.generate_key()], lease_s=0.2
    )
    async with asyncio.timeout(20):
        await broker.secret_for("user_1")
    assert len(emulator.sessions()) == 1


@pytest.mark.parametrize("name", ["generation", "sessions", "minted"])
async def test_rubbish_in_redis_is_no_reason_to_fail(
    broker: AsyncSessionBroker, redis_server: RedisServer, emulator: Emulator, name: str
) -> None:
    redis_server.ask("HSET", f"{USER_KEYS}:{name}", "rub", "bish")
    live = await broker.secret_for("user_1")
    revocation = await broker.revoke("user_1")
    assert live.session_id in {result.session_id for result in revocation.sessions}
    assert emulator.sessions()[0]["status"] == "cancelled"


RUBBISH = {
    "generation": [("HSET", "rub", "bish"), ("SET", "foo"), ("ZADD", "1", "x")],
    "sessions": [("SET", "foo"), ("HSET", "rub", "bish"), ("ZADD", "9e15", "foo")],
    "minted": [("SET", "foo"), ("HSET", "rub", "bish")],
}


@pytest.mark.parametrize(("name", "command"), [(name, each) for name, some in RUBBISH.items() for each in some])
async def test_rubbish_in_one_key_of_a_user_is_no_outage(
    broker: AsyncSessionBroker,
    redis_server: RedisServer,
    emulator: Emulator,
    caplog: pytest.LogCaptureFixture,
    name: str,
    command: tuple[str, ...],
) -> None:
    other = await broker.secret_for("user_2")
    redis_server.ask(command[0], f"{USER_KEYS}:{name}", *command[1:])
    live = await broker.secret_for("user_1")
    assert await broker.secret_for("user_1") == live
    assert await broker.owns("user_1", live.session_id)
    assert await broker.secret_for("user_2") == other
    assert (await broker.revoke("user_1")).is_complete
    assert said(caplog) == []
    assert {session["status"] for session in emulator.sessions() if session["user"] == "user_1"} == {"cancelled"}


async def test_members_of_redis_that_are_no_ids_are_passed_over(
    broker: AsyncSessionBroker, redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    live = await broker.secret_for("user_1")
    redis_server.ask("ZADD", f"{USER_KEYS}:sessions", "9e15", "foo")
    redis_server.ask("EVAL", 'return redis.call("SET", KEYS[1], "\\255")', "1", f"{USER_KEYS}:generation")
    await broker.secret_for("user_1")
    revocation = await broker.revoke("user_1")
    assert live.session_id in {result.session_id for result in revocation.sessions}
    assert "" not in {result.session_id for result in revocation.sessions}
    assert said(caplog) == []


async def test_a_redis_that_takes_no_writes_is_an_outage(
    broker: AsyncSessionBroker, redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    redis_server.ask("CONFIG", "SET", "maxmemory", "1")
    try:
        live = await broker.secret_for("user_1")
    finally:
        redis_server.ask("CONFIG", "SET", "maxmemory", "0")
    assert said(caplog)[:1] == ["fails"]
    assert await broker.owns("user_1", live.session_id)


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"+OK\r\n" * 9, b"*1\r\n$99\r\n", b"\x00\xff"]
)
async def test_a_server_that_is_no_redis_is_no_reason_to_fail(
    client: AsyncChatKit, answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(65536):
            writer.write(answer)
        writer.close()
        await writer.wait_closed()

    monkeypatch.setattr("chatkit_async.broker.watched_store.ANSWER_S", 0.2)
    async with await asyncio.start_server(serve, "127.0.0.1") as server:
        store = RedisStore(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        broker = AsyncSessionBroker(client, workflow="wf_1", store=store, share_secrets=[Fernet.generate_key()])
        async with asyncio.timeout(20):  # less than a turn is waited for
            live = await broker.secret_for("user_1")
            assert await broker.secret_for("user_1") == live
        assert not (await broker.revoke("user_1")).is_complete
        await broker.aclose()


@pytest.mark.parametrize("rubbish", ["..", "", "/", "\ud800", "x" * 5000])
async def test_ids_that_no_session_has_are_no_reason_to_fail(client: AsyncChatKit, rubbish: str) -> None:
    class RubbishStore(MemoryStore):
        async def revoke(self, user: str, generation: str, device: str | None = None) -> Mapping[str, str]:
            return {rubbish: "device", **await super().revoke(user, generation, device)}

    broker = AsyncSessionBroker(client, workflow="wf_1", store=RubbishStore())
    await broker.secret_for("user_1")
    assert len((await broker.revoke("user_1")).sessions) == 2


@pytest.mark.parametrize("rubbish", [None, 5, "text", b"\xff", [], {"a": 1}, object()])
async def test_a_store_that_answers_rubbish_is_no_reason_to_fail(
    client: AsyncChatKit, emulator: Emulator, rubbish: Any
) -> None:
    class RubbishStore(MemoryStore):
        def __getattribute__(self, name: str) -> Any:
            async def answer(*arguments: object) -> Any:
                return rubbish

            return (
                answer
                if name in {"read", "keep", "sessions", "revoke", "count", "lease"}
                else super().__getattribute__(name)
            )

    broker = AsyncSessionBroker(client, workflow="wf_1", store=RubbishStore())
    live = await broker.secret_for("user_1")
    assert await broker.owns("user_1", live.session_id)
    await broker.renew("user_1")
    revocation = await broker.revoke("user_1")
    assert not revocation.is_complete
    assert {session["status"] for session in emulator.sessions()} == {"cancelled"}
    await broker.aclose()
