"""The rows of `sessions`, apart from the table so that a program that only creates sessions loads no thread classes."""

from __future__ import annotations

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
