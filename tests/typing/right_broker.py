"""Uses of the broker that must type, with the types they must have. Checked by mypy and pyright, never run."""

from typing import assert_type

import redis.asyncio

from chatkit_async import APIError, AsyncChatKit, ChatKit, MintingLimitError, Secret
from chatkit_async.broker import (
    AsyncSessionBroker,
    LiveSecret,
    MemoryStore,
    RedisStore,
    Revocation,
    RevokedSession,
    SessionBroker,
    Store,
)

STORES: list[Store] = [MemoryStore(), RedisStore("redis://localhost"), RedisStore(client=redis.asyncio.Redis())]


async def ask(client: AsyncChatKit) -> None:
    """All that can be asked of a broker."""
    async with AsyncSessionBroker(client, workflow="wf_1", store=STORES[0], share_secrets=["key", b"key"]) as broker:
        assert_type(broker, AsyncSessionBroker)
        live = await broker.secret_for("u", device="phone", current="ek", state_variables={"plan": "pro", "seats": 5})
        assert_type(live, LiveSecret)
        assert_type(live.client_secret, Secret)
        assert_type(live.expires_at, int)
        assert_type(await broker.renew("u"), LiveSecret)
        assert_type(await broker.revoke("u"), Revocation)
        assert_type(await broker.owns("u", live.session_id), bool)


def ask_and_wait(client: ChatKit) -> None:
    """The same of its blocking twin."""
    with SessionBroker(client, workflow={"id": "wf_1"}, sessions_per_minute=None, margin_s=30) as broker:
        assert_type(broker, SessionBroker)
        assert_type(broker.secret_for("u", current=None), LiveSecret)
        revocation = broker.revoke("u")
        assert_type(revocation.sessions, tuple[RevokedSession, ...])
        assert_type(revocation.sessions[0].error, APIError | None)
        assert_type(revocation.is_complete, bool)


def wait_s(error: MintingLimitError) -> float:
    """What a refusal tells."""
    return error.retry_after_s
