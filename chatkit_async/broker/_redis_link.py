"""Steps sent to Redis together: those that wait in one event loop share an exchange, over redis-py's own pipeline."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeAlias

from ._patience import PATIENCE_S, SHORT_PATIENCE_S, within
from ._store import StoreRefusedError

if TYPE_CHECKING:
    from redis.asyncio import Redis

Command: TypeAlias = tuple[str | int | bytes, ...]
MOST_TOGETHER = 256  # more would hold up the event loop


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
        self._waiting: list[tuple[Command, asyncio.Future[Any]]] = []
        self._loop = asyncio.get_running_loop()
        self._sender: asyncio.Task[None] | None = None

    async def run(self, *commands: Command) -> list[Any]:
        """The replies to commands, sent with whatever else waits; errors of Redis about one of them are replies.

        Raises:
            StoreRefusedError: Redis refuses to work.
            Exception: redis-py's, or TimeoutError; the same object for all who shared the exchange.
        """
        loop = asyncio.get_running_loop()
        futures = [loop.create_future() for _ in commands]
        self._waiting += zip(commands, futures, strict=True)
        if self._sender is None or self._sender.done():
            self._sender = loop.create_task(self._send_all())
        try:
            await asyncio.wait(futures)
            return [future.result() for future in futures]
        finally:
            while futures:
                futures.pop().cancel()  # what one raises refers to this frame

    async def aclose(self) -> None:
        """Closes the client, if it is ours."""
        if self._is_ours:
            await self.client.aclose()

    def discard(self) -> None:
        """As `aclose`, without waiting, in its loop or after that was closed."""
        if self._sender is not None and not self._loop.is_closed():
            self._sender.cancel()
        for connection in _connections(self.client) if self._is_ours else ():
            _close_now(connection, self._loop)

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
            batch = [(command, future) for command, future in batch if not future.done()]
            try:
                replies = await self._sent([command for command, _ in batch]) if batch else []
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


def _connections(client: Redis) -> list[Any]:
    pool: Any = client.connection_pool
    return [*getattr(pool, "_available_connections", ()), *getattr(pool, "_in_use_connections", ())]


def _close_now(connection: Any, loop: asyncio.AbstractEventLoop) -> None:
    """Closes the socket, for which redis-py has no public way outside a task."""
    transport = getattr(getattr(connection, "_writer", None), "transport", None)
    with suppress(Exception):
        connection._close()
    if transport is not None and loop.is_closed():  # which can call nothing back any more
        with suppress(Exception):
            transport.abort()
        with suppress(Exception):
            transport._call_connection_lost(None)


def is_refusal(error: BaseException) -> bool:
    """Whether Redis itself refuses to work, as with a wrong password, rather than the network."""
    from redis import exceptions  # noqa: PLC0415 - of an extra

    refused = (exceptions.AuthenticationError, exceptions.AuthorizationError)
    if not isinstance(error, exceptions.RedisError):
        return False
    return isinstance(error, refused) or not isinstance(error, (exceptions.ConnectionError, exceptions.TimeoutError))


def _settle(batch: Sequence[tuple[Command, asyncio.Future[Any]]], replies: Sequence[Any]) -> None:
    for (_, future), reply in zip(batch, replies, strict=True):
        if not future.done():
            future.set_result(reply)


def _fail(batch: Sequence[tuple[Command, asyncio.Future[Any]]], error: BaseException) -> None:
    cause = error if isinstance(error, Exception) else ConnectionError("the event loop is ending")
    for _, future in batch:
        if not future.done():
            future.set_exception(cause)
            future.exception()  # nobody need ask for it
