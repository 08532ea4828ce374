"""The names for JSON values."""

from typing import TypeAlias

JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"
"""Any JSON value, as `json.loads` gives it."""

JSONObject: TypeAlias = "dict[str, JSON]"
"""A JSON object."""
