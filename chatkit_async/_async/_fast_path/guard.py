"""Checks that aiohttp has the private parts this folder uses; without one, a feature is off and the log says which."""

from __future__ import annotations

import logging
from functools import cache
from operator import attrgetter, is_
from types import FunctionType, SimpleNamespace
from typing import Any

import aiohttp
from aiohttp import hdrs

from ..delivery import CLOSING, SECOND_AUTHORIZATION
from ..pool import Connector

log = logging.getLogger("chatkit_async")

KNOWN_VERSIONS = ("3.12", "3.13", "3.14")

_Session: Any = aiohttp.ClientSession
_Request: Any = aiohttp.ClientRequest

_READ_OF_A_REQUEST = frozenset(
    {"url", "_ssl", "proxy", "proxy_auth", "proxy_headers", "server_hostname"}
    | {"raw_host", "port", "scheme", "hash", "tuple", "items", "__new__", "ConnectionKey", "_SSL_SCHEMES"}
)


class Part:
    """Private attributes that are used beside the fast path.

    Attributes:
        paths: from the pool, separated by spaces.
        off: what is off without them.
        read: returns their value, or values, of a pool; raises AttributeError where aiohttp has changed.
    """

    def __init__(self, paths: str, off: str) -> None:
        self.paths, self.off = paths, off
        self.read: attrgetter[Any] = attrgetter(*paths.split())


PARTS = {
    "idle": Part(
        "connector._conns",
        "each request waits for two turns of the event loop, and on an http_session an unsolicited response"
        " may pass for the next one",
    ),
    "used": Part("connector._acquired", "sockets stay open where an event loop is closed with calls under way"),
    "waiters": Part(
        "connector._release_waiter",
        "a call that waits for a free connection may wait too long after another such call was cancelled",
    ),
    "middlewares": Part(
        "session._middlewares",
        "resends by aiohttp are not counted on an http_session, whose middlewares are skipped if the client has some",
    ),
    "loop": Part("session._loop", "an http_session used in the wrong event loop raises an error of aiohttp"),
    "defaults": Part(
        "session.trace_configs session._middlewares session._default_headers session._default_auth"
        " session._default_proxy session._trust_env session._request_class session._response_class",
        "all requests go through ClientSession.request",
    ),
}
# The same, with paths from aiohttp.
CLASS_PARTS = {
    "unsolicited": Part(
        "client_proto.ResponseHandler.should_close connector.Connection.protocol TCPConnector.connect",
        "an unsolicited response may pass for the next one",
    ),
    "encoding": Part(
        "http_exceptions.ContentEncodingError", "a response that cannot be decompressed counts as one that is lost"
    ),
}
# Texts of aiohttp's errors, with the function that raises each.
TEXTS = {
    CLOSING: (
        "http_writer.StreamWriter._write",
        "a request that met a closed connection counts as one that may have arrived",
    ),
    SECOND_AUTHORIZATION: ("ClientSession._request", "credentials of an http_session are reported by aiohttp's error"),
}


def report_missing_parts(pool: object) -> None:
    """Logs what is off, once in a process."""
    for parts, root in ((PARTS, pool), (CLASS_PARTS, aiohttp)):
        for part in parts.values():
            try:
                part.read(root)
            except AttributeError:
                _report(part.paths, part.off)
    for text, (path, off) in TEXTS.items():
        if not _holds_text(path, text):
            _report(f"the text {text!r} in {path}", off)


@cache
def _report(missing: str, off: str) -> None:
    log.warning("aiohttp %s has changed (%s): %s", aiohttp.__version__, missing, off)


def _holds_text(path: str, text: str) -> bool:
    try:
        function: Any = attrgetter(path)(aiohttp)
    except AttributeError:
        return False
    if not _is_of_aiohttp(function):
        return True  # a tool has replaced it, and calls the original
    return any(text in constant for constant in function.__code__.co_consts if isinstance(constant, str))


def is_untouched() -> bool:
    """Whether the functions that the fast path bypasses are aiohttp's own: tools replace them to see requests."""
    # By identity: wrappers of wrapt compare equal to what they wrap.
    try:
        return all(map(is_, _read_left_out(_CLASSES), _LEFT_OUT))
    except AttributeError:
        return False


_CLASSES = SimpleNamespace(session=_Session, request=_Request, connector=aiohttp.TCPConnector)
_read_left_out = attrgetter(
    "session.request", "session._request", "request.__init__", "request.send", "connector.connect"
)


def _left_out() -> tuple[object, ...]:
    try:
        found: tuple[object, ...] = _read_left_out(_CLASSES)
    except AttributeError:
        return (None,)  # no function of aiohttp, so the fast path is off
    return found


_LEFT_OUT = _left_out()


def is_bare(pool: Any) -> bool:
    """Whether a session is as we made it: tools that patch the constructor add traces, middlewares or classes."""
    try:
        *added, request_class, response_class = PARTS["defaults"].read(pool)
    except AttributeError:
        return False
    classes = (type(pool.session), type(pool.connector), request_class, response_class)
    return not any(added) and classes == (_Session, Connector, _Request, aiohttp.ClientResponse)


def default_encodings() -> str:
    """What aiohttp can decompress, as it tells servers; empty where it does not say."""
    headers: Any = getattr(_Request, "DEFAULT_HEADERS", {})
    encodings: str = headers.get(hdrs.ACCEPT_ENCODING, "")
    return encodings


@cache
def is_fast_path_known() -> bool:
    """Whether the fast path was written for this aiohttp; if not, the log says why, once, at DEBUG."""
    try:
        changed = _changed()
    except (AttributeError, ImportError, TypeError) as error:
        changed = str(error)
    if changed:
        log.debug("Fast path disabled: unknown aiohttp %s (%s)", aiohttp.__version__, changed)
    return not changed


def _changed() -> str | None:
    from aiohttp.client_proto import ResponseHandler  # noqa: PLC0415 - may be gone in another version
    from aiohttp.connector import Connection  # noqa: PLC0415
    from aiohttp.http import RawResponseMessage  # noqa: PLC0415

    key: Any = _Request.connection_key
    if aiohttp.__version__.rpartition(".")[0] not in KNOWN_VERSIONS:
        return "the version"
    if not default_encodings():
        return "ClientRequest.DEFAULT_HEADERS"
    if not all(map(_is_of_aiohttp, _LEFT_OUT)):
        return "a tool replaced functions of aiohttp"
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
    if not _READ_OF_A_REQUEST.issuperset(key.fget.__code__.co_names):
        return "ClientRequest.connection_key"
    return None


def _is_of_aiohttp(function: Any) -> bool:
    """Whether a function was written there: a wrapper has the name, the module and even the class of what it wraps."""
    return type(function) is FunctionType and str(function.__globals__.get("__name__")).startswith("aiohttp.")


def _has(cls: Any, *names: str) -> bool:
    return all(hasattr(cls, name) for name in names)


def _parameters(function: Any) -> tuple[str, ...]:
    code = function.__code__
    names: tuple[str, ...] = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return names
