"""Ways in which a Redis fails, and brokers of other processes."""

from __future__ import annotations

from typing import Any

from cryptography.fernet import Fernet

from chatkit_async import AsyncChatKit
from chatkit_async.broker import AsyncSessionBroker, RedisStore

from .redis_server import RedisServer

KEYS = [Fernet.generate_key()]


def other_process(client: AsyncChatKit, redis_server: RedisServer, **settings: Any) -> AsyncSessionBroker:
    """A broker that shares nothing but Redis."""
    store = RedisStore(redis_server.url)
    return AsyncSessionBroker(client, workflow="wf_1", store=store, share_secrets=KEYS, **settings)


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
