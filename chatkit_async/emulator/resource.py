"""Checks for what the API answers with, to complete what a seed leaves out: further rows' parts, as in `schema`."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from ..types._json import JSON, JSONObject
from .checks import Check, missing_parameter, wrong_type


@attrs.frozen
class Nullable:
    """Null, or what the check says."""

    check: Check

    def __call__(self, value: JSON, path: str) -> JSON:
        return None if value is None else self.check(value, path)


@attrs.frozen
class Array:
    """An array of what the check says."""

    item: Check

    def __call__(self, value: JSON, path: str) -> JSON:
        if not isinstance(value, list):
            raise wrong_type(path, "an array", value)
        return [self.item(held, f"{path}[{index}]") for index, held in enumerate(value)]


@attrs.frozen
class Scalars:
    """An object of strings, integers, booleans and numbers."""

    def __call__(self, value: JSON, path: str) -> JSON:
        if not isinstance(value, dict):
            raise wrong_type(path, "an object", value)
        for key, held in value.items():
            if held is None or isinstance(held, (list, dict)):
                raise wrong_type(f"{path}.{key}", "one of a string, integer, boolean, or number", held)
        return value


@attrs.frozen
class Resource:
    """An object with at least these keys; those with a default may be left out, and others are kept as they are."""

    fields: Mapping[str, Check]
    defaults: JSONObject = attrs.field(factory=dict[str, JSON])

    def __call__(self, value: JSON, path: str) -> JSON:
        if not isinstance(value, dict):
            raise wrong_type(path, "an object", value)
        return self.completed(value, path)

    def completed(self, value: JSONObject, path: str) -> JSONObject:
        """The object with each of these fields, checked, in the table's order; then all others."""
        whole = {**self.defaults, **value}
        for name in self.fields:
            if name not in whole:
                raise missing_parameter(f"{path}.{name}")
        checked = {name: check(whole[name], f"{path}.{name}") for name, check in self.fields.items()}
        return {**checked, **{name: held for name, held in whole.items() if name not in checked}}


@attrs.frozen
class Tagged:
    """An object that is told by its `type`; one of an unknown type is kept as it is."""

    kinds: Mapping[str, Resource]

    def __call__(self, value: JSON, path: str) -> JSON:
        if not isinstance(value, dict):
            raise wrong_type(path, "an object", value)
        if "type" not in value:
            raise missing_parameter(f"{path}.type")
        tag = value["type"]
        if not isinstance(tag, str):
            raise wrong_type(f"{path}.type", "a string", tag)
        return self.kinds[tag].completed(value, path) if tag in self.kinds else value
