"""The store of several processes: Redis."""

from __future__ import annotations

import asyncio
import logging
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from .._async.per_loop import PerLoop
from ..errors import ConfigurationError
from ..types.misuse import answering
from ..types.secret import Hidden, as_secret, without_value
from ._clock import now_s
from ._redis_link import NO_CLUSTER, Link, client_for, copy_of, location, redis_asyncio
from ._store import KEPT_S, StoreRefusedError
from ._user_record import SESSION_LIFE_S

if TYPE_CHECKING:
    from redis.asyncio import Redis

SAFE_POLICIES = ("noeviction", "volatile-ttl")
ERROR_OF_ONE_KEY = "WRONGTYPE"  # Another program wrote to the key, which is not an outage.

# ARGV: the old value, the new one, milliseconds until Redis drops it. A key of another program's type is written over.
SWAP = """
local held = redis.pcall('GET', KEYS[1])
if type(held) == 'table' or not held then held = '' end
if held ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
"""

log = logging.getLogger("chatkit_async")


class RedisStore:
    """A store in Redis, for the brokers of several processes and machines. Needs `pip install 'chatkit-async[redis]'`.

    It holds session ids until they expire, counts and leases; with the broker's `share_secrets` also the client secrets
    of live sessions, encrypted. Keys hold hashes of user ids; a guessed id can be checked against its hash, so protect
    Redis.

    Works in any number of event loops, with one connection in each, and after a fork. Set `maxmemory-policy` to
    `noeviction` or `volatile-ttl`: with others Redis may drop users with live sessions, whom `revoke` then cannot
    reach (see `Revocation`).

    A Redis Cluster is not supported: a `RedisCluster` is refused, and for a url of one of its nodes the log says so.

    Example:
        store = RedisStore("redis://localhost:6379/0")

    Args:
        url: `redis://`, `rediss://` (TLS) or `unix://`, as redis-py takes it.
        client: a `redis.asyncio.Redis` of yours instead; it stays yours to close. Other event loops than the first one
            get a client of ours with its settings.
        prefix: what all keys begin with; apps and API projects that share a Redis each need their own.

    Raises:
        ConfigurationError: not exactly one of url and client, a url that redis-py refuses, or no redis-py.
    """

    @answering()
    def __init__(self, url: str | None = None, *, client: Redis | None = None, prefix: str = "chatkit-async") -> None:
        url = as_secret(url)  # A password in either must not appear in tracebacks.
        kind = type(client).__name__
        client = client if isinstance(client, redis_asyncio().Redis) else without_value(client)
        if isinstance(client, Hidden):
            hint = f": {NO_CLUSTER}" if kind == "RedisCluster" else ""
            raise ConfigurationError(f"RedisStore takes a redis.asyncio.Redis as client, not {kind}{hint}")
        if (url is None) == (client is None):
            raise ConfigurationError("RedisStore takes a url, or a client: one of the two")
        self._prefix = prefix
        self._is_given = client is not None
        self._client = client or client_for(url or "")
        self._loop_of_given: weakref.ref[asyncio.AbstractEventLoop] | None = None
        self._where = location(self._client)
        self._links: PerLoop[Link] = PerLoop(self._open)
        self._ahead_s: float | None = None  # Redis's clock less ours, once it is known
        self._lost_s, self._evicted, self._run_id = float("-inf"), 0, ""
        self._has_warned = False

    def __repr__(self) -> str:
        return f"RedisStore({getattr(self, '_where', None)!r}, prefix={getattr(self, '_prefix', None)!r})"

    async def get(self, key: str) -> tuple[bytes, float]:
        """The value, and the time by Redis's clock."""
        if self._ahead_s is None:
            await self._learn_time()
        try:
            value = await self._links.here().run("GET", self._key(key))
        except StoreRefusedError as error:
            if ERROR_OF_ONE_KEY not in str(error.__cause__):
                raise
            value = None
        return value or b"", now_s() + (self._ahead_s or 0.0)

    async def swap(self, key: str, old: bytes, new: bytes) -> bool:
        """Writes a value if the present one is `old`; returns whether it was."""
        kept_ms = round(KEPT_S * 1000)
        return bool(await self._links.here().run("EVAL", SWAP, 1, self._key(key), old, new, kept_ms) == 1)

    async def is_whole(self) -> bool:
        """Whether Redis lost nothing in the last ten minutes: it evicted nothing, and went back to no older state.

        Evictions before the first check count as new. Redis goes back when it loads a file, or a replica takes over.
        """
        await self._learn_time()
        info: dict[str, Any] = {}
        with suppress(StoreRefusedError):  # Without rights to it, evictions are not seen.
            info = await self._links.here().run("INFO")
        evicted, run_id = info.get("evicted_keys", 0), info.get("run_id", "")
        if evicted != self._evicted or self._run_id not in {"", run_id}:
            self._lost_s = now_s()
        self._evicted, self._run_id = evicted, run_id
        self._warn_of_eviction(info)
        has_loaded = info.get("rdb_last_load_keys_loaded", 0) or info.get("aof_enabled", 0)
        is_restored = has_loaded and info.get("uptime_in_seconds", 0) < SESSION_LIFE_S
        return not is_restored and now_s() - self._lost_s > SESSION_LIFE_S

    async def aclose(self) -> None:
        """Closes the connections of ours; a call after it opens new ones."""
        await self._links.aclose()

    async def _learn_time(self) -> None:
        seconds, microseconds = await self._links.here().run("TIME")
        self._ahead_s = int(seconds) + int(microseconds) / 1e6 - now_s()

    def _open(self) -> Link:
        loop = asyncio.get_running_loop()
        if self._is_given and (self._loop_of_given is None or self._loop_of_given() is loop):
            self._loop_of_given = weakref.ref(loop)
            return Link(self._client, is_ours=False)
        return Link(copy_of(self._client))

    def _warn_of_eviction(self, info: dict[str, Any]) -> None:
        policy = str(info.get("maxmemory_policy", ""))
        if not self._has_warned and policy and info.get("maxmemory", 0) and policy not in SAFE_POLICIES:
            self._has_warned = True
            log.warning(
                "Redis may evict users with live sessions, whom revoke then cannot reach (maxmemory-policy is %s): set"
                " noeviction or volatile-ttl",
                policy,
            )

    def _key(self, key: str) -> str:
        return f"{self._prefix}:{key}"
