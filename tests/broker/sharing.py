"""Brokers as other processes would have them, on a real Redis."""

from __future__ import annotations

from typing import Any

from cryptography.fernet import Fernet

from chatkit_async import AsyncChatKit
from chatkit_async.broker import AsyncSessionBroker, RedisStore
from chatkit_async.broker._store import Place

from .redis_server import RedisServer

KEYS = [Fernet.generate_key()]
HERE = Place("user", "device", "device.settings")


def sharing(client: AsyncChatKit, redis_server: RedisServer, **settings: Any) -> AsyncSessionBroker:
    """A broker as another process would have it."""
    store = RedisStore(redis_server.url)
    return AsyncSessionBroker(client, workflow="wf_1", store=store, share_secrets=KEYS, **settings)


def connected(redis_server: RedisServer) -> int:
    """How many connections Redis has, that of the question included."""
    return int(redis_server.ask("INFO", "clients").split("connected_clients:")[1].split()[0])
