"""The aiohttp session of one event loop, used through aiohttp's public API alone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import aiohttp
from yarl import URL

from .._core.message import Request
from .._core.options import finite
from ..errors import ClientClosedError, ConfigurationError
from .deadline import Deadlines
from .delivery import CLOSING, Delivery
from .proxies import ConnectionSettings, Proxy

if TYPE_CHECKING:
    from ._fast_path.request import FastResponse

KEEP_ALIVE_S = 15.0
SESSION_CLOSED = "The aiohttp session passed as http_session is closed; its owner closed it."
# aiohttp adds these where the request has none; a header set to None must stay absent.
_AUTOMATIC_HEADERS = frozenset({"user-agent", "accept", "content-type"})


class Connector(aiohttp.TCPConnector):
    """Refuses a pooled connection that holds an unsolicited response: it would pass for the response to the request."""

    async def connect(self, *args: Any, **kwargs: Any) -> Any:
        connection = await super().connect(*args, **kwargs)
        protocol = getattr(connection, "protocol", None)
        if getattr(protocol, "should_close", False):
            connection.close()
            raise aiohttp.ClientConnectionResetError(CLOSING)
        return connection


class Pool:
    """An aiohttp session, and what its calls share.

    Args:
        settings: of the client.

    Attributes:
        session: the aiohttp session.
        deadlines: of the calls that use it.
        is_plain: whether nothing but this package reads its responses.
        used_at_s: when a response was last read, by `time.monotonic`; None before the first.
    """

    __slots__ = ("_middlewares", "deadlines", "is_ours", "is_plain", "session", "used_at_s")

    def __init__(self, settings: ConnectionSettings) -> None:
        self.is_ours = settings.http_session is None
        self.is_plain = False
        self.session = settings.http_session or _new_session(settings)
        if self.session.closed:
            raise ClientClosedError(SESSION_CLOSED)
        self.deadlines = Deadlines(asyncio.get_running_loop())
        self.used_at_s: float | None = None
        # None keeps the session's own middlewares; those of a request replace them.
        self._middlewares = tuple(settings.middlewares) if self.is_ours or settings.middlewares else None

    def may_have_ended(self) -> bool:
        """Whether the server may have closed an idle connection; aiohttp's public API does not say."""
        return True

    def request(
        self, request: Request, delivery: Delivery, connect_s: float, proxy: Proxy | None
    ) -> Awaitable[aiohttp.ClientResponse | FastResponse]:
        """Sends a request; `connect_s` limits each new connection."""
        if self._middlewares is None:
            delivery.count_unseen()
        headers = request.headers
        if proxy is not None and not request.url.startswith("https:"):
            headers = {**headers, **_proxy_headers(proxy)}  # without a tunnel, the proxy reads the request itself
        return self.session.request(
            request.method,
            URL(request.url, encoded=True),
            data=request.body,
            # Plain strings, as tools that record requests store them.
            headers={name: str(headers[name]) for name in headers},
            skip_auto_headers=_AUTOMATIC_HEADERS.difference(headers) or None,
            allow_redirects=False,
            raise_for_status=False,
            proxy=None if proxy is None else proxy.url,
            proxy_headers=None if proxy is None else _proxy_headers(proxy),
            timeout=aiohttp_timeout(connect_s),
            middlewares=None if self._middlewares is None else (*self._middlewares, delivery),
        )

    def pass_turn(self) -> None:
        """A hook, called after a call was cancelled: only `FastPool` has something to do there."""

    async def aclose(self) -> None:
        """Closes the session, if it is ours."""
        if self.is_ours:
            await self.session.close()

    def discard(self) -> None:
        """Closes the session without waiting, in its loop or after that was closed."""
        if self.is_ours and not self.session.closed:
            with suppress(StopIteration, RuntimeError):
                self.session.close().send(None)  # what it would wait for ends by itself


@lru_cache(maxsize=16)
def aiohttp_timeout(connect_s: float) -> aiohttp.ClientTimeout:
    """aiohttp's timeout that limits nothing but a new connection; the deadline of a call is ours."""
    return aiohttp.ClientTimeout(total=None, sock_connect=finite(connect_s))


def _new_session(settings: ConnectionSettings) -> aiohttp.ClientSession:
    try:
        connector = Connector(limit=settings.max_connections, keepalive_timeout=KEEP_ALIVE_S, ssl=settings.ssl)
    except TypeError as error:
        raise ConfigurationError(f"ssl: an SSLContext, an aiohttp.Fingerprint or a boolean ({error})") from error
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        trace_configs=list(settings.trace_configs),
    )


def _proxy_headers(proxy: Proxy) -> dict[str, str]:
    return {"proxy-authorization": str(proxy.authorization)} if proxy.authorization else {}
