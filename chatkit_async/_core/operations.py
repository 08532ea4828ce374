"""The table of operations: the rows of every resource."""

from __future__ import annotations

from typing import Any

from .operation import Operation
from .session_rows import CANCEL_SESSION, CREATE_SESSION
from .thread_rows import DELETE_THREAD, LIST_THREAD_ITEMS, LIST_THREADS, RETRIEVE_THREAD

OPERATIONS: tuple[Operation[Any, Any], ...] = (
    CREATE_SESSION,
    CANCEL_SESSION,
    LIST_THREADS,
    RETRIEVE_THREAD,
    DELETE_THREAD,
    LIST_THREAD_ITEMS,
)
