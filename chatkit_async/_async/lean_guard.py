"""Whether aiohttp is as the lean way knows it; where it is not, requests go through `session.request`."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import cache
from operator import is_
from types import FunctionType
from typing import Any

import aiohttp
from aiohttp import hdrs

log = logging.getLogger("chatkit_async")

KNOWN_VERSIONS = ("3.12", "3.13", "3.14")

_Session: Any = aiohttp.ClientSession
_Request: Any = aiohttp.ClientRequest
_Connector: Any = aiohttp.TCPConnector

_ASKED_OF_A_REQUEST = frozenset(
    {"url", "_ssl", "proxy", "proxy_auth", "proxy_headers", "server_hostname"}
    | {"raw_host", "port", "scheme", "hash", "tuple", "items", "__new__", "ConnectionKey", "_SSL_SCHEMES"}
)


def is_untouched() -> bool:
    """Whether nobody has put something of his own between a session and its requests."""
    # By identity: wrapt's wrappers call themselves equal to what they wrap.
    return all(map(is_, _passed(), _PASSED))


def _passed() -> tuple[object, ...]:
    """What the lean way goes past: who replaces one of these (mocks, recorders, tracers) wants to see requests."""
    try:
        return _Session.request, _Session._request, _Request.__init__, _Request.send, _Connector.connect
    except AttributeError:
        return (None,)  # which is no function of aiohttp's, and so not as known


_PASSED = _passed()


def is_bare(session: Any) -> bool:
    """Whether a session is as we made it: who wraps its making adds traces, middlewares, classes, a proxy."""
    try:
        added = (session.trace_configs, session._middlewares, session._default_headers, session._default_auth)
        return (
            not any((*added, session._default_proxy, session._trust_env))
            and (type(session), type(session.connector)) == (_Session, _Connector)
            and (session._request_class, session._response_class) == (_Request, aiohttp.ClientResponse)
        )
    except AttributeError:
        return False


def default_encodings() -> str:
    """What aiohttp can unpack, as it says so; nothing where that is not as known."""
    headers: Mapping[str, str] = getattr(_Request, "DEFAULT_HEADERS", {})
    return headers.get(hdrs.ACCEPT_ENCODING, "")


@cache
def is_known() -> bool:
    """Whether this aiohttp is one that the lean way was written for; says why not, once, at DEBUG."""
    try:
        strange = _strange()
    except (AttributeError, ImportError, TypeError) as error:
        strange = str(error)
    if strange:
        log.debug("aiohttp %s is not as known (%s): requests go its public way", aiohttp.__version__, strange)
    return not strange


def _strange() -> str | None:
    from aiohttp.client_proto import ResponseHandler  # noqa: PLC0415 - may be gone one day
    from aiohttp.connector import Connection  # noqa: PLC0415
    from aiohttp.http import RawResponseMessage  # noqa: PLC0415

    key: Any = _Request.connection_key
    if aiohttp.__version__.rpartition(".")[0] not in KNOWN_VERSIONS:
        return "the version"
    if not default_encodings():
        return "ClientRequest.DEFAULT_HEADERS"
    if not all(map(_is_aiohttps, _PASSED)):
        return "something stands between a session and its requests"
    if _parameters(aiohttp.BaseConnector.connect) != ("self", "req", "traces", "timeout"):
        return "BaseConnector.connect"
    if "read_until_eof" not in _parameters(ResponseHandler.set_response_params) or not _has(
        ResponseHandler, "should_close", "transport"
    ):
        return "ResponseHandler.set_response_params"
    if _parameters(ResponseHandler.read) != ("self",) or not _has(RawResponseMessage, "code", "headers"):
        return "ResponseHandler.read"
    if not _has(Connection, "protocol", "release", "close") or not _has(aiohttp.StreamReader, "on_eof", "read_nowait"):
        return "Connection"
    if not _ASKED_OF_A_REQUEST.issuperset(key.fget.__code__.co_names):
        return "ClientRequest.connection_key"
    return None


def _is_aiohttps(function: Any) -> bool:
    """Whether a function was written there: a wrapper passes for what it wraps by name, module and even class."""
    return type(function) is FunctionType and str(function.__globals__.get("__name__")).startswith("aiohttp.")


def _has(cls: Any, *names: str) -> bool:
    return all(hasattr(cls, name) for name in names)


def _parameters(function: Any) -> tuple[str, ...]:
    code = function.__code__
    names: tuple[str, ...] = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return names
