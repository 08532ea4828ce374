"""Function calls of checking and encoding a create: budgets, so that a slower check is seen."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chatkit_async import SessionCreateParams
from chatkit_async._core.operation import encode
from chatkit_async._core.session_rows import CREATE_SESSION
from tests.counting import python_calls

LEAST: dict[str, Any] = {"user": "user_123", "workflow": "wf_1"}
MOST: dict[str, Any] = {
    "user": "user_123",
    "workflow": {"id": "wf_1", "version": "3", "state_variables": {"a": 1, "b": "x"}, "tracing": {"enabled": True}},
    "expires_after": timedelta(minutes=5),
    "rate_limits": {"max_requests_per_1_minute": 5},
    "chatkit_configuration": {
        "automatic_thread_titling": {"enabled": True},
        "file_upload": {"enabled": True, "max_file_size": 5, "max_files": 5},
        "history": {"enabled": True, "recent_threads": 5},
    },
}
costs = pytest.mark.parametrize(
    ("params", "to_check", "to_encode"), [(LEAST, 18, 5), (MOST, 130, 34)], ids=["user and workflow", "every field"]
)


@costs
def test_a_create_is_checked_and_encoded_in_so_many_function_calls(
    params: dict[str, Any], to_check: int, to_encode: int
) -> None:
    made = SessionCreateParams(**params)
    encode(CREATE_SESSION, made)  # what is computed once for each class is
    assert python_calls(lambda: SessionCreateParams(**params)) <= to_check
    assert python_calls(lambda: encode(CREATE_SESSION, made)) <= to_encode
