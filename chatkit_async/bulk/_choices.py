"""The arguments that the jobs share, checked before anything is sent."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from ..errors import ParamsValidationError, Problem
from ..types.checks import Invalid, as_float, text, whole_number
from ..types.redacted import kind_of, redacted

MOST_CONCURRENT = 100
LONGEST_USER = 512  # characters that the API takes as a filter


def checked_users(job: str, user: str | None, users: Iterable[str] | None) -> tuple[str, ...] | None:
    """The user filter, each user once; None for all users.

    Raises:
        ParamsValidationError: both are given, none is in the list, or one is no user that the API could filter by.
    """
    if user is not None and users is not None:
        raise invalid(job, "users", "conflict", "pass user or users, not both")
    if users is None:
        return None if user is None else (_checked_text(job, "user", user),)
    return tuple(dict.fromkeys(_texts(job, "users", users, max_length=LONGEST_USER)))


def checked_ids(job: str, thread_ids: Iterable[str]) -> tuple[str, ...]:
    """Thread ids, each once.

    Raises:
        ParamsValidationError: there are none, or one is no id.
    """
    return tuple(dict.fromkeys(_texts(job, "thread_ids", thread_ids, max_length=None)))


def checked_pace(job: str, concurrency: int, requests_per_second: float | None) -> None:
    """Refuses a concurrency or pace that cannot work.

    Raises:
        ParamsValidationError: out of range.
    """
    found: Any = whole_number(concurrency, minimum=1, maximum=MOST_CONCURRENT)
    if not isinstance(found, int):
        raise invalid(job, "concurrency", "invalid_value", f"must be from 1 to {MOST_CONCURRENT}", concurrency)
    pace = as_float(requests_per_second)
    if requests_per_second is not None and (pace is None or not 0 < pace < math.inf):
        said = "must be a finite number above 0, or None"
        raise invalid(job, "requests_per_second", "invalid_value", said, requests_per_second)


def invalid(job: str, path: str, code: str, message: str, value: object = None) -> ParamsValidationError:
    """The error for an argument of a job."""
    return ParamsValidationError(job, (Problem(path, code, message, redacted(value)),))


def _texts(job: str, path: str, values: Any, *, max_length: int | None) -> list[str]:
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise invalid(job, path, "invalid_type", f"must be a list of strings, not {kind_of(values)}", values)
    found = [_checked_text(job, f"{path}[{index}]", value, max_length) for index, value in enumerate(values)]
    if not found:
        raise invalid(job, path, "empty", "must not be empty")
    return found


def _checked_text(job: str, path: str, value: str, max_length: int | None = LONGEST_USER) -> str:
    found: Any = text(value, max_length=max_length, is_required=True)
    if isinstance(found, Invalid):
        problem = found.problems[0]
        raise ParamsValidationError(job, (Problem(path, problem.code, problem.message, problem.value, problem.limit),))
    return str(value)
