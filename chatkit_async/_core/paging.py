"""Where a listing goes on: a pure function of the pages so far."""

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

MOST_EMPTY_PAGES = 10  # in a row, before a listing that promises more and gives nothing is called broken


class LostCursor(Exception):
    """A page says that there are more, and not where. Never leaves the client."""


@attrs.frozen
class Position:
    """How far a listing has come.

    Attributes:
        cursor: the id that the page asked for last was asked for with; None for the first.
        empty_pages: empty pages in a row.
    """

    cursor: str | None
    empty_pages: int = 0


def is_backwards(params: ThreadListParams | ThreadListItemsParams) -> bool:
    """Whether pages follow each other towards the beginning: `before` without `after`."""
    return params.before is not None and params.after is None


def first_position(params: ThreadListParams | ThreadListItemsParams) -> Position:
    """Where a listing begins."""
    return Position(params.before if is_backwards(params) else params.after)


def next_position(position: Position, page: Page[T], seen: Collection[str | None]) -> Position | None:
    """Where the next page begins; None after the last.

    An empty page that promises more stops nothing: it is asked for again from where it stands, or from where it points.

    Args:
        position: of this page.
        page: what it held.
        seen: the cursors of all pages so far.

    Raises:
        LostCursor: there are more pages, and the cursor is missing, was there before, or never moves; or the page
            does not say whether there are.
    """
    for name in ("has_more", "data"):
        if slot_value(page, name) is None:
            raise LostCursor(f"a page has no {name}, so whether and where there are more is not known")
    if not page.has_more:
        return None
    cursor = page.next_cursor
    if not page.data and cursor in (None, position.cursor):
        if position.empty_pages + 1 >= MOST_EMPTY_PAGES:
            raise LostCursor(f"{MOST_EMPTY_PAGES} empty pages in a row promised more, and the cursor never moved")
        return Position(position.cursor, position.empty_pages + 1)
    if cursor is None:
        raise LostCursor("a page promises more and names no cursor, nor does its last item have an id")
    if leads_inside(page, cursor):
        raise LostCursor(f"a page promises more from {cursor!r}, which is in its midst: items would come twice")
    if cursor in seen:
        raise LostCursor(f"a page promises more from the cursor {cursor!r}, where the listing has been before")
    return Position(cursor)


def params_at(params: ListParamsT, position: Position) -> ListParamsT:
    """The parameters of the page at a position."""
    if position.cursor is None:
        return params
    if is_backwards(params):
        return attrs.evolve(params, before=position.cursor)
    return attrs.evolve(params, after=position.cursor)


def checked_max_items(value: int | None) -> int | None:
    """How many items to collect at most.

    Raises:
        ParamsValidationError: less than none; a slice would take it for a place counted from the end.
    """
    checked: Any = whole_number(value, minimum=0)
    if isinstance(checked, Invalid):
        problems = tuple(attrs.evolve(problem, path="max_items") for problem in checked.problems)
        raise ParamsValidationError("collect", problems)
    return value
