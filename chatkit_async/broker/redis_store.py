"""The store of several processes: Redis."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..errors import ConfigurationError
from ..types.secret import Hidden, as_secret, without_value
from . import redis_scripts as scripts
from .redis_clients import RedisClients, plain_copy
from .redis_scripts import Script
from .store import GENERATION_LIVES_S, Count, Generations, Minted, Place, Seen

if TYPE_CHECKING:
    from redis.asyncio import Redis

ANSWER_S = 2.0  # to wait for one of these connections
MOST_CONNECTIONS = 16  # an event loop
OF_ONE_KEY = ("WRONGTYPE", "not an integer")  # somebody else has written to it: no outage
RUBBISH = "Redis answered with something else than was asked for"


class RedisStore:
    """A store in Redis, for the brokers of several processes and machines. Needs `pip install chatkit-async[redis]`.

    It holds session ids until they expire, counters, leases, and records only if the broker's `share_secrets` has them
    encrypted. Keys hold hashes of user ids, which hide them from a glance, not from who can guess them: guard it.

    Works in any number of event loops, a client in each, and after a fork.

    Example:
        store = RedisStore("redis://localhost:6379/0")

    Args:
        url: `redis://`, `rediss://` (TLS) or `unix://`, as redis-py takes it.
        client: a `redis.asyncio.Redis` of yours instead; it stays yours to close. Other event loops than the first one
            get a client of ours with its settings.
        prefix: what all keys begin with; apps and API projects that share a Redis each need their own.

    Raises:
        ConfigurationError: not exactly one of url and client, a url that cannot be, or redis-py is not installed.
    """

    def __init__(self, url: str | None = None, *, client: Redis | None = None, prefix: str = "chatkit-async") -> None:
        url = as_secret(url)  # a password in it, or in what is no client, is not for tracebacks
        kind = type(client).__name__
        client = client if isinstance(client, _redis().Redis) else without_value(client)
        if isinstance(client, Hidden):
            raise ConfigurationError(f"RedisStore takes a redis.asyncio.Redis as client, not {kind}")
        if (url is None) == (client is None):
            raise ConfigurationError("RedisStore takes a url, or a client: one of the two")
        self._prefix = prefix
        self._clients = RedisClients(_maker(url) if client is None else lambda: plain_copy(client), client)

    def __repr__(self) -> str:
        return f"RedisStore(prefix={getattr(self, '_prefix', None)!r})"

    async def read(self, place: Place, new_generation: str) -> Seen:
        keys = [self._user(place), self._device(place), self._key(place.user, f"record:{place.device}")]
        found = await self._run(scripts.READ, keys, [new_generation, _ms(GENERATION_LIVES_S)])
        user, device, record = _texts(found)
        return Seen(Generations(user, device), record or None)

    async def keep(self, place: Place, minted: Minted) -> Generations:
        keys = [self._ids(place.user), self._user(place), self._device(place)]
        found = await self._run(
            scripts.KEEP,
            [*keys, self._key(place.user, f"record:{place.device}")],
            [
                f"{place.device} {minted.session_id}",
                _ms(minted.lives_s),
                minted.generations.user,
                minted.generations.device,
                minted.record or "",
                _ms(minted.record_lives_s),
                _ms(GENERATION_LIVES_S),
            ],
        )
        return Generations(*_texts(found))

    async def sessions(self, user: str) -> Mapping[str, str]:
        return _sessions(await self._run(scripts.SESSIONS, [self._ids(user)], []))

    async def revoke(self, user: str, generation: str, device: str | None = None) -> Mapping[str, str]:
        mark = self._user(Place(user, "")) if device is None else self._device(Place(user, device))
        found = await self._run(scripts.REVOKE, [self._ids(user), mark], [generation, _ms(GENERATION_LIVES_S)])
        return {name: held for name, held in _sessions(found).items() if device in {None, held}}

    async def forget(self, user: str, session_ids: Iterable[str]) -> None:
        await self._run(scripts.FORGET, [self._ids(user)], list(session_ids))

    async def count(self, user: str, window_s: float) -> Count:
        match await self._run(scripts.COUNT, [self._key(user, "minted")], [_ms(window_s)]):
            case [int(number), int(left_ms)]:
                return Count(number, left_ms / 1000)
            case _:
                raise ValueError(RUBBISH)

    async def lease(self, place: Place, holder: str, lease_s: float) -> bool:
        is_holders = await self._run(scripts.LEASE, [self._lease(place)], [holder, _ms(lease_s)])
        return {0: False, 1: True}[is_holders]

    async def release(self, place: Place, holder: str) -> None:
        await self._run(scripts.RELEASE, [self._lease(place)], [holder])

    async def aclose(self) -> None:
        """Closes the connections of ours; a call after it opens new ones."""
        await self._clients.aclose()

    async def _run(self, script: Script, keys: list[str], arguments: list[str | int]) -> Any:
        from redis.exceptions import ResponseError  # noqa: PLC0415 - of an extra

        try:
            return await self._sent(script, keys, arguments)
        except ResponseError as error:
            if not any(sign in str(error) for sign in OF_ONE_KEY):
                raise
        await self._sent(scripts.CLEAN, keys, [])
        return await self._sent(script, keys, arguments)

    async def _sent(self, script: Script, keys: list[str], arguments: list[str | int]) -> Any:
        from redis.exceptions import NoScriptError  # noqa: PLC0415 - of an extra

        client: Any = await self._clients.here()
        try:
            return await client.evalsha(script.sha, len(keys), *keys, *arguments)
        except NoScriptError:  # a Redis that is new, or has been restarted
            return await client.eval(script.text, len(keys), *keys, *arguments)

    def _key(self, user: str, name: str) -> str:
        return f"{self._prefix}:{{{user}}}:{name}"  # in braces: a cluster keeps the keys of a user together

    def _user(self, place: Place) -> str:
        return self._key(place.user, "generation")

    def _device(self, place: Place) -> str:
        return self._key(place.user, f"generation:{place.device}")

    def _ids(self, user: str) -> str:
        return self._key(user, "sessions")

    def _lease(self, place: Place) -> str:
        return self._key(place.user, f"lease:{place.device}")


def _redis() -> Any:
    try:
        import redis.asyncio  # noqa: PLC0415 - of an extra
    except ImportError as error:
        raise ConfigurationError("RedisStore needs redis-py: pip install chatkit-async[redis]") from error
    return redis.asyncio


def _maker(url: str | None) -> Callable[[], Redis]:
    from redis.asyncio.connection import parse_url  # noqa: PLC0415 - of an extra

    try:
        parse_url(url or "")
    except Exception:  # its text may hold the password
        said = "RedisStore: the url is none that redis-py takes: redis://host:port/0, rediss://... or unix://path"
        raise ConfigurationError(said) from None
    return lambda: _made(url or "")


def _made(url: str) -> Redis:
    from redis.asyncio import BlockingConnectionPool, Redis  # noqa: PLC0415 - of an extra
    from redis.asyncio.retry import Retry  # noqa: PLC0415
    from redis.backoff import NoBackoff  # noqa: PLC0415

    # One retry, at once: a Redis that was restarted has closed what the pool holds.
    retry = Retry(NoBackoff(), 1)
    pool = BlockingConnectionPool.from_url(url, max_connections=MOST_CONNECTIONS, timeout=ANSWER_S, retry=retry)
    return Redis.from_pool(pool)


def _sessions(members: object) -> dict[str, str]:
    pairs = [member.partition(" ") for member in _texts(members)]
    return {session_id: device for device, _, session_id in pairs if session_id}


def _texts(answer: object) -> list[str]:
    """A list of texts, in whichever way the client gives them."""
    if not isinstance(answer, list) or not all(isinstance(part, (bytes, str)) for part in answer):
        raise ValueError(RUBBISH)
    return [part.decode(errors="replace") if isinstance(part, bytes) else part for part in answer]


def _ms(seconds: float) -> int:
    return max(1, round(seconds * 1000))
