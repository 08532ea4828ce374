"""The checks that the table of the schema is made of, and what they say when they refuse.

A check returns the value as the API understands it (`5.0` is the integer 5), or raises the refusal in the API's words.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Protocol

import attrs

from ..types._json import JSON, JSONObject
from .refusal import Refusal, not_json

WORDS: Mapping[type, str] = {
    type(None): "null",
    bool: "a boolean",
    int: "an integer",
    float: "a decimal",
    str: "a string",
    list: "an array",
    dict: "an object",
}


class Check(Protocol):
    """What a value must be."""

    def __call__(self, value: JSON, path: str) -> JSON:
        """The value as the API understands it; raises Refusal."""
        ...


@attrs.frozen
class Text:
    """A string, perhaps one of a few, with bounds on its number of characters."""

    min_length: int = 0
    max_length: int | None = None
    one_of: tuple[str, ...] = ()

    def __call__(self, value: JSON, path: str) -> JSON:
        if not isinstance(value, str):
            raise wrong_type(path, "a string", value)
        if len(value) < self.min_length:
            raise too_short(path, self.min_length, len(value))
        if self.max_length is not None and len(value) > self.max_length:
            raise too_long(path, self.max_length, len(value))
        if self.one_of and value not in self.one_of:
            raise not_one_of(path, self.one_of, value)
        return value


@attrs.frozen
class Integer:
    """An integer with bounds; as in JSON Schema a number without a fraction is one, and true is not."""

    minimum: int | None = None
    maximum: int | None = None

    def __call__(self, value: JSON, path: str) -> JSON:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise wrong_type(path, "an integer", value)
        if self.minimum is not None and value < self.minimum:
            raise out_of_bounds(path, "below_min", "below minimum", f">= {self.minimum}", value)
        if self.maximum is not None and value > self.maximum:
            raise out_of_bounds(path, "above_max", "above maximum", f"<= {self.maximum}", value)
        return value


@attrs.frozen
class Boolean:
    """True or false."""

    def __call__(self, value: JSON, path: str) -> JSON:
        if not isinstance(value, bool):
            raise wrong_type(path, "a boolean", value)
        return value


@attrs.frozen
class Scalar:
    """A string, integer, boolean or number: the value of a state variable, kept as it came."""

    text: Text

    def __call__(self, value: JSON, path: str) -> JSON:
        if isinstance(value, str):
            return self.text(value, path)
        if value is None or isinstance(value, (list, dict)):
            raise wrong_type(path, "one of a string, integer, boolean, or number", value)
        if isinstance(value, float) and not math.isfinite(value):
            raise not_json()  # 1e999: a number in JSON, but none that an answer could repeat
        return value


@attrs.frozen
class Map:
    """An object with any keys."""

    key: Text
    value: Check
    max_properties: int

    def __call__(self, value: JSON, path: str) -> JSON:
        if not isinstance(value, dict):
            raise wrong_type(path, "an object", value)
        if len(value) > self.max_properties:
            raise too_many_properties(path, self.max_properties, len(value))
        for key in value:
            self.key(key, path)
        return {key: self.value(held, f"{path}.{key}") for key, held in value.items()}


@attrs.frozen
class Object:
    """An object with these keys and no others."""

    fields: Mapping[str, Check]
    required: tuple[str, ...] = ()

    def __call__(self, value: JSON, path: str) -> JSON:
        if not isinstance(value, dict):
            raise wrong_type(path, "an object", value)
        return self.checked(value, f"{path}." if path else "")

    def checked(self, value: JSONObject, prefix: str = "") -> JSONObject:
        """The object with each of its fields checked; `prefix` is what stands before their names in errors."""
        for name in value:
            if name not in self.fields:
                raise unknown_parameter(prefix + name)
        for name in self.required:
            if name not in value:
                raise missing_parameter(prefix + name)
        return {name: self.fields[name](held, prefix + name) for name, held in value.items()}


def missing_parameter(path: str) -> Refusal:
    """400: a required field is absent."""
    return Refusal(400, f"Missing required parameter: '{path}'.", code="missing_required_parameter", param=path)


def unknown_parameter(path: str) -> Refusal:
    """400: the API has no such field."""
    return Refusal(400, f"Unknown parameter: '{path}'.", code="unknown_parameter", param=path)


def wrong_type(path: str, expected: str, value: JSON) -> Refusal:
    """400: the value is of another JSON type; of `null` too, since no field may be null."""
    message = f"Invalid type for '{path}': expected {expected}, but got {WORDS[type(value)]} instead."
    return Refusal(400, message, code="invalid_type", param=path)


def out_of_bounds(path: str, code: str, words: str, bound: str, value: int) -> Refusal:
    """400: the integer is too small or too large."""
    shown = value if abs(value) < 10**20 else f"one of {len(str(abs(value)))} digits"
    message = f"Invalid '{path}': integer {words} value. Expected a value {bound}, but got {shown} instead."
    return Refusal(400, message, code=f"integer_{code}_value", param=path)


def too_short(path: str, bound: int, length: int) -> Refusal:
    """400: the string has too few characters."""
    expected = f"Expected a string with minimum length {bound}"
    message = f"Invalid '{path}': string too short. {expected}, but got a string with length {length} instead."
    return Refusal(400, message, code="string_below_min_length", param=path)


def too_long(path: str, bound: int, length: int) -> Refusal:
    """400: the string has too many characters."""
    expected = f"Expected a string with maximum length {bound}"
    message = f"Invalid '{path}': string too long. {expected}, but got a string with length {length} instead."
    return Refusal(400, message, code="string_above_max_length", param=path)


def too_many_properties(path: str, bound: int, count: int) -> Refusal:
    """400: the object has too many entries."""
    expected = f"Expected an object with at most {bound} properties"
    message = f"Invalid '{path}': too many properties. {expected}, but got an object with {count} properties instead."
    return Refusal(400, message, code="object_above_max_properties", param=path)


def not_one_of(path: str, values: tuple[str, ...], value: str) -> Refusal:
    """400: the string is none of those allowed."""
    allowed = ", ".join(f"'{one}'" for one in values)
    message = f"Invalid value: '{value[:100]}'. Supported values are: {allowed}."
    return Refusal(400, message, code="invalid_value", param=path)
