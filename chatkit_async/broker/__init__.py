"""Live client secrets for browsers: one broker for the whole app.

    from chatkit_async.broker import AsyncSessionBroker

    broker = AsyncSessionBroker(client, workflow="wf_abc")
    live = await broker.secret_for("user_123")

Redis and encryption are imported when they are first used.
"""

from ._blocking import SessionBroker
from ._broker import AsyncSessionBroker
from ._memory_store import MemoryStore
from ._redis_store import RedisStore
from ._revocation import Revocation, RevokedSession
from ._secret_cache import LiveSecret
from ._store import Store

__all__ = [
    "AsyncSessionBroker",
    "LiveSecret",
    "MemoryStore",
    "RedisStore",
    "Revocation",
    "RevokedSession",
    "SessionBroker",
    "Store",
]
