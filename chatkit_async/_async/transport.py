"""A complete request in, a complete response out: the one network await."""

from __future__ import annotations

import asyncio
import math
import weakref
from collections.abc import Mapping
from contextlib import suppress
from io import BytesIO
from typing import Any

import aiohttp
from aiohttp.http_exceptions import ContentEncodingError
from yarl import URL

from .._core.message import Request, Response
from ..errors import ClientClosedError, ConfigurationError
from ..types.headers import Headers
from .connection_settings import ConnectionSettings
from .delivery import Delivery, presentable, undelivered
from .fork import at_fork, leak
from .idle import hear_of_closed_connections
from .pool import Pool
from .proxies import Proxy

KEEP_ALIVE_S = 15.0
LARGEST_BODY_BYTES = 64 * 1024 * 1024
# Headers that aiohttp makes up where we send none: a header set to None is to be absent.
_AIOHTTPS_OWN = ("user-agent", "accept", "content-type")
_CLOSED_MEANWHILE = "The client was closed while this call was under way."
_SECOND_AUTHORIZATION = "AUTHORIZATION header"
_SECOND_CREDENTIALS = (
    "http_session has credentials of its own, which would replace the API key: make it without auth=, and without"
    " trust_env=True where a .netrc file exists"
)

_live: weakref.WeakSet[Transport] = weakref.WeakSet()


class Transport:
    """Sends requests, each event loop through an aiohttp session of its own.

    Attributes:
        is_closed: whether the client was closed.
        under_way: the deadlines of all calls, and the loops they run in.
    """

    def __init__(self, settings: ConnectionSettings) -> None:
        self._settings = settings
        self._pools: dict[asyncio.AbstractEventLoop, Pool] = {}
        self.is_closed = False
        self.under_way: dict[asyncio.Timeout, asyncio.AbstractEventLoop] = {}
        weakref.finalize(self, _close_all, self._pools)
        _live.add(self)

    async def send(self, request: Request, delivery: Delivery, *, connect_s: float, proxy: Proxy | None) -> Response:
        """One attempt.

        Args:
            request: what to send.
            delivery: is told how far it came.
            connect_s: seconds for a new connection; `math.inf` for no limit.
            proxy: the proxy to go through, or None.

        Raises:
            UndeliveredError: no whole response came.
            ClientClosedError: the client was closed.
        """
        pool = await self._pool()
        try:
            await hear_of_closed_connections(pool)
            response = await self._request(pool, request, delivery, connect_s, proxy)
            return await _read(response)
        except (aiohttp.ClientError, OSError, RuntimeError, UnicodeError, asyncio.CancelledError) as error:
            if (self.is_closed or pool.session.closed) and not _is_cancelled(error):
                raise ClientClosedError(_CLOSED_MEANWHILE) from error
            if isinstance(error, (RuntimeError, asyncio.CancelledError)):
                raise
            raise undelivered(error, delivery) from presentable(error)
        except ValueError as error:
            if _SECOND_AUTHORIZATION not in str(error):
                raise
            raise ConfigurationError(_SECOND_CREDENTIALS) from error
        finally:
            pool.used_at_s = pool.loop.time()

    def check_open(self) -> None:
        """Go on.

        Raises:
            ClientClosedError: the client was closed.
        """
        if self.is_closed:
            raise ClientClosedError(_CLOSED_MEANWHILE)

    async def aclose(self) -> None:
        """Close what was opened in this loop, and have other loops close theirs; an `http_session` stays open."""
        self.is_closed = True
        for deadline, loop in list(self.under_way.items()):
            with suppress(RuntimeError):  # that loop has ended, and the call with it
                loop.call_soon_threadsafe(self._end, deadline)
        here = self._pools.pop(asyncio.get_running_loop(), None)
        _close_all(self._pools)
        if here is not None:
            await here.aclose()

    def leak(self) -> None:
        """In a forked child: never free what the parent opened, and start anew."""
        leak(dict(self._pools))
        leak(self._settings.http_session)
        self._pools.clear()
        self.under_way.clear()

    def _end(self, deadline: asyncio.Timeout) -> None:
        if deadline in self.under_way and not deadline.expired():
            deadline.reschedule(self.under_way[deadline].time())

    async def _request(
        self, pool: Pool, request: Request, delivery: Delivery, connect_s: float, proxy: Proxy | None
    ) -> aiohttp.ClientResponse:
        return await pool.session.request(
            request.method,
            URL(request.url, encoded=True),
            data=request.body,
            headers=request.headers if proxy is None else _with_proxy_key(request, proxy),
            skip_auto_headers=[name for name in _AIOHTTPS_OWN if name not in request.headers] or None,
            allow_redirects=False,
            raise_for_status=False,
            proxy=None if proxy is None else proxy.url,
            proxy_headers=_proxy_key(proxy),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None if connect_s == math.inf else connect_s),
            middlewares=(*self._middlewares(), delivery),
        )

    def _middlewares(self) -> tuple[Any, ...]:
        own = self._settings.http_session
        return (*(getattr(own, "_middlewares", ()) if own is not None else ()), *self._settings.middlewares)

    async def _pool(self) -> Pool:
        self.check_open()
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
        try:
            connector = aiohttp.TCPConnector(
                limit=self._settings.max_connections, keepalive_timeout=KEEP_ALIVE_S, ssl=self._settings.ssl
            )
        except TypeError as error:
            raise ConfigurationError(f"ssl: an SSLContext, an aiohttp.Fingerprint or a boolean ({error})") from error
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
            f"http_session belongs to the event loop {_named(home)} and was used in {_named(loop)}:"
            " an aiohttp session works in one loop only; leave http_session out and the client opens one in each"
        )
    return session


def _named(loop: asyncio.AbstractEventLoop) -> str:
    return f"{loop!r} at {id(loop):#x}"  # their reprs alone are alike


def _proxy_key(proxy: Proxy | None) -> dict[str, str] | None:
    """What a tunnel is asked for with."""
    return {"proxy-authorization": proxy.authorization} if proxy is not None and proxy.authorization else None


def _with_proxy_key(request: Request, proxy: Proxy) -> Mapping[str, str]:
    """Without a tunnel, the request itself is what the proxy reads."""
    return request.headers if request.url.startswith("https:") else {**request.headers, **(_proxy_key(proxy) or {})}


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


def _close_all(pools: dict[asyncio.AbstractEventLoop, Pool]) -> None:
    while pools:
        _, pool = pools.popitem()
        pool.close_from_elsewhere()


def _leak_all() -> None:
    for transport in list(_live):
        transport.leak()


at_fork(after_in_child=_leak_all)
