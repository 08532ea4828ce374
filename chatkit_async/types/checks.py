"""The checks that parameters go through: each returns the value, or an `Invalid` that says what is wrong with it."""

from __future__ import annotations

import math
from typing import Any

import attrs

from ..errors import Problem

LONGEST_SHOWN = 80
# What both JSON writers can send: signed and unsigned 64 bits.
SMALLEST_INTEGER, LARGEST_INTEGER = -(2**63), 2**64 - 1


@attrs.frozen
class Invalid:
    """Stands where a value could not be converted, and holds why."""

    problems: tuple[Problem, ...]


def invalid(code: str, message: str, value: object = None, limit: object = None, path: str = "") -> Invalid:
    """One problem, with the value shortened to what an error may carry."""
    return Invalid((Problem(path, code, message, shown(value), limit),))


def shown(value: object) -> object:
    """A value as an error may carry it: plain and short, so that the error can travel."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}… ({len(text):,} characters)"


def kind_of(value: object) -> str:
    """What a value is, in the words of JSON where there are some."""
    names = {
        bool: "a boolean",
        int: "an integer",
        float: "a number",
        str: "a string",
        dict: "an object",
        list: "an array",
        type(None): "null",
    }
    return names.get(type(value), f"a {type(value).__name__}")


def required(value: object) -> Any:
    """Refuses None: this field cannot be left out."""
    return invalid("missing_required_parameter", "is required") if value is None else value


def text(value: object, *, max_length: int | None = None) -> Any:
    """A string that holds more than blanks, of at most `max_length` characters."""
    if value is None or isinstance(value, Invalid):
        return value
    if not isinstance(value, str):
        return invalid("invalid_type", f"must be a string, not {kind_of(value)}", value)
    if not value:
        return invalid("string_below_min_length", "must not be empty", value, 1)
    if value.isspace():
        return invalid("invalid_value", "must not be blank", value)
    return sendable(value, max_length=max_length)


def path_segment(value: object) -> Any:
    """An id that can stand as one segment of a path: any string but "", "." and ".."."""
    if isinstance(value, Invalid):
        return value
    if not isinstance(value, str):
        return invalid("invalid_type", f"must be a string, not {kind_of(value)}", value)
    if value in ("", ".", ".."):
        return invalid("invalid_value", f"is {value!r}, which is no id and would change the path", value)
    return sendable(value)


def sendable(value: str, *, max_length: int | None = None) -> Any:
    """Any string that UTF-8 can hold, of at most `max_length` characters."""
    if max_length is not None and len(value) > max_length:
        return invalid(
            "string_above_max_length",
            f"has {len(value):,} characters; at most {max_length:,} are allowed",
            value,
            max_length,
        )
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        return invalid("invalid_value", "holds half of a surrogate pair, which UTF-8 cannot send", ascii(value))
    return value


def whole_number(value: object, *, minimum: int, maximum: int = LARGEST_INTEGER) -> Any:
    """An integer from `minimum` to `maximum`; a boolean is none, nor is a number with a fraction."""
    if value is None or isinstance(value, Invalid):
        return value
    if isinstance(value, bool) or not isinstance(value, int):
        return invalid("invalid_type", f"must be an integer, not {kind_of(value)}", value)
    if value < minimum:
        return invalid("integer_below_min_value", f"is {value}; the least allowed is {minimum}", value, minimum)
    if value > maximum:
        return invalid(
            "integer_above_max_value",
            f"is {shown_integer(value)}; the most allowed is {maximum}",
            shown_integer(value),
            maximum,
        )
    return value


def shown_integer(value: int) -> object:
    """An integer, or its size where writing it out would take pages."""
    return value if value.bit_length() <= 128 else f"an integer of {value.bit_length():,} bits"


def boolean(value: object) -> Any:
    """True or False; 0 and 1 are integers."""
    if value is None or isinstance(value, (bool, Invalid)):
        return value
    return invalid("invalid_type", f"must be true or false, not {kind_of(value)}", value)


def scalar(value: object, *, max_length: int) -> Any:
    """A string, boolean, 64-bit integer or finite number."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return sendable(value, max_length=max_length)
    if isinstance(value, int):
        return whole_number(value, minimum=SMALLEST_INTEGER)
    if not isinstance(value, float):
        return invalid("invalid_type", f"must be a string, integer, boolean or number, not {kind_of(value)}", value)
    return (
        value if math.isfinite(value) else invalid("invalid_value", f"is {value}, which JSON cannot hold", repr(value))
    )
