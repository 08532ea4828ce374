"""The requests of a job, paced together and repeated one by one, and its listings."""

from __future__ import annotations

import math
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from time import monotonic
from typing import Any, TypeVar

import anyio
import attrs

from .._async.client import AsyncChatKit
from .._core.decode import is_json_content_type
from .._core.message import Response
from .._core.operation import Operation
from .._core.options import RequestOptions
from .._core.prepared_call import prepare
from .._core.retry import retries_status
from .._core.thread_rows import DELETE_THREAD, RETRIEVE_THREAD
from ..errors import (
    APIError,
    APIResponseValidationError,
    AuthenticationError,
    BadRequestError,
    NotFoundError,
    PermissionDeniedError,
    ResponseInfo,
)
from ..types.thread_operations import ThreadDeleteParams, ThreadRetrieveParams
from ._pages import BrokenPageError, Cursors, RawPage, parse_page

T = TypeVar("T")

LEAST_RETRIES = 5  # A person waits for a single call, but not for a job.
MOST_RETRIES_UNREADABLE = 2  # A response that is not as documented seldom gets better.
MOST_WAITS = 100  # A request that had more responses of 429 and 503 fails.
LONGEST_RETRY_WAIT_S = 900.0  # A longer wait is a daily quota: the job stops.
_ONCE = RequestOptions(max_retries=0)
LISTING_ATTEMPTS = 4  # Attempts at a listing whose cursors disappear or that contradicts itself.


class Limiter:
    """Lets requests go at a steady pace, and holds all of them back while the API asks to wait.

    aiolimiter paces too, but cannot be told to wait; these lines do both.

    Args:
        requests_per_second: the pace; None for as fast as they come.
        on_wait: called with the seconds when a wait begins.
    """

    def __init__(self, requests_per_second: float | None, on_wait: Callable[[float], None]) -> None:
        self._interval_s = 1 / requests_per_second if requests_per_second else 0.0
        self._on_wait = on_wait
        self._next_s = -math.inf
        self._paused_until_s = -math.inf

    async def turn(self) -> None:
        """Returns when the next request may be sent."""
        now_s = monotonic()
        slot_s = self._next_s = max(now_s, self._next_s + self._interval_s)
        while (until_s := max(slot_s, self._paused_until_s)) > now_s:
            await anyio.sleep(until_s - now_s)
            now_s = monotonic()

    def pause(self, seconds: float) -> None:
        """Holds back all requests for so long from now."""
        self._on_wait(seconds)
        self._paused_until_s = max(self._paused_until_s, monotonic() + seconds)


class JobRequests:
    """Sends the requests of one job.

    Each is sent by the client without its own retries and repeated here, so that a 429 or 503 holds back all of them.
    What aiohttp sends once more after a broken connection is not counted.

    Args:
        client: sends them.
        limiter: paces them.
    """

    def __init__(self, client: AsyncChatKit, limiter: Limiter) -> None:
        self._client = client
        self._limiter = limiter
        self._most_retries = max(LEAST_RETRIES, client._caller.config.max_retries)
        self.sent = 0

    async def page(self, operation: Operation[Any, Any], params: Any) -> RawPage:
        """One page of a listing."""

        async def read() -> RawPage:
            response, info = await self._exchange(operation, params)
            try:
                return parse_page(_json_body(response))
            except BrokenPageError as error:
                raise unreadable(operation.name, str(error), info) from None

        return await self._repeated(read)

    async def retrieve(self, thread_id: str) -> str | None:
        """The JSON of a thread; None if there is no such thread."""

        async def read() -> str:
            response, _ = await self._exchange(RETRIEVE_THREAD, ThreadRetrieveParams(thread_id))
            return response.body.decode(errors="replace")

        try:
            return await self._repeated(read)
        except NotFoundError:
            return None

    async def delete(self, thread_id: str) -> bool:
        """Deletes a thread; False if it was gone before."""
        may_be_done = False

        async def send() -> bool:
            nonlocal may_be_done
            try:
                await self._exchange(DELETE_THREAD, ThreadDeleteParams(thread_id))
            except APIError as error:
                if isinstance(error, NotFoundError):
                    return may_be_done or error.outcome == "unknown"
                may_be_done = may_be_done or error.outcome in ("unknown", "done")
                raise
            return True

        return await self._repeated(send)

    async def _exchange(self, operation: Operation[Any, Any], params: Any) -> tuple[Response, ResponseInfo]:
        config = self._client._caller.config
        call = prepare(operation, params, config, _ONCE)
        return await self._client._caller.exchange(call)

    async def _repeated(self, send: Callable[[], Awaitable[T]]) -> T:
        failures = waits = 0
        while True:
            await self._limiter.turn()
            self.sent += 1
            try:
                return await send()
            except APIError as error:
                holds_back = error.status in (429, 503)
                failures, waits = failures + (not holds_back), waits + holds_back
                if not self._is_worth_another(error, failures, waits):
                    raise
                delay_s = self._delay_s(error, failures + waits)
                if delay_s > LONGEST_RETRY_WAIT_S:
                    raise
            if holds_back:
                self._limiter.pause(delay_s)
            else:
                await anyio.sleep(delay_s)

    def _is_worth_another(self, error: APIError, failures: int, waits: int) -> bool:
        if waits > MOST_WAITS:
            return False
        if error.status is None:
            return failures <= self._most_retries
        if isinstance(error, APIResponseValidationError):
            return failures <= MOST_RETRIES_UNREADABLE
        should_retry = error.response.headers.get("x-should-retry") if error.response else None
        return failures <= self._most_retries and retries_status(error.status, error.code, should_retry)

    def _delay_s(self, error: APIError, retry: int) -> float:
        chance = random.random()  # noqa: S311 - jitter needs no secrecy
        return self._client._caller.config.retry_policy.delay_s(retry, error.retry_after_s, chance)


def ends_the_job(error: APIError) -> bool:
    """Whether no other request of the job can succeed either: the key is refused, the quota used up."""
    if isinstance(error, (AuthenticationError, PermissionDeniedError)) or error.code == "insufficient_quota":
        return True
    return error.retry_after_s is not None and error.retry_after_s > LONGEST_RETRY_WAIT_S


def is_outage(error: APIError) -> bool:
    """Whether the API itself failed, rather than this one request."""
    return error.status is None or error.status >= 500 or error.status == 429


def unreadable(operation: str, message: str, info: ResponseInfo | None = None) -> APIResponseValidationError:
    """The error for a response that is not as documented."""
    error = APIResponseValidationError(message, operation=operation, outcome="done", response=info)
    if info is not None:
        error.status, error.request_id = info.status, info.request_id
    return error


def _json_body(response: Response) -> bytes:
    kind = response.headers.get("content-type", "application/json")
    if not is_json_content_type(kind):
        raise BrokenPageError(f"the response is {kind!r}, not application/json")
    if not response.is_whole:
        raise BrokenPageError("the response is larger than 64 MiB or broken, and was not read")
    return response.body


class ListingLostError(Exception):
    """The listing must begin again: its cursor is gone, or it contradicts itself. Never leaves the jobs."""


async def list_pages(
    requests: JobRequests, operation: Operation[Any, Any], params: Any, *, trusts_end: bool
) -> AsyncGenerator[RawPage]:
    """The pages of a listing, from the cursor `params.after` on.

    Args:
        requests: sends them.
        operation: `threads.list` or `threads.list_items`.
        params: of the first page; `after` may be a cursor.
        trusts_end: take an empty last page for the end, though the page before promised more.

    Raises:
        ListingLostError: the cursor is gone, the cursors go in circles, or it ends against its promise.
    """
    cursors, is_first = Cursors(params.after), True
    while True:
        try:
            page = await requests.page(operation, params if is_first else attrs.evolve(params, after=cursors.current))
        except (BadRequestError, NotFoundError) as error:
            if cursors.current is None:
                raise
            raise ListingLostError(f"the cursor {cursors.current!r} is gone: {error}") from error
        if not (is_first or page.ids or page.has_more or trusts_end):
            raise ListingLostError("a page promised more, and none came")
        yield page
        is_first = False
        try:
            if not cursors.advance(page):
                return
        except BrokenPageError as error:
            raise ListingLostError(str(error)) from None
