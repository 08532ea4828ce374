"""One call under way: attempts until an answer counts, the retry policy says no, or the deadline passes."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from typing import TypeVar

from .._core.call import Call, with_key
from .._core.config import ClientConfig
from .._core.failure import error_for_response
from .._core.message import Response
from .._core.options import finite
from .._core.response_info import response_info
from .._core.retry import requested_wait_s, retries_status
from ..errors import APIConnectionError, APIError, APITimeoutError, Outcome, ResponseInfo
from .key import current_key
from .transport import Delivery, Transport, UndeliveredError

NoAnswerT = TypeVar("NoAnswerT", bound=APIConnectionError)

log = logging.getLogger("chatkit_async")


class Exchange:
    """The attempts of one call.

    Args:
        call: what to send, until when, how often.
        config: the client's settings.
        transport: sends it.
        proxy: the URL of a proxy, or None.
    """

    def __init__(self, call: Call, config: ClientConfig, transport: Transport, proxy: str | None) -> None:
        self._call = call
        self._config = config
        self._transport = transport
        self._proxy = proxy
        self._delivery = Delivery()
        self._attempts = 0
        self._may_be_done = False  # an attempt may have done the work, though no answer says so
        self._started_s = time.monotonic()

    async def run(self) -> tuple[Response, ResponseInfo]:
        """The first answer with a status below 300.

        Raises:
            APIStatusError, APIConnectionError, APITimeoutError: the call did not succeed.
        """
        try:
            async with asyncio.timeout(finite(self._call.timeout.total)):
                return await self._until_answered()
        except TimeoutError as error:
            raise self._deadline_error() from error

    async def _until_answered(self) -> tuple[Response, ResponseInfo]:
        while True:
            error: APIError
            wait_s: float | None = None
            try:
                response = await self._attempt()
            except UndeliveredError as failure:
                error, again = self._undelivered(failure), self._call.repeats_lost or not failure.written
                error.__cause__ = failure.__cause__
            else:
                info = response_info(response, attempts=self._tries, elapsed_s=self._elapsed_s)
                if response.status < 300:
                    self._log("answered", response.status)
                    return response, info
                error, wait_s = self._refused(response, info)
                again = retries_status(response.status, error.code, response.headers.get("x-should-retry"))
            await self._wait_or_raise(error, again=again, wait_s=wait_s)

    async def _attempt(self) -> Response:
        self._attempts += 1
        request = with_key(self._call.request, await current_key(self._config, self._call.request))
        connect_s = self._call.timeout.connect
        return await self._transport.send(request, self._delivery, connect_s=connect_s, proxy=self._proxy)

    async def _wait_or_raise(self, error: APIError, *, again: bool, wait_s: float | None) -> None:
        retry = self._attempts
        self._log("failed", error.status)
        if not again or retry > self._call.max_retries:
            raise error
        delay_s = self._config.retry_policy.delay_s(retry, wait_s, random.random())  # noqa: S311 - jitter is no secret
        if self._elapsed_s + delay_s >= self._call.timeout.total:
            raise error
        await asyncio.sleep(delay_s)

    def _refused(self, response: Response, info: ResponseInfo) -> tuple[APIError, float | None]:
        error = error_for_response(self._call.operation, response, info, self._config)
        self._may_be_done |= error.outcome == "unknown"
        error.retry_after_s = requested_wait_s(response.headers, time.time())
        return error, error.retry_after_s

    def _undelivered(self, failure: UndeliveredError) -> APIConnectionError:
        self._may_be_done |= failure.written
        error_class = APITimeoutError if failure.is_timeout else APIConnectionError
        return self._no_answer(error_class, f"no answer came: {failure.message}")

    def _deadline_error(self) -> APITimeoutError:
        self._may_be_done |= self._delivery.is_written
        self._log("timed out", None)
        return self._no_answer(APITimeoutError, f"no answer came within {self._call.timeout.total:g} s")

    def _no_answer(self, error_class: type[NoAnswerT], message: str) -> NoAnswerT:
        outcome: Outcome = "unknown" if self._may_be_done else "not_sent"
        return error_class(
            message,
            operation=self._call.operation,
            attempts=self._tries,
            elapsed_s=self._elapsed_s,
            outcome=outcome,
            hint=_HINTS[outcome],
        )

    @property
    def _tries(self) -> int:
        return max(self._attempts, self._delivery.sends)

    @property
    def _elapsed_s(self) -> float:
        return time.monotonic() - self._started_s

    def _log(self, event: str, status: int | None) -> None:
        if log.isEnabledFor(logging.DEBUG):
            facts = {
                "operation": self._call.operation,
                "attempt": self._tries,
                "status": status,
                "elapsed_s": self._elapsed_s,
            }
            log.debug("%s %s: attempt %d, status %s", self._call.operation, event, self._tries, status, extra=facts)


_HINTS = {
    "not_sent": "Nothing was sent: look at base_url, the proxy and the network.",
    "unknown": "The work may have been done all the same.",
}
