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
from ._redis_link import Command, Link, client_for, copy_of, is_refusal, location, parsed_url, redis_asyncio
from ._store import (
    KEPT_S,
    SESSION_LIFE_S,
    Begun,
    Creation,
    Ended,
    Kept,
    Minted,
    Place,
    SealedRecord,
    Seen,
    StoreRefusedError,
)

if TYPE_CHECKING:
    from redis.asyncio import Redis

LOOK_S = 1.0  # between two looks at the state, which tell Redis's clock, and whether Redis lost its data
SAFE_POLICIES = ("noeviction", "volatile-ttl")
OF_ONE_KEY = "WRONGTYPE"  # another program wrote to a user's key: no outage

log = logging.getLogger("chatkit_async")


class RedisStore:
    """A store in Redis, for the brokers of several processes and machines. Needs `pip install chatkit-async[redis]`.

    It holds session ids until they expire, counts, leases, and live sessions only if the broker's `share_secrets` has
    them encrypted. Keys hold hashes of user ids, which hide them from a glance, not from a guess: guard it.

    Works in any number of event loops, with one connection in each, and after a fork. Set `maxmemory-policy` to
    `noeviction` or `volatile-ttl`: with others Redis may drop users with live sessions, whom `revoke` then cannot
    reach; it says so by `is_complete=False`. The same is true for ten minutes after Redis lost its data, as soon as one
    process that knew it before has noticed; where all processes start anew with an empty Redis, none can know.

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
        url = as_secret(url)  # a password in it, or in what is not a client, is not for tracebacks
        kind = type(client).__name__
        client = client if isinstance(client, redis_asyncio().Redis) else without_value(client)
        if isinstance(client, Hidden):
            raise ConfigurationError(f"RedisStore takes a redis.asyncio.Redis as client, not {kind}")
        if (url is None) == (client is None):
            raise ConfigurationError("RedisStore takes a url, or a client: one of the two")
        self._prefix = prefix
        self._given, self._home = client, weakref.WeakSet[asyncio.AbstractEventLoop]()
        self._where = location(parsed_url(url or "") if client is None else client.connection_pool.connection_kwargs)
        self._make: Callable[[], Redis] = partial(client_for, url or "") if client is None else partial(copy_of, client)
        self._links: PerLoop[Link] = PerLoop(self._open)
        self._epoch = ""
        self._ahead_s = 0.0  # Redis's clock less ours
        self._looked_s = self._evicted_s = float("-inf")
        self._evicted = 0
        self._has_warned = self._has_home = False

    def __repr__(self) -> str:
        return f"RedisStore({getattr(self, '_where', None)!r}, prefix={getattr(self, '_prefix', None)!r})"

    async def read(self, place: Place) -> Seen:
        fields = ("g", f"d:{place.device}", f"v:{place.slot}", f"r:{place.slot}")
        reply = await self._step(place.user, "HMGET", self._key(place.user), *fields)
        mark, device_mark, version, record = [_text(value) for value in _checked(reply, 4)]
        ends, _, rest = record.partition(" ")
        ticket, _, sealed = rest.partition(" ")
        left_s = _number(ends) / 1000 - now_s() - self._ahead_s
        found = SealedRecord(sealed, ticket, left_s) if left_s > 0 else None
        return Seen(f"{mark}/{device_mark}", version, found)

    async def begin(self, creation: Creation) -> Begun:
        place, most = creation.place, creation.per_minute
        reply = await self._script(
            scripts.BEGIN,
            place.user,
            *(place.device, place.slot, creation.ticket, _ms(creation.lease_s), int(creation.is_shared)),
            *(_ms(creation.margin_s), creation.unsuitable, creation.replaces, -1 if most is None else most),
        )
        generation, version, left, ticket, sealed, status, ms = [_text(value) for value in _checked(reply, 7)]
        record = SealedRecord(sealed, ticket, _number(left) / 1000) if _number(left) else None
        return Begun(cast("Any", status), Seen(generation, version, record), _number(ms) / 1000)

    async def keep(self, minted: Minted) -> Kept:
        place, began = minted.place, minted.began
        reply = await self._script(
            scripts.KEEP,
            place.user,
            *(place.device, place.slot, minted.ticket, minted.session_id, _ms(minted.life_s)),
            *(began.generation, began.version, minted.record or "", int(minted.is_renewal)),
        )
        generation, version, others = _checked(reply, 3)
        return Kept(Seen(_text(generation), _text(version)), _texts(others))

    async def fail(self, creation: Creation, *, is_unknown: bool) -> None:
        place = creation.place
        await self._script(scripts.FAIL, place.user, place.slot, creation.ticket, int(is_unknown))

    async def owns(self, user: str, session_id: str) -> bool:
        ends = _text(await self._step(user, "HGET", self._key(user), f"s:{session_id}")).partition(" ")[0]
        return _number(ends) / 1000 > now_s() + self._ahead_s

    async def revoke(self, user: str, mark: str, device: str | None = None) -> Ended:
        command = _command(scripts.REVOKE, self._key(user), mark, device or "")
        reply, state, info = await self._run(user, command, self._state_command(), ("INFO", "stats"))
        has_stopped, names = _checked(reply, 2)
        is_complete = self._note_state(state) <= 0 and _text(has_stopped) != "1" and not self._has_evicted(info)
        return Ended(_texts(names), is_complete)

    async def forget(self, user: str, session_ids: Iterable[str]) -> None:
        fields = [f"s:{session_id}" for session_id in session_ids]
        if fields:
            await self._step(user, "HDEL", self._key(user), *fields)

    async def report_gap(self, life_s: float) -> None:
        (reply,) = await self._links.here().run(self._state_command(life_s))
        self._note_state(reply)

    async def aclose(self) -> None:
        """Closes the connections of ours; a call after it opens new ones."""
        await self._links.aclose()

    async def _script(self, script: str, user: str, *arguments: str | int) -> Any:
        return await self._step(user, *_command(script, self._key(user), *arguments))

    async def _step(self, user: str, *command: str | int | bytes) -> Any:
        """The reply to a command on a user's key, with which a look at the state travels now and then."""
        if now_s() - self._looked_s <= LOOK_S:
            return (await self._run(user, command))[0]
        look, self._looked_s = self._state_command(), now_s()
        reply, state = await self._run(user, command, look)
        self._note_state(state)
        return reply

    async def _run(self, user: str, command: Command, *others: Command) -> list[Any]:
        """The replies to a command on a user's key, where what another program wrote is dropped, and to others."""
        link = self._links.here()
        reply, *more = await link.run(command, *others)
        if isinstance(reply, Exception) and OF_ONE_KEY in str(reply):
            _, reply = await link.run(("DEL", self._key(user)), command)
        return [_raised(reply), *more]

    def _open(self) -> Link:
        loop = asyncio.get_running_loop()
        if self._given is not None and (not self._has_home or loop in self._home):
            self._has_home = True
            self._home.add(loop)
            return Link(self._given, self._greet, is_ours=False)
        return Link(self._make(), self._greet)

    async def _greet(self, link: Link) -> None:
        """Loads the scripts, learns Redis's clock and epoch, and warns where Redis may evict."""
        loads: list[Command] = [("SCRIPT LOAD", script) for script in scripts.ALL]
        *loaded, state, info = await link.exchange([*loads, self._state_command(), ("INFO",)])
        for reply in loaded:
            _raised(reply)
        self._note_state(state)
        self._has_evicted(info)
        self._warn_of_eviction(info)

    def _state_command(self, gap_s: float = 0.0) -> Command:
        gap_ms, loss_ms = _ms(gap_s) if gap_s else 0, _ms(SESSION_LIFE_S)
        known = self._epoch if now_s() - self._looked_s < KEPT_S - SESSION_LIFE_S else ""  # else it expired by itself
        return _command(
            scripts.STATE, f"{self._prefix}:state", known, secrets.token_hex(8), gap_ms, loss_ms, _ms(KEPT_S)
        )

    def _note_state(self, reply: Any) -> int:
        """Learns clock and epoch; milliseconds for which sessions may be missing."""
        now, epoch, gap_ms = [_text(value) for value in _checked(_raised(reply), 3)]
        self._epoch, self._looked_s = epoch, now_s()
        self._ahead_s = _number(now) / 1000 - now_s()
        return _number(gap_ms)

    def _has_evicted(self, info: Any) -> bool:
        """Whether Redis dropped keys of its own accord in the last session's life."""
        count = info.get("evicted_keys", 0) if isinstance(info, dict) else 0
        if count != self._evicted:
            self._evicted, self._evicted_s = count, now_s()
        return now_s() - self._evicted_s <= SESSION_LIFE_S

    def _warn_of_eviction(self, info: Any) -> None:
        policy = str(info.get("maxmemory_policy", "")) if isinstance(info, dict) else ""
        may_evict = policy and info.get("maxmemory", 0) and policy not in SAFE_POLICIES
        if may_evict and not self._has_warned:
            self._has_warned = True
            log.warning(
                "Redis may evict users with live sessions, whom revoke then cannot reach (maxmemory-policy is %s): set"
                " noeviction or volatile-ttl",
                policy,
            )

    def _key(self, user: str) -> str:
        return f"{self._prefix}:{{{user}}}"  # in braces, as a cluster and its proxies like it


def _command(script: str, key: str, *arguments: str | int) -> Command:
    return ("EVALSHA", scripts.sha_of(script), 1, key, *arguments)


def _raised(reply: Any) -> Any:
    """The reply, unless it is an error."""
    if isinstance(reply, Exception):
        if is_refusal(reply):
            raise StoreRefusedError(type(reply).__name__) from reply
        raise reply
    return reply


def _checked(reply: Any, length: int) -> list[Any]:
    """A reply of that many parts, as ours are."""
    if not isinstance(reply, list) or len(reply) != length:
        raise ValueError("Redis replied with something else than was asked for")
    return reply


def _texts(values: Iterable[Any]) -> tuple[str, ...]:
    return tuple(_text(value) for value in values)


def _text(value: Any) -> str:
    """A text, whichever way the client gives it; empty for none."""
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value or "")


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0


def _ms(seconds: float) -> int:
    return max(1, round(seconds * 1000))
