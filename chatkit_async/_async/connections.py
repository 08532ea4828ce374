"""The network side that a client and its copies share, made at the first call: aiohttp's import is worth deferring."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import attrs

from ..errors import ClientClosedError, ConfigurationError
from ..types.shown import kind_of, quoted
from .proxies import Proxy, checked_proxy, environment_proxy

if TYPE_CHECKING:
    from ssl import SSLContext

    import aiohttp

    from .transport import Transport

MAX_CONNECTIONS = 100


@attrs.frozen(kw_only=True)
class ConnectionSettings:
    """What aiohttp is set up with; see AsyncChatKit for each."""

    max_connections: int = MAX_CONNECTIONS
    http_session: aiohttp.ClientSession | None = None
    trace_configs: Sequence[aiohttp.TraceConfig] = ()
    middlewares: Sequence[aiohttp.ClientMiddlewareType] = ()
    ssl: SSLContext | aiohttp.Fingerprint | bool = True
    proxy: str | None = None

    def __attrs_post_init__(self) -> None:
        count = self.max_connections
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise ConfigurationError(f"max_connections: a whole number of at least 1, not {quoted(count)}")
        if self.proxy is not None:
            checked_proxy(self.proxy, "proxy")
        if not all(callable(middleware) for middleware in _listed("middlewares", self.middlewares)):
            raise ConfigurationError("middlewares: aiohttp client middlewares, which are callable")
        if not all(hasattr(config, "freeze") for config in _listed("trace_configs", self.trace_configs)):
            raise ConfigurationError("trace_configs: a sequence of aiohttp.TraceConfig")
        if self.http_session is not None and not hasattr(self.http_session, "request"):
            raise ConfigurationError(f"http_session: an aiohttp.ClientSession, not {kind_of(self.http_session)}")
        if self.http_session is not None and self._beside_http_session():
            said = ", ".join(self._beside_http_session())
            raise ConfigurationError(f"http_session brings its own connections: set {said} on it, not here")

    def _beside_http_session(self) -> list[str]:
        said = {
            "proxy": self.proxy is not None,
            "ssl": self.ssl is not True,
            "trace_configs": bool(self.trace_configs),
            "max_connections": self.max_connections != MAX_CONNECTIONS,
        }
        return [name for name, is_said in said.items() if is_said]


def _listed(name: str, given: object) -> Iterable[object]:
    if not isinstance(given, (list, tuple)):
        raise ConfigurationError(f"{name}: a list or tuple, not {kind_of(given)}")
    return given


class Connections:
    """The transport of a client and its copies, and whether it is closed."""

    def __init__(self, settings: ConnectionSettings) -> None:
        self.settings = settings
        self.is_closed = False
        self._transport: Transport | None = None
        self._proxies: dict[str, Proxy | None] = {}

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
