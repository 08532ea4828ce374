"""Where the next page of a listing begins: a pure function of the pages so far."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, TypeVar

import attrs

from ..errors import ParamsValidationError
from ..types.checks import Invalid, whole_number
from ..types.page import Page, leads_inside
from ..types.result import slot_value
from ..types.thread_operations import ThreadListItemsParams, ThreadListParams

T = TypeVar("T")
ListParamsT = TypeVar("ListParamsT", ThreadListParams, ThreadListItemsParams)

MOST_EMPTY_PAGES = 10  # in a row, after which a listing with `has_more` counts as broken


class LostCursor(Exception):
    """A page has `has_more` and no usable cursor. Never leaves the client."""


@attrs.frozen
class Position:
    """The position of a page in its listing.

    Attributes:
        cursor: the id with which the page was requested; None for the first.
        empty_pages: empty pages in a row.
    """

    cursor: str | None
    empty_pages: int = 0


def is_backwards(params: ThreadListParams | ThreadListItemsParams) -> bool:
    """Whether pages follow each other towards the beginning: `before` without `after`."""
    return params.before is not None and params.after is None


def first_position(params: ThreadListParams | ThreadListItemsParams) -> Position:
    """The position of the first page."""
    return Position(params.before if is_backwards(params) else params.after)


def next_position(position: Position, page: Page[T], seen: Collection[str | None]) -> Position | None:
    """The position of the next page; None after the last.

    An empty page with `has_more` does not end a listing: the next request has its cursor, or the same one again.

    Args:
        position: that of this page.
        page: the page.
        seen: the cursors of all pages so far.

    Raises:
        LostCursor: there are more pages and the cursor is missing, repeated, or never moves; or the page lacks
            `has_more` or `data`.
    """
    for name in ("has_more", "data"):
        if slot_value(page, name) is None:
            raise LostCursor(f"a page has no {name}, so the next page is not known")
    if not page.has_more:
        return None
    cursor = page.next_cursor
    if not page.data and cursor in (None, position.cursor):
        if position.empty_pages + 1 >= MOST_EMPTY_PAGES:
            raise LostCursor(f"{MOST_EMPTY_PAGES} empty pages in a row have more, and the cursor never moves")
        return Position(position.cursor, position.empty_pages + 1)
    if cursor is None:
        raise LostCursor("a page has more, but no cursor, and its last item has no id")
    if leads_inside(page, cursor):
        raise LostCursor(f"a page has more after {cursor!r}, which is not its last item: items would be repeated")
    if cursor in seen:
        raise LostCursor(f"a page has more after {cursor!r}, which an earlier page had as its cursor")
    return Position(cursor)


def params_at(params: ListParamsT, position: Position) -> ListParamsT:
    """The parameters of the page at a position."""
    if position.cursor is None:
        return params
    if is_backwards(params):
        return attrs.evolve(params, before=position.cursor)
    return attrs.evolve(params, after=position.cursor)


def checked_max_items(value: int | None) -> int | None:
    """A limit of items, at least 0.

    Raises:
        ParamsValidationError: below 0, which a slice would count from the end.
    """
    checked: Any = whole_number(value, minimum=0)
    if isinstance(checked, Invalid):
        problems = tuple(attrs.evolve(problem, path="max_items") for problem in checked.problems)
        raise ParamsValidationError("collect", problems)
    return value
