"""`client.threads`: list, read and delete threads and their items."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Never

from .._core.options import OPTION_MISTAKES, RequestOptions, wrong_method_call
from .._core.thread_rows import DELETE_THREAD, LIST_THREAD_ITEMS, LIST_THREADS, RETRIEVE_THREAD
from ..errors import NotFoundError
from ..types.items import ChatKitThreadItem
from ..types.misuse import Guiding, answering
from ..types.result import attach_response
from ..types.thread import ChatKitThread, ThreadDeleteResponse
from ..types.thread_operations import (
    Order,
    ThreadDeleteParams,
    ThreadListItemsParams,
    ThreadListParams,
    ThreadRetrieveParams,
)
from .caller import Caller
from .listing import AsyncListing


class AsyncThreads(Guiding):
    """Read and delete threads and their items. Reached as `client.threads`."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    @answering(OPTION_MISTAKES)
    def list(
        self,
        *,
        user: str | None = None,
        after: str | None = None,
        before: str | None = None,
        limit: int | None = None,
        order: Order | None = None,
        prefetch: bool = False,
        options: RequestOptions | None = None,
    ) -> AsyncListing[ChatKitThread]:
        """List threads.

        Pages are cut at ids, so deleting what a page held moves what follows and some threads would be skipped:
        collect the ids first, then delete.

        Wire form: `GET /chatkit/threads`, once for each page.

        Example:
            ids = [thread.id async for thread in client.threads.list(user="user_123")]

        Args:
            user: only threads of this user, 1 to 512 characters; default: all of the project.
            after: begin after this id, in the requested order.
            before: end before this id; without `after`, pages follow each other backwards.
            limit: items a page, 1 to 100; default: the API's, 20.
            order: by creation, `asc` or `desc`; default: the API's, `desc`.
            prefetch: request the next page while one is used; default False.
            options: settings of each request.

        Returns:
            The listing; iterating over it gives all threads. See `AsyncListing`.

        Raises:
            ParamsValidationError: what the API would refuse; nothing was sent.
            AuthenticationError (401), RateLimitError (429), InternalServerError (5xx), APITimeoutError,
            APIConnectionError, APIResponseValidationError: when a page is requested.

        Asyncio: nothing is sent until the listing is used: `await` gives its first page, `async for` all threads. It is
        no coroutine, so `create_task` refuses it.

        Source: ChatKit REST API, ListThreadsMethod.
        """
        params = ThreadListParams(user=user, after=after, before=before, limit=limit, order=order)
        fetch = self._caller.pages(LIST_THREADS, options)
        return AsyncListing(fetch, params, operation=LIST_THREADS.name, prefetch=prefetch)

    async def retrieve(
        self, thread_id: str, *, options: RequestOptions | None = None, **unexpected: Never
    ) -> ChatKitThread:
        """Read one thread; its items are listed by `list_items`.

        Wire form: `GET /chatkit/threads/{thread_id}`.

        Example:
            thread = await client.threads.retrieve("cthr_123")

        Args:
            thread_id: the thread's id, `cthr_...`.
            options: settings of this call alone.
            unexpected: refused with a `TypeError` that names the right keyword.

        Returns:
            The thread.

        Raises:
            ParamsValidationError: an empty id, `.` or `..`; nothing was sent.
            NotFoundError (404): no such thread in the project of this key.
            AuthenticationError (401), RateLimitError (429), InternalServerError (5xx), APITimeoutError,
            APIConnectionError, APIResponseValidationError: the API refused, failed or was not reached.

        Source: ChatKit REST API, GetThreadMethod.
        """
        if unexpected:
            raise wrong_method_call(self.retrieve, unexpected)
        return await self._caller.send(RETRIEVE_THREAD, ThreadRetrieveParams(thread_id), options)

    async def delete(
        self,
        thread_id: str,
        *,
        missing_ok: bool = False,
        options: RequestOptions | None = None,
        **unexpected: Never,
    ) -> ThreadDeleteResponse:
        """Delete a thread with all its items, for good.

        The call is also sent again if its response is lost. If the API then says that there is no such thread, an
        earlier attempt that may have arrived has deleted it, and that counts as success.

        Wire form: `DELETE /chatkit/threads/{thread_id}`.

        Example:
            await client.threads.delete("cthr_123", missing_ok=True)

        Args:
            thread_id: the thread's id, `cthr_...`.
            missing_ok: a thread that is not there counts as deleted; default False.
            options: settings of this call alone.
            unexpected: refused with a `TypeError` that names the right keyword.

        Returns:
            The API's response, or the same made here when a missing thread counts as deleted.

        Raises:
            ParamsValidationError: an empty id, `.` or `..`; nothing was sent.
            NotFoundError (404): no such thread in the project of this key.
            AuthenticationError (401), RateLimitError (429), InternalServerError (5xx), APITimeoutError,
            APIConnectionError, APIResponseValidationError: the API refused, failed or was not reached.

        Source: ChatKit REST API, DeleteThreadMethod.
        """
        if unexpected:
            raise wrong_method_call(self.delete, unexpected)
        call = self._caller.send(DELETE_THREAD, ThreadDeleteParams(thread_id), options)
        return await _deleted(call, thread_id, missing_ok=missing_ok)

    @answering(OPTION_MISTAKES)
    def list_items(
        self,
        thread_id: str,
        *,
        after: str | None = None,
        before: str | None = None,
        limit: int | None = None,
        order: Order | None = None,
        prefetch: bool = False,
        options: RequestOptions | None = None,
    ) -> AsyncListing[ChatKitThreadItem]:
        """List the items of a thread: messages, widgets, tool calls, tasks.

        Wire form: `GET /chatkit/threads/{thread_id}/items`, once for each page.

        Example:
            async for item in client.threads.list_items("cthr_123", order="asc"):
                print(item.type)

        Args:
            thread_id: the thread's id, `cthr_...`.
            after: begin after this id, in the requested order.
            before: end before this id; without `after`, pages follow each other backwards.
            limit: items a page, 1 to 100; default: the API's, 20.
            order: by creation, `asc` or `desc`; default: the API's, `desc`.
            prefetch: request the next page while one is used; default False.
            options: settings of each request.

        Returns:
            The listing; iterating over it gives all items. See `AsyncListing`.

        Raises:
            ParamsValidationError: what the API would refuse; nothing was sent.
            NotFoundError (404), AuthenticationError (401), RateLimitError (429), InternalServerError (5xx),
            APITimeoutError, APIConnectionError, APIResponseValidationError: when a page is requested.

        Asyncio: nothing is sent until the listing is used: `await` gives its first page, `async for` all items. It is
        no coroutine, so `create_task` refuses it.

        Source: ChatKit REST API, ListThreadItemsMethod.
        """
        params = ThreadListItemsParams(thread_id=thread_id, after=after, before=before, limit=limit, order=order)
        fetch = self._caller.pages(LIST_THREAD_ITEMS, options)
        return AsyncListing(fetch, params, operation=LIST_THREAD_ITEMS.name, prefetch=prefetch)


async def _deleted(call: Awaitable[ThreadDeleteResponse], thread_id: str, *, missing_ok: bool) -> ThreadDeleteResponse:
    """The result of a delete; a 404 counts as deleted with `missing_ok`, or if an earlier attempt may have done it."""
    try:
        return await call
    except NotFoundError as error:
        if not missing_ok and error.outcome != "unknown":
            raise
        gone = ThreadDeleteResponse(id=thread_id, object="chatkit.thread.deleted", deleted=True)
        if error.response is not None:
            attach_response(gone, error.response)
        return gone
