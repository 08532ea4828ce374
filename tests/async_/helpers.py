"""Calls and clients that many tests use."""

from __future__ import annotations

import asyncio
from typing import Any, TypeVar

from chatkit_async import AsyncChatKit, ChatSession, RequestOptions, RetryPolicy
from chatkit_async._core.operation import Operation
from chatkit_async._core.prepared_call import prepare
from chatkit_async.errors import ResponseInfo
from chatkit_async.types.session import ChatSession as Result
from chatkit_async.types.session_operations import SessionCancelParams

from ..conftest import KEY

ErrorT = TypeVar("ErrorT", bound=BaseException)

AT_ONCE = RetryPolicy(initial_delay_s=0.0)
READ = Operation(
    name="sessions.read",
    method="GET",
    path="/chatkit/sessions/{session_id}",
    params=SessionCancelParams,
    result=Result,
    repeatable=True,
)
DELETE = Operation(
    name="sessions.delete",
    method="DELETE",
    path="/chatkit/sessions/{session_id}",
    params=SessionCancelParams,
    result=Result,
    repeatable=True,
)


def made(base_url: str, **settings: Any) -> AsyncChatKit:
    """A client that repeats without waiting."""
    return AsyncChatKit(**{"api_key": KEY, "base_url": base_url, "retry_policy": AT_ONCE, **settings})


async def create(client: AsyncChatKit, options: RequestOptions | None = None) -> ChatSession:
    """`sessions.create` with as little as it takes."""
    return await client.sessions.create(user="u1", workflow="wf_1", options=options)


async def cancel(client: AsyncChatKit, options: RequestOptions | None = None) -> ChatSession:
    """`sessions.cancel` of a session the emulator need not know."""
    return await client.sessions.cancel("cksess_1", options=options)


async def send(
    client: AsyncChatKit, operation: Operation[Any, Any], options: RequestOptions | None = None
) -> ResponseInfo:
    """An operation of our own through the client's attempts."""
    call = prepare(operation, SessionCancelParams("cksess_1"), client._caller.config, options)
    return (await client._caller.exchange(call))[1]


async def raised(expected: type[ErrorT], call: Any) -> ErrorT:
    """The error that a call ends in."""
    try:
        await call
    except expected as error:
        return error
    raise AssertionError(f"no {expected.__name__}")


def connections_in_use(client: AsyncChatKit) -> int:
    """How many connections this loop's aiohttp session has given out and not got back."""
    pool = client._caller.shared.transport().pools.all().get(asyncio.get_running_loop())
    return 0 if pool is None or pool.session.connector is None else len(pool.session.connector._acquired)
