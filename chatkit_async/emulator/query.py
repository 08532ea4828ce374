"""The queries the API accepts: a table as for bodies, though all that a query holds comes as text."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

import attrs

from ..types._json import JSON, JSONObject
from .checks import Integer, Object, Text

# Python reads no number of more than 4,300 digits, and more than 20 are beyond every bound there is.
DIGITS = re.compile(r"-?[0-9]{1,100}")


@attrs.frozen
class IntegerText:
    """An integer, written in decimal digits."""

    integer: Integer

    def __call__(self, value: JSON, path: str) -> JSON:
        if isinstance(value, str) and DIGITS.fullmatch(value):
            return self.integer(int(value), path)
        return self.integer(value, path)


LIST_ITEMS_QUERY = Object(
    {
        "limit": IntegerText(Integer(0, 100)),
        "order": Text(one_of=("asc", "desc")),
        "after": Text(),
        "before": Text(),
    }
)
"""The query of threads.list_items. Source: the operation's parameters in the OpenAPI document."""

LIST_THREADS_QUERY = Object({**LIST_ITEMS_QUERY.fields, "user": Text(1, 512)})
"""The query of threads.list. Source: the operation's parameters in the OpenAPI document."""


def query_object(query: str) -> JSONObject:
    """The query as an object: text by name, and an array of texts where a name comes more than once."""
    found: dict[str, list[JSON]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}
