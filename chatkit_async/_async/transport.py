"""A complete request in, a complete response out: the one network await."""

from __future__ import annotations

import asyncio
import math
import weakref
from io import BytesIO
from typing import Any

import aiohttp
from aiohttp.http_exceptions import ContentEncodingError
from yarl import URL

from .._core.message import Request, Response
from ..errors import ClientClosedError, ConfigurationError
from ..types.headers import Headers
from ..types.secret import mask_text
from .connections import ConnectionSettings
from .fork import at_fork, leak
from .pool import Pool

KEEP_ALIVE_S = 15.0
LARGEST_BODY_BYTES = 64 * 1024 * 1024
# A server may have closed pooled connections while the loop stood still; two turns let the loop hear of it.
QUIET_S = 0.1
# Headers that aiohttp makes up where we send none: a header set to None is to be absent.
_AIOHTTPS_OWN = ("user-agent", "accept", "content-type")
_CLOSED_MEANWHILE = "The client was closed while this call was under way."
_CLOSING = "Cannot write to closing transport"

_live: weakref.WeakSet[Transport] = weakref.WeakSet()


class Delivery:
    """How far a call's request has come, over all its attempts.

    Attributes:
        sends: times a request was handed to aiohttp, its own resends of a dropped pooled connection included.
        may_have_arrived: aiohttp wrote the attempt under way once before, and sends it again.
    """

    __slots__ = ("_request", "may_have_arrived", "sends")

    def __init__(self) -> None:
        self.sends = 0
        self.may_have_arrived = False
        self._request: aiohttp.ClientRequest | None = None

    async def __call__(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        """A client middleware: sees every send, also those that aiohttp repeats by itself."""
        self.sends += 1
        self.may_have_arrived = self.is_written
        self._request = request
        if self.sends > 1:
            request.headers["x-stainless-retry-count"] = str(self.sends - 1)
        return await handler(request)

    def begin(self) -> None:
        """Another attempt begins: nothing of it was written yet."""
        self._request = None
        self.may_have_arrived = False

    @property
    def is_written(self) -> bool:
        """Whether the attempt under way may have reached the server."""
        return self.may_have_arrived or (self._request is not None and self._request.response is not None)


class UndeliveredError(Exception):
    """No whole response came. `written` tells whether the server may have received the request."""

    def __init__(self, message: str, *, written: bool, is_timeout: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.written = written
        self.is_timeout = is_timeout


class Transport:
    """Sends requests, each event loop through an aiohttp session of its own."""

    def __init__(self, settings: ConnectionSettings) -> None:
        self._settings = settings
        self._pools: dict[asyncio.AbstractEventLoop, Pool] = {}
        self.is_closed = False
        weakref.finalize(self, _close_all, self._pools)
        _live.add(self)

    async def send(self, request: Request, delivery: Delivery, *, connect_s: float, proxy: str | None) -> Response:
        """One attempt.

        Args:
            request: what to send.
            delivery: is told how far it came.
            connect_s: seconds for a new connection; `math.inf` for no limit.
            proxy: the URL of a proxy, or None.

        Raises:
            UndeliveredError: no whole response came.
            ClientClosedError: the client was closed.
        """
        pool = await self._pool()
        try:
            await _hear_of_closed_connections(pool)
            response = await self._request(pool, request, delivery, connect_s, proxy)
            return await _read(response)
        except (aiohttp.ClientError, OSError, RuntimeError, UnicodeError, asyncio.CancelledError) as error:
            if (self.is_closed or pool.session.closed) and not _is_cancelled(error):
                raise ClientClosedError(_CLOSED_MEANWHILE) from error
            if isinstance(error, (RuntimeError, asyncio.CancelledError)):
                raise
            raise _undelivered(error, delivery) from error
        finally:
            pool.used_at_s = pool.loop.time()

    async def pause(self, seconds: float) -> None:
        """Wait between attempts; the end of the client ends the wait.

        Raises:
            ClientClosedError: the client was closed.
        """
        pool = await self._pool()
        await pool.pause(seconds)

    async def aclose(self) -> None:
        """Close what was opened in this loop, and have other loops close theirs; an `http_session` stays open."""
        self.is_closed = True
        here = self._pools.pop(asyncio.get_running_loop(), None)
        _close_all(self._pools)
        if here is not None:
            await here.aclose()

    def leak(self) -> None:
        """In a forked child: never free what the parent opened, and start anew."""
        leak(dict(self._pools))
        leak(self._settings.http_session)
        self._pools.clear()

    async def _request(
        self, pool: Pool, request: Request, delivery: Delivery, connect_s: float, proxy: str | None
    ) -> aiohttp.ClientResponse:
        return await pool.session.request(
            request.method,
            URL(request.url, encoded=True),
            data=request.body,
            headers=request.headers,
            skip_auto_headers=[name for name in _AIOHTTPS_OWN if name not in request.headers] or None,
            allow_redirects=False,
            raise_for_status=False,
            proxy=proxy,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None if connect_s == math.inf else connect_s),
            middlewares=(*self._middlewares(), delivery),
        )

    def _middlewares(self) -> tuple[Any, ...]:
        own = self._settings.http_session
        return (*(getattr(own, "_middlewares", ()) if own is not None else ()), *self._settings.middlewares)

    async def _pool(self) -> Pool:
        if self.is_closed:
            raise ClientClosedError(_CLOSED_MEANWHILE)
        loop = asyncio.get_running_loop()
        pool = self._pools.get(loop)
        if pool is not None and not pool.session.closed:
            return pool
        return await self._open(loop)

    async def _open(self, loop: asyncio.AbstractEventLoop) -> Pool:
        for ended in [known for known in list(self._pools) if known.is_closed()]:
            self._pools.pop(ended).close_from_elsewhere()
        if self._settings.http_session is not None:
            pool = Pool(_own_session(self._settings.http_session, loop), loop)
        else:
            pool = Pool(self._new_session(), loop)
            await pool.keep(self._pools)
        self._pools[loop] = pool
        return pool

    def _new_session(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            limit=self._settings.max_connections, keepalive_timeout=KEEP_ALIVE_S, ssl=self._settings.ssl
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trace_configs=list(self._settings.trace_configs),
        )


def _own_session(session: aiohttp.ClientSession, loop: asyncio.AbstractEventLoop) -> aiohttp.ClientSession:
    if session.closed:
        raise ClientClosedError("The aiohttp session passed as http_session is closed; its owner closed it.")
    home = getattr(session, "_loop", loop)
    if home is not loop:
        raise ConfigurationError(
            f"http_session belongs to the event loop {home!r} and was used in {loop!r}: an aiohttp session works in one"
            " loop only; leave http_session out and the client opens one in each"
        )
    return session


async def _hear_of_closed_connections(pool: Pool) -> None:
    if pool.used_at_s is not None and pool.loop.time() - pool.used_at_s > QUIET_S:
        await asyncio.sleep(0)
        await asyncio.sleep(0)


async def _read(response: aiohttp.ClientResponse) -> Response:
    headers = Headers(response.headers.items())
    try:
        body = await _body(response)
    except BaseException as error:
        response.close()
        if not isinstance(error, (aiohttp.ClientError, OSError)):
            raise
        # The status of a refusal is all it takes; what cannot be unpacked has come, and is not lost.
        if response.status < 300 and not isinstance(error.__cause__, ContentEncodingError):
            raise
        body = None
    if body is None:
        response.close()
        return Response(response.status, headers, b"", is_whole=False)
    return Response(response.status, headers, body)


async def _body(response: aiohttp.ClientResponse) -> bytes | None:
    """The body, or None if it is larger than we read."""
    declared = response.content_length
    if declared is not None and declared > LARGEST_BODY_BYTES:
        return None
    if declared is not None and "Content-Encoding" not in response.headers:
        return await response.read()
    # A buffer, and no name for a piece: what arrived must not show in a traceback if the rest does not.
    buffer, size = BytesIO(), 0
    while not response.content.at_eof():
        size += buffer.write(await response.content.readany())
        if size > LARGEST_BODY_BYTES:
            return None
    return buffer.getvalue()


def _is_cancelled(error: BaseException) -> bool:
    """Whether our task was cancelled; aiohttp also cancels what waits for a connection when it is closed."""
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0


def _undelivered(error: Exception, delivery: Delivery) -> UndeliveredError:
    written = delivery.may_have_arrived or (delivery.is_written and not _was_never_written(error))
    is_timeout = isinstance(error, TimeoutError)
    what = mask_text(str(error)) or type(error).__name__
    return UndeliveredError(what, written=written, is_timeout=is_timeout)


def _was_never_written(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, aiohttp.ClientConnectionResetError) and _CLOSING in str(error):
            return True
        error = error.__cause__
    return False


def _close_all(pools: dict[asyncio.AbstractEventLoop, Pool]) -> None:
    while pools:
        _, pool = pools.popitem()
        pool.close_from_elsewhere()


def _leak_all() -> None:
    for transport in list(_live):
        transport.leak()


at_fork(after_in_child=_leak_all)
