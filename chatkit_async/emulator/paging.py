"""Pages of a list: pure functions of the list and of the query."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import cast

from ..types._json import JSON, JSONObject

PAGE_SIZE = 20


class Line:
    """A list that is paged through: resources oldest first, and the place of each id."""

    def __init__(self, oldest_first: Sequence[JSONObject]) -> None:
        self.oldest_first = oldest_first

    @cached_property
    def places(self) -> dict[JSON, int]:
        """The index of each id."""
        return {resource["id"]: index for index, resource in enumerate(self.oldest_first)}

    def slice(self, start: int, stop: int, *, descending: bool) -> Sequence[JSONObject]:
        """The resources from `start` up to `stop`, counted in the given order."""
        if not descending:
            return self.oldest_first[start:stop]
        count = len(self.oldest_first)
        return self.oldest_first[count - stop : count - start][::-1]

    def place(self, cursor: JSON, *, descending: bool) -> int | None:
        """Where this id stands in the given order; None if it is not in the list."""
        place = None if cursor is None else self.places.get(cursor)
        return len(self.oldest_first) - 1 - place if descending and place is not None else place


def page(line: Line, query: JSONObject) -> JSONObject:
    """A page of the list, as the API answers it.

    Cursors are places in the list as ordered; one that is not in it stands beyond its end. `after` alone, or neither,
    takes what comes first behind it; `before` alone what comes last in front of it; both what comes first between them.
    `has_more` tells whether more would come in that direction.

    Args:
        line: the whole list.
        query: limit (default 20), order (default desc), after, before; checked.
    """
    descending = query.get("order") != "asc"
    limit = cast("int", query.get("limit", PAGE_SIZE))
    after = line.place(query.get("after"), descending=descending)
    before = line.place(query.get("before"), descending=descending)
    start = 0 if after is None else after + 1
    stop = max(start, len(line.oldest_first) if before is None else before)
    has_more = stop - start > limit
    if has_more and "before" in query and "after" not in query:
        start = stop - limit
    elif has_more:
        stop = start + limit
    return list_of(line.slice(start, stop, descending=descending), has_more=has_more)


def gone_cursor(line: Line, query: JSONObject) -> tuple[str, str] | None:
    """The name and value of a cursor in the query that is not in the list, if there is one."""
    for name in ("after", "before"):
        cursor = query.get(name)
        if isinstance(cursor, str) and cursor not in line.places:
            return name, cursor
    return None


def list_of(data: Sequence[JSONObject], *, has_more: bool) -> JSONObject:
    """The list resource around a page's data."""
    return {
        "object": "list",
        "data": [*data],
        "first_id": data[0]["id"] if data else None,
        "last_id": data[-1]["id"] if data else None,
        "has_more": has_more,
    }
