"""Errors as text, and as the JSON that queues keep of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .errors import APIError, Problem

NOT_STORED = ("message", "body", "response")  # a body may be large, and hold what must not be stored


def sentence(error: APIError) -> str:
    """What `str(error)` says."""
    operation = f"{error.operation}: " if error.operation else ""
    message = error.message.rstrip(". ")
    what = f"{error.status} {message}" if error.status else message
    seconds = f"{error.retry_after_s or 0:.3f}".rstrip("0").rstrip(".")
    wait = "" if error.retry_after_s is None else f", retry after {seconds} s"
    facts = [f"request {error.request_id}"] if error.request_id else []
    facts += [f"{error.attempts} attempts in {error.elapsed_s:.1f} s"] if error.attempts > 1 else []
    known = f" ({', '.join(facts)})" if facts else ""
    return f"{operation}{what}{wait}{known}" + (f". {error.hint}" if error.hint else "")


def details_of(error: APIError) -> dict[str, Any]:
    """The attributes of an error beside its message, as JSON."""
    return {name: value for name, value in vars(error).items() if name not in NOT_STORED and is_scalar(value)}


def problem_details(problem: Problem) -> dict[str, Any]:
    """A problem as JSON; a value that JSON cannot hold becomes its repr."""
    fields = {name: getattr(problem, name) for name in ("path", "code", "message", "value", "limit")}
    return {name: value if is_scalar(value) else repr(value) for name, value in fields.items()}


def is_scalar(value: object) -> bool:
    """Whether a value is plain JSON: null, a boolean, a string or a number."""
    return value is None or isinstance(value, (bool, int, float, str))
