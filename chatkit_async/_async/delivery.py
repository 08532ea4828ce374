"""How far a request came: counted at each send, judged when no answer comes."""

from __future__ import annotations

import aiohttp

from ..types.secret import mask_text

CLOSING = "Cannot write to closing transport"
# Errors about the form of an answer.
_QUOTING = (aiohttp.ClientResponseError, aiohttp.ClientPayloadError)


class Delivery:
    """How far a call's request has come, over all its attempts.

    Attributes:
        sends: times a request was handed to aiohttp, its own resends of a dropped pooled connection included.
        may_have_arrived: aiohttp wrote the attempt under way once before, and sends it again.
    """

    __slots__ = ("_request", "may_have_arrived", "sends")

    def __init__(self) -> None:
        self.sends = 0
        self.may_have_arrived = False
        self._request: aiohttp.ClientRequest | None = None

    async def __call__(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        """A client middleware: sees every send, also those that aiohttp repeats by itself."""
        self.count(request)
        if self.sends > 1:
            request.headers["x-stainless-retry-count"] = str(self.sends - 1)
        return await handler(request)

    def count(self, request: aiohttp.ClientRequest) -> None:
        """A request is about to be sent, the same for the first time or again."""
        self.sends += 1
        self.may_have_arrived = self.sends > 1 and self.is_written
        self._request = request

    def begin(self) -> None:
        """Another attempt begins: nothing of it was written yet."""
        self._request = None
        self.may_have_arrived = False

    @property
    def is_written(self) -> bool:
        """Whether the attempt under way may have reached the server."""
        return self.may_have_arrived or (self._request is not None and self._request.response is not None)


class UndeliveredError(Exception):
    """No whole response came.

    Attributes:
        written: whether the server may have received the request.
        is_timeout: whether aiohttp gave up waiting.
        is_stale: whether a pooled connection turned out to be closed before anything was written to it.
    """

    def __init__(self, message: str, *, written: bool, is_timeout: bool = False, is_stale: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.written = written
        self.is_timeout = is_timeout
        self.is_stale = is_stale


def undelivered(error: BaseException, delivery: Delivery) -> UndeliveredError:
    """What an error of aiohttp tells of a request."""
    is_stale = not delivery.may_have_arrived and _was_never_written(error)
    written = delivery.may_have_arrived or (delivery.is_written and not is_stale)
    return UndeliveredError(
        _words(error), written=written, is_timeout=isinstance(error, TimeoutError), is_stale=is_stale
    )


def presentable(error: BaseException) -> BaseException:
    """An error of aiohttp as a cause that may be shown: one about the form of an answer quotes the answer."""
    return aiohttp.ClientPayloadError(_words(error)) if isinstance(error, _QUOTING) else error


def _words(error: BaseException) -> str:
    if isinstance(error, _QUOTING):
        form = type(error.__cause__ or error).__name__
        return f"the answer broke off, or is not well-formed HTTP ({form})"
    return mask_text(str(error)) or type(error).__name__


def _was_never_written(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, aiohttp.ClientConnectionResetError) and CLOSING in str(error):
            return True
        error = error.__cause__
    return False
