"""JSON: the names for its values, and the check of those that callers pass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from ..errors import Problem
from .checks import Invalid, scalar, sendable
from .redacted import described, redacted

JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"
"""Any JSON value, as `json.loads` gives it."""

JSONObject: TypeAlias = "dict[str, JSON]"
"""A JSON object."""

DEEPEST_BODY = 100  # levels; one JSON encoder refuses at 254, the other overflows later


def json_value(value: object, path: str, problems: list[Problem], levels: int = DEEPEST_BODY) -> JSON:
    """A plain copy of a value; each part that JSON cannot hold is added to `problems` with its path."""
    if levels == 0:
        problems.append(Problem(path, "invalid_value", f"nests deeper than {DEEPEST_BODY} levels"))
        return None
    if isinstance(value, Mapping):
        return {
            _name(name, path, problems): json_value(item, _below(path, name), problems, levels - 1)
            for name, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [json_value(item, f"{path}[{index}]", problems, levels - 1) for index, item in enumerate(value)]
    return None if value is None else _scalar(value, path, problems)


def _scalar(value: object, path: str, problems: list[Problem]) -> JSON:
    checked: object = scalar(value)
    if isinstance(checked, Invalid):
        problems += [Problem(path, found.code, found.message, found.value, found.limit) for found in checked.problems]
        return None
    assert isinstance(checked, (str, bool, int, float))
    return checked


def _name(name: object, path: str, problems: list[Problem]) -> str:
    checked: object = sendable(name) if isinstance(name, str) else None
    if isinstance(checked, str):
        return str(checked)
    message = f"must have strings UTF-8 can hold as names, not {described(name)}"
    problems.append(Problem(_below(path, name), "invalid_type", message, redacted(name)))
    return ""


def _below(path: str, name: object) -> str:
    return f"{path}.{name}" if isinstance(name, str) and name.isidentifier() else f"{path}[{redacted(name)!r}]"
