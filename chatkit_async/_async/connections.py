"""The network side that a client and its copies share, made at the first call: aiohttp's import is worth deferring."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._core.config import ClientConfig
from .._core.prepared_call import PreparedCall
from ..errors import ClientClosedError
from .connection_settings import ConnectionSettings
from .proxies import Proxy, checked_proxy, environment_proxy

if TYPE_CHECKING:
    from .exchange import Exchange
    from .transport import Transport


class Connections:
    """The transport of a client and its copies, and whether it is closed."""

    def __init__(self, settings: ConnectionSettings) -> None:
        self.settings = settings
        self.is_closed = False
        self._transport: Transport | None = None
        self._exchange_class: type[Exchange] | None = None
        self._proxies: dict[str, Proxy | None] = {}

    def exchange(self, call: PreparedCall, config: ClientConfig) -> Exchange:
        """A call under way.

        Raises:
            ClientClosedError: the client was closed.
        """
        if self._exchange_class is None:
            from .exchange import Exchange  # noqa: PLC0415 - see above

            self._exchange_class = Exchange
        transport = self.transport() if self._transport is None or self.is_closed else self._transport
        url = config.base_url
        return self._exchange_class(
            call, config, transport, self._proxies[url] if url in self._proxies else self.proxy(url)
        )

    def transport(self) -> Transport:
        """The transport, made now if this is the first call.

        Raises:
            ClientClosedError: the client was closed.
        """
        if self.is_closed:
            raise ClientClosedError("The client is closed; make a new one, or call before it is closed.")
        if self._transport is None:
            from .transport import Transport  # noqa: PLC0415 - see above

            self._transport = Transport(self.settings)
        return self._transport

    def proxy(self, base_url: str) -> Proxy | None:
        """The proxy for a base URL: the one set, else the environment's, looked up once; `http_session` has its own."""
        if base_url not in self._proxies:
            self._proxies[base_url] = self._proxy_for(base_url)
        return self._proxies[base_url]

    def _proxy_for(self, base_url: str) -> Proxy | None:
        if self.settings.proxy is not None:
            return checked_proxy(self.settings.proxy, "proxy")
        return None if self.settings.http_session is not None else environment_proxy(base_url)

    async def aclose(self) -> None:
        """Close what was opened; again is nothing."""
        self.is_closed = True
        if self._transport is not None:
            await self._transport.aclose()
