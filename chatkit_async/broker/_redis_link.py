"""Clients of redis-py, and a link over one: commands that wait in an event loop share an exchange, in one pipeline."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from ..errors import ConfigurationError
from ._clock import PATIENCE_S, SHORT_PATIENCE_S, within
from ._store import StoreRefusedError

if TYPE_CHECKING:
    from redis.asyncio import Redis

Command: TypeAlias = tuple[str | int | bytes, ...]
_Waiting: TypeAlias = "tuple[tuple[Command, ...], asyncio.Future[list[Any]]]"
MOST_TOGETHER = 256  # callers; more would hold up the event loop


class Link:
    """One event loop's way to Redis.

    Args:
        client: redis-py's, used by this loop alone.
        greet: run before the first exchange, after one that failed, and where Redis has lost the scripts.
        is_ours: whether the client is closed with the link.
    """

    def __init__(self, client: Redis, greet: Callable[[Link], Awaitable[None]], *, is_ours: bool = True) -> None:
        self.client = client
        self._is_ours = is_ours
        self._greet = greet
        self._is_greeted = False
        self._has_failed = False
        self._waiting: list[_Waiting] = []
        self._loop = asyncio.get_running_loop()
        self._sender: asyncio.Task[None] | None = None

    async def run(self, *commands: Command) -> list[Any]:
        """The replies to commands, sent with whatever else waits; errors of Redis about one of them are replies.

        Raises:
            StoreRefusedError: Redis refuses to work.
            Exception: redis-py's, or TimeoutError; the same object for all who shared the exchange.
        """
        loop = asyncio.get_running_loop()
        replies: asyncio.Future[list[Any]] = loop.create_future()
        self._waiting.append((commands, replies))
        if self._sender is None or self._sender.done():
            self._sender = loop.create_task(self._send_all())
        try:
            return await replies
        finally:
            del replies  # what it raises refers to this frame

    async def aclose(self) -> None:
        """Closes the client, if it is ours."""
        if self._is_ours:
            await self.client.aclose()

    def discard(self) -> None:
        """As `aclose`, without waiting; where the loop is closed already, redis-py closes the socket when collected."""
        if self._loop.is_closed():
            return
        if self._sender is not None:
            self._sender.cancel()
        closing = self._loop.create_task(self.aclose())
        setattr(closing, "_log_destroy_pending", False)  # noqa: B010 - unknown to typeshed; the loop may end before it

    async def exchange(self, commands: Sequence[Command]) -> list[Any]:
        """The replies to commands in one pipeline, within the time limit."""
        pipeline: Any = self.client.pipeline(transaction=False)
        for command in commands:
            pipeline.execute_command(*command)
        limit_s = SHORT_PATIENCE_S if self._has_failed else PATIENCE_S
        replies: list[Any] = await within(limit_s, pipeline.execute(raise_on_error=False))
        return replies

    async def _send_all(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:MOST_TOGETHER], self._waiting[MOST_TOGETHER:]
            batch = [(commands, future) for commands, future in batch if not future.done()]
            try:
                replies = await self._sent([command for commands, _ in batch for command in commands]) if batch else []
            except BaseException as error:
                self._is_greeted, self._has_failed = False, True
                _fail(batch, error)
                if not isinstance(error, Exception):
                    _fail(self._waiting, error)
                    self._waiting = []
                    raise
            else:
                self._has_failed = False
                _settle(batch, replies)

    async def _sent(self, commands: list[Command]) -> list[Any]:
        from redis.exceptions import NoScriptError, RedisError  # noqa: PLC0415 - of an extra

        try:
            if not self._is_greeted:
                await self._greet(self)
                self._is_greeted = True
            replies = await self.exchange(commands)
            forgotten = [number for number, reply in enumerate(replies) if isinstance(reply, NoScriptError)]
            if forgotten:  # Redis has lost the scripts, so that these commands did nothing yet
                await self._greet(self)
                again = await self.exchange([commands[number] for number in forgotten])
                replies = [again.pop(0) if isinstance(reply, NoScriptError) else reply for reply in replies]
        except RedisError as error:
            cause = error.__cause__ or error  # a wrong password comes wrapped in a ConnectionError
            if is_refusal(cause):
                raise StoreRefusedError(type(cause).__name__) from cause
            raise
        return replies


def is_refusal(error: BaseException) -> bool:
    """Whether Redis itself refuses to work, as with a wrong password, rather than the network."""
    from redis import exceptions  # noqa: PLC0415 - of an extra

    refused = (exceptions.AuthenticationError, exceptions.AuthorizationError)
    if not isinstance(error, exceptions.RedisError):
        return False
    return isinstance(error, refused) or not isinstance(error, (exceptions.ConnectionError, exceptions.TimeoutError))


def _settle(batch: Sequence[_Waiting], replies: Sequence[Any]) -> None:
    each = iter(replies)
    for commands, future in batch:
        own = [next(each) for _ in commands]
        if not future.done():
            future.set_result(own)


def _fail(batch: Sequence[_Waiting], error: BaseException) -> None:
    cause = error if isinstance(error, Exception) else ConnectionError("the event loop is ending")
    for _, future in batch:
        if not future.done():
            future.set_exception(cause)
            future.exception()  # the caller may have left


def redis_asyncio() -> Any:
    """The module of redis-py; raises ConfigurationError if it is not installed."""
    try:
        import redis.asyncio  # noqa: PLC0415 - of an extra
    except ImportError as error:
        raise ConfigurationError("RedisStore needs redis-py: pip install chatkit-async[redis]") from error
    return redis.asyncio


def parsed_url(url: str) -> Mapping[str, Any]:
    """The settings in a url; raises ConfigurationError if redis-py refuses it."""
    from redis.asyncio.connection import parse_url  # noqa: PLC0415 - of an extra

    try:
        settings: Mapping[str, Any] = parse_url(url)
    except Exception:  # its text may hold the password
        said = "RedisStore: redis-py refuses the url; it takes redis://host:port/0, rediss://... or unix://path"
        raise ConfigurationError(said) from None
    return settings


def client_for(url: str) -> Redis:
    """A client of ours."""
    from redis.asyncio import Redis  # noqa: PLC0415 - of an extra
    from redis.asyncio.retry import Retry  # noqa: PLC0415
    from redis.backoff import NoBackoff  # noqa: PLC0415

    # One retry, at once: a Redis that was restarted has closed the connection.
    return Redis.from_url(url, retry=Retry(NoBackoff(), 1), socket_timeout=None, socket_connect_timeout=None)


def location(settings: Mapping[str, Any]) -> str:
    """A server as logs may show it, without user and password."""
    return str(settings.get("path") or f"{settings.get('host')}:{settings.get('port', 6379)}/{settings.get('db', 0)}")


def copy_of(client: Redis) -> Redis:
    """A client with the settings of another; raises ConfigurationError for a connection pool of another kind."""
    from redis.asyncio import ConnectionPool  # noqa: PLC0415 - of an extra

    pool: Any = client.connection_pool
    if type(pool) is not ConnectionPool:
        raise ConfigurationError(
            f"RedisStore was given a client with a {type(pool).__name__}, which serves one event loop: give it a url"
        )
    made = ConnectionPool(pool.connection_class, pool.max_connections, **pool.connection_kwargs)
    return type(client).from_pool(made)
