"""What `migrate` and `check_store` can be told, and the check of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

import attrs

from ...errors import ParamsValidationError, Problem
from ...types.redacted import quoted

Ids: TypeAlias = Literal["keep", "store"]
Times: TypeAlias = Literal["local", "utc"]
Attachments: TypeAlias = Literal["text", "keep"]
PendingToolCalls: TypeAlias = Literal["completed", "pending", "skip"]
HiddenContext: TypeAlias = Literal["keep", "skip"]

LONGEST_STEP_US = 1_000_000

_CHOICES: Mapping[str, tuple[str, ...]] = {
    "ids": ("keep", "store"),
    "times": ("local", "utc"),
    "attachments": ("text", "keep"),
    "pending_tool_calls": ("completed", "pending", "skip"),
    "hidden_context": ("keep", "skip"),
}


@attrs.frozen
class MappingOptions:
    """How items are carried over where there is a choice; see `migrate`."""

    attachments: Attachments = "text"
    pending_tool_calls: PendingToolCalls = "completed"
    hidden_context: HiddenContext = "keep"


def check_settings(subject: str, *, store: object, time_step_us: object, timeout_s: object, **choices: object) -> None:
    """Raises `ParamsValidationError` with all settings that are out of their range."""
    problems = [_not_a_choice(name, value) for name, value in choices.items() if value not in _CHOICES[name]]
    if isinstance(time_step_us, bool) or not isinstance(time_step_us, int) or not 1 <= time_step_us <= LONGEST_STEP_US:
        limit = f"whole microseconds from 1 to {LONGEST_STEP_US:,}"
        problems.append(_out_of_range("time_step_us", time_step_us, limit))
    if isinstance(timeout_s, bool) or not isinstance(timeout_s, int | float) or not timeout_s > 0:
        problems.append(_out_of_range("timeout_s", timeout_s, "seconds above 0"))
    if isinstance(store, type):
        message = f"store must be an object, got the class {store.__name__}: call it"
        problems.append(Problem("store", "invalid_type", message))
    if problems:
        raise ParamsValidationError(subject, tuple(problems))


def _not_a_choice(name: str, value: object) -> Problem:
    allowed = " or ".join(repr(choice) for choice in _CHOICES[name])
    return Problem(name, "invalid_value", f"{name} must be {allowed}, got {quoted(value)}", None, allowed)


def _out_of_range(name: str, value: object, limit: str) -> Problem:
    return Problem(name, "invalid_value", f"{name} must be {limit}, got {quoted(value)}", None, limit)
