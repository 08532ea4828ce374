"""The names for JSON values."""

from typing import TypeAlias

JSON: TypeAlias = "None | bool | int | float | str | list[JSON] | dict[str, JSON]"
"""Any JSON value, as `json.loads` gives it."""

JSONObject: TypeAlias = "dict[str, JSON]"
"""A JSON object."""
