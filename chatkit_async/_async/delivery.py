"""How far a request came: counts each send, and judges what an error of aiohttp says about it."""

from __future__ import annotations

import re
import ssl

import aiohttp

from ..types.secret import mask_text

# Texts of aiohttp's errors.
CLOSING = "Cannot write to closing transport"
SECOND_AUTHORIZATION = "AUTHORIZATION header"
# OpenSSL's reasons for a response that is not TLS.
_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST"})
# What aiohttp names after the host that it cannot connect to, also without TLS.
_TLS_SETTING = r" ssl:(?:<.*?>|\w+)"
# Errors that quote the response.
_QUOTING = (aiohttp.ClientResponseError, aiohttp.ClientPayloadError)


class Delivery:
    """How far a call's request has come, over all its attempts.

    Attributes:
        sends: times a request was handed to aiohttp, including its own resends after a connection broke.
        may_have_arrived: aiohttp has written the current attempt before, and sends it again.
    """

    __slots__ = ("_is_unseen", "_request", "may_have_arrived", "sends")

    def __init__(self) -> None:
        self.sends = 0
        self.may_have_arrived = False
        self._is_unseen = False
        self._request: aiohttp.ClientRequest | None = None

    async def __call__(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        """A client middleware: called for each send, including those that aiohttp repeats."""
        self.count(request)
        if self.sends > 1:  # as the official SDK does: a server's log shows repeats
            request.headers["x-stainless-retry-count"] = str(self.sends - 1)
        return await handler(request)

    def count(self, request: aiohttp.ClientRequest) -> None:
        """Counts a request that is about to be sent, for the first time or again."""
        self.sends += 1
        self.may_have_arrived = self.sends > 1 and self.is_written
        self._request = request

    def count_unseen(self) -> None:
        """Counts a request whose sends aiohttp does not report: after an error it may have arrived."""
        self.sends += 1
        self._is_unseen = True

    def begin(self) -> None:
        """Begins another attempt, of which nothing is written yet."""
        self._request = None
        self.may_have_arrived = False

    @property
    def is_begun(self) -> bool:
        """Whether the current attempt has passed all middlewares, and waits for a connection or is written."""
        return self._request is not None

    @property
    def is_written(self) -> bool:
        """Whether the current attempt may have reached the server."""
        if self.may_have_arrived or self._is_unseen:
            return True
        return self._request is not None and self._request.response is not None


class UndeliveredError(Exception):
    """No whole response came.

    Attributes:
        written: whether the server may have received the request.
        is_timeout: whether aiohttp stopped waiting.
        is_stale: whether a pooled connection was closed before anything was written to it.
        is_plain_http: whether the server responded to TLS with something else.
    """

    def __init__(
        self,
        message: str,
        *,
        written: bool,
        is_timeout: bool = False,
        is_stale: bool = False,
        is_plain_http: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.written = written
        self.is_timeout = is_timeout
        self.is_stale = is_stale
        self.is_plain_http = is_plain_http


def undelivered(error: BaseException, delivery: Delivery) -> UndeliveredError:
    """What an error of aiohttp says about a request."""
    is_stale = not delivery.may_have_arrived and _met_closed_connection(error)
    never_written = is_stale or isinstance(error, aiohttp.ClientConnectorError)
    written = delivery.may_have_arrived or (delivery.is_written and not never_written)
    return UndeliveredError(
        _message(error),
        written=written,
        is_timeout=isinstance(error, TimeoutError),
        is_stale=is_stale,
        is_plain_http=_met_plain_http(error),
    )


def presentable(error: BaseException) -> BaseException:
    """The error to raise from: one of aiohttp's that quotes the response is replaced by one that does not."""
    return aiohttp.ClientPayloadError(_message(error)) if isinstance(error, _QUOTING) else error


def _message(error: BaseException) -> str:
    if isinstance(error, _QUOTING):
        form = type(error.__cause__ or error).__name__
        return f"the response broke off, or is not well-formed HTTP ({form})"
    text = re.sub(_TLS_SETTING, "", str(error)) if isinstance(error, aiohttp.ClientConnectorError) else str(error)
    return mask_text(text) or type(error).__name__


def _met_plain_http(error: BaseException) -> bool:
    return isinstance(error.__cause__, ssl.SSLError) and error.__cause__.reason in _NO_TLS


def _met_closed_connection(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, aiohttp.ClientConnectionResetError) and CLOSING in str(error):
            return True
        error = error.__cause__
    return False
