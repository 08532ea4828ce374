"""What aiohttp is set up with, checked; without aiohttp, so that making a client does not import it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import attrs

from ..errors import ConfigurationError
from ..types.redacted import kind_of, quoted
from .proxies import checked_proxy

if TYPE_CHECKING:
    from ssl import SSLContext

    import aiohttp

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
