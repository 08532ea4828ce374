"""The table of operations: every row of the resources' modules."""

from __future__ import annotations

from typing import Any

from . import session_rows, thread_rows
from .operation import Operation

OPERATIONS: tuple[Operation[Any, Any], ...] = tuple(
    row for rows in (session_rows, thread_rows) for row in vars(rows).values() if isinstance(row, Operation)
)
