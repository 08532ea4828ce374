"""Checks for what only the control plane is told: further rows' parts, as in `schema`."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import cast

import attrs

from ...types._json import JSON
from ..checks import Boolean, Integer, Object, Text, missing_parameter, wrong_type
from ..faults import DROPS, KINDS
from ..json_copy import json_copy
from ..query import IntegerText
from ..refusal import Refusal
from ..resource import Array, Nullable

TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


@attrs.frozen
class Number:
    """A finite number with a lower bound."""

    minimum: float = -math.inf

    def __call__(self, value: JSON, path: str) -> JSON:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise wrong_type(path, "a number", value)
        # An integer can be larger than any float, and JSON's 1e999 is read as infinity.
        if not self.minimum <= value < math.inf or abs(value) > 1e300:
            raise invalid(path, f"expected a finite number{self._bound()}")
        return float(value)

    def _bound(self) -> str:
        return "" if math.isinf(self.minimum) else f", {self.minimum:g} or more"


def anything(value: JSON, path: str) -> JSON:
    """What comes, as it comes."""
    return value


def method(value: JSON, path: str) -> JSON:
    """The name of an HTTP method, in capitals as requests have it."""
    if not isinstance(value, str):
        raise wrong_type(path, "a string", value)
    if not TOKEN.fullmatch(value):
        raise invalid(path, "expected the name of an HTTP method")
    return value.upper()


def header_fields(value: JSON, path: str) -> JSON:
    """Header fields by name; a number is written in digits."""
    if not isinstance(value, dict):
        raise wrong_type(path, "an object", value)
    return {header_name(name, path): header_value(held, f"{path}.{name}") for name, held in value.items()}


def header_name(name: str, path: str) -> str:
    """A header's name."""
    if not TOKEN.fullmatch(name):
        raise invalid(f"{path}.{name}", "this cannot be the name of a header")
    return name


def header_value(value: JSON, path: str) -> str:
    """A header's value."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise wrong_type(path, "a string", value)
    if CONTROLS.search(value):
        raise invalid(path, "a header's value has no control characters")
    return value


def drop(value: JSON, path: str) -> JSON:
    """Whether and when the connection is closed."""
    if not isinstance(value, (bool, str)) or value not in DROPS:
        raise invalid(path, "expected true, false or 'after'")
    return value


def times(value: JSON, path: str) -> JSON:
    """How many requests fail."""
    return value if value == "always" else Integer(1)(value, path)


@attrs.frozen
class Strings:
    """An object of strings."""

    def __call__(self, value: JSON, path: str) -> JSON:
        if not isinstance(value, dict):
            raise wrong_type(path, "an object", value)
        return {name: Text()(held, f"{path}.{name}") for name, held in value.items()}


def texts(value: JSON, path: str) -> JSON:
    """One text or several, as a list: a parameter of a query that may come more than once."""
    return Array(Text())(value if isinstance(value, list) else [value], path)


@attrs.frozen
class OneOf:
    """An object with exactly one of these keys."""

    fields: Mapping[str, Number]

    def __call__(self, value: JSON, path: str) -> JSON:
        told = cast("dict[str, JSON]", Object(self.fields)(value, path))
        names = " or ".join(f"'{name}'" for name in self.fields)
        if not told:
            raise missing_parameter(" or ".join(self.fields))
        if len(told) > 1:
            raise invalid(", ".join(told), f"expected one of {names}, but not both")
        return told


FAULT = Object(
    {
        "query": Nullable(Strings()),
        "skip": Nullable(Integer(0)),
        "times": Nullable(times),
        "method": Nullable(method),
        "path": Nullable(Text()),
        "status": Nullable(Integer(200, 599)),
        "headers": Nullable(header_fields),
        "body": json_copy,
        "delay": Nullable(Number(0)),
        "drop": Nullable(drop),
        "kind": Nullable(Text(one_of=KINDS)),
    }
)
"""A fault: the fields of `Fault`; null is as if it had been left out."""

FAULTS = Object({"faults": Array(FAULT)}, required=("faults",))
CLOCK = OneOf({"advance": Number(), "now": Number()})
SEED = Object({"reset": Boolean(), "threads": anything, "sessions": anything})
"""The bodies of `POST faults`, `POST clock` and `POST seed`; what seeds are made of, `seeding` checks."""

REQUESTS_QUERY = Object({"limit": IntegerText(Integer(0))})
STATE_QUERY = Object({"limit": IntegerText(Integer(0)), "thread_id": texts})
"""The queries of `GET requests` and `GET state`."""

NOTHING = Object({})


def invalid(path: str, expected: str) -> Refusal:
    """400: the value cannot be meant."""
    return Refusal(400, f"Invalid value for '{path}': {expected}.", code="invalid_value", param=path)
