"""The rows of `threads`; see `session_rows`."""

from __future__ import annotations

from ..types.items import ChatKitThreadItem
from ..types.page import Page
from ..types.thread import ChatKitThread, ThreadDeleteResponse
from ..types.thread_operations import (
    ThreadDeleteParams,
    ThreadListItemsParams,
    ThreadListParams,
    ThreadRetrieveParams,
)
from .operation import Operation

LIST_THREADS: Operation[ThreadListParams, Page[ChatKitThread]] = Operation(
    name="threads.list",
    method="GET",
    path="/chatkit/threads",
    params=ThreadListParams,
    result=Page[ChatKitThread],
    repeatable=True,
)
RETRIEVE_THREAD = Operation(
    name="threads.retrieve",
    method="GET",
    path="/chatkit/threads/{thread_id}",
    params=ThreadRetrieveParams,
    result=ChatKitThread,
    repeatable=True,
)
DELETE_THREAD = Operation(
    name="threads.delete",
    method="DELETE",
    path="/chatkit/threads/{thread_id}",
    params=ThreadDeleteParams,
    result=ThreadDeleteResponse,
    repeatable=True,
)
LIST_THREAD_ITEMS: Operation[ThreadListItemsParams, Page[ChatKitThreadItem]] = Operation(
    name="threads.list_items",
    method="GET",
    path="/chatkit/threads/{thread_id}/items",
    params=ThreadListItemsParams,
    result=Page[ChatKitThreadItem],
    repeatable=True,
)
