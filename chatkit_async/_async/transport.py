"""A complete request in, a complete response out: the one network await."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from functools import lru_cache, partial
from time import monotonic
from typing import Any

import aiohttp
from yarl import URL

from .._core.message import Request, Response
from .._core.options import finite
from ..errors import ClientClosedError, ConfigurationError
from .answer import read, read_whole
from .connection_settings import ConnectionSettings
from .delivery import Delivery, presentable, undelivered
from .idle import QUIET_S, close_spoiled, has_news
from .lean_guard import is_bare, is_untouched
from .lean_request import LeanAnswer, is_lean, send_lean
from .per_loop import PerLoop
from .pool import Pool
from .proxies import Proxy

KEEP_ALIVE_S = 15.0
# Headers that aiohttp makes up where we send none: a header set to None is to be absent.
_AIOHTTPS_OWN = frozenset({"user-agent", "accept", "content-type"})
_SESSION_CLOSED = "The aiohttp session passed as http_session is closed; its owner closed it."
_CLOSED_MEANWHILE = "The client was closed while this call was under way."
_SECOND_AUTHORIZATION = "AUTHORIZATION header"
_SECOND_CREDENTIALS = (
    "http_session has credentials of its own, which would replace the API key: make it without auth=, and without"
    " trust_env=True where a .netrc file exists"
)

_UNCLOSED = "An unclosed AsyncChatKit was garbage collected: use `async with`, or await aclose()"


class Transport:
    """Sends requests, each event loop through an aiohttp session of its own.

    Attributes:
        is_closed: whether the client was closed.
    """

    def __init__(self, settings: ConnectionSettings) -> None:
        self._settings = settings
        self.pools = PerLoop(
            partial(_open_pool, settings), unclosed=_UNCLOSED if settings.http_session is None else None
        )
        self.is_closed = False

    async def send(
        self, pool: Pool, request: Request, delivery: Delivery, *, connect_s: float, proxy: Proxy | None
    ) -> Response:
        """One attempt.

        Args:
            pool: of this loop.
            request: what to send.
            delivery: is told how far it came.
            connect_s: seconds for a new connection; `math.inf` for no limit.
            proxy: the proxy to go through, or None.

        Raises:
            UndeliveredError: no whole response came.
            ClientClosedError: the client was closed.
        """
        try:
            if pool.used_at_s is not None and (monotonic() - pool.used_at_s > QUIET_S or has_news(pool)):
                # A connection may have ended: the loop hears of it in two turns, before anything is written.
                await asyncio.sleep(0)
                await asyncio.sleep(0)
            response = await self._request(pool, request, delivery, connect_s, proxy)
            return (pool.is_plain and read_whole(response)) or await read(response)
        except (aiohttp.ClientError, OSError, RuntimeError, UnicodeError, asyncio.CancelledError) as error:
            if (self.is_closed or pool.session.closed) and not _is_cancelled(error):
                raise ClientClosedError(_CLOSED_MEANWHILE if self.is_closed else _SESSION_CLOSED) from error
            if isinstance(error, asyncio.CancelledError):
                pool.wake_next()
                raise
            if isinstance(error, RuntimeError):
                raise
            raise undelivered(error, delivery) from presentable(error)
        except ValueError as error:
            if _SECOND_AUTHORIZATION not in str(error):
                raise
            raise ConfigurationError(_SECOND_CREDENTIALS) from error
        finally:
            pool.used_at_s = monotonic()

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
        for loop, pool in self.pools.all().items():
            with suppress(RuntimeError):  # that loop has ended, and its calls with it
                loop.call_soon_threadsafe(pool.deadlines.end_all)
        await self.pools.aclose()

    def _request(
        self, pool: Pool, request: Request, delivery: Delivery, connect_s: float, proxy: Proxy | None
    ) -> Awaitable[aiohttp.ClientResponse | LeanAnswer]:
        if pool.is_lean and pool.connector and proxy is None and is_lean(request) and is_untouched():
            return send_lean(pool.connector, request, delivery, _timeout(connect_s))
        close_spoiled(pool)
        headers = request.headers
        if proxy is not None and not request.url.startswith("https:"):
            headers = {**headers, **_proxy_key(proxy)}  # without a tunnel, the proxy reads the request itself
        return pool.session.request(
            request.method,
            URL(request.url, encoded=True),
            data=request.body,
            # Plain strings, as tools that record requests store them.
            headers={name: str(value) for name, value in headers.items()},
            skip_auto_headers=_AIOHTTPS_OWN.difference(request.headers) or None,
            allow_redirects=False,
            raise_for_status=False,
            proxy=None if proxy is None else proxy.url,
            proxy_headers=None if proxy is None else _proxy_key(proxy),
            timeout=_timeout(connect_s),
            middlewares=(delivery,) if pool.is_plain else (*self._middlewares(pool), delivery),
        )

    def _middlewares(self, pool: Pool) -> tuple[Any, ...]:
        return (*getattr(pool.session, "_middlewares", ()), *self._settings.middlewares)


def _open_pool(settings: ConnectionSettings) -> Pool:
    if settings.http_session is not None:
        return Pool(_own_session(settings.http_session), is_ours=False, is_plain=False)
    session = _new_session(settings)
    return Pool(session, is_ours=True, is_plain=not settings.middlewares and is_bare(session))


def _new_session(settings: ConnectionSettings) -> aiohttp.ClientSession:
    try:
        connector = aiohttp.TCPConnector(
            limit=settings.max_connections, keepalive_timeout=KEEP_ALIVE_S, ssl=settings.ssl
        )
    except TypeError as error:
        raise ConfigurationError(f"ssl: an SSLContext, an aiohttp.Fingerprint or a boolean ({error})") from error
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        trace_configs=list(settings.trace_configs),
    )


def _own_session(session: aiohttp.ClientSession) -> aiohttp.ClientSession:
    if session.closed:
        raise ClientClosedError(_SESSION_CLOSED)
    here = asyncio.get_running_loop()
    home = getattr(session, "_loop", here)
    if home is not here:
        raise ConfigurationError(
            f"http_session belongs to the event loop {_named(home)} and was used in {_named(here)}:"
            " an aiohttp session works in one loop only; leave http_session out and the client opens one in each"
        )
    return session


def _named(loop: asyncio.AbstractEventLoop) -> str:
    return f"{loop!r} at {id(loop):#x}"  # their reprs alone are alike


@lru_cache(maxsize=16)
def _timeout(connect_s: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=None, sock_connect=finite(connect_s))


def _proxy_key(proxy: Proxy) -> dict[str, str]:
    """What a tunnel is asked for with."""
    return {"proxy-authorization": str(proxy.authorization)} if proxy.authorization else {}


def _is_cancelled(error: BaseException) -> bool:
    """Whether our task was cancelled; aiohttp also cancels what waits for a connection when it is closed."""
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0
