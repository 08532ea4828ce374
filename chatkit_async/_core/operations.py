"""The table of operations. Everything that is true of one of them is said here and nowhere else."""

from __future__ import annotations

from typing import Any

from ..types.session import ChatSession
from ..types.session_operations import SessionCancelParams, SessionCreateParams
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

OPERATIONS: tuple[Operation[Any, Any], ...] = (CREATE_SESSION, CANCEL_SESSION)
