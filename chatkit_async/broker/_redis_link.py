"""Clients of redis-py, and a link over one, which sends the commands that wait in an event loop as one pipeline."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from ..errors import ConfigurationError
from ._clock import within
from ._store import StoreRefusedError

if TYPE_CHECKING:
    from redis.asyncio import Redis

Command: TypeAlias = tuple[str | int | bytes, ...]
_Waiting: TypeAlias = tuple[Command, "asyncio.Future[Any]"]
LIMIT_S, LIMIT_AFTER_FAILURE_S = 1.0, 0.25  # time limits of one exchange
ADVICE = "it refuses commands: check password, rights, memory and role"
NO_CLUSTER = "RedisStore cannot use a Cluster; give it the url of a Redis that is not part of one"
MOST_AT_ONCE = 256  # More callers in one exchange would hold up the event loop.


class Link:
    """One event loop's connection to Redis.

    Args:
        client: redis-py's, used by this loop alone.
        is_ours: whether the client is closed with the link.
    """

    def __init__(self, client: Redis, *, is_ours: bool = True) -> None:
        self.client = client
        self._is_ours = is_ours
        self._has_failed = False
        self._waiting: list[_Waiting] = []
        self._loop = asyncio.get_running_loop()
        self._sender: asyncio.Task[None] | None = None

    async def run(self, *command: str | int | bytes) -> Any:
        """The reply to a command, which is sent with whatever else waits.

        Raises:
            StoreRefusedError: Redis refuses to work.
            Exception: redis-py's, or TimeoutError; the same object for all callers that shared the exchange.
        """
        reply: asyncio.Future[Any] = self._loop.create_future()
        self._waiting.append((command, reply))
        if self._sender is None or self._sender.done():
            self._sender = self._loop.create_task(self._send_all())
        try:
            return await reply
        finally:
            del reply  # Its exception refers to this frame.

    async def aclose(self) -> None:
        if self._is_ours:
            await self.client.aclose()

    def discard(self) -> None:
        """As `aclose`, without waiting; where the loop is closed already, redis-py closes the socket when collected."""
        if self._loop.is_closed():
            return
        if self._sender is not None:
            self._sender.cancel()
        closing = self._loop.create_task(self.aclose())
        # The loop may end before the task: this silences asyncio's "Task was destroyed but it is pending!".
        setattr(closing, "_log_destroy_pending", False)  # noqa: B010 - unknown to typeshed

    async def _send_all(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
            batch = [(command, future) for command, future in batch if not future.done()]
            try:
                replies = await self._exchange([command for command, _ in batch])
            except BaseException as error:
                if self._has_failed or not isinstance(
                    error, Exception
                ):  # A second failure: what waits would fail as well.
                    batch, self._waiting = [*batch, *self._waiting], []
                self._has_failed = True
                cause = error if isinstance(error, Exception) else ConnectionError("the event loop is ending")
                for _, future in batch:
                    _settle(future, cause)
                if not isinstance(error, Exception):
                    raise
            else:
                self._has_failed = False
                for (_, future), reply in zip(batch, replies, strict=True):
                    _settle(future, reply)

    async def _exchange(self, commands: Sequence[Command]) -> list[Any]:
        """The replies to commands in one pipeline, within the time limit."""
        pipeline: Any = self.client.pipeline(transaction=False)
        for command in commands:
            pipeline.execute_command(*command, NEVER_DECODE=True)  # whatever a client of the user's does
        limit_s = LIMIT_AFTER_FAILURE_S if self._has_failed else LIMIT_S
        replies: list[Any] = await within(limit_s, pipeline.execute(raise_on_error=False))
        return replies


def refusal_of(error: BaseException) -> StoreRefusedError | None:
    """The error as a refusal if Redis itself refuses to work, as with a wrong password, rather than the network."""
    from redis import exceptions  # noqa: PLC0415 - of an extra

    refusals = (exceptions.AuthenticationError, exceptions.AuthorizationError)
    faults = (exceptions.ConnectionError, exceptions.TimeoutError)
    if not isinstance(error, exceptions.RedisError) or (isinstance(error, faults) and not isinstance(error, refusals)):
        return None
    of_cluster = (exceptions.AskError, exceptions.ClusterDownError, exceptions.TryAgainError)
    # Of a replica without its master, redis-py makes a kind of ClusterDownError.
    is_node = isinstance(error, of_cluster) and not isinstance(error, exceptions.MasterDownError)
    refusal = StoreRefusedError(f"it is a node of a Redis Cluster: {NO_CLUSTER}" if is_node else ADVICE)
    refusal.__cause__ = error
    return refusal


def _settle(future: asyncio.Future[Any], reply: Any) -> None:
    if future.done():  # The caller has left.
        return
    if isinstance(reply, Exception):
        # A wrong password comes wrapped in a ConnectionError.
        future.set_exception(refusal_of(reply.__cause__ or reply) or reply)
        future.exception()  # The caller may leave: this silences "exception was never retrieved".
    else:
        future.set_result(reply)


def redis_asyncio() -> Any:
    """The module of redis-py; raises ConfigurationError if it is not installed."""
    try:
        import redis.asyncio  # noqa: PLC0415 - of an extra
    except ImportError as error:
        raise ConfigurationError("RedisStore needs redis-py: pip install 'chatkit-async[redis]'") from error
    return redis.asyncio


def client_for(url: str) -> Redis:
    """A client; raises ConfigurationError if redis-py refuses the url."""
    from redis.asyncio import Redis  # noqa: PLC0415 - of an extra
    from redis.asyncio.retry import Retry  # noqa: PLC0415
    from redis.backoff import NoBackoff  # noqa: PLC0415

    retry = Retry(NoBackoff(), 1)  # One retry, at once: a Redis that was restarted has closed the connection.
    try:
        return Redis.from_url(url, retry=retry, socket_timeout=None, socket_connect_timeout=None)
    except Exception:  # Its text may hold the password.
        text = "RedisStore: redis-py refuses the url; it takes redis://host:port/0, rediss://... or unix://path"
        raise ConfigurationError(text) from None


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


def location(client: Redis) -> str:
    """A server as logs may show it, without user and password."""
    settings: Mapping[str, Any] = client.connection_pool.connection_kwargs
    return str(settings.get("path") or f"{settings.get('host')}:{settings.get('port', 6379)}/{settings.get('db', 0)}")
