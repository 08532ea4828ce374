"""Checks of parameters: each returns the value, or an `Invalid` that says what is wrong with it."""

from __future__ import annotations

import math
from typing import Any, TypeVar, cast

import attrs

from ..errors import Problem
from .redacted import described, quoted, redacted
from .secret import Secret

T = TypeVar("T")

# What both JSON writers can send: signed and unsigned 64 bits.
SMALLEST_INTEGER, LARGEST_INTEGER = -(2**63), 2**64 - 1

_HALF_A_PAIR = "holds half of a surrogate pair, which UTF-8 cannot send (was it read with another encoding than UTF-8?)"


@attrs.frozen
class Invalid:
    """Takes the place of a value that cannot be converted, and says why."""

    problems: tuple[Problem, ...]


def refuse(value: T, code: str, message: str, limit: object = None, *, path: str = "") -> T:
    """An `Invalid`, typed as the value that it replaces; `__attrs_post_init__` never lets one through."""
    return cast("T", Invalid((Problem(path, code, message, redacted(value), limit),)))


def required(value: T) -> T:
    """Any value but None."""
    return refuse(value, "missing_required_parameter", "is required") if value is None else value


def text(value: T, *, max_length: int | None = None, is_required: bool = False) -> T:
    """A string that holds more than blanks, of at most `max_length` characters; None too, unless it is required."""
    given: object = value
    if type(given) is str and given.isascii() and given.strip() and (max_length is None or len(given) <= max_length):
        return value  # the usual case, in one line
    if value is None:
        return required(value) if is_required else value
    if isinstance(value, Invalid):
        return value
    if not isinstance(value, str):
        return refuse(value, "invalid_type", f"must be a string, not {described(value)}")
    if not value:
        return refuse(value, "string_below_min_length", "is '', and must not be empty", 1)
    if value.isspace():
        return refuse(value, "invalid_value", f"is {quoted(value)}, and must hold more than blanks")
    return sendable(value, max_length=max_length)


def path_segment(value: str) -> str:
    """A required id that can be one segment of a path: any string but "", "." and ".."."""
    given: Any = value
    if given is None or isinstance(given, Invalid):
        return required(value)
    if not isinstance(given, str):
        return refuse(value, "invalid_type", f"must be a string, not {described(value)}")
    if value in ("", ".", ".."):
        return refuse(value, "invalid_value", f"is {value!r}, which would change the path; pass an id")
    return sendable(value)


def sendable(value: T, *, max_length: int | None = None) -> T:
    """A string that UTF-8 can hold, of at most `max_length` characters; subclasses except `Secret` become a `str`."""
    characters: Any = value
    if type(characters) not in (str, Secret):
        characters = str.__str__(characters)
    if max_length is not None and len(characters) > max_length:
        message = f"has {len(characters):,} characters; at most {max_length:,} are allowed"
        return refuse(value, "string_above_max_length", message, max_length)
    if not (characters.isascii() or _is_utf8(characters)):
        return refuse(value, "invalid_value", _HALF_A_PAIR)
    sent: T = characters
    return sent


def whole_number(value: T, *, minimum: int, maximum: int = LARGEST_INTEGER) -> T:
    """An integer from `minimum` to `maximum`; booleans and floats are refused."""
    if value is None or isinstance(value, Invalid):
        return value
    if isinstance(value, bool) or not isinstance(value, int):
        return refuse(value, "invalid_type", f"must be an integer, not {described(value)}")
    if value < minimum:
        return refuse(
            value, "integer_below_min_value", f"is {redacted(value)}; the least allowed is {minimum}", minimum
        )
    if value > maximum:
        return refuse(value, "integer_above_max_value", f"is {redacted(value)}; the most allowed is {maximum}", maximum)
    return value if type(value) is int else cast("T", int(value))


def boolean(value: T) -> T:
    """True or False; 0 and 1 are refused."""
    if value is None or isinstance(value, (bool, Invalid)):
        return value
    return refuse(value, "invalid_type", f"must be true or false, not {described(value)}")


def switch(value: bool | None) -> bool | None:
    """True, False or left out."""
    return boolean(value)


def count(value: int | None) -> int | None:
    """An integer of at least 1, or left out."""
    return whole_number(value, minimum=1)


def scalar(value: T, *, max_length: int | None = None) -> T:
    """A string, boolean, 64-bit integer or finite number."""
    if isinstance(value, (bool, Invalid)):
        return value
    if isinstance(value, str):
        return sendable(value, max_length=max_length)
    if isinstance(value, int):
        return whole_number(value, minimum=SMALLEST_INTEGER)
    if not isinstance(value, float):
        return refuse(value, "invalid_type", f"must be a string, integer, boolean or number, not {described(value)}")
    if not math.isfinite(value):
        return refuse(value, "invalid_value", f"is {redacted(value)}, which JSON cannot hold")
    return value if type(value) is float else cast("T", float(value))


def as_float(value: object) -> float | None:
    """A number as a float; None for a boolean, another type, and an integer too large for a float."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def _is_utf8(text: str) -> bool:
    try:
        return bool(text.encode())
    except UnicodeEncodeError:
        return False
