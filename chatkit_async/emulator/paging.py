"""Pages of a list: a pure function of the list and of the query."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from ..types._json import JSON, JSONObject

PAGE_SIZE = 20


def page(oldest_first: Sequence[JSONObject], query: JSONObject) -> JSONObject:
    """A page of the list, as the API answers it.

    Cursors are places in the list as ordered; one that is not in it stands beyond its end. `after` alone, or neither,
    takes what comes first behind it; `before` alone what comes last in front of it; both what comes first between them.
    `has_more` tells whether more would come in that direction.

    Args:
        oldest_first: the whole list.
        query: limit (default 20), order (default desc), after, before; checked.
    """
    line = oldest_first if query.get("order") == "asc" else oldest_first[::-1]
    limit = cast("int", query.get("limit", PAGE_SIZE))
    after, before = place(line, query.get("after")), place(line, query.get("before"))
    window = line[0 if after is None else after + 1 : before]
    backwards = "before" in query and "after" not in query
    data = window[max(0, len(window) - limit) :] if backwards else window[:limit]
    return list_of(data, has_more=len(window) > len(data))


def place(line: Sequence[JSONObject], cursor: JSON) -> int | None:
    """The index of what has this id."""
    if cursor is None:
        return None
    return next((index for index, held in enumerate(line) if held["id"] == cursor), None)


def list_of(data: Sequence[JSONObject], *, has_more: bool) -> JSONObject:
    """The list resource around a page's data."""
    return {
        "object": "list",
        "data": [*data],
        "first_id": data[0]["id"] if data else None,
        "last_id": data[-1]["id"] if data else None,
        "has_more": has_more,
    }
