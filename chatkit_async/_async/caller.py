"""The way of one call: encode, exchange, decode; and the transport that a client and its copies share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from .._core.config import ClientConfig
from .._core.decode import decode
from .._core.message import Response
from .._core.operation import Operation, ParamsT, ResultT
from .._core.options import RequestOptions
from .._core.prepared_call import PreparedCall, prepare
from ..errors import ClientClosedError, ResponseInfo
from .proxies import ConnectionSettings, Proxy, checked_proxy, environment_proxy

if TYPE_CHECKING:
    from .exchange import Exchange
    from .transport import Transport


class Caller:
    """Makes the calls of one client: with its settings, over the transport that it shares with its copies."""

    def __init__(self, config: ClientConfig, shared: SharedTransport) -> None:
        self.config = config
        self.shared = shared

    async def send(
        self, operation: Operation[ParamsT, ResultT], params: ParamsT, options: RequestOptions | None
    ) -> ResultT:
        """Calls an operation."""
        call = prepare(operation, params, self.config, options)
        response, info = await self.shared.new_exchange(call, self.config).run()
        return decode(operation, response, info, strict=call.strict)

    async def exchange(self, call: PreparedCall) -> tuple[Response, ResponseInfo]:
        """Sends a prepared call; the response is not decoded."""
        return await self.shared.new_exchange(call, self.config).run()

    def pages(
        self, operation: Operation[ParamsT, ResultT], options: RequestOptions | None
    ) -> Callable[[ParamsT], Awaitable[ResultT]]:
        """The function by which a listing requests a page."""
        return lambda params: self.send(operation, params, options)


class SharedTransport:
    """The transport of a client and its copies, made at the first call: it defers the import of aiohttp.

    Attributes:
        is_closed: whether the client was closed.
    """

    _transport: Transport | None = None

    def __init__(self, settings: ConnectionSettings) -> None:
        self.is_closed = False
        self._settings = settings
        self._exchange_class: type[Exchange] | None = None
        self._proxies: dict[str, Proxy | None] = {}

    def new_exchange(self, call: PreparedCall, config: ClientConfig) -> Exchange:
        """The exchange of a call, not yet begun; raises ClientClosedError if the client is closed."""
        if self._exchange_class is None:
            from .exchange import Exchange  # noqa: PLC0415 - it imports aiohttp

            self._exchange_class = Exchange
        transport = self.transport() if self._transport is None or self.is_closed else self._transport
        url = config.base_url
        proxy = self._proxies[url] if url in self._proxies else self.proxy(url)
        return self._exchange_class(call, config, transport, proxy)

    def transport(self) -> Transport:
        """The transport, made at the first use; raises ClientClosedError if the client is closed."""
        if self.is_closed:
            raise ClientClosedError("The client is closed; make a new one, or call before it is closed.")
        if self._transport is None:
            from .transport import Transport  # noqa: PLC0415 - it imports aiohttp

            # Several threads may come here at once, and the first one makes the transport of all.
            vars(self).setdefault("_transport", Transport(self._settings))
            assert self._transport is not None
        return self._transport

    def proxy(self, base_url: str) -> Proxy | None:
        """The proxy for a base URL: the client's, else the environment's, looked up once; http_session has its own."""
        if base_url not in self._proxies:
            self._proxies[base_url] = self._proxy_for(base_url)
        return self._proxies[base_url]

    def _proxy_for(self, base_url: str) -> Proxy | None:
        if self._settings.proxy is not None:
            return checked_proxy(self._settings.proxy, "proxy")
        return None if self._settings.http_session is not None else environment_proxy(base_url)

    async def aclose(self) -> None:
        """Closes the transport; a second call does nothing."""
        self.is_closed = True
        if self._transport is not None:
            await self._transport.aclose()
