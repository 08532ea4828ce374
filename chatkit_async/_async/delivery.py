"""How far a request came: counted at each send, judged when no answer comes."""

from __future__ import annotations

import aiohttp

from ..types.secret import mask_text

_CLOSING = "Cannot write to closing transport"


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
        self.sends += 1
        self.may_have_arrived = self.is_written
        self._request = request
        if self.sends > 1:
            request.headers["x-stainless-retry-count"] = str(self.sends - 1)
        return await handler(request)

    def begin(self) -> None:
        """Another attempt begins: nothing of it was written yet."""
        self._request = None
        self.may_have_arrived = False

    @property
    def is_written(self) -> bool:
        """Whether the attempt under way may have reached the server."""
        return self.may_have_arrived or (self._request is not None and self._request.response is not None)


class UndeliveredError(Exception):
    """No whole response came. `written` tells whether the server may have received the request."""

    def __init__(self, message: str, *, written: bool, is_timeout: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.written = written
        self.is_timeout = is_timeout


def undelivered(error: BaseException, delivery: Delivery) -> UndeliveredError:
    """What an error of aiohttp tells of a request."""
    written = delivery.may_have_arrived or (delivery.is_written and not _was_never_written(error))
    is_timeout = isinstance(error, TimeoutError)
    what = mask_text(str(error)) or type(error).__name__
    return UndeliveredError(what, written=written, is_timeout=is_timeout)


def _was_never_written(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, aiohttp.ClientConnectionResetError) and _CLOSING in str(error):
            return True
        error = error.__cause__
    return False
