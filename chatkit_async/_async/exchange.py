"""The attempts of one call: until a response counts, the retry policy says no, or the deadline passes."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Mapping
from time import monotonic
from typing import TypeVar

from .._core.config import ClientConfig
from .._core.failure import error_for_response
from .._core.message import NO_RARE_HEADERS, Response, announced, response_info
from .._core.prepared_call import PreparedCall, with_key
from .._core.retry import requested_wait_s, retries_status
from ..errors import APIConnectionError, APIError, APITimeoutError, Outcome, ResponseInfo
from .api_key import current_key
from .deadline import Deadline
from .delivery import Delivery, UndeliveredError
from .pool import Pool
from .proxies import Proxy
from .transport import Transport

NoResponseT = TypeVar("NoResponseT", bound=APIConnectionError)

log = logging.getLogger("chatkit_async")

MOST_STALE_ATTEMPTS = 3  # further ones count as retries: the server may close every connection at once


class Exchange:
    """The attempts of one call.

    Args:
        call: what to send, until when, how often.
        config: the client's settings.
        transport: sends it.
        proxy: the proxy to go through, or None.
    """

    __slots__ = (
        "_attempts",
        "_awaits_key",
        "_call",
        "_config",
        "_delivery",
        "_is_stale",
        "_known",
        "_proxy",
        "_stale_attempts",
        "_started_s",
        "_transport",
        "_was_written",
    )

    def __init__(self, call: PreparedCall, config: ClientConfig, transport: Transport, proxy: Proxy | None) -> None:
        self._call = call
        self._config = config
        self._transport = transport
        self._proxy = proxy
        self._delivery = Delivery()
        self._attempts = 0
        self._awaits_key = False
        self._stale_attempts = 0  # found their connection closed and wrote nothing, so they do not count as retries
        self._is_stale = False  # whether the last attempt was one of them
        self._was_written = False  # whether the last attempt was written, if its response was lost
        self._known: Outcome = "not_sent"  # the worst outcome of all attempts so far
        self._started_s = monotonic()

    async def run(self) -> tuple[Response, ResponseInfo]:
        """The first response with a status below 300.

        Raises:
            APIStatusError, APIConnectionError, APITimeoutError: the call did not succeed.
            ClientClosedError: the client was closed during the call.
        """
        pool = self._transport.pools.here()
        try:
            with Deadline(pool.deadlines, self._started_s + self._call.timeout.total):
                while True:
                    try:
                        return await self._attempt(pool)
                    except APIError as error:
                        delay_s = self._delay_s(error)
                        if delay_s is None:
                            raise
                    await _sleep(delay_s)
        except TimeoutError as error:
            error.__traceback__ = None  # its frame holds our task, which may hold the error that we raise
            self._transport.check_open()  # closing brings all deadlines forward
            raise self._deadline_error() from error

    async def _attempt(self, pool: Pool) -> tuple[Response, ResponseInfo]:
        if self._attempts:
            self._delivery.begin()
        self._attempts += 1
        self._is_stale = False
        try:
            request = self._call.request
            if "authorization" not in request.headers:
                self._awaits_key = True
                request = with_key(request, await current_key(self._config, request))
                self._awaits_key = False
            response = await self._transport.send(
                pool, request, self._delivery, connect_s=self._call.timeout.connect, proxy=self._proxy
            )
        except UndeliveredError as failure:
            raise self._undelivered(failure) from failure.__cause__
        attempts = self._attempts if self._attempts > self._delivery.sends else self._delivery.sends
        read_s = pool.used_at_s or monotonic()
        info = response_info(response, attempts=attempts, elapsed_s=read_s - self._started_s)
        if info.rate_limit is not NO_RARE_HEADERS:
            _warn_of_announcement(response)
        if response.status >= 300:
            raise self._refused(response, info)
        if log.isEnabledFor(logging.DEBUG):
            self._log("responded", response.status)
        return response, info

    def _delay_s(self, error: APIError) -> float | None:
        """Seconds until the next attempt, or None if there is none."""
        self._log("failed", error.status)
        if self._is_stale and self._stale_attempts < MOST_STALE_ATTEMPTS:
            self._stale_attempts += 1
            return 0.0
        retry = self._attempts - self._stale_attempts
        if not self._is_worth_another(error) or retry > self._call.max_retries:
            return None
        chance = random.random()  # noqa: S311 - jitter is no secret
        delay_s = self._config.retry_policy.delay_s(retry, error.retry_after_s, chance)
        return delay_s if self._elapsed_s + delay_s < self._call.timeout.total else None

    def _is_worth_another(self, error: APIError) -> bool:
        if error.response is None or error.status is None:
            return self._call.repeats_lost or not self._was_written
        return retries_status(error.status, error.code, error.response.headers.get("x-should-retry"))

    def _refused(self, response: Response, info: ResponseInfo) -> APIError:
        error = error_for_response(self._call.operation, response, info, self._config)
        if self._delivery.may_have_arrived:  # the API refused the second send; the first may have arrived
            self._with_earlier("unknown")
        error.outcome = self._with_earlier(error.outcome)
        error.retry_after_s = requested_wait_s(response.headers, time.time())
        return error

    def _undelivered(self, failure: UndeliveredError) -> APIConnectionError:
        failure.__context__ = None  # aiohttp's error, which may quote the response
        self._was_written = failure.written
        self._is_stale = failure.is_stale
        error_class = APITimeoutError if failure.is_timeout else APIConnectionError
        error = self._no_response(error_class, f"no response came: {failure.message}", written=failure.written)
        if failure.is_plain_http and error.outcome == "not_sent":
            error.hint = _PLAIN_HTTP_HINT
        return error

    def _deadline_error(self) -> APITimeoutError:
        self._log("timed out", None)
        step, written = self._step(), self._delivery.is_written
        message = f"no response came within {self._call.timeout.total:g} s{step and f': waited for {step}'}"
        error = self._no_response(APITimeoutError, message, written=written)
        if self._awaits_key and error.outcome == "not_sent":
            error.hint = _KEY_HINT
        return error

    def _step(self) -> str:
        """What the last attempt waited for before it was written; empty afterwards."""
        if self._awaits_key:
            return "the api_key function"
        return "a free or new connection" if self._delivery.is_begun and not self._delivery.is_written else ""

    def _no_response(self, error_class: type[NoResponseT], message: str, *, written: bool) -> NoResponseT:
        outcome = self._with_earlier("unknown" if written else "not_sent")
        return error_class(
            message,
            operation=self._call.operation,
            attempts=self._tries,
            elapsed_s=self._elapsed_s,
            outcome=outcome,
            hint=_READ_HINT if outcome == "unknown" and self._call.request.method == "GET" else _OUTCOME_HINTS[outcome],
        )

    def _with_earlier(self, outcome: Outcome) -> Outcome:
        """The outcome of all attempts so far: a refusal does not undo an earlier attempt that may have worked."""
        self._known = _RANKS[max(_RANKS.index(self._known), _RANKS.index(outcome))]
        return self._known

    @property
    def _tries(self) -> int:
        return max(self._attempts, self._delivery.sends)

    @property
    def _elapsed_s(self) -> float:
        return monotonic() - self._started_s

    def _log(self, event: str, status: int | None) -> None:
        if log.isEnabledFor(logging.DEBUG):
            facts = {
                "operation": self._call.operation,
                "attempt": self._tries,
                "status": status,
                "elapsed_s": self._elapsed_s,
            }
            log.debug("%s %s: attempt %d, status %s", self._call.operation, event, self._tries, status, extra=facts)


_RANKS: tuple[Outcome, ...] = ("not_sent", "refused", "unknown")  # "done" ends a call: it is no attempt's

_OUTCOME_HINTS: Mapping[Outcome, str] = {
    "not_sent": "Nothing was sent: look at base_url, the proxy and the network.",
    "refused": "Earlier attempts were refused, and the last one was not sent: try again later.",
    "unknown": "The server may have done the work: check before you repeat the call.",
}
_KEY_HINT = "Nothing was sent: look at the api_key function, or allow more time (timeout)."
_READ_HINT = "A read changes nothing: try again, or allow more time (timeout, max_retries)."

_PLAIN_HTTP_HINT = (
    "Nothing was sent: this port speaks plain http, not TLS. For a server on this machine write http:// in base_url;"
    " for another, the port that speaks TLS."
)


async def _sleep(delay_s: float) -> None:
    await asyncio.sleep(delay_s)  # importing anyio here would fail in a process without free file descriptors


def _warn_of_announcement(response: Response) -> None:
    """Logs the announced end of an endpoint, once in a process."""
    if not _logged_announcements and (announcement := announced(response.headers)):
        _logged_announcements.append(announcement)
        log.warning("The API announces an end (%s). Save hosted threads with `chatkit archive FILE`.", announcement)


_logged_announcements: list[str] = []
