"""The store of several processes: Redis."""

from __future__ import annotations

import asyncio
import logging
import secrets
import weakref
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from .._async.per_loop import PerLoop
from ..errors import ConfigurationError
from ..types.secret import Hidden, as_secret, without_value
from . import _redis_scripts as scripts
from ._clock import now_s
from ._redis_link import (
    NO_CLUSTER,
    Command,
    Link,
    client_for,
    copy_of,
    location,
    parsed_url,
    raise_refusal,
    redis_asyncio,
)
from ._store import (
    KEPT_S,
    SESSION_LIFE_S,
    BeginReply,
    CreatedSession,
    Creation,
    EncryptedSecret,
    KeepReply,
    Place,
    PlaceState,
    RevokeReply,
)

if TYPE_CHECKING:
    from redis.asyncio import Redis

REDIS_CHECK_S = 1.0  # between two checks of Redis's clock, and of whether it lost data
SAFE_POLICIES = ("noeviction", "volatile-ttl")
ERROR_OF_ONE_KEY = "WRONGTYPE"  # Another program wrote to a user's key, which is not an outage.

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
        self._given = client
        self._loop_of_given: weakref.ref[asyncio.AbstractEventLoop] | None = None
        self._where = location(parsed_url(url or "") if client is None else client.connection_pool.connection_kwargs)
        self._make: Callable[[], Redis] = partial(client_for, url or "") if client is None else partial(copy_of, client)
        self._links: PerLoop[Link] = PerLoop(self._open)
        self._epoch = ""
        self._ahead_s: float | None = None  # Redis's clock less ours, once it is known
        self._checked_s = self._evicted_s = float("-inf")
        self._evicted = 0
        self._has_warned = False

    def __repr__(self) -> str:
        return f"RedisStore({getattr(self, '_where', None)!r}, prefix={getattr(self, '_prefix', None)!r})"

    async def read(self, place: Place) -> PlaceState:
        fields = ("g", f"d:{place.device}", f"v:{place.slot}", f"r:{place.slot}")
        reply = await self._step(place.user, "HMGET", self._key(place.user), *fields)
        revoked, device_revoked, version, record = [_text(value) for value in _checked(reply, 4)]
        ends, _, rest = record.partition(" ")
        ticket, _, text = rest.partition(" ")
        left_s = self._left_s(ends)
        secret = EncryptedSecret(text, ticket, left_s) if left_s > 0 else None
        return PlaceState(f"{revoked}/{device_revoked}", version, secret)

    async def begin(self, creation: Creation) -> BeginReply:
        flags = (int(creation.is_shared), int(creation.is_renewal))
        found = (_ms(creation.margin_s), creation.unsuitable_ticket)
        limit = -1 if creation.per_minute is None else creation.per_minute
        reply = await self._script(scripts.BEGIN, creation, _ms(creation.lease_s), *flags, *found, limit)
        generation, version, left, ticket, text, status, ms = [_text(value) for value in _checked(reply, 7)]
        secret = EncryptedSecret(text, ticket, _number(left) / 1000) if _number(left) else None
        return BeginReply(cast("Any", status), PlaceState(generation, version, secret), _number(ms) / 1000)

    async def keep(self, session: CreatedSession) -> KeepReply:
        began, is_renewal = session.began, int(session.creation.is_renewal)
        kept = (session.session_id, _ms(session.life_s), session.secret or "")
        reply = await self._script(scripts.KEEP, session.creation, *kept, is_renewal, began.generation, began.version)
        generation, version, earlier = _checked(reply, 3)
        return KeepReply(PlaceState(_text(generation), _text(version)), tuple(map(_text, earlier)))

    async def fail(self, creation: Creation, *, is_unknown: bool) -> None:
        await self._script(scripts.FAIL, creation, int(is_unknown))

    async def owns(self, user: str, session_id: str) -> bool:
        held = _text(await self._step(user, "HGET", self._key(user), f"s:{session_id}"))
        return self._left_s(held.partition(" ")[0]) > 0

    async def revoke(self, user: str, revocation_id: str, device: str | None = None) -> RevokeReply:
        command = _command(scripts.REVOKE, self._key(user), revocation_id, device or "")
        reply, *check = await self._run(user, command, *self._check())
        has_lapsed, session_ids = _checked(reply, 2)
        return RevokeReply(tuple(map(_text, session_ids)), self._note_check(*check) and _text(has_lapsed) != "1")

    async def forget(self, user: str, session_ids: Iterable[str]) -> None:
        fields = [f"s:{session_id}" for session_id in session_ids]
        if fields:
            await self._step(user, "HDEL", self._key(user), *fields)

    async def report_gap(self, life_s: float) -> None:
        self._note_check(*await self._links.here().run(*self._check(life_s)))

    async def aclose(self) -> None:
        """Closes the connections of ours; a call after it opens new ones."""
        await self._links.aclose()

    async def _script(self, script: str, creation: Creation, *arguments: str | int) -> Any:
        """The reply to a script, which is given the creation's device, slot and ticket, and the arguments."""
        place = creation.place
        names = (place.device, place.slot, creation.ticket)
        return await self._step(place.user, *_command(script, self._key(place.user), *names, *arguments))

    async def _step(self, user: str, *command: str | int | bytes) -> Any:
        """The reply to a command on a user's key; once a second a check of Redis travels with it."""
        if self._ahead_s is not None and now_s() - self._checked_s <= REDIS_CHECK_S:
            return (await self._run(user, command))[0]
        check, self._checked_s = self._check(), now_s()
        reply, *check_replies = await self._run(user, command, *check)
        self._note_check(*check_replies)
        return reply

    async def _run(self, user: str, command: Command, *others: Command) -> list[Any]:
        """The replies to commands, the first on a user's key, deleted if another program gave it a wrong type."""
        link = self._links.here()
        reply, *more = await link.run(command, *others)
        if isinstance(reply, Exception) and ERROR_OF_ONE_KEY in str(reply):
            _, reply = await link.run(("DEL", self._key(user)), command)
        return [_raised(reply), *more]

    def _open(self) -> Link:
        loop = asyncio.get_running_loop()
        if self._given is not None and (self._loop_of_given is None or self._loop_of_given() is loop):
            self._loop_of_given = weakref.ref(loop)
            return Link(self._given, is_ours=False)
        return Link(self._make())

    def _check(self, gap_s: float = 0.0) -> tuple[Command, Command]:
        """The commands that check Redis; `gap_s` above 0 tells it for how many seconds sessions may be missing."""
        is_known = now_s() - self._checked_s < KEPT_S - SESSION_LIFE_S  # Later, the state may have expired by itself.
        epochs = (self._epoch if is_known else "", secrets.token_hex(8))
        gaps = (_ms(gap_s) if gap_s else 0, _ms(SESSION_LIFE_S), _ms(KEPT_S))
        return _command(scripts.STATE, f"{self._prefix}:state", *epochs, *gaps), ("INFO",)

    def _note_check(self, state: Any, info: Any) -> bool:
        """Learns Redis's clock and epoch, and of evictions; whether Redis knows all live sessions."""
        now, epoch, gap_ms = [_text(value) for value in _checked(_raised(state), 3)]
        self._epoch, self._checked_s = epoch, now_s()
        self._ahead_s = _number(now) / 1000 - now_s()
        info = info if isinstance(info, dict) else {}
        evicted = info.get("evicted_keys", 0)
        if evicted != self._evicted:
            self._evicted, self._evicted_s = evicted, now_s()
        self._warn_of_eviction(info)
        return _number(gap_ms) == 0 and now_s() - self._evicted_s > SESSION_LIFE_S

    def _warn_of_eviction(self, info: dict[str, Any]) -> None:
        policy = str(info.get("maxmemory_policy", ""))
        if not self._has_warned and policy and info.get("maxmemory", 0) and policy not in SAFE_POLICIES:
            self._has_warned = True
            log.warning(
                "Redis may evict users with live sessions, whom revoke then cannot reach (maxmemory-policy is %s): set"
                " noeviction or volatile-ttl",
                policy,
            )

    def _left_s(self, ends: str) -> float:
        """Seconds until a time of Redis's clock."""
        return _number(ends) / 1000 - now_s() - (self._ahead_s or 0.0)

    def _key(self, user: str) -> str:
        return f"{self._prefix}:{{{user}}}"  # The braces tell users from the state of all of them.


def _command(script: str, key: str, *arguments: str | int) -> Command:
    return ("EVAL", script, 1, key, *arguments)


def _raised(reply: Any) -> Any:
    """The reply, unless it is an error, which is raised."""
    if isinstance(reply, Exception):
        raise_refusal(reply)
        raise reply
    return reply


def _checked(reply: Any, length: int) -> list[Any]:
    """A reply of that many parts, as ours are."""
    if not isinstance(reply, list) or len(reply) != length:
        raise ValueError("Redis replied with something else than the broker wrote")
    return reply


def _text(value: Any) -> str:
    """A string, whether the client decodes replies or not; empty for None."""
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value or "")


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0


def _ms(seconds: float) -> int:
    return max(1, round(seconds * 1000))
