"""Ways in which a Redis fails, and brokers of other processes."""

from __future__ import annotations

from functools import partial
from typing import Any

from cryptography.fernet import Fernet

from chatkit_async import AsyncChatKit
from chatkit_async.broker import AsyncSessionBroker, RedisStore, Store
from chatkit_async.broker._resilient_store import ResilientStore
from chatkit_async.broker._user_record import Creation, Place, UserRecord

from .redis_server import RedisServer

KEYS = [Fernet.generate_key()]
HERE = Place("user", "device", "device.settings")


def other_process(client: AsyncChatKit, redis_server: RedisServer, **settings: Any) -> AsyncSessionBroker:
    """A broker that shares nothing but Redis."""
    return on_store(client, RedisStore(redis_server.url), **settings)


def on_store(client: AsyncChatKit, store: Store, **settings: Any) -> AsyncSessionBroker:
    """A broker that shares its secrets through a store."""
    return AsyncSessionBroker(client, workflow="wf_1", store=store, share_secrets=KEYS, **settings)


async def begin(store: ResilientStore, creation: Creation) -> str:
    """How a creation begins."""
    return (await store.change(creation.place.user, partial(UserRecord.begin, creation=creation))).status


async def fail(store: ResilientStore, creation: Creation, *, is_unknown: bool) -> None:
    """Ends a creation without a session."""
    await store.change(creation.place.user, partial(UserRecord.fail, creation=creation, is_unknown=is_unknown))


def connected(redis_server: RedisServer) -> int:
    """How many connections Redis has, that of the question included."""
    return int(redis_server.ask("INFO", "clients").split("connected_clients:")[1].split()[0])


def stopped(redis_server: RedisServer) -> None:
    redis_server.stop()


def frozen(redis_server: RedisServer) -> None:
    redis_server.freeze()


def full(redis_server: RedisServer) -> None:
    redis_server.ask("CONFIG", "SET", "maxmemory", "1")


def read_only(redis_server: RedisServer) -> None:
    redis_server.ask("REPLICAOF", "127.0.0.1", "1")


def well(redis_server: RedisServer) -> None:
    """Undoes each of them."""
    redis_server.thaw_or_start()
    redis_server.ask("CONFIG", "SET", "maxmemory", "0")
    redis_server.ask("REPLICAOF", "NO", "ONE")
