"""A complete request in, a complete response out: the only await on the network."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from functools import cache, partial
from io import BytesIO
from time import monotonic
from typing import TYPE_CHECKING

import aiohttp

from .._core.message import Request, Response
from ..errors import ClientClosedError, ConfigurationError
from ..types.headers import Headers
from .delivery import SECOND_AUTHORIZATION, Delivery, presentable, undelivered
from .per_loop import PerLoop
from .pool import SESSION_CLOSED, Pool
from .proxies import ConnectionSettings, Proxy

if TYPE_CHECKING:
    from ._fast_path.request import FastResponse

log = logging.getLogger("chatkit_async")

# After such a pause the loop gets two turns to notice closed connections: that costs less than a look at each.
QUIET_S = 0.1
LARGEST_RESPONSE_BYTES = 64 * 1024 * 1024
_NOT_DECOMPRESSED = "ContentEncodingError"  # aiohttp's cause of an error; its module is private
_CLOSED_MEANWHILE = "The client was closed during this call."
_SECOND_CREDENTIALS = (
    "http_session has credentials of its own, which would replace the API key: make it without auth=, and without"
    " trust_env=True where a .netrc file exists"
)
_UNCLOSED = "An unclosed AsyncChatKit was garbage collected: use `async with`, or await aclose()"


class Transport:
    """Sends requests, each event loop through a pool of its own.

    Attributes:
        pools: by event loop.
        is_closed: whether the client was closed.
    """

    def __init__(self, settings: ConnectionSettings) -> None:
        self.pools = PerLoop(
            partial(_pool_class(), settings), unclosed=_UNCLOSED if settings.http_session is None else None
        )
        self.is_closed = False

    async def send(
        self, pool: Pool, request: Request, delivery: Delivery, *, connect_s: float, proxy: Proxy | None
    ) -> Response:
        """One attempt.

        Args:
            pool: the pool of this loop.
            request: what to send.
            delivery: notes how far the request came.
            connect_s: seconds for a new connection; `math.inf` for no limit.
            proxy: the proxy to go through, or None.

        Raises:
            UndeliveredError: no whole response came.
            ClientClosedError: the client was closed.
        """
        try:
            if pool.used_at_s is not None and (monotonic() - pool.used_at_s > QUIET_S or pool.may_have_ended()):
                # In two turns the loop notices closed connections, before a request is written to one.
                await asyncio.sleep(0)  # anyio's checkpoint does more than a turn
                await asyncio.sleep(0)
            response = await pool.request(request, delivery, connect_s, proxy)
            return (pool.is_plain and _read_at_once(response)) or await _read(response)
        except (aiohttp.ClientError, OSError, RuntimeError, UnicodeError, asyncio.CancelledError) as error:
            if (self.is_closed or pool.session.closed) and not _is_cancelled(error):
                raise ClientClosedError(_CLOSED_MEANWHILE if self.is_closed else SESSION_CLOSED) from error
            if isinstance(error, asyncio.CancelledError):
                pool.pass_turn()
                raise
            if isinstance(error, RuntimeError):
                raise
            raise undelivered(error, delivery) from presentable(error)
        except ValueError as error:
            if SECOND_AUTHORIZATION not in str(error):
                raise
            raise ConfigurationError(_SECOND_CREDENTIALS) from error
        finally:
            pool.used_at_s = monotonic()

    def check_open(self) -> None:
        """Raises ClientClosedError if the client was closed."""
        if self.is_closed:
            raise ClientClosedError(_CLOSED_MEANWHILE)

    async def aclose(self) -> None:
        """Ends all calls, closes the pool of this loop and has other loops close theirs; `http_session` stays open."""
        self.is_closed = True
        for loop, pool in self.pools.all().items():
            with suppress(RuntimeError):  # that loop is closed, and its calls have ended with it
                loop.call_soon_threadsafe(pool.deadlines.expire_all)
        await self.pools.aclose()


def _pool_class() -> type[Pool]:
    try:
        from ._fast_path import FastPool  # noqa: PLC0415 - the client works without that folder
    except ImportError as error:
        if error.name != f"{__package__}._fast_path":
            _report(str(error))
        return Pool
    return FastPool


@cache
def _report(missing: str) -> None:
    log.warning("aiohttp %s has changed (%s): requests are slower and less checked", aiohttp.__version__, missing)


async def _read(response: aiohttp.ClientResponse | FastResponse) -> Response:
    """The response; without its body if that is too large, not decompressible, or cut off in an error response."""
    headers = Headers.received(response.headers)
    try:
        body = await _body(response)
    except BaseException as error:
        response.close()
        if not isinstance(error, (aiohttp.ClientError, OSError)):
            raise
        # For an error the status is enough, and a response whose body cannot be decompressed has arrived all the same.
        if response.status < 300 and type(error.__cause__).__name__ != _NOT_DECOMPRESSED:
            raise
        body = None
    if response.connection is not None:  # too large, or a switch of protocols: the rest is not read
        response.close()
    if body is None:
        return Response(response.status, headers, b"", is_whole=False)
    return Response(response.status, headers, body)


def _read_at_once(response: aiohttp.ClientResponse | FastResponse) -> Response | None:
    """The response if its body came with its head, as most do; None if more is to come.

    Only for the responses of a plain pool: a middleware may have read others, and a trace wants to know of the reading.
    """
    content = response.content
    # The connection is None once it is back in the pool.
    if response.connection is not None or content.exception() is not None:
        return None
    headers, body = Headers.received(response.headers), content.read_nowait()
    if len(body) > LARGEST_RESPONSE_BYTES:
        return Response(response.status, headers, b"", is_whole=False)
    return Response(response.status, headers, body)


async def _body(response: aiohttp.ClientResponse | FastResponse) -> bytes | None:
    """The body, or None if it is larger than we read."""
    declared = response.content_length
    if declared is not None and declared > LARGEST_RESPONSE_BYTES:
        return None
    if declared is not None and "Content-Encoding" not in response.headers:
        return await response.read()
    # No local variable holds a chunk: a traceback would show it.
    buffer, size = BytesIO(), 0
    while not response.content.at_eof():
        size += buffer.write(await response.content.readany())
        if size > LARGEST_RESPONSE_BYTES:
            return None
    return buffer.getvalue()


def _is_cancelled(error: BaseException) -> bool:
    """Whether our task was cancelled; closing aiohttp's connector also cancels what waits for a connection."""
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0
