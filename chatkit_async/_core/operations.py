"""The table of operations. Everything that is true of one of them is said here and nowhere else."""

from __future__ import annotations

from typing import Any

from ..types.items import ChatKitThreadItem
from ..types.page import Page
from ..types.session import ChatSession
from ..types.session_operations import SessionCancelParams, SessionCreateParams
from ..types.thread import ChatKitThread, ThreadDeleteResponse
from ..types.thread_operations import (
    ThreadDeleteParams,
    ThreadListItemsParams,
    ThreadListParams,
    ThreadRetrieveParams,
)
from .operation import Operation

CREATE_SESSION = Operation(
    name="sessions.create",
    method="POST",
    path="/chatkit/sessions",
    params=SessionCreateParams,
    result=ChatSession,
    repeatable=False,
)
CANCEL_SESSION = Operation(
    name="sessions.cancel",
    method="POST",
    path="/chatkit/sessions/{session_id}/cancel",
    params=SessionCancelParams,
    result=ChatSession,
    repeatable=True,
)

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

OPERATIONS: tuple[Operation[Any, Any], ...] = (
    CREATE_SESSION,
    CANCEL_SESSION,
    LIST_THREADS,
    RETRIEVE_THREAD,
    DELETE_THREAD,
    LIST_THREAD_ITEMS,
)
