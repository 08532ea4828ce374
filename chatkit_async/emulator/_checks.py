"""The checks that the tables of the schema are made of.

A check returns the value as the API understands it (`5.0` is the integer 5), or raises RequestRefused.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Protocol

import attrs

from ..errors import Problem
from ..types._json import JSON, JSONObject, json_value
from ..types.misuse import nearest
from ._refusals import (
    RequestRefused,
    missing_parameter,
    not_json,
    not_one_of,
    out_of_bounds,
    too_long,
    too_many_properties,
    too_short,
    unknown_parameter,
    wrong_type,
)

# Python refuses to read numbers of more than 4,300 digits; more than 20 are beyond every bound of the API.
DIGITS = re.compile(r"-?[0-9]{1,100}")
NO_DEFAULTS: Mapping[str, JSON] = {}


class Check(Protocol):
    """Checks a value."""

    def __call__(self, value: JSON, path: str) -> JSON:
        """The value as the API understands it; raises RequestRefused."""
        ...


@attrs.frozen
class Text:
    """A string with bounds on its number of characters, or one of a few strings."""

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
            raise not_json()  # 1e999 is a number in JSON, but a response could not hold it
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
        return {key: self.value(item, f"{path}.{key}") for key, item in value.items()}


@attrs.frozen
class Object:
    """An object with these keys and no others; `names_allowed` makes an error list them, as the API's do not."""

    fields: Mapping[str, Check]
    required: tuple[str, ...] = ()
    names_allowed: bool = False

    def __call__(self, value: JSON, path: str) -> JSON:
        if not isinstance(value, dict):
            raise wrong_type(path, "an object", value)
        return self.checked(value, f"{path}." if path else "")

    def checked(self, value: JSONObject, prefix: str = "") -> JSONObject:
        """The object with each of its fields checked; errors show `prefix` before their names."""
        for name in value:
            if name not in self.fields:
                raise unknown_parameter(prefix + name, tuple(self.fields) if self.names_allowed else ())
        for name in self.required:
            if name not in value:
                raise missing_parameter(prefix + name)
        return {name: self.fields[name](item, prefix + name) for name, item in value.items()}


@attrs.frozen
class IntegerText:
    """An integer, written in decimal digits."""

    integer: Integer

    def __call__(self, value: JSON, path: str) -> JSON:
        if isinstance(value, str) and DIGITS.fullmatch(value):
            return self.integer(int(value), path)
        return self.integer(value, path)


@attrs.frozen
class Nullable:
    """Null, or a value that passes the check."""

    check: Check

    def __call__(self, value: JSON, path: str) -> JSON:
        return None if value is None else self.check(value, path)


@attrs.frozen
class Array:
    """An array whose elements pass the check."""

    item: Check

    def __call__(self, value: JSON, path: str) -> JSON:
        if not isinstance(value, list):
            raise wrong_type(path, "an array", value)
        return [self.item(item, f"{path}[{index}]") for index, item in enumerate(value)]


@attrs.frozen
class Scalars:
    """An object of strings, integers, booleans and numbers."""

    def __call__(self, value: JSON, path: str) -> JSON:
        if not isinstance(value, dict):
            raise wrong_type(path, "an object", value)
        for key, item in value.items():
            if item is None or isinstance(item, (list, dict)):
                raise wrong_type(f"{path}.{key}", "one of a string, integer, boolean, or number", item)
        return value


@attrs.frozen
class Resource:
    """An object of a seed: these fields, checked and completed by the defaults; other fields are kept.

    A name like that of a field which is left out is refused: it is more likely misspelt than undocumented.
    """

    fields: Mapping[str, Check]
    defaults: JSONObject = attrs.field(factory=dict[str, JSON])

    def __call__(self, value: JSON, path: str) -> JSON:
        if not isinstance(value, dict):
            raise wrong_type(path, "an object", value)
        return self.completed(value, path)

    def completed(self, value: JSONObject, path: str, blanks: Mapping[str, JSON] = NO_DEFAULTS) -> JSONObject:
        """The object with each of these fields, checked, in the table's order; then all others.

        Args:
            value: the object.
            path: where it is, for errors.
            blanks: defaults for this object alone.
        """
        missing = [name for name in self.fields if name not in value and name != "id"]  # `id` is too short to resemble
        for name in value.keys() - self.fields:
            if nearest(name, [one for one in missing if not name.endswith(one)]):  # a subtitle is no misspelt title
                raise unknown_parameter(f"{path}.{name}", tuple(self.fields))
        whole = {**self.defaults, **blanks, **value}
        for name in self.fields:
            if name not in whole:
                raise missing_parameter(f"{path}.{name}")
        checked = {name: check(whole[name], f"{path}.{name}") for name, check in self.fields.items()}
        return {**checked, **{name: item for name, item in whole.items() if name not in checked}}


@attrs.frozen
class Tagged:
    """An object whose `type` says which fields it has; one of an unknown type is kept as it is.

    A type like a known one is refused, since it is more likely misspelt than new: `asistant_message`, but not
    `system_message` beside `user_message`, nor `unlocked`, a word with another before it.

    The documentation's examples leave `prefix` out of types; the client reads both spellings.
    """

    kinds: Mapping[str, Resource]
    prefix: str = ""

    def __call__(self, value: JSON, path: str) -> JSON:
        if not isinstance(value, dict):
            raise wrong_type(path, "an object", value)
        return self.completed(value, path)

    def completed(self, value: JSONObject, path: str, blanks: Mapping[str, JSON] = NO_DEFAULTS) -> JSONObject:
        """The object as `Resource.completed` gives it; unchanged if its type is unknown."""
        if "type" not in value:
            raise missing_parameter(f"{path}.type", self.kinds)
        tag = value["type"]
        if not isinstance(tag, str):
            raise wrong_type(f"{path}.type", "a string", tag)
        kind = self.kinds.get(tag) or self.kinds.get(self.prefix + tag)
        if kind is None:
            self._refuse_misspelt(tag, f"{path}.type")
            return value
        return kind.completed(value, path, blanks)

    def _refuse_misspelt(self, tag: str, path: str) -> None:
        word = tag.removeprefix(self.prefix)
        words = [known for kind in self.kinds if not word.endswith(known := kind.removeprefix(self.prefix))]
        if near := nearest(word, words, cutoff=0.8):
            raise not_one_of(path, tuple(self.kinds), tag, near)


def json_copy(value: object, path: str) -> JSON:
    """A deep copy as JSON values.

    Raises:
        RequestRefused: 400, for the first part that JSON does not have; it names the path.
    """
    problems: list[Problem] = []
    copied = json_value(value, path, problems)
    if problems:
        first = problems[0]
        raise RequestRefused(400, f"Invalid value for '{first.path}': it {first.message}.", param=first.path)
    copy: JSON = json.loads(json.dumps(copied))  # a Secret becomes a plain string, as clients get it
    return copy
